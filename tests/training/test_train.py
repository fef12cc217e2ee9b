import importlib
import warnings
from dataclasses import FrozenInstanceError, replace

import numpy as np
import oracles
import pytest
from small import small_dataset, small_model

from minimal_order.data.loading import batches, stack
from minimal_order.networks.gradients import chunks_of
from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import linear, mlp
from minimal_order.training.loop import descend, draw_batches, freeze_and_prune, masked_update
from minimal_order.training.optim import STEP_RULES, StepRule, adam, map_state, momentum, sgd
from minimal_order.training.train import evaluate, train

CLOSE = {"rtol": 1e-12, "atol": 1e-13}
RULES = {name: rule(0.05) for name, rule in STEP_RULES.items()}


def generator(seed=23):
    return np.random.default_rng(seed)


def generators(n_runs):
    return [np.random.default_rng([24, run]) for run in range(n_runs)]


def problem(task="multiclass", shape=(), hidden=(4,), dtype=np.float64, **options):
    """A model, data and where to begin; by name, for ``train``."""
    model = small_model(task, hidden)
    data = small_dataset(task, dtype=dtype, **options)
    return {"model": model, "data": data, "w": model.init(generator(), shape).astype(dtype), "batch_size": 6}


def path_of(model, data, w, rng, batch_size, steps, **options):
    """All the parameters w_0 ... w_T of a training."""
    path = [w.copy()]
    train(model, data, w, rng=rng, batch_size=batch_size, steps=steps,
          watch=lambda step: path.append(step.w.copy()), **options)  # fmt: skip
    return np.array(path)


# --- one step ------------------------------------------------------------------------------------------


def test_masked_update_moves_only_what_is_optimised():
    """eq:masked-update by hand, with masks of any type."""
    w, update = np.array([[1.0, 2, 3], [4, 5, 6]]), np.array([[0.5, -1, 2], [1, 1, 1]])
    for kind in (float, bool, int, np.float32):
        alpha = np.array([1, 0, 1]).astype(kind)
        assert masked_update(w, update, alpha).tolist() == [[1.5, 2, 5], [5, 5, 7]]
    assert masked_update(w, update, None).tolist() == [[1.5, 1, 5], [5, 6, 7]]
    assert w.tolist() == [[1, 2, 3], [4, 5, 6]]
    out = np.empty_like(w)
    assert masked_update(w, update, alpha, out=out) is out
    assert out.tolist() == [[1.5, 2, 5], [5, 5, 7]]


def test_freeze_and_prune_by_hand():
    """eq:freeze-and-prune: what is pruned is 0 whether it is frozen or not, what is frozen stays."""
    w, update = np.array([1.0, 2, 3, 4]), np.full(4, 0.5)
    alpha, beta = np.array([1.0, 0, 1, 0]), np.array([1.0, 1, 0, 0])
    assert freeze_and_prune(w, update, alpha, beta).tolist() == [1.5, 2, 0, 0]
    assert freeze_and_prune(w, update, None, beta).tolist() == [1.5, 2.5, 0, 0]
    assert freeze_and_prune(w, update, alpha, None).tolist() == [1.5, 2, 3.5, 4]
    assert freeze_and_prune(w, update, None, None).tolist() == [1.5, 2.5, 3.5, 4.5]
    assert w.tolist() == [1, 2, 3, 4]
    assert freeze_and_prune(w, update, alpha, beta, out=w) is w
    assert w.tolist() == [1.5, 2, 0, 0]


# --- frozen and pruned parameters ----------------------------------------------------------------------


def warm_state(setting, rule):
    """Parameters and the state of a rule after some steps with nothing frozen."""
    warm = train(**setting, steps=20, rng=generator(), rule=rule)
    return setting | {"w": warm.w}, warm.state


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("name", RULES)
def test_frozen_parameters_keep_their_bits(name, dtype):
    """eq:masked-update over 200 steps, with all the momentum of a training behind them."""
    setting, state = warm_state(problem(dtype=dtype, shape=(2,)), RULES[name])
    alpha = (generator().random(setting["w"].shape) < 0.5).astype(dtype)
    path = path_of(**setting, rng=generator(25), rule=RULES[name], state=state, alpha=alpha, steps=200)
    assert path.dtype == dtype
    frozen = path[:, alpha == 0]
    assert {row.tobytes() for row in frozen} == {frozen[0].tobytes()}
    assert (path[-1] != path[0])[alpha == 1].all()


@pytest.mark.parametrize("name", RULES)
def test_masking_the_gradient_would_not_freeze(name):
    """eq:masked-update: momentum and Adam move on past gradients, so the test above can fail."""
    rule = RULES[name]
    setting, state = warm_state(problem(), rule)
    alpha = (generator().random(setting["w"].shape) < 0.5).astype(float)
    wrong = StepRule("masks the gradient", rule.init, lambda state, g, w: rule.step(state, alpha * g, w))
    path = path_of(**setting, rng=generator(25), rule=wrong, state=state, steps=200)
    moved = (path[-1] != path[0])[alpha == 0]
    assert moved.all() if name != "sgd" else not moved.any()


@pytest.mark.parametrize("name", RULES)
def test_pruned_parameters_are_exactly_zero(name):
    """eq:freeze-and-prune at every one of 50 steps."""
    setting, state = warm_state(problem(), RULES[name])
    beta = (generator().random(setting["w"].shape) < 0.5).astype(float)
    path = path_of(**setting, rng=generator(25), rule=RULES[name], state=state, beta=beta, steps=50)
    assert (path[1:, beta == 0] == 0).all()
    assert (path[1:, beta == 1] != 0).all()


def test_schedules_are_those_of_each_step():
    """eq:freeze-and-prune step by step from its definition, with masks that change at every step.

    At the end nothing is optimised any more, alpha(T) = 0, and two parameters of four are left.
    """
    setting = problem("regression", hidden=())
    asked = []

    def alpha(t):
        asked.append(t)
        return np.array([t < 4, t < 7, t < 10]).astype(float)

    def beta(t):
        return np.array([1.0, t != 5, t < 8])

    path = path_of(**setting, rng=generator(), rule=momentum(0.05, 0.9), alpha=alpha, beta=beta, steps=12)
    data, w, v = setting["data"], setting["w"].copy(), np.zeros(3)
    rows_of = batches(generator(), data.n_train, 6)
    for t in range(1, 13):
        rows = next(rows_of)
        g = oracles.per_example_gradients(
            setting["model"], LOSSES["regression"], w, data.X_train[rows], data.y_train[rows]
        ).mean(axis=0)
        v = 0.9 * v - 0.05 * g
        for j in range(3):
            w[j] = w[j] + v[j] if t < (4, 7, 10)[j] else w[j]
            w[j] = 0 if (j == 1 and t == 5) or (j == 2 and t >= 8) else w[j]
        np.testing.assert_allclose(path[t], w, **CLOSE)
    assert asked == list(range(1, 13))
    np.testing.assert_array_equal(path[10:], np.broadcast_to(path[9], (3, 3)))
    assert (path[5, 1], path[6, 1] == 0, path[-1, 2]) == (0, False, 0)


# --- the loop ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("task", LOSSES)
def test_loop_by_its_definition(task, name):
    """eq:freeze-and-prune with nothing frozen: batch, mean of gradients by hand, update from its paper."""
    setting = problem(task)
    model, data, w = setting["model"], setting["data"], setting["w"].copy()
    path = path_of(**setting, rng=generator(), rule=RULES[name], steps=9)
    steps = {
        "sgd": lambda gs: oracles.sgd_steps(gs, 0.05),
        "momentum": lambda gs: oracles.momentum_steps(gs, 0.05, 0.9),
        "adam": lambda gs: oracles.adam_steps(gs, 0.05, 0.9, 0.999, 1e-8),
    }[name]
    rows_of, gs = batches(generator(), data.n_train, 6), []
    for t in range(1, 10):
        rows = next(rows_of)
        g = oracles.per_example_gradients(model, LOSSES[task], w, data.X_train[rows], data.y_train[rows])
        gs.append(g.mean(axis=0))
        w = w + steps(gs)[-1]
        np.testing.assert_allclose(path[t], w, rtol=1e-9, atol=1e-10)


def test_defaults(capsys):
    """Adam, 64 objects a step, no covariance, no iterates, no progress bar; of the covariance its diagonal."""
    model, data, w = small_model("binary"), small_dataset("binary", n_train=100), np.full((2, 21), 0.1)
    training = train(model, data, w, steps=5, rng=generator())
    same = train(model, data, w, steps=5, rng=generator(), rule=adam(), batch_size=64, covariance="running")
    np.testing.assert_array_equal(training.w, same.w)
    assert (training.batch_size, training.C, training.iterates.size) == (64, None, 0)
    assert same.C.shape == w.shape
    step = next(descend(model, data, w, rng=generator()))
    assert (step.t, step.back.loss.shape) == (1, (2, 64))
    assert capsys.readouterr() == ("", "")
    train(model, data, w, steps=5, rng=generator(), progress=True)
    assert "5/5" in capsys.readouterr().err


@pytest.mark.parametrize("task", LOSSES)
@pytest.mark.parametrize("own_data", [False, True], ids=["shared data", "data of each run"])
@pytest.mark.parametrize("own_batches", [False, True], ids=["shared batches", "batches of each run"])
@pytest.mark.parametrize("shape", [(3,), (3, 2)], ids=str)
def test_replica_among_others_is_as_if_alone(task, own_data, own_batches, shape):
    """eq:freeze-and-prune: runs, and branches of runs, do not mix."""
    setting = problem(task, shape, runs=(3,) if own_data else ())
    alpha = (generator().random(setting["w"].shape) < 0.7).astype(float)
    options = {"rule": RULES["adam"], "steps": 15, "covariance": "running", "keep": 2}
    together = train(**setting, rng=generators(3) if own_batches else generator(), alpha=alpha, **options)
    for place in np.ndindex(shape):
        alone = setting | {"w": setting["w"][place]}
        if own_data:
            alone["data"] = setting["data"].run(place[0])
        rng = generators(3)[place[0]] if own_batches else generator()
        one = train(**alone, rng=rng, alpha=alpha[place], **options)
        np.testing.assert_allclose(together.w[place], one.w, **CLOSE)
        np.testing.assert_allclose(together.losses[(slice(None), *place)], one.losses, **CLOSE)
        np.testing.assert_allclose(together.C[place], one.C, **CLOSE)
        np.testing.assert_allclose(together.iterates[(slice(None), *place)], one.iterates, **CLOSE)


def test_each_run_draws_from_its_own_data():
    """A batch of each run, drawn by its own generator or by one for all."""
    data = small_dataset("regression", runs=(3,))
    one = small_dataset("regression")
    own = [batches(rng, data.n_train, 5) for rng in generators(3)]
    for _, (X, y), (X_shared, y_shared) in zip(
        range(12), draw_batches(data, generators(3), 5), draw_batches(one, generators(3), 5), strict=False
    ):
        for run, rows_of in enumerate(own):
            rows = next(rows_of)
            np.testing.assert_array_equal(X[run], data.X_train[run, rows])
            np.testing.assert_array_equal(y[run], data.y_train[run, rows])
            np.testing.assert_array_equal(X_shared[run], one.X_train[rows])
            np.testing.assert_array_equal(y_shared[run], one.y_train[rows])
    rows = next(batches(generator(), data.n_train, 5))
    X, y = next(draw_batches(data, generator(), 5))
    np.testing.assert_array_equal(X, data.X_train[:, rows])
    np.testing.assert_array_equal(y, data.y_train[:, rows])


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=lambda dtype: dtype.__name__)
def test_training_goes_on_as_if_there_had_been_no_stop(name, dtype):
    setting, rule = problem(shape=(2,), dtype=dtype), RULES[name]
    whole = train(**setting, steps=36, rng=generator(), rule=rule)
    rng = generator()
    first = train(**setting, steps=16, rng=rng, rule=rule)  # 4 whole epochs
    then = {"steps": 20, "rng": rng, "rule": rule, "state": first.state}
    second = train(**(setting | {"w": first.w}), **then)
    np.testing.assert_array_equal(second.w, whole.w)
    np.testing.assert_array_equal(np.concatenate([first.losses, second.losses]), whole.losses)


@pytest.mark.parametrize("name", RULES)
def test_one_training_can_be_gone_on_from_twice(name):
    setting, rule = problem(shape=(2,)), RULES[name]
    first = train(**setting, steps=10, rng=generator(), rule=rule)
    w, kept = first.w.copy(), map_state(np.copy, first.state)
    one, again = (
        train(**(setting | {"w": first.w}), steps=10, rng=generator(26), rule=rule, state=first.state) for _ in range(2)
    )
    np.testing.assert_array_equal(one.w, again.w)
    assert (one.w != first.w).any()
    np.testing.assert_array_equal(first.w, w)
    map_state(lambda a: None, kept)
    for before, after in zip(arrays_of(kept), arrays_of(first.state), strict=True):
        np.testing.assert_array_equal(before, after)


def arrays_of(state):
    found = []
    map_state(lambda a: found.append(a) or a, state)
    return found


def test_branches_go_on_from_the_state_of_their_run():
    setting = problem(shape=(2,))
    first = train(**setting, steps=10, rng=generator(), rule=RULES["adam"])
    go_on = {"steps": 5, "rule": RULES["adam"], "state": first.state}
    alone = train(**(setting | {"w": first.w}), rng=generators(2), **go_on)
    w = np.repeat(first.w[:, None], 3, axis=1)
    branches = train(**(setting | {"w": w}), rng=generators(2), **go_on)
    for branch in range(3):
        np.testing.assert_allclose(branches.w[:, branch], alone.w, **CLOSE)


def test_start_is_left_alone():
    setting = problem()
    before = setting["w"].copy()
    training = train(**setting, steps=3, rng=generator())
    np.testing.assert_array_equal(setting["w"], before)
    setting["w"][...] = 0
    np.testing.assert_array_equal(training.w_start, before)


@pytest.mark.parametrize("task", LOSSES)
def test_float32_stays_float32(task):
    setting = problem(task, (2,), dtype=np.float32)
    options = {"steps": np.int64(4), "collect_from": np.int64(2), "keep": 2, "covariance": "running"}
    training = train(**setting, rng=generator(), rule=adam(np.float64(1e-2)), **options)
    for array in (training.w, training.losses, training.C, training.iterates, *arrays_of(training.state)):
        assert array.dtype == np.float32
    options["covariance"] = "batch"
    assert train(**setting, rng=generator(), **options).C.dtype == np.float32


# --- what a training leaves ----------------------------------------------------------------------------


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("collect_from", [1, 5, 8])
@pytest.mark.parametrize("kind", ["running", "batch"])
def test_covariance_is_collected_from_the_step_it_is_told(kind, collect_from, full):
    """eq:covariance-update and eq:covariance-batch along a training: the mean over its last steps."""
    setting = problem(shape=(2,))
    model, data = setting["model"], setting["data"]
    options = {"covariance": kind, "collect_from": collect_from, "full": full}
    path = path_of(**setting, rng=generators(2), steps=8, **options)
    C = train(**setting, rng=generators(2), steps=8, **options).C
    for run in range(2):
        rows_of, terms = batches(generators(2)[run], data.n_train, 6), []
        for t in range(1, 9):
            rows = next(rows_of)
            g = oracles.per_example_gradients(
                model, LOSSES["multiclass"], path[t - 1, run], data.X_train[rows], data.y_train[rows]
            )
            d = g[0] - g.mean(axis=0)
            terms.append(np.outer(d, d) if kind == "running" else oracles.covariance(g))
        expected = np.mean(terms[collect_from - 1 :], axis=0)
        np.testing.assert_allclose(C[run], expected if full else np.diag(expected), rtol=1e-9, atol=1e-12)


def test_training_keeps_losses_iterates_and_steps():
    """eq:loss of each step's batch, at the parameters before the step."""
    setting = problem()
    model, data = setting["model"], setting["data"]
    seen = []
    path = path_of(**setting, rng=generator(), steps=9)
    training = train(
        **setting, rng=generator(), steps=9, keep=4, watch=lambda step: seen.append((step.t, step.g.copy()))
    )
    rows_of = batches(generator(), data.n_train, 6)
    for t in range(1, 10):
        rows = next(rows_of)
        arguments = model, LOSSES["multiclass"], path[t - 1], data.X_train[rows], data.y_train[rows]
        loss = oracles.per_example_losses(*arguments).mean()
        assert training.losses[t - 1] == pytest.approx(loss, rel=1e-11)
        g = oracles.per_example_gradients(*arguments).mean(axis=0)
        np.testing.assert_allclose(seen[t - 1][1], g, rtol=1e-9, atol=1e-12)
    assert [t for t, _ in seen] == list(range(1, 10))
    np.testing.assert_array_equal(training.iterates, path[-4:])
    np.testing.assert_array_equal(training.w, path[-1])
    np.testing.assert_array_equal(training.w_start, path[0])
    assert (training.steps, training.batch_size, training.C) == (9, 6, None)
    assert train(**setting, rng=generator(), steps=9).iterates.shape == (0, model.n_params)
    assert train(**setting, rng=generator(), steps=3, keep=9).iterates.shape == (3, model.n_params)


@pytest.mark.parametrize("runs", [(), (3,)], ids=["shared data", "data of each run"])
def test_one_run_of_a_training(runs):
    setting = problem("regression", (3,), hidden=(), runs=runs)
    training = train(**setting, rng=generators(3), steps=5, covariance="running", keep=2)
    for i in range(3):
        run = training.run(i)
        assert run.data.X_train.ndim == 2
        np.testing.assert_array_equal(run.data.X_train, setting["data"].X_train[i] if runs else run.data.X_train)
        for name in ("w", "w_start", "C"):
            np.testing.assert_array_equal(getattr(run, name), getattr(training, name)[i])
        np.testing.assert_array_equal(run.iterates, training.iterates[:, i])
        np.testing.assert_array_equal(run.losses, training.losses[:, i])
        np.testing.assert_array_equal(run.state.m, training.state.m[i])
        assert (run.state.t, run.steps, run.diverged) == (5, 5, 0)
    assert train(**setting, rng=generators(3), steps=1).run(0).C is None


@pytest.mark.parametrize("runs", [(), (2,)], ids=["shared data", "data of each run"])
@pytest.mark.parametrize("shape", [(2,), (2, 2), (2, 3)], ids=str)
def test_full_gradient_is_over_all_training_objects(shape, runs):
    """eq:loss: the gradient of the mean over the whole training part, for runs and their branches."""
    setting = problem(shape=shape, runs=runs)
    training = train(**setting, rng=generators(2), steps=2, keep=2)
    for place in np.ndindex(shape):
        data = setting["data"].run(place[0]) if runs else setting["data"]
        for w, found in [
            (training.w, training.gradient),
            (training.iterates[0], training.full_gradient(training.iterates)[0]),
            (training.w + 1, training.full_gradient(training.w + 1)),
        ]:
            g = oracles.per_example_gradients(
                setting["model"], LOSSES["multiclass"], w[place], data.X_train, data.y_train
            )
            np.testing.assert_allclose(found[place], g.mean(axis=0), rtol=1e-10, atol=1e-12)


def test_training_says_what_it_is():
    training = train(**problem(shape=(2, 3)), rng=generator(), steps=2)
    for losses, text in [([[1.5, 2], [3, 4]], "1.5, 2, 3, 4"), ([[1, 2, 3], [4, 5, 6]], "1, 2, 3, 4, ...")]:
        shown = replace(training, losses=np.array([np.zeros_like(losses), losses]))
        start = "Training(MLP(3-4-3, tanh: 31 parameters), multiclass, 2 steps, last batch loss "
        assert repr(shown) == f"{start}{text})"
    assert training == training
    assert training != replace(training)
    with pytest.raises(FrozenInstanceError):
        training.w = training.w_start


# --- runs that diverge ---------------------------------------------------------------------------------


@pytest.mark.parametrize("covariance", [None, "running", "batch"])
@pytest.mark.parametrize("hidden", [(), (4, 4)], ids=str)
def test_run_that_diverges_is_reported_at_its_step(hidden, covariance):
    """A rate of a million; the run beside it is frozen, so it stays finite. Nobody is warned."""
    setting = problem("regression", (2,), hidden, dtype=np.float32)
    setting["w"] = np.concatenate([setting["w"], setting["w"][:1]])
    alpha = np.array([1.0, 1.0, 0.0])[:, None] * np.ones_like(setting["w"])
    options = {"rule": sgd(1e6), "steps": 60, "alpha": alpha}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        training = train(**setting, rng=generator(), covariance=covariance, **options)
        loss, _ = evaluate(training.model, training.w, training.data.X_test, training.data.y_test, "regression")
    assert training.diverged.shape == (3,)
    assert training.diverged[2] == 0
    assert np.isfinite(loss).tolist() == [False, False, True]
    for run in range(2):
        finite = [bool(np.isfinite(value)) for value in training.losses[:, run]]
        assert training.diverged[run] == finite.index(False) + 1 > 1
        assert training.run(run).diverged == training.diverged[run]


def test_run_whose_last_step_leads_nowhere_has_diverged():
    """Every loss seen was finite, the parameters that are left are not."""
    setting = problem("regression", (2,))
    far = np.array([[np.inf], [1.0]]) * np.ones_like(setting["w"])
    rule = StepRule("far", lambda w: None, lambda state, g, w: (far, None))
    training = train(**setting, rng=generator(), rule=rule, steps=1)
    assert training.diverged.tolist() == [1, 0]


# --- bad input -----------------------------------------------------------------------------------------

BAD = [
    ({"steps": 0}, r"steps = 0: expected a whole number, 1 or more"),
    ({"batch_size": 1}, r"batch_size = 1: expected a whole number in 2\.\.24"),
    ({"batch_size": 25}, r"batch_size = 25: expected a whole number in 2\.\.24"),
    ({"batch_size": 6.0}, r"batch_size = 6\.0: expected a whole number"),
    ({"collect_from": 0}, r"collect_from = 0: expected a step in 1 \.\.\. 3"),
    ({"collect_from": 4}, r"collect_from = 4: expected a step in 1 \.\.\. 3"),
    ({"covariance": "runing"}, r"covariance = 'runing': .*nearest: running"),
    ({"keep": -1}, r"keep = -1: expected 0 or more"),
    ({"w": np.zeros((2, 30))}, r"w\.shape = \(2, 30\): expected \(\.\.\., 31\)"),
    ({"model": mlp(4, 4, 3)}, r"model\.sizes\[0\] = 4: expected the data's 3 features"),
    ({"model": mlp(3, 4, 2)}, r"model\.sizes\[-1\] = 2: expected 3 for multiclass, multiclass"),
    ({"data": small_dataset("regression")}, r"model\.sizes\[-1\] = 3: expected 1 for regression"),
    (
        {"data": small_dataset("multiclass", runs=(3,))},
        r"w\.shape = \(2, 31\): expected the runs of the data, \(3,\)",
    ),
    (
        {"data": small_dataset("multiclass", runs=(1,))},
        r"w\.shape = \(2, 31\): expected the runs of the data, \(1,\)",
    ),
    ({"rng": generators(3)}, r"len\(rng\) = 3: expected the runs of w, \(2,\)"),
    ({"rng": generators(2), "w": np.zeros(31)}, r"len\(rng\) = 2: expected the runs of w, \(\)"),
    ({"model": linear(2, 3), "w": np.zeros(6), "rng": generators(6)}, r"model\.sizes\[0\] = 2: expected the data"),
    ({"model": linear(3, 3), "w": np.zeros(9), "rng": generators(9)}, r"len\(rng\) = 9: expected the runs of w, \(\)"),
    ({"model": linear(3, 3), "w": np.zeros(9), "data": small_dataset("multiclass", runs=(9,))}, r"w\.shape = \(9,\)"),
    ({"alpha": np.ones(30)}, r"alpha\.shape = \(30,\): expected .*\(2, 31\)"),
    ({"alpha": np.ones((2, 4, 31))}, r"alpha\.shape = \(2, 4, 31\): expected .*\(2, 31\)"),
    ({"beta": np.ones((3, 31))}, r"beta\.shape = \(3, 31\): expected .*\(2, 31\)"),
]


@pytest.mark.parametrize(("bad", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_input_is_refused_before_any_work(bad, message):
    setting = problem(shape=(2,)) | {
        "steps": 3,
        "rng": generator(),
        "watch": lambda step: worked.append(step),
    }
    worked, setting = [], setting | bad
    rngs = [setting["rng"]] if isinstance(setting["rng"], np.random.Generator) else setting["rng"]
    before = [rng.bit_generator.state for rng in rngs]
    with pytest.raises(ValueError, match=rf"^{message}"):
        train(**setting)
    assert not worked
    assert [rng.bit_generator.state for rng in rngs] == before


@pytest.mark.parametrize("shape", [(), (31,), (1, 31), (2, 31), (2, 1), (1, 1, 31), (4, 2, 31)], ids=str)
def test_masks_that_broadcast_to_the_parameters_are_taken(shape):
    """eq:freeze-and-prune: one mask for all replicas, or one for each."""
    setting = problem(shape=(4, 2))
    alpha = (generator().random(shape) < 0.5).astype(float)
    found = train(**setting, steps=3, rng=generator(), alpha=alpha)
    whole = np.broadcast_to(alpha, setting["w"].shape)
    np.testing.assert_array_equal(found.w, train(**setting, steps=3, rng=generator(), alpha=whole).w)
    assert ((found.w != setting["w"]) <= (whole == 1)).all()


def test_loop_refuses_before_its_first_step_is_asked_for():
    setting = problem()
    with pytest.raises(ValueError, match=r"^batch_size = 1: expected"):
        descend(setting["model"], setting["data"], setting["w"], rng=generator(), batch_size=1)


# --- quality -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", LOSSES)
@pytest.mark.parametrize("m", [7, 255, 256, 257, 600])
@pytest.mark.parametrize("shape", [(), (2,), (2, 3)], ids=str)
def test_evaluation_counts_every_object_once(task, m, shape):
    """eq:loss and eq:accuracy against all objects at once, in whole chunks or not."""
    model, data = small_model(task), small_dataset(task, n_train=m)
    w, X, y = model.init(generator(), shape), data.X_train, data.y_train
    loss, accuracy = evaluate(model, w, X, y, task, entries=1)
    assert loss.shape == accuracy.shape == shape
    h = model.outputs(w, X)
    np.testing.assert_allclose(loss, LOSSES[task](h, y).mean(axis=-1), rtol=1e-12)
    if task == "regression":
        assert np.isnan(accuracy).all()
    else:
        guess = h.argmax(axis=-2) if task == "multiclass" else h[..., 0, :] > 0
        np.testing.assert_allclose(accuracy, (guess == y).mean(axis=-1), rtol=1e-12)


@pytest.mark.parametrize(("shape", "entries", "chunk"), [((), 4 * 300, 300), ((2, 3), 24 * 400 + 23, 400)], ids=str)
def test_evaluation_keeps_the_widest_layer_small(monkeypatch, shape, entries, chunk):
    """Objects at a time, times the 4 units of the hidden layer, times replicas: at most ``entries``."""
    asked = []
    loop = importlib.import_module("minimal_order.training.train")
    monkeypatch.setattr(loop, "chunks_of", lambda *arguments: asked.append(arguments) or chunks_of(*arguments))
    model, data = small_model("binary"), small_dataset("binary", n_train=700)
    evaluate(model, model.init(generator(), shape), data.X_train, data.y_train, "binary", entries=entries)
    assert asked == [(700, chunk)]


@pytest.mark.parametrize("task", LOSSES)
@pytest.mark.parametrize("shape", [(2,), (2, 2), (2, 3)], ids=str)
def test_evaluation_of_each_run_on_its_own_data(task, shape):
    """eq:loss and eq:accuracy."""
    model, data = small_model(task), small_dataset(task, runs=(2,))
    w = model.init(generator(), shape)
    loss, accuracy = evaluate(model, w, data.X_test, data.y_test, task)
    for place in np.ndindex(shape):
        run = place[0]
        alone = evaluate(model, w[place], data.X_test[run], data.y_test[run], task)
        np.testing.assert_allclose((loss[place], accuracy[place]), alone, rtol=1e-12)


def test_evaluation_adds_in_float64():
    """eq:loss of 100 000 objects in float32 is exact to float32, not to the rounding of a long sum."""
    X = np.ones((100_000, 1), np.float32)
    loss, _ = evaluate(linear(1), np.float32([0.1]), X, np.zeros(100_000, np.float32), "regression")
    assert loss == pytest.approx(float(np.float32(0.1) ** 2), rel=1e-12)


def test_stacked_sets_train_like_their_parts():
    """What ``stack`` made of sets trains each run on its own."""
    parts = [small_dataset("binary", seed=seed) for seed in range(2)]
    model = small_model("binary")
    w = model.init(generator(), (2,))
    options = {"steps": 5, "batch_size": 8}
    together = train(model, stack(parts), w, rng=generators(2), **options)
    for run, data in enumerate(parts):
        alone = train(model, data, w[run], rng=generators(2)[run], **options)
        np.testing.assert_allclose(together.w[run], alone.w, **CLOSE)
