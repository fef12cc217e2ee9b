"""Branches of the freezing experiment, each against training it alone."""

from dataclasses import replace

import numpy as np
import pytest
from freeze_trainings import CLOSE, PAIR, RUNS, first_phase, mean_losses, recorded
from tiny import tiny

from minimal_order.experiments.freeze import branches as freeze
from minimal_order.experiments.freeze.branches import branches_of, continue_branches, freeze_part, orders_of
from minimal_order.experiments.freeze.runs import dataset_of, generator
from minimal_order.training.train import train


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "momentum", "rate": 1e-2, "vary": ("data", "split", "init", "batches")},
        {"dataset": "boston", "orders": ("random", "magnitude"), "data": {}, "t1": 12},
        {"dataset": "synthetic2", "optimizer": "sgd", "vary": ("init",), "t1": 12},
    ],
    ids=["synthetic3", "momentum, new data", "boston", "synthetic2"],
)
def test_branch_is_what_training_it_alone_gives(changes):
    """eq:masked-update, eq:freeze-mask: all branches of all runs at once against one replica at a time."""
    config = tiny(**changes)
    training = first_phase(config)
    orders = orders_of(config, training, RUNS)
    found = continue_branches(config, training, orders, RUNS)
    for i, run in enumerate(RUNS):
        before = training.run(i)
        data = dataset_of(config, run, config.vary)
        for b, (order, k) in enumerate(branches_of(config)):
            frozen = orders[order or "random"][i][:k]
            alpha = np.ones(config.model.n_params)
            alpha[frozen] = 0
            alone = train(
                config.model,
                data,
                before.w,
                steps=config.t1,
                rng=generator(config, "batches after freezing", run, config.vary),
                rule=config.rule,
                state=before.state,
                batch_size=config.batch_size,
                alpha=alpha,
            )
            loss = mean_losses(config, data, alone.w)
            np.testing.assert_allclose(found["loss"][i, b], loss, **CLOSE)
            if data.task == "regression":
                np.testing.assert_allclose(found["metric"][i, b], np.sqrt(loss) * data.y_scale, **CLOSE)
            else:
                labels = config.model.outputs(alone.w, data.X_test)[0] > 0
                assert found["metric"][i, b, 1] == pytest.approx(np.mean(labels == data.y_test), abs=1e-12)
    assert not found["diverged"].any()


def test_frozen_keeps_its_bits_and_the_rest_moves(monkeypatch):
    """eq:masked-update: bit-identical from t0 on, for every order and level."""
    config = tiny(levels=(0, 0.25, 0.5, 1), orders=PAIR)
    calls = recorded(monkeypatch)
    part = freeze_part(config, 40, RUNS)
    (w_end,) = [result.w for w, options, result in calls if options.get("alpha") is not None]
    w_t0 = part["w/init,batches"]
    assert w_end.shape[1] == len(branches_of(config)) - 1  # with everything frozen there is nothing to train
    for b, (order, k) in enumerate(branches_of(config)[:-1]):
        for i in range(3):
            rank = part[f"rank/init,batches/{order or 'random'}"][i]
            assert w_end[i, b][rank <= k].tobytes() == w_t0[i][rank <= k].tobytes()
            assert (w_end[i, b][rank > k] != w_t0[i][rank > k]).all()


def test_level_1_leaves_everything_as_at_t0_and_level_0_is_ordinary_training(monkeypatch):
    config = tiny()
    calls = recorded(monkeypatch)
    part = freeze_part(config, 40, RUNS)
    assert branches_of(config)[0] == ("", 0) and branches_of(config)[-1] == ("", 200)
    assert len(branches_of(config)) == 2 + len(config.orders)
    w_end = calls[1][2].w
    np.testing.assert_array_equal(part["loss"][:, -1], part["start_loss"])
    np.testing.assert_array_equal(part["metric"][:, -1], part["start_metric"])
    before = first_phase(config)
    rng = [generator(config, "batches after freezing", run, config.vary) for run in RUNS]
    free = train(config.model, before.data, before.w, steps=30, rng=rng, rule=config.rule, state=before.state)
    np.testing.assert_allclose(w_end[:, 0], free.w, **CLOSE)


def test_branches_see_the_same_batches_however_they_are_cut_into_pieces(monkeypatch):
    config = tiny()
    training = first_phase(config)
    orders = orders_of(config, training, RUNS)
    whole = continue_branches(config, training, orders, RUNS)

    def one_by_one(n_runs, n_branches, at_once):
        return ((slice(i, i + 1), slice(b, b + 1)) for b in range(n_branches) for i in range(n_runs))

    monkeypatch.setattr(freeze, "pieces", one_by_one)
    cut = continue_branches(config, training, orders, RUNS)
    for name in whole:
        np.testing.assert_allclose(cut[name], whole[name], **CLOSE)
    twins = {"one": orders["random"], "two": orders["random"]}
    same = continue_branches(config, training, twins, RUNS)
    at = {branch: i for i, branch in enumerate(branches_of(config, twins))}
    np.testing.assert_array_equal(same["loss"][:, at["one", 100]], same["loss"][:, at["two", 100]])


@pytest.mark.parametrize(
    ("n_params", "expected"), [(1, 256), (301, 256), (4041, 55), (7960, 28), (100_000, 28), (10**7, 28)]
)
def test_pieces_hold_about_as_many_parameters_whatever_the_network(n_params, expected):
    assert freeze.at_once(n_params) == expected


def test_order_does_not_depend_on_which_others_are_asked_for():
    config = tiny(dataset="boston", data={}, dtype="float32", orders=("full_gradient", "preconditioned_gradient"))
    more = replace(config, orders=("random", "accumulated_gradient", *config.orders))
    few, many = (orders_of(each, first_phase(config), RUNS) for each in (config, more))
    for name in config.orders:
        np.testing.assert_array_equal(few[name], many[name])
