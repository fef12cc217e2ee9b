"""Parts of experiment select, against the loop run by run."""

import numpy as np
import pytest
from tiny_select import TINY, run_all, tiny

from minimal_order.data.loading import batches
from minimal_order.experiments.select import parts, rules, runs
from minimal_order.experiments.select.config import SelectConfig
from minimal_order.experiments.select.parts import branch_of, branches_of, mask_of, order_of, select_part
from minimal_order.experiments.select.runs import data_of, generator, groups_of, start_of
from minimal_order.experiments.select.speeds import speed_part
from minimal_order.freezing.masks import by_score, freeze_mask, prune_mask
from minimal_order.networks.gradients import value_and_gradient
from minimal_order.networks.losses import squared_error
from minimal_order.orders import compute_order
from minimal_order.training.optim import adam
from minimal_order.training.train import evaluate, train


def test_branches_share_their_ends():
    branches = branches_of(SelectConfig("boston"))
    assert len(branches) == len(set(branches)) == 2 + 3 * 49 + 3 * 9
    assert branches[0] == ("", 0) and ("", 301) in branches and ("magnitude", 150) in branches
    assert branches_of(tiny(levels=(0.4,)))[0] == ("", 0), "pruning needs the branch in which all are optimised"


def test_part_is_what_the_loop_gives_run_by_run():
    """One run, one branch: eta0 steps, the order, eta1 steps from there with the rule's state, prune."""
    config = tiny()
    found = select_part(config, (0, 1), (0, len(branches_of(config))))
    data, w = data_of(config, (0, 1)), start_of(config, (0, 1))
    for run in (0, 1):
        one, options = data.run(run), {"rule": adam(config.rate), "batch_size": 64}
        before = train(
            config.model, one, w[run], steps=6, rng=generator(config, "batches", run), covariance="batch", **options
        )
        order = compute_order("preconditioned_gradient", before, generator(config, "", run))
        after = train(
            config.model,
            one,
            before.w,
            steps=4,
            rng=generator(config, "batches after ordering", run),
            state=before.state,
            alpha=freeze_mask(order, 0.4),
            **options,
        )
        column = branches_of(config).index(("preconditioned_gradient", 120))
        for beta, value in (
            (np.ones(301), found["metric"][run, column, 1]),
            (prune_mask(by_score(np.abs(after.w)), 0.4), found["joint"][run, column, 1]),
            (np.zeros(301), found["joint"][run, column, 2]),
        ):
            loss, _ = evaluate(config.model, beta * after.w, one.X_test, one.y_test, "regression")
            assert value == pytest.approx(np.sqrt(loss) * one.y_scale, rel=1e-10)
        loss, _ = evaluate(config.model, before.w, one.X_test, one.y_test, "regression")
        assert found["start"][run, 1] == pytest.approx(np.sqrt(loss) * one.y_scale, rel=1e-10)


def test_without_biases_no_bias_stands_still():
    config = tiny(biases=False)
    assert config.n_selectable == 301 - 21
    data = data_of(config, (0, 1))
    orders = {"random": order_of(config, "random", parts.common_steps(config, (0, 1), data), (0, 1))}
    for level in (0.4, 1.0):
        alpha = mask_of(branch_of(config, "random", level), orders, slice(0, 2))
        assert alpha[:, config.model.layout.input == -1].all()
        assert (~alpha).sum(axis=1).tolist() == [round(280 * level)] * 2


def test_without_biases_none_is_pruned():
    config = tiny(biases=False)
    trained = parts.common_steps(config, (0, 1), data_of(config, (0, 1)))
    for run in (0, 1):
        alone = trained.run(run)
        only_biases = np.where(config.model.layout.input == -1, alone.w, 0)
        loss, _ = evaluate(config.model, only_biases, alone.data.X_test, alone.data.y_test, "regression")
        found = parts.pruned(config, alone, run, "magnitude", (1.0,))
        assert found == pytest.approx(np.sqrt(loss) * alone.data.y_scale, rel=1e-10)


def test_pruned_by_any_order_of_the_table():
    """The metric of the trained network without the first half of the order, computed here from the order itself."""
    config = tiny(prune_by=("obd", "obs", "belsley"))
    outcome = run_all(config)
    trained = parts.common_steps(config, (0, 1), data_of(config, (0, 1)))
    for name in config.prune_by:
        direct = parts.pruned(config, trained.run(1), 1, name, (0.5,))
        alone = trained.run(1)
        beta = np.ones(301)
        beta[compute_order(name, alone, generator(config, "pruning", 1))[:150]] = 0
        loss, _ = evaluate(config.model, beta * alone.w, alone.data.X_test, alone.data.y_test, "regression")
        assert direct == pytest.approx(np.sqrt(loss) * alone.data.y_scale, rel=1e-10)
        assert outcome.pruned[name].shape == (2, len(config.prune_levels)) and np.isfinite(outcome.pruned[name]).all()


@pytest.mark.parametrize("optimizer", ["sgld", "psgld"])
def test_sampling_rules_drift_as_their_rate_says(optimizer, monkeypatch):
    """Without noise and prior a step of SGLD is one of SGD; with them the parameters spread by sqrt(2 rate / N)."""
    config = tiny(optimizer=optimizer, rate=0.01)
    rule = rules.first_rule(config, 404, np.random.default_rng(0))
    w = np.zeros((4000, 1))
    update, _ = rule.step(rule.init(w), np.ones_like(w), w)
    gain = 1 / (1e-5 + np.sqrt(1 - 0.99)) if optimizer == "psgld" else 1
    drift, deviation = -0.01 * gain, np.sqrt(2 * 0.01 * gain / 404)
    assert abs(update.mean() - drift) < 5 * deviation / np.sqrt(w.size)  # five standard errors
    assert update.std() == pytest.approx(deviation, rel=5 / np.sqrt(2 * w.size))
    found = run_all(config)
    assert np.isfinite(found.end_loss).all()


def test_preconditioned_steps_take_the_collected_covariance():
    """eq:preconditioned-step in the masked steps: one step from the end of the first ones, nothing frozen, by hand."""
    config = tiny(optimizer="preconditioned_sgd", rate=0.05, eta1=1, levels=(0.0, 1.0))
    found = select_part(config, (0, 1), (0, 1))
    before = parts.common_steps(config, (0, 1), data_of(config, (0, 1)))
    for run in (0, 1):
        alone = before.run(run)
        H = np.minimum(2 * 64 / (alone.data.n_train * alone.C), 0.05)
        rows = next(batches(generator(config, "batches after ordering", run), alone.data.n_train, 64))
        X, y = alone.data.X_train[rows], alone.data.y_train[rows]
        w = alone.w - H * value_and_gradient(config.model, squared_error, alone.w, X, y)[1]
        loss, _ = evaluate(config.model, w, alone.data.X_train, alone.data.y_train, "regression")
        assert found["loss"][run, 0, 0] == pytest.approx(loss, rel=1e-10)


def test_prune_by_what_the_first_steps_collected():
    """An order by the covariance is that of eta0, and prunes the network of the end."""
    config = tiny(prune_by=("gradient_covariance",))
    found = select_part(config, (0, 1), (0, 1))["pruned/gradient_covariance"]
    before, free = parts.common_steps(config, (0, 1), data_of(config, (0, 1))), select_part(config, (0, 1), (0, 1))
    first = parts.pruned(config, before.run(1), 1, "gradient_covariance", (0.4,))
    assert found.shape == (2, 3) and found[1, 1] != first[0]  # other weights
    np.testing.assert_array_equal(found[:, 0], free["metric"][:, 0, 1])  # nothing is pruned
    order = compute_order("gradient_covariance", before.run(0), np.random.default_rng(0))
    assert prune_mask(order, k=config.k(0.4)).sum() == 301 - config.k(0.4)


@pytest.mark.parametrize("dataset", ["wine", "synthetic1", "synthetic2", "synthetic3"])
def test_other_sets(dataset):
    """Every order that can be had freezes and prunes there."""
    linear = dataset in ("synthetic2", "synthetic3")
    orders = ("random", "gradient_covariance", "taylor", *(("lasso", "oracle") if linear else ()))
    config = SelectConfig(**TINY | {"dataset": dataset, "orders": orders, "prune_by": orders})
    outcome = run_all(config)
    assert np.isfinite(outcome.end_loss).all() and set(outcome.pruned) == set(orders)


@pytest.mark.parametrize(("keep", "kept"), [(3, 3), (100, 6)])
def test_last_iterates_are_kept_for_the_order_that_sums_them(keep, kept):
    config = tiny(keep=keep)
    before = parts.common_steps(config, (0,), data_of(config, (0,)))
    assert len(before.iterates) == kept
    np.testing.assert_array_equal(before.iterates[-1], before.w)


def test_large_network_is_cut_into_parts_that_agree(monkeypatch, outcome):
    """Each run alone and two branches at a time gives the same numbers, to rounding."""
    monkeypatch.setattr(runs, "LARGE", 300)
    monkeypatch.setattr(runs, "BRANCHES_A_PART", 2)
    config = tiny()
    groups = groups_of(config, len(branches_of(config)))
    assert groups == [((run,), columns) for run in (0, 1) for columns in [(0, 2), (2, 4), (4, 5)]]
    cut = run_all(config)
    for name in ("end_metric", "end_joint", "start", "converged"):
        np.testing.assert_allclose(getattr(cut, name), getattr(outcome, name), rtol=1e-10)
    np.testing.assert_allclose(cut.pruned["random"], outcome.pruned["random"], rtol=1e-10)


def test_official_split_is_shared():
    config = tiny(dataset="mnist")
    assert data_of(config, (0, 1)).X_train.ndim == 2


def test_twins_start_alike_and_see_other_batches():
    found = speed_part(tiny(eta0=30, eta1=30), (0, 1))
    assert found["converged"].shape == found["moved"].shape == (2, 2, 301)
    assert found["moved"].all() and found["converged"].max() <= 60
    assert (found["converged"][:, 0] != found["converged"][:, 1]).any()
    np.testing.assert_array_equal(speed_part(tiny(eta0=30, eta1=30), (1,))["converged"][0], found["converged"][1])
