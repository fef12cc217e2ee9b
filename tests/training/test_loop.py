"""The loop against its definition; replicas do not mix, and a training goes on where it stopped."""

import numpy as np
import oracles
import pytest
from small import small_dataset, small_model
from small_trainings import CLOSE, RULES, arrays_of, generator, generators, path_of, problem

from minimal_order.data.loading import batches, stack
from minimal_order.networks.losses import LOSSES
from minimal_order.training.loop import descend, draw_batches
from minimal_order.training.optim import adam, map_state
from minimal_order.training.train import train


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
