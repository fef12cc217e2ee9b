"""What a training leaves, runs that diverge, and what is refused."""

import warnings
from dataclasses import FrozenInstanceError, replace

import numpy as np
import oracles
import pytest
from small import small_dataset
from small_trainings import generator, generators, path_of, problem

from minimal_order.data.loading import batches
from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import linear, mlp
from minimal_order.training.loop import descend
from minimal_order.training.optim import StepRule, sgd
from minimal_order.training.train import evaluate, train

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


@pytest.mark.parametrize("known", [True, False], ids=["from all runs at once", "from the run alone"])
@pytest.mark.parametrize("runs", [(), (2,)], ids=["shared data", "data of each run"])
def test_gradient_of_a_run_is_its_own(runs, known):
    training = train(**problem(shape=(2,), runs=runs), rng=generators(2), steps=3)
    expected = training.full_gradient(training.w)
    assert not np.allclose(expected[0], expected[1])
    if known:
        training.gradient  # noqa: B018
    for i in range(2):
        run = training.run(i)
        assert ("gradient" in vars(run)) == known
        np.testing.assert_allclose(run.gradient, expected[i], rtol=1e-12, atol=1e-14)


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
