"""Every order of the table, and each by its definition."""

import itertools
from dataclasses import replace

import autograd.numpy as anp
import numpy as np
import oracles
import pytest
from autograd import grad
from short_trainings import BUILT_IN, generator, of_linear, trained
from small import small_dataset

from minimal_order.freezing.masks import rank_of
from minimal_order.networks.losses import LOSSES, squared_error
from minimal_order.networks.models import linear
from minimal_order.orders import NEEDS, ORDERS, compute_order
from minimal_order.orders.gradients import accumulated_gradient, preconditioned_gradient, preconditioner
from minimal_order.training.optim import AdamState, sgd
from minimal_order.training.train import train

BY_FEATURES = ("belsley", "belsley_conditional")  # of a linear model: from the features alone


# --- every order of the table --------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize(("task", "hidden"), [*itertools.product(LOSSES, [(), (4,)]), ("regression", (4, 2))], ids=str)
def test_every_order_is_a_permutation_or_says_what_it_needs(name, task, hidden):
    run = trained(task, hidden)
    if "linear" in ORDERS[name].needs and (hidden or task == "multiclass"):
        with pytest.raises(ValueError, match=rf"needs: {NEEDS['linear'].what}"):
            compute_order(name, run, generator())
    else:
        found = compute_order(name, run, generator())
        assert sorted(found.tolist()) == list(range(run.model.n_params))
        np.testing.assert_array_equal(found, compute_order(name, run, generator()))


@pytest.mark.parametrize("name", [name for name in BUILT_IN if name not in ("random", *BY_FEATURES)])
def test_every_order_breaks_ties_by_index(name):
    """Nothing to learn and nothing learned: every score is the same."""
    zeros = np.zeros(5)
    run = of_linear(generator().standard_normal((12, 5)), np.zeros(12))
    run = replace(run, C=zeros, w=zeros, iterates=np.zeros((3, 5)), state=AdamState(2, zeros, zeros, zeros))
    with np.errstate(divide="raise", invalid="raise"):
        assert compute_order(name, run, generator()).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("scale", [1e-3, 3.0, 1e4])
@pytest.mark.parametrize("name", BUILT_IN)
def test_every_order_is_the_same_in_other_units(name, scale):
    """Targets and weights in other units: gradients c times, their variance c^2 times as large."""
    run, data = trained(), small_dataset("regression")
    parts = {field: scale * getattr(data, field) for field in ("y_train", "y_test", "w_star")}
    m, v = scale * run.state.m, scale**2 * run.state.v
    in_other_units = replace(
        run,
        data=replace(data, **parts),
        w=scale * run.w,
        w_start=scale * run.w_start,
        C=scale**2 * run.C,
        iterates=scale * run.iterates,
        state=AdamState(run.state.t, m, v, run.state.update),
    )
    found = compute_order(name, in_other_units, generator())
    np.testing.assert_array_equal(found, compute_order(name, run, generator()))


def test_experiments_take_the_orders_of_the_paper_and_the_talks():
    later = {
        "exact_covariance",
        "second_moment",
        "taylor",
        "obd",
        "obd_gauss_newton",
        "obs",
        *BY_FEATURES,
        "variational",
    }
    by_default = {name for name in BUILT_IN if ORDERS[name].default}
    assert later <= set(BUILT_IN) - by_default
    assert by_default >= {
        "random", "gradient_covariance", "accumulated_gradient", "full_gradient", "preconditioned_gradient",
        "magnitude", "lasso", "elastic_net", "oracle",
    }  # fmt: skip


def test_one_iterate_is_enough():
    """eq:accumulated-gradient of one iterate, the last, is the full gradient."""
    found = compute_order("accumulated_gradient", trained(keep=1), generator())
    assert found.tolist() == compute_order("full_gradient", trained(keep=0), generator()).tolist()


def test_table_can_be_printed():
    for name, row in ORDERS.items():
        assert row.name == name
        assert row.summary
        assert "\n" not in row.summary
        assert row.equation == "" or row.equation.startswith("eq:")
        assert row.function.__doc__
        assert set(row.needs) <= set(NEEDS)


# --- each by its definition ----------------------------------------------------------------------------


def test_random_order_is_uniform():
    """eq:random-order: each of the 6 orders of 3 parameters with probability 1/6."""
    run, rng = of_linear(np.eye(3), np.ones(3)), generator()
    found = [tuple(compute_order("random", run, rng).tolist()) for _ in range(3000)]
    counts = [found.count(one) for one in itertools.permutations(range(3))]
    assert sum(counts) == 3000
    assert max(abs(count - 500) for count in counts) < 4.5 * np.sqrt(500 * 5 / 6)


def test_smallest_variance_first():
    """eq:order: the paper's example, diag C = (.3, .2, .25)."""
    run = replace(of_linear(np.eye(3), np.ones(3)), C=np.array([0.3, 0.2, 0.25]))
    found = compute_order("gradient_covariance", run, generator())
    assert found.tolist() == [1, 2, 0]
    assert rank_of(found).tolist() == [3, 1, 2]


@pytest.mark.parametrize(("task", "hidden"), [*itertools.product(LOSSES, [(), (4,)])], ids=str)
def test_exact_covariance_is_that_of_all_objects_at_the_end(task, hidden):
    """eq:order of eq:covariance-exact."""
    run = trained(task, hidden)
    g = oracles.per_example_gradients(run.model, LOSSES[task], run.w, run.data.X_train, run.data.y_train)
    found = compute_order("exact_covariance", run, generator())
    assert found.tolist() == np.argsort(g.var(axis=0), kind="stable").tolist()


def test_second_moment_is_that_of_adam():
    """The v of Adam's paper after the same gradients."""
    gradients = []
    run = trained("multiclass", (4,), watch=lambda step: gradients.append(step.g.copy()))
    v = sum(0.999 ** (8 - t) * g**2 for t, g in enumerate(gradients, start=1))
    assert compute_order("second_moment", run, generator()).tolist() == np.argsort(v).tolist()


@pytest.mark.parametrize(("task", "hidden"), [("regression", ()), ("multiclass", (4,))], ids=str)
def test_accumulated_gradient_is_a_sum_over_the_last_iterates(task, hidden):
    """eq:accumulated-gradient: full gradients by autograd, one iterate after the other."""
    path = []
    run = trained(task, hidden, watch=lambda step: path.append(step.w.copy()))
    X, y, loss = run.data.X_train, run.data.y_train, LOSSES[task]
    score = np.zeros(run.model.n_params)
    for w in path[-3:]:
        score += np.abs(grad(lambda w: anp.mean(loss(run.model.outputs(w, X), y)))(w))
    assert compute_order("accumulated_gradient", run, generator()).tolist() == np.argsort(score).tolist()
    gradients = generator().standard_normal((3, 5))
    expected = [sum(abs(g[j]) for g in gradients) for j in range(5)]
    np.testing.assert_allclose(accumulated_gradient(gradients), expected, rtol=1e-14)


@pytest.mark.parametrize(("task", "hidden"), [("regression", ()), ("multiclass", (4,))], ids=str)
def test_full_gradient_is_that_at_the_end(task, hidden):
    """eq:accumulated-gradient with one iterate."""
    run = trained(task, hidden)
    g = oracles.per_example_gradients(run.model, LOSSES[task], run.w, run.data.X_train, run.data.y_train)
    found = compute_order("full_gradient", run, generator())
    assert found.tolist() == np.argsort(np.abs(g.mean(axis=0))).tolist()


def test_magnitude_prunes_the_smallest_first():
    """eq:magnitude by hand, ties by index."""
    run = replace(of_linear(np.eye(5), np.ones(5)), w=np.array([1.0, -1, 0, -3, 0.5]))
    assert compute_order("magnitude", run, generator()).tolist() == [2, 4, 0, 1, 3]


def test_oracle_freezes_first_what_is_where_it_should_be():
    data = small_dataset("regression")
    run = replace(trained(data=data), w=data.w_star + np.array([0.1, -0.5, 0.3]))
    assert compute_order("oracle", run, generator()).tolist() == [0, 2, 1]


# --- the preconditioner --------------------------------------------------------------------------------


def test_preconditioner_by_hand():
    """eq:preconditioner H = 2 S / (N C): 2 * 6 / (24 * .5) = 1."""
    np.testing.assert_allclose(preconditioner(np.array([0.5, 2.0]), 6, 24), [1, 0.25], rtol=1e-15)


@pytest.mark.parametrize("S", [1, 2, 3])
def test_preconditioner_has_the_factor_of_the_batch(S):
    """eq:preconditioner of the per-object covariance is 2 / (N C_S) of the mini-batch's.

    C_S comes from all batches of a tiny set; it is C / S.
    """
    model, data = linear(3), small_dataset("regression", n_train=5)
    w = model.init(generator())
    g = oracles.per_example_gradients(model, squared_error, w, data.X_train, data.y_train)
    of_batches = np.array([g[list(batch)].mean(axis=0) for batch in itertools.product(range(5), repeat=S)])
    C, C_S = g.var(axis=0), of_batches.var(axis=0)
    np.testing.assert_allclose(preconditioner(C, S, 5), 2 / (5 * C_S), rtol=1e-12)


def test_preconditioned_gradient_where_the_gradient_does_not_vary():
    """eq:preconditioned-gradient: 0 where the gradient is 0 too, else infinite and kept, never NaN."""
    for dtype in (np.float32, np.float64):
        C = np.array([0, 0, 0, 4, 4, 4], dtype)
        g = np.array([0, 1e-30, -2, 0, 3, -3], dtype)
        with np.errstate(all="raise"):
            H = preconditioner(C, 8, 2)
            score = preconditioned_gradient(H, g)
            tiny = preconditioned_gradient(preconditioner(C + np.finfo(dtype).smallest_subnormal, 8, 2), g)
        assert score.tolist() == [0, np.inf, np.inf, 0, 6, 6] == tiny.tolist()
        assert score.dtype == dtype


def test_preconditioned_gradient_by_its_definition():
    """eq:preconditioned-gradient |H g|, the step of eq:preconditioner with N the training objects."""
    run = trained("multiclass", (4,))
    g = oracles.per_example_gradients(run.model, LOSSES["multiclass"], run.w, run.data.X_train, run.data.y_train).mean(
        axis=0
    )
    score = [abs(2 * 6 / (24 * run.C[j]) * g[j]) for j in range(31)]
    assert compute_order("preconditioned_gradient", run, generator()).tolist() == np.argsort(score).tolist()
    np.testing.assert_allclose(preconditioned_gradient(preconditioner(run.C, 6, 24), g), score, rtol=1e-12)


def test_dead_weights_leave_first_and_unsettled_ones_last():
    """eq:preconditioned-gradient on data with a feature that is always 0, and a variance never seen."""
    X = generator().standard_normal((12, 4))
    X[:, 2] = 0
    run = of_linear(X, X @ [1, 1, 1, 1])
    run = replace(run, C=np.where(np.arange(4) == 1, 0, run.C))
    found = compute_order("preconditioned_gradient", run, generator())
    assert (found[0], found[-1]) == (2, 1)


# --- what an order needs --------------------------------------------------------------------------------


def test_unknown_order_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"^order = 'magnitde': .*nearest: magnitude"):
        compute_order("magnitde", trained(), generator())


@pytest.mark.parametrize(
    ("name", "options", "need"),
    [
        ("gradient_covariance", {"covariance": None}, "covariance"),
        ("preconditioned_gradient", {"covariance": None}, "covariance"),
        ("accumulated_gradient", {"keep": 0}, "iterates"),
        ("second_moment", {"rule": sgd(0.01)}, "adam"),
        ("oracle", {"data": replace(small_dataset("regression"), w_star=None)}, "w_star"),
    ],
)
def test_run_without_what_an_order_needs_is_refused(name, options, need):
    with pytest.raises(ValueError, match=rf"^run = Training.* the order {name} needs: {NEEDS[need].what}$"):
        compute_order(name, trained(**options), generator())


def test_orders_are_of_one_run():
    with pytest.raises(ValueError, match=r"^run\.w\.shape = \(2, 3\): expected \(p,\), one run"):
        compute_order("magnitude", trained(shape=(2,)), generator())


def test_orders_by_the_covariance_take_the_diagonal_of_a_whole_one():
    data = small_dataset("regression", n_features=4)
    model, runs = linear(4), {}
    w = model.init(np.random.default_rng(0))
    for full in (False, True):
        rng = np.random.default_rng(1)
        runs[full] = train(model, data, w, steps=20, rng=rng, batch_size=6, covariance="running", full=full)
    assert runs[True].C.shape == (4, 4)
    np.testing.assert_allclose(runs[True].variance, runs[False].C, rtol=1e-12)
    for name in ("gradient_covariance", "preconditioned_gradient"):
        one, other = (compute_order(name, runs[full], rng) for full in (False, True))
        np.testing.assert_array_equal(one, other)
