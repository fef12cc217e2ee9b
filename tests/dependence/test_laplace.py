"""The covariance of the estimate against linear regression, and the conditional mean against the plain optimum."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from small import small_dataset, small_model

import minimal_order as mo
from minimal_order.data.dataset import Dataset
from minimal_order.dependence.elimination import condition, eliminate
from minimal_order.dependence.laplace import conditional_mean, laplace_covariance, sample_covariance
from minimal_order.networks.losses import cross_entropy, logistic
from minimal_order.orders.dependence import covariance_of
from minimal_order.pruning.hessian import full_hessian
from minimal_order.pruning.surgeon import obs_update
from minimal_order.training.langevin import sgld
from minimal_order.training.loop import descend

TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}


def regression(m=30, n=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, n))
    return X, X @ rng.standard_normal(n) + 0.5 * rng.standard_normal(m)


def test_linear_regression_is_exact():
    """eq:laplace-covariance (X^T X / s^2 + delta I)^-1"""
    X, y = regression()
    w = np.linalg.lstsq(X, y)[0]
    for delta, s2 in ((1.0, 0.25), (0.1, 2.0), (0.0, 1.0)):
        expected = np.linalg.inv(X.T @ X / s2 + delta * np.eye(4))
        A = laplace_covariance(mo.linear(4), w, X, y, "regression", delta, s2)
        np.testing.assert_allclose(A, expected, **TOLERANCE)
    s2 = np.mean((y - X @ w) ** 2)
    expected = np.linalg.inv(X.T @ X / s2 + np.eye(4))
    np.testing.assert_allclose(laplace_covariance(mo.linear(4), w, X, y, "regression"), expected, **TOLERANCE)


@pytest.mark.parametrize(("task", "loss"), [("binary", logistic), ("multiclass", cross_entropy)])
def test_linear_classification_has_the_hessian_of_minus_log_likelihood(task, loss):
    """eq:laplace-covariance, where Gauss-Newton is the Hessian"""
    data = small_dataset(task)
    model = small_model(task, hidden=())
    w = model.init(np.random.default_rng(1))
    H = data.n_train * full_hessian(model, loss, w, data.X_train, data.y_train)
    A = laplace_covariance(model, w, data.X_train, data.y_train, task, prior_precision=0.7)
    np.testing.assert_allclose(A, np.linalg.inv(H + 0.7 * np.eye(len(w))), **TOLERANCE)


def test_it_is_the_covariance_of_the_estimate_over_samples():
    """eq:laplace-covariance by simulation: many targets, one design"""
    X, _ = regression()
    rng = np.random.default_rng(2)
    w = np.linalg.lstsq(X, 0.5 * rng.standard_normal((30, 40_000)))[0].T
    A = laplace_covariance(mo.linear(4), np.zeros(4), X, np.zeros(30), "regression", 0.0, 0.25)
    assert abs(sample_covariance(w) / A - 1)[np.eye(4, dtype=bool)].max() < 4 * np.sqrt(2 / 40_000)


def test_several_runs_at_once():
    """eq:laplace-covariance of replicas, in float32"""
    data = small_dataset("regression", runs=(3,)).astype(np.float32)
    model = small_model("regression")
    w = model.init(np.random.default_rng(0), (3,)).astype(np.float32)
    together = laplace_covariance(model, w, data.X_train, data.y_train, "regression")
    assert together.shape == (3, model.n_params, model.n_params) and together.dtype == np.float64
    for i in range(3):
        alone = laplace_covariance(model, w[i], data.X_train[i], data.y_train[i], "regression")
        np.testing.assert_allclose(together[i], alone, rtol=1e-8, atol=1e-10)
        assert np.linalg.eigvalsh(alone)[0] > 0


@pytest.mark.parametrize("removal", ["marginalise", "condition"])
def test_the_orders_of_the_table(removal):
    """eq:belsley-elimination of the covariance with the prior and the noise of the run"""
    data, model = small_dataset("regression"), small_model("regression")
    run = mo.train(
        model, data, model.init(np.random.default_rng(0)), steps=30, rng=np.random.default_rng(1), batch_size=8
    )
    s2 = np.mean((data.y_train - model.outputs(run.w, data.X_train)[0]) ** 2)
    A = laplace_covariance(model, run.w, data.X_train, data.y_train, "regression", 1 / np.mean(run.w**2), s2)
    np.testing.assert_allclose(covariance_of(run), A, rtol=1e-8)
    name = {"marginalise": "belsley", "condition": "belsley_conditional"}[removal]
    found = mo.compute_order(name, run, np.random.default_rng(0))
    assert found.tolist() == eliminate(A, removal=removal).order.tolist()


def test_orders_of_a_run_without_weights_or_without_residuals():
    """Weights that are all 0: a prior of variance 1. An exact fit: the least noise, though it leaves directions free"""
    X, y = regression(m=3)
    data, w = Dataset("exact", "regression", X, y, X, y), np.linalg.pinv(X) @ y
    run = mo.train(mo.linear(4), data, w, steps=1, rng=np.random.default_rng(0), batch_size=3)
    least = (1e-3) ** 2 * np.mean(y**2)
    for weights, delta, s2 in ((np.zeros(4), 1, np.mean(y**2)), (w, 1 / np.mean(w**2), least)):
        A = laplace_covariance(mo.linear(4), weights, X, y, "regression", delta, s2)
        np.testing.assert_allclose(covariance_of(replace(run, w=weights)), A, rtol=1e-8)
        found = mo.compute_order("belsley", replace(run, w=weights), np.random.default_rng(0))
        assert found.tolist() == eliminate(A).order.tolist()


def test_what_cannot_be_had_is_refused():
    X, y = regression(m=3)
    linear = mo.linear(4)
    with pytest.raises(ValueError, match=r"prior_precision = 0\.0: expected more: the data leave"):
        laplace_covariance(linear, np.zeros(4), X, y, "regression", prior_precision=0.0)
    with pytest.raises(ValueError, match=r"task = 'regresion': .*nearest: regression"):
        laplace_covariance(linear, np.zeros(4), X, y, "regresion")
    with pytest.raises(ValueError, match=r"prior_precision = -1"):
        laplace_covariance(linear, np.zeros(4), X, y, "regression", prior_precision=-1)
    with pytest.raises(ValueError, match=r"noise_variance = 0\.0: expected above 0; a network that fits"):
        laplace_covariance(linear, np.zeros(4), X, np.zeros(3), "regression")
    with pytest.raises(ValueError, match=r"samples\.shape = \(1, 4\)"):
        sample_covariance(np.ones((1, 4)))
    with pytest.raises(ValueError, match=r"samples\[1, 0\] = nan"):
        sample_covariance([[1.0, 2], [np.nan, 3]])


def test_sample_covariance():
    w = np.random.default_rng(0).standard_normal((6, 3))
    d = w - w.mean(axis=0)
    np.testing.assert_allclose(sample_covariance(w), d.T @ d / 5, **TOLERANCE)
    assert sample_covariance(w[:, :1]).shape == (1, 1)


def test_samples_of_langevin_dynamics_give_the_covariance_and_the_order_of_the_laplace_fit():
    """eq:laplace-covariance, eq:sgld: ends of 4000 chains on the posterior of a regression with noise 1/2"""
    X, y = regression()
    X[:, 3] = X[:, 0] + 0.2 * X[:, 3]  # so that two weights depend on each other
    data, rng, eps = Dataset("chains", "regression", X, y, X, y), np.random.default_rng(3), 8e-3
    A = laplace_covariance(mo.linear(4), np.zeros(4), X, y, "regression", 1.0, 0.5)
    centre = A @ (2 * X.T @ y)
    w = rng.multivariate_normal(centre, 0.5 * A, size=4000)  # half of the variance: the chains have to find it
    steps = descend(mo.linear(4), data, w, rng=rng, rule=sgld(eps, 30, rng), batch_size=30)
    w = next(islice(steps, 500, None)).w
    exact = np.linalg.inv(np.linalg.inv(A) - eps / 4 * np.linalg.matrix_power(np.linalg.inv(A), 2))
    deviation = np.sqrt((np.outer(np.diag(A), np.diag(A)) + A**2) / len(w))
    assert (abs(sample_covariance(w) - exact) < 5 * deviation).all()
    assert eliminate(sample_covariance(w)).order.tolist() == eliminate(A).order.tolist()


# Moving the rest


def hessian(p=6, seed=0):
    J = np.random.default_rng(seed).standard_normal((p + 2, p))
    return J.T @ J


def test_it_is_the_best_of_what_is_left():
    """eq:conditional-mean: the minimum of (w - w_hat)^T H (w - w_hat) / 2 with w_S = 0, by its own equations"""
    H, w_hat = hessian(), np.random.default_rng(1).standard_normal(6)
    for S in ([2], [0, 5], [1, 2, 4], list(range(6))):
        rest = np.setdiff1d(range(6), S)
        expected = np.zeros(6)
        expected[rest] = np.linalg.solve(H[np.ix_(rest, rest)], H[rest] @ w_hat)
        np.testing.assert_allclose(conditional_mean(w_hat, np.linalg.inv(H), S), expected, **TOLERANCE)


def test_with_the_inverse_hessian_it_is_the_update_of_optimal_brain_surgeon():
    """eq:conditional-mean, eq:obs-update: against -w_j / [H^-1]_jj H^-1 e_j written out, one by one and all at once"""
    H, w_hat = hessian(), np.random.default_rng(1).standard_normal(6)
    inverse = np.linalg.inv(H)
    for j in range(6):
        plain = w_hat - w_hat[j] / inverse[j, j] * inverse[:, j]
        np.testing.assert_allclose(conditional_mean(w_hat, inverse, [j]), plain, **TOLERANCE)
        np.testing.assert_allclose(obs_update(inverse, w_hat, np.array(j)), plain - w_hat, **TOLERANCE)
    w, A, left = w_hat, inverse, list(range(6))
    for j in (4, 0, 3):
        place = left.index(j)
        w = w.copy()
        w[left] = conditional_mean(w[left], A, [place])
        A, _ = condition(A, np.linalg.inv(A), place)
        left.remove(j)
    np.testing.assert_allclose(w, conditional_mean(w_hat, inverse, [0, 3, 4]), **TOLERANCE)


def test_leading_axes_nothing_removed_and_no_correlation():
    """eq:conditional-mean"""
    A, w = np.linalg.inv(hessian()), np.random.default_rng(1).standard_normal((2, 3, 6))
    moved = conditional_mean(w, A, [1, 4])
    for place in np.ndindex(2, 3):
        np.testing.assert_allclose(moved[place], conditional_mean(w[place], A, [1, 4]), **TOLERANCE)
    np.testing.assert_array_equal(conditional_mean(w, A, []), w)
    expected = w.copy()
    expected[..., 3] = 0
    np.testing.assert_allclose(conditional_mean(w, np.diag(np.arange(6.0)), [3]), expected, **TOLERANCE)
    moved = conditional_mean(w, np.diag(np.arange(6.0)), [0, 3])
    assert (moved[..., [0, 3]] == 0).all()  # the first has no variance
    np.testing.assert_allclose(moved[..., [1, 2, 4, 5]], w[..., [1, 2, 4, 5]], **TOLERANCE)


def test_units_do_not_count():
    """eq:conditional-mean of parameters whose variances differ by 1e24"""
    A, w, d = hessian(), np.random.default_rng(1).standard_normal(6), np.geomspace(1e-6, 1e6, 6)
    scaled = conditional_mean(d * w, A * np.outer(d, d), [0, 2, 5])
    np.testing.assert_allclose(scaled / d, conditional_mean(w, A, [0, 2, 5]), **TOLERANCE)


def test_parameters_that_determine_each_other():
    """eq:conditional-mean: of w_2 = 3 w_1, both 0, the second says nothing new, whatever the units"""
    A = hessian(4)
    A = np.vstack([A, 3 * A[:1]])
    A = np.hstack([A, 3 * A[:, :1]])
    w = np.array([1.0, 2, 3, 4, 3])  # as the relation has it
    expected = conditional_mean(w[:4], A[:4, :4], [0])
    np.testing.assert_allclose(conditional_mean(w, A, [0, 4]), [*expected, 0], **TOLERANCE)


def test_bad_indices_are_named():
    with pytest.raises(ValueError, match=r"removed = .*expected different indices 0 \.\.\. 5"):
        conditional_mean(np.zeros(6), hessian(), [1, 1])
    with pytest.raises(ValueError, match="removed = "):
        conditional_mean(np.zeros(6), hessian(), [-1])
    with pytest.raises(ValueError, match=r"A\.shape = \(6, 6\)"):
        conditional_mean(np.zeros(5), hessian(), [1])
