import itertools

import numpy as np
import oracles
import pytest
from small import small_dataset, small_model

from minimal_order.networks.gradients import backprop, first_gradient, mean_gradient
from minimal_order.networks.losses import LOSSES, squared_error
from minimal_order.networks.models import linear
from minimal_order.training.covariance import (
    SAMPLING_FACTORS,
    batch_covariance,
    covariance_update,
    exact_covariance,
    linear_gradient_variance,
    sampling_factor,
)

CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def problem(task, m, hidden=(4,), replicas=(), runs=()):
    model, data = small_model(task, hidden), small_dataset(task, n_train=m, runs=runs)
    w = 1.5 * model.init(np.random.default_rng(18), replicas)
    return model, LOSSES[task], w, data.X_train, data.y_train


def deviations(steps, shape=(3,), seed=19):
    return np.random.default_rng(seed).standard_normal((2, steps, *shape))


# --- the running average -------------------------------------------------------------------------------


def test_update_by_its_definition():
    """eq:covariance-update with a matrix, element by element, and its diagonal alone."""
    (g_first, g), C = deviations(1)[:, 0], oracles.covariance(deviations(9)[0])
    t = 4
    found = covariance_update(C, g_first, g, t)
    for i, j in np.ndindex(3, 3):
        expected = (1 - 1 / t) * C[i, j] + 1 / t * (g_first[i] - g[i]) * (g_first[j] - g[j])
        assert found[i, j] == pytest.approx(expected, rel=1e-13)
    diagonal = covariance_update(np.diag(C), g_first, g, t)
    np.testing.assert_allclose(diagonal, np.diag(found), rtol=1e-13)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (3, 3), (2, 3, 3)], ids=str)
def test_first_update_wipes_out_what_was_there(shape):
    """eq:covariance-update kappa_1 = 1: nothing of the paper's uniform C_0 is left."""
    g_first, g = deviations(1, shape)[:, 0]
    for C_0 in (0.0, 1.0, 1e300):
        d = g_first - g
        diagonal = covariance_update(np.full(shape, C_0), g_first, g, 1)
        np.testing.assert_allclose(diagonal, d * d, rtol=1e-14)
        full = covariance_update(np.full((*shape, shape[-1]), C_0), g_first, g, 1)
        np.testing.assert_allclose(full, np.einsum("...i,...j->...ij", d, d), rtol=1e-14)


def test_running_average_is_the_mean_of_outer_products():
    """eq:covariance-update over 30 steps."""
    g_first, g = deviations(30, (2, 3))
    C, diagonal = np.ones((2, 3, 3)), np.ones((2, 3))
    for t in range(1, 31):
        C = covariance_update(C, g_first[t - 1], g[t - 1], t)
        diagonal = covariance_update(diagonal, g_first[t - 1], g[t - 1], t)
        for run in range(2):
            products = [np.outer(d, d) for d in (g_first - g)[:t, run]]
            np.testing.assert_allclose(C[run], sum(products) / t, **CLOSE)
            np.testing.assert_allclose(diagonal[run], np.diag(sum(products) / t), **CLOSE)


def test_float32_stays_float32_whatever_the_step_number_is():
    g_first, g = deviations(1, (2, 3)).astype(np.float32)[:, 0]
    for t in (3, np.int64(3)):
        assert covariance_update(g * g, g_first, g, t).dtype == np.float32


@pytest.mark.parametrize("t", [0, -1])
def test_steps_are_counted_from_one(t):
    """eq:covariance-update."""
    with pytest.raises(ValueError, match=rf"^t = {t}: expected a step number, 1 or more$"):
        covariance_update(np.zeros(3), np.zeros(3), np.zeros(3), t)


# --- its expectation, by enumeration -------------------------------------------------------------------


def draws(scheme, S, m):
    """Every equally likely draw of g_1 and a batch: pairs of an object and a tuple of objects."""
    objects = range(m)
    if scheme.endswith("without replacement"):
        drawn = list(itertools.permutations(objects, S))
    else:
        drawn = list(itertools.product(objects, repeat=S))
    if scheme.startswith("first"):
        return [(batch[0], batch) for batch in drawn]
    outside = scheme.startswith("outside")
    return [(first, batch) for batch in drawn for first in objects if not (outside and first in batch)]


@pytest.mark.parametrize("S", [2, 3])
@pytest.mark.parametrize("m", [4, 5])
@pytest.mark.parametrize("scheme", SAMPLING_FACTORS)
def test_expectation_of_the_estimate_by_enumeration(scheme, m, S):
    """eq:covariance-exact and eq:covariance-update: all draws of g_1 and the batch, for all five ways."""
    model, loss, w, X, y = problem("regression", m, hidden=(2,))
    pairs = draws(scheme, S, m)
    rows = np.array([batch for _, batch in pairs])
    g = mean_gradient(backprop(model, loss, w, X[rows], y[rows]))
    first = np.array([[first] for first, _ in pairs])
    g_first = first_gradient(backprop(model, loss, w, X[first], y[first]))
    products = covariance_update(np.zeros((len(pairs), w.size, w.size)), g_first, g, 1)
    C = sampling_factor(scheme, S, m) * exact_covariance(model, loss, w, X, y, full=True)
    np.testing.assert_allclose(products.mean(axis=0), C, rtol=1e-12, atol=1e-12 * np.abs(C).max())
    squares = covariance_update(np.zeros_like(g), g_first, g, 1)
    np.testing.assert_allclose(squares.mean(axis=0), np.diag(C), rtol=1e-12)


def test_factors_differ():
    """eq:covariance-exact: the enumeration above would notice any two factors exchanged."""
    for m, S in itertools.product((4, 5), (2, 3)):
        factors = [sampling_factor(scheme, S, m) for scheme in SAMPLING_FACTORS]
        assert len({round(factor, 12) for factor in factors}) == 5


def test_unknown_way_of_drawing_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"^scheme = 'first of a batch': .*nearest: first of a batch with"):
        sampling_factor("first of a batch", 2, 5)


@pytest.mark.parametrize("S", [2, 3])
@pytest.mark.parametrize("replacement", [True, False])
def test_batch_covariance_is_unbiased(S, replacement):
    """eq:covariance-batch: its mean over all batches of 5 objects is C, (m-1)/m C with replacement."""
    m = 5
    model, loss, w, X, y = problem("regression", m, hidden=(2,))
    batches = itertools.product(range(m), repeat=S) if replacement else itertools.permutations(range(m), S)
    rows = np.array(list(batches))
    back = backprop(model, loss, w, X[rows], y[rows])
    C = exact_covariance(model, loss, w, X, y, full=True) * ((m - 1) / m if replacement else 1)
    atol = 1e-12 * np.abs(C).max()
    np.testing.assert_allclose(batch_covariance(back, full=True).mean(axis=0), C, rtol=1e-12, atol=atol)
    np.testing.assert_allclose(batch_covariance(back).mean(axis=0), np.diag(C), rtol=1e-12, atol=atol)


# --- all objects of a batch, all objects ---------------------------------------------------------------


@pytest.mark.parametrize("task", LOSSES)
@pytest.mark.parametrize("hidden", [(), (4,)], ids=str)
@pytest.mark.parametrize(
    ("replicas", "runs"), [((), ()), ((2,), ()), ((2,), (2,)), ((2, 3), ()), ((3, 2), (2,))], ids=str
)
def test_covariance_of_the_gradients_of_all_objects(task, hidden, replicas, runs):
    """eq:covariance-exact, eq:covariance-batch against a loop over objects, and numpy's covariance."""
    arguments = problem(task, 6, hidden, replicas, runs)
    g = oracles.per_example_gradients(*arguments)
    back = backprop(*arguments)
    for found in (exact_covariance(*arguments, full=True), batch_covariance(back, full=True)):
        assert found.shape == (*g.shape[:-2], g.shape[-1], g.shape[-1])
        for place in np.ndindex(g.shape[:-2]):
            np.testing.assert_allclose(found[place], oracles.covariance(g[place]), **CLOSE)
            np.testing.assert_allclose(found[place], np.cov(g[place], rowvar=False), **CLOSE)
    for found in (exact_covariance(*arguments), batch_covariance(back)):
        np.testing.assert_allclose(found, g.var(axis=-2, ddof=1), **CLOSE)


@pytest.mark.parametrize("m", [256, 257, 600])
@pytest.mark.parametrize("full", [True, False])
def test_chunks_do_not_show(m, full):
    """eq:covariance-exact: objects are counted once, whole chunks or not."""
    arguments = problem("multiclass", m, hidden=(2,))
    in_chunks = exact_covariance(*arguments, full=full, chunk=1)
    np.testing.assert_allclose(in_chunks, exact_covariance(*arguments, full=full, chunk=10**6), **CLOSE)


def test_what_has_no_gradient_has_no_variance():
    """eq:covariance-exact, eq:covariance-batch: exactly 0 for the weights of a feature that is always 0."""
    model, loss, w, X, y = problem("multiclass", 20)
    X[:, 1] = 0
    dead = model.layout.input[: 3 * 4] == 1
    for C in (exact_covariance(model, loss, w, X, y), batch_covariance(backprop(model, loss, w, X, y))):
        assert (C[:12][dead] == 0).all()
        assert (C >= 0).all()
        assert (C[:12][~dead] > 0).all()


def test_two_objects_have_a_covariance_and_one_has_none():
    """eq:covariance-exact, eq:covariance-batch: of two it is half the square of their difference."""
    arguments = problem("regression", 2)
    g = oracles.per_example_gradients(*arguments)
    for C in (exact_covariance(*arguments), batch_covariance(backprop(*arguments))):
        np.testing.assert_allclose(C, (g[0] - g[1]) ** 2 / 2, **CLOSE)
    arguments = problem("regression", 1)
    with pytest.raises(ValueError, match=r"^n_samples = 1: expected 2 or more"):
        exact_covariance(*arguments)
    with pytest.raises(ValueError, match=r"^batch_size = 1: expected 2 or more"):
        batch_covariance(backprop(*arguments))


# --- the closed form of linear regression --------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("noise", [0.0, 0.7])
def test_variance_of_the_gradient_of_linear_regression(n, noise):
    """eq:linear-gradient-variance by Gauss-Hermite quadrature, exact for polynomials of degree four."""
    rng = np.random.default_rng(20)
    w, w_star = rng.standard_normal((2, n))
    points, weights = np.polynomial.hermite_e.hermegauss(5)
    grid = np.array(list(itertools.product(points, repeat=n + 1)))
    probability = np.prod(list(itertools.product(weights / weights.sum(), repeat=n + 1)), axis=1)
    X, y = grid[:, :n], grid[:, :n] @ w_star + noise * grid[:, n]
    g = np.array([oracles.object_gradient(linear(n), squared_error, w, *one) for one in zip(X, y, strict=True)])
    mean = probability @ g
    r = w - w_star
    np.testing.assert_allclose(mean, 2 * r, rtol=1e-12)
    variance = probability @ (g - mean) ** 2
    np.testing.assert_allclose(linear_gradient_variance(r, noise), variance, rtol=1e-12)


def test_variance_of_the_gradient_is_what_a_large_sample_shows():
    """eq:linear-gradient-variance and eq:covariance-exact agree within the error of 20 000 objects."""
    rng = np.random.default_rng(21)
    w, w_star = rng.standard_normal((2, 3))
    X = rng.standard_normal((20_000, 3))
    y = X @ w_star + 0.5 * rng.standard_normal(20_000)
    found = exact_covariance(linear(3), squared_error, w, X, y)
    np.testing.assert_allclose(found, linear_gradient_variance(w - w_star, 0.5), rtol=0.1)


def test_variance_of_the_gradient_for_replicas():
    """eq:linear-gradient-variance."""
    r = np.random.default_rng(22).standard_normal((2, 3, 4))
    for place in np.ndindex(2, 3):
        expected = [4 * (sum(r[place] ** 2) + 0.25 + one**2) for one in r[place]]
        np.testing.assert_allclose(linear_gradient_variance(r, 0.5)[place], expected, rtol=1e-12)
