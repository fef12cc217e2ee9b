"""Parts of the freezing experiment: what they hold, and what varies from run to run."""

import numpy as np
import pytest
from freeze_trainings import CLOSE, PAIR, RUNS, first_phase, recorded, same_part
from tiny import tiny

from minimal_order.experiments.freeze.branches import freeze_part
from minimal_order.experiments.freeze.config import FreezeConfig
from minimal_order.experiments.freeze.runs import conditions_of, dataset_of, generator, of_runs, parts_of, prepare
from minimal_order.experiments.freeze.watching import Estimates
from minimal_order.freezing.masks import by_score, freeze_mask, rank_of
from minimal_order.training.train import train

# --- parts


def test_parts_hold_every_run_once_in_sequence():
    small, large = tiny(runs=15), FreezeConfig("synthetic1", runs=12)
    assert parts_of(small) == [tuple(range(13)), (13, 14)]
    assert parts_of(large) == [(0, 1, 2, 3, 4), (5, 6, 7, 8, 9), (10, 11)]
    assert parts_of(tiny(runs=1)) == [(0,)]


@pytest.mark.parametrize("vary", [("init", "batches"), ("data", "init", "batches")])
def test_run_does_not_depend_on_the_others_of_its_part(vary):
    config = tiny(vary=vary, orders=("random", "gradient_covariance", "oracle"))
    together = freeze_part(config, 40, (0, 1, 2, 3))
    alone = freeze_part(config, 40, (2,))
    same_part(alone, {name: values[2:3] for name, values in together.items()})


def test_random_order_is_new_in_every_run_and_does_not_hang_on_the_other_orders():
    few = freeze_part(tiny(orders=("random",)), 40, (0, 1))
    many = freeze_part(tiny(orders=("magnitude", "full_gradient", "random")), 40, (0, 1))
    rank = few["rank/init,batches/random"]
    assert (rank[0] != rank[1]).any()
    np.testing.assert_array_equal(rank, many["rank/init,batches/random"])


def test_ranks_are_those_of_the_orders_at_t0():
    """eq:order, eq:rank: from the covariance of the first phase, and of every condition its own."""
    config = tiny()
    part, training = freeze_part(config, 40, RUNS), first_phase(config)
    for order, score in (("gradient_covariance", training.C), ("magnitude", abs(training.w))):
        for i in range(3):
            np.testing.assert_array_equal(part[f"rank/init,batches/{order}"][i], rank_of(by_score(score[i])))
    np.testing.assert_allclose(part["w/init,batches"], training.w, **CLOSE)
    np.testing.assert_array_equal(part["live"], np.ones((3, 200), bool))


def test_estimates_of_the_covariance_stand_against_the_exact_one():
    config = tiny(t0=200, rate=1e-5)  # hardly moves: the estimates are of one matrix
    part = freeze_part(config, 200, (0, 1))
    found = np.stack([part[f"estimate/{name}"] for name in ("running", "running, late half", "batch")])
    rho, ratio = found[..., 0], found[..., 1]
    assert (rho[2] > rho[0]).all() and (rho[0] > rho[1]).all() and (rho[2] > 0.9).all()
    assert np.allclose(ratio[2], 1, atol=0.05)
    assert (ratio[:2] > 0.7).all() and (ratio[:2] < 1.4).all()


def test_estimates_are_those_that_a_training_collects():
    """eq:covariance-update, eq:covariance-batch: from step 1, from the late half, from all of the batch."""
    config = tiny(t0=41)
    group, watched = prepare(config, of_runs(RUNS, config.vary)), Estimates(len(RUNS), 41)
    for name, options in {
        "running": {"covariance": "running", "watch": watched},
        "running, late half": {"covariance": "running", "collect_from": 21},
        "batch": {"covariance": "batch"},
    }.items():
        rng = [generator(config, "batches", run, config.vary) for run in RUNS]
        training = train(config.model, group.data, group.w, steps=41, rng=rng, rule=config.rule, **options)
        np.testing.assert_allclose(watched.C[name], training.C, **CLOSE)


def test_convergence_is_that_of_the_path_with_nothing_frozen(monkeypatch):
    config = tiny(optimizer="sgd", rate=0.05, runs=2)
    calls = recorded(monkeypatch)
    part = freeze_part(config, 40, (0, 1))
    before_freezing = calls[0][2].run(slice(2))  # of the two conditions the experiment's
    w_start, w_end = calls[0][0][:2], calls[1][2].w[:, 0]
    path = [w_start * np.nan]
    for t0, before in ((40, None), (30, before_freezing)):
        w = w_start if before is None else before.w
        purpose = "batches" if before is None else "batches after freezing"
        rng = [generator(config, purpose, run, config.vary) for run in (0, 1)]
        options = {"rng": rng, "rule": config.rule, "steps": t0}
        train(config.model, calls[0][2].data, w, watch=lambda step: path.append(step.w.copy()), **options)
    np.testing.assert_allclose(path[-1], w_end, **CLOSE)
    for i in range(2):
        for j in range(0, 200, 20):
            away = [abs(w[i, j] - w_end[i, j]) for w in path]
            outside = [t for t in range(1, 71) if away[t] > 0.1 * max(away[1:])]
            assert part["converged"][i, j] == (max(outside) + 1 if outside else 1)


# --- what varies


def starts(calls):
    """The initial parameters, data and first batches of a recorded first phase, one of each a run."""
    w, options, training = calls[0]
    X = training.data.X_train
    data = X if X.ndim == 3 else np.stack([X] * len(w))
    return {
        "init": w,
        "data": data,
        "batches": [rng.bit_generator.seed_seq.entropy for rng in options["rng"]],
    }


@pytest.mark.parametrize("factor", ["data", "split", "init", "batches"])
def test_vary_varies_what_it_says_and_nothing_else(monkeypatch, factor):
    changes = {"dataset": "boston", "data": {"scaling": "none", "scale_y": False}} if factor == "split" else {}
    config = tiny(orders=PAIR, vary=(factor,), t0=3, t1=2, rate=1e-6, **changes)
    calls = recorded(monkeypatch)
    freeze_part(config, 3, (0, 1))
    found = starts(calls)
    same = {name: bool(np.array_equal(values[0], values[1])) for name, values in found.items()}
    assert same == {name: name != {"split": "data"}.get(factor, factor) for name in same}
    after = next(options["rng"] for _, options, _ in calls if options.get("alpha") is not None)
    drawn = [rng.bit_generator.seed_seq.entropy for rng in after]
    assert (drawn[0] == drawn[1]) == (factor != "batches")
    if factor == "split":
        both = [calls[0][2].data.run(i) for i in (0, 1)]
        rows = [np.column_stack([np.vstack([d.X_train, d.X_test]), np.append(d.y_train, d.y_test)]) for d in both]
        np.testing.assert_array_equal(*(r[np.lexsort(r.T)] for r in rows))
    if factor == "data":
        w_star = calls[0][2].data.w_star
        assert (w_star[0] != w_star[1]).all()


def test_data_and_split_of_a_generated_set_are_two_things():
    config = tiny(vary=("data",))
    sets = {(run, vary): dataset_of(config, run, vary) for run in (0, 1) for vary in [("data",), ("split",)]}
    # w* is in units of y's deviation on the training part: another split only stretches it
    ratio = sets[0, ("split",)].w_star / sets[1, ("split",)].w_star
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-10)
    ratio = sets[0, ("data",)].w_star / sets[1, ("data",)].w_star
    assert np.ptp(ratio) > 1


def test_conditions_under_which_runs_are_compared(monkeypatch):
    config = tiny(dataset="boston", data={}, orders=PAIR, t0=5, t1=2)
    assert list(conditions_of(config)) == ["split,init,batches", "init,batches", "batches"]
    calls = recorded(monkeypatch)
    part = freeze_part(config, 5, (0, 1))
    ((w, options, training),) = [call for call in calls if call[1].get("alpha") is None]
    for i, name in enumerate(conditions_of(config)):
        a, b = 2 * i, 2 * i + 1
        X = training.data.X_train
        assert np.array_equal(X[a], X[b]) == ("split" not in name)
        assert np.array_equal(w[a], w[b]) == ("init" not in name)
        one, other = (options["rng"][k].bit_generator.seed_seq.entropy for k in (a, b))
        assert one != other
        np.testing.assert_array_equal(part[f"w/{name}"], training.w[[a, b]])
        assert part[f"rank/{name}/random"].shape == (2, 301)
    assert list(conditions_of(tiny(vary=("data", "init", "batches")))) == ["data,init,batches"]
    assert list(conditions_of(tiny(vary=("batches",)))) == ["batches", "init,batches"]
    assert list(conditions_of(tiny(vary=("init", "batches")))) == ["init,batches", "batches"]


# --- the whole, once


def test_default_float_type_is_kept(monkeypatch):
    config = tiny(dtype="float32", orders=("random",))
    calls = recorded(monkeypatch)
    freeze_part(config, 40, (0,))
    for w, options, result in calls:
        assert {w.dtype, result.w.dtype, result.data.X_train.dtype} == {np.dtype("float32")}
        assert options.get("alpha") is None or options["alpha"].dtype == np.float32


def test_config_is_all_that_a_part_depends_on():
    again = FreezeConfig(**tiny().as_dict() | {"plugins": ()})
    same_part(freeze_part(tiny(), 40, RUNS), freeze_part(again, 40, RUNS))


def test_masks_are_nested_in_the_level():
    """eq:freeze-mask"""
    part = freeze_part(tiny(), 40, RUNS)
    order = np.argsort(part["rank/init,batches/random"], axis=1)
    alpha = freeze_mask(order, np.array([0, 0.25, 0.5, 1]))
    assert (alpha[:, :-1] >= alpha[:, 1:]).all()
    assert alpha.sum(axis=-1).tolist() == [[200, 150, 100, 0]] * 3
