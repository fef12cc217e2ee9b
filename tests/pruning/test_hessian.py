"""The Hessian, its diagonal and their approximations, for every loss, activation and depth."""

import autograd.numpy as anp
import numpy as np
import oracles
import pytest
from autograd import elementwise_grad
from autograd import hessian as hessian_by_autograd
from slow_curvature import PLAIN, plain_loss, slow_gauss_newton, slow_hessian, slow_lecun
from small import small_dataset, small_model

from minimal_order.networks.layers import ACTIVATIONS
from minimal_order.networks.losses import LOSSES, cross_entropy, squared_error
from minimal_order.networks.models import MLP, linear, mlp
from minimal_order.pruning import hessian
from minimal_order.pruning.hessian import (
    full_gauss_newton,
    full_hessian,
    gauss_newton_diagonal,
    hessian_diagonal,
    hessian_diagonal_by_units,
    hessian_vector_product,
    lecun_diagonal,
)
from minimal_order.pruning.loss_curvature import LOSS_CURVATURES, curvature_of

TASKS = tuple(LOSSES)
HIDDEN = [(), (4,), (4, 3), (2, 4, 3)]
CLOSE = {"rtol": 1e-10, "atol": 1e-12}
EXACT = [hessian_diagonal, hessian_diagonal_by_units]
DIAGONALS = [*EXACT, gauss_newton_diagonal, lecun_diagonal]
EVERY = [*DIAGONALS, full_hessian, full_gauss_newton]


def problem(task, hidden=(4,), replicas=(), runs=(), m=6, **options):
    """A model, its loss, parameters and data."""
    model = small_model(task, hidden, **options if hidden else {})
    data = small_dataset(task, n_train=m, runs=runs)
    w = 1.5 * model.init(np.random.default_rng(15), replicas)
    return model, LOSSES[task], w, data.X_train, data.y_train


def diagonal(H):
    return np.diagonal(H, axis1=-2, axis2=-1)


# --- the losses and the activations ---------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_second_derivatives_of_the_losses_by_autograd(task):
    loss = LOSSES[task]
    K = 3 if task == "multiclass" else 1
    h, y = np.random.default_rng(3).standard_normal((2, K, 5)), np.array([0, 1, 0, 1, 1])
    H, R = curvature_of(loss).hessian(h), curvature_of(loss).root(h)
    assert H.shape == R.shape == (2, K, K, 5)
    for run, s in np.ndindex(2, 5):
        expected = hessian_by_autograd(lambda h, s=s: plain_loss(loss, h, y[s]))(h[run, :, s])
        np.testing.assert_allclose(H[run, ..., s], expected, **CLOSE)
        np.testing.assert_allclose(R[run, ..., s] @ R[run, ..., s].T, expected, **CLOSE)
    assert curvature_of(loss).hessian(h.astype("f")).dtype == curvature_of(loss).root(h.astype("f")).dtype == "f"


@pytest.mark.parametrize("loss", LOSS_CURVATURES, ids=lambda loss: loss.__name__)
def test_saturated_outputs_have_a_curvature(loss):
    h = np.array([[1000.0, -1000.0]]) if loss is not cross_entropy else np.array([[1000.0, -1000.0], [-5.0, 5.0]])
    expected = 2 if loss is squared_error else 0
    np.testing.assert_array_equal(np.diagonal(curvature_of(loss).hessian(h)).T, np.full_like(h, expected))
    assert np.isfinite(curvature_of(loss).root(h)).all()


def test_other_losses_go_through_autograd_only():
    def log_cosh(h, y):
        return anp.log(anp.cosh(h[..., 0, :] - y))

    model, _, *rest = problem("regression")
    for f in (hessian_diagonal, gauss_newton_diagonal, lecun_diagonal, full_gauss_newton):
        with pytest.raises(ValueError, match=r"^loss = log_cosh: expected one of squared_error, logistic, cross_"):
            f(model, log_cosh, *rest)
    H, expected = full_hessian(model, log_cosh, *rest), slow_hessian(model, log_cosh, *rest)
    np.testing.assert_allclose(H, expected, **CLOSE)
    np.testing.assert_allclose(hessian_diagonal_by_units(model, log_cosh, *rest), np.diag(expected), **CLOSE)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_second_derivatives_of_the_activations_from_their_outputs(name):
    z = np.random.default_rng(4).standard_normal(9)
    a = PLAIN[name](z)
    second = elementwise_grad(elementwise_grad(PLAIN[name]))(z) if name in ("tanh", "sigmoid") else 0 * z
    np.testing.assert_allclose(ACTIVATIONS[name].second(a), second, **CLOSE)


# --- exact ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_hessian_and_its_diagonal(task, activation, hidden, bias):
    """eq:hessian-diagonal: both ways, and the full matrix, against autograd's Hessian of a plain composition."""
    arguments = problem(task, hidden, activation=activation, bias=bias)
    H = slow_hessian(*arguments)
    np.testing.assert_allclose(full_hessian(*arguments), H, **CLOSE)
    for f in EXACT:
        np.testing.assert_allclose(f(*arguments), np.diag(H), **CLOSE)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
def test_hessian_by_differences_of_gradients_written_by_hand(task, hidden):
    """eq:hessian-diagonal: no autograd on this side."""
    model, loss, w, X, y = arguments = problem(task, hidden)

    def gradient(w):
        return oracles.per_example_gradients(model, loss, w, X, y).mean(axis=0)

    H = oracles.central_differences(gradient, w)
    np.testing.assert_allclose(full_hessian(*arguments), H, rtol=1e-6, atol=1e-9)
    for f in EXACT:
        np.testing.assert_allclose(f(*arguments), np.diag(H), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("task", TASKS)
def test_product_with_vectors(task):
    model, loss, w, X, y = problem(task, (4, 3))
    H = slow_hessian(model, loss, w, X, y)
    v = np.random.default_rng(5).standard_normal((2, 3, w.size))
    found = hessian_vector_product(model, loss, w, X, y, v)
    np.testing.assert_allclose(found, v @ H, **CLOSE)
    np.testing.assert_allclose(hessian_vector_product(model, loss, w, X, y, v[0, 0]), H @ v[0, 0], **CLOSE)


def test_diagonal_of_linear_regression():
    """eq:hessian-diagonal: 2 mean x_j^2 whatever w and y are, and eq:gauss-newton: 2 mean x x^T."""
    model, loss, w, X, y = arguments = problem("regression", ())
    H = np.array([[2 * sum(x[i] * x[j] for x in X) / len(X) for j in range(3)] for i in range(3)])
    np.testing.assert_allclose(full_gauss_newton(*arguments), H, rtol=1e-13)
    np.testing.assert_allclose(full_hessian(*arguments), H, rtol=1e-13)
    for f in DIAGONALS:
        np.testing.assert_allclose(f(*arguments), np.diag(H), rtol=1e-13)
        np.testing.assert_array_equal(f(model, loss, 0 * w, X, 0 * y), f(*arguments))


# --- approximations -------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_gauss_newton_object_by_object(task, activation, hidden, bias):
    """eq:gauss-newton: J^T H J with all three factors from autograd, whole and its diagonal."""
    arguments = problem(task, hidden, activation=activation, bias=bias)
    G, found = slow_gauss_newton(*arguments), full_gauss_newton(*arguments)
    np.testing.assert_allclose(found, G, **CLOSE)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_allclose(gauss_newton_diagonal(*arguments), np.diag(G), **CLOSE)
    if activation == "relu":  # no bend: what is left out stands off the diagonal only
        np.testing.assert_allclose(hessian_diagonal(*arguments), np.diag(G), **CLOSE)


@pytest.mark.parametrize("task", TASKS)
def test_gauss_newton_of_a_linear_model_is_its_hessian(task):
    """eq:gauss-newton of h = W x is exact for each loss."""
    model, loss, w, X, y = problem(task, ())
    for bias in (True, False):
        model = linear(3, model.sizes[-1], bias)
        w = np.random.default_rng(6).standard_normal(model.n_params)
        np.testing.assert_allclose(full_gauss_newton(model, loss, w, X, y), slow_hessian(model, loss, w, X, y), **CLOSE)


def test_gauss_newton_where_the_residuals_vanish_is_the_hessian():
    """eq:gauss-newton leaves out the residuals times the bend of the outputs."""
    model, loss, w, X, _ = problem("regression", (4, 3))
    y = model.outputs(w, X)[0]
    np.testing.assert_allclose(full_gauss_newton(model, loss, w, X, y), slow_hessian(model, loss, w, X, y), **CLOSE)


@pytest.mark.parametrize("task", TASKS)
def test_gauss_newton_is_never_negative(task):
    """eq:gauss-newton: also where the Hessian is, and where the outputs are certain to the last digit."""
    model, loss, w, X, y = problem(task, (4,), m=40)
    assert hessian_diagonal(model, loss, 3 * w, X, y).min() < 0
    for scale in (1, 3, 30, 300):
        G = full_gauss_newton(model, loss, scale * w, X, y)
        assert np.linalg.eigvalsh(G).min() >= -1e-14 * np.abs(G).max()
        assert (gauss_newton_diagonal(model, loss, scale * w, X, y) >= 0).all()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_lecun_diagonal_unit_by_unit(task, activation, hidden, bias):
    """eq:lecun-diagonal as it is printed; exact where one unit follows, and only there."""
    arguments = problem(task, hidden, activation=activation, bias=bias)
    found = lecun_diagonal(*arguments)
    np.testing.assert_allclose(found, slow_lecun(*arguments), **CLOSE)
    one_follows = not hidden or (len(hidden) == 1 and task != "multiclass")
    assert np.allclose(found, hessian_diagonal(*arguments), **CLOSE) == one_follows


# --- replicas, types, degenerate input ------------------------------------------------------------------


@pytest.mark.parametrize("f", EVERY)
@pytest.mark.parametrize(
    ("replicas", "runs"), [((2,), ()), ((2,), (2,)), ((3, 2), (2,)), ((), (2,)), ((2, 1), (3,))], ids=str
)
@pytest.mark.parametrize("task", TASKS)
def test_replicas_are_independent(f, replicas, runs, task):
    model, loss, w, X, y = problem(task, (4, 3), replicas, runs)
    found = f(model, loss, w, X, y)
    size = model.n_params
    assert found.shape == np.broadcast_shapes(replicas, runs) + (size,) * (
        2 if f in (full_hessian, full_gauss_newton) else 1
    )
    for place, w_one, X_one, y_one in oracles.replicas(w, X, y):
        np.testing.assert_allclose(found[place], f(model, loss, w_one, X_one, y_one), **CLOSE)


@pytest.mark.parametrize("f", EVERY)
def test_targets_that_are_not_one_an_object_are_refused(f):
    """Those of two runs for shared objects would be summed over the runs."""
    model, loss, w, X, y = problem("regression", (4,), (), (2,))
    with pytest.raises(ValueError, match=r"^y.shape = \(2, (1, )?6\): expected \(6,\), one target an object$"):
        f(model, loss, w, X[0], y)


def test_vectors_of_replicas():
    model, loss, w, X, y = problem("binary", (4,), (2,), (2,))
    v = np.random.default_rng(7).standard_normal((5, 1, model.n_params))
    found = hessian_vector_product(model, loss, w, X, y, v)
    H = full_hessian(model, loss, w, X, y)
    np.testing.assert_allclose(found, np.einsum("rij,krj->kri", H, np.broadcast_to(v, (5, 2, model.n_params))), **CLOSE)


@pytest.mark.parametrize("f", EVERY)
@pytest.mark.parametrize("task", TASKS)
def test_objects_are_taken_some_at_a_time(f, task, monkeypatch):
    arguments = problem(task, (4, 2), m=600)
    expected = f(*arguments)
    sizes = []
    monkeypatch.setattr(hessian, "ENTRIES", 1)
    chunks_of = hessian.chunks_of
    monkeypatch.setattr(hessian, "chunks_of", lambda *a: [sizes.append(rows) or rows for rows in chunks_of(*a)])
    np.testing.assert_allclose(f(*arguments), expected, **CLOSE)
    assert len(sizes) > 1 and len(sizes) % 3 == 0


@pytest.mark.parametrize("f", EVERY)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_float32_stays_float32(f, task, activation):
    model, loss, w, X, y = problem(task, (4, 2), m=600, activation=activation)
    y = y.astype("f") if task == "regression" else y
    found = f(model, loss, w.astype("f"), X.astype("f"), y)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, f(model, loss, w, X, y), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("f", DIAGONALS)
@pytest.mark.parametrize("task", TASKS)
def test_a_feature_that_is_always_zero_has_exactly_no_curvature(f, task):
    """eq:hessian-diagonal: a_j = 0 for all objects; a constant feature is as curved as the bias."""
    model, loss, w, X, y = problem(task, (4,))
    X = X.copy()
    X[:, 0], X[:, 1] = 0, 1
    W1, b1 = (model.layout.views(f(model, loss, w, X, y))[name] for name in ("W1", "b1"))
    np.testing.assert_array_equal(W1[:, 0], 0)
    np.testing.assert_allclose(W1[:, 1], b1, rtol=1e-13)
    assert (W1[:, 2] != 0).all()


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_all_zero_weights(activation):
    """eq:hessian-diagonal: the output does not depend on anything but its bias."""
    for task, of_bias in {"regression": 2, "binary": 1 / 4, "multiclass": 2 / 9}.items():
        model, loss, w, X, y = problem(task, (4, 2), activation=activation)
        expected = np.zeros(model.n_params)
        model.layout.views(expected)["b3"][...] = of_bias
        for f in DIAGONALS:
            np.testing.assert_allclose(f(model, loss, 0 * w, X, y), expected, rtol=1e-14, atol=0)
        for f in (full_hessian, full_gauss_newton):
            np.testing.assert_allclose(diagonal(f(model, loss, 0 * w, X, y)), expected, rtol=1e-14, atol=1e-17)


@pytest.mark.parametrize("task", TASKS)
def test_one_object(task):
    """eq:hessian-diagonal and eq:gauss-newton: a mean over one."""
    arguments = problem(task, (4,), m=1)
    H = slow_hessian(*arguments)
    np.testing.assert_allclose(full_hessian(*arguments), H, **CLOSE)
    np.testing.assert_allclose(full_gauss_newton(*arguments), slow_gauss_newton(*arguments), **CLOSE)
    for f in EXACT:
        np.testing.assert_allclose(f(*arguments), np.diag(H), **CLOSE)


@pytest.mark.parametrize("f", EVERY)
def test_no_object_is_an_error(f):
    model, loss, w, X, y = problem("regression")
    with pytest.raises(ValueError, match=r"^n_samples = 0: expected 1 or more objects$"):
        f(model, loss, w, X[:0], y[:0])


@pytest.mark.parametrize("f", [full_hessian, full_gauss_newton])
def test_a_matrix_that_does_not_fit_is_refused(f):
    model = mlp(784, 10, 10)
    with pytest.raises(ValueError, match=r"^n_params = 7960: expected at most 4096 for a full matrix \(p, p\)$"):
        f(model, cross_entropy, np.zeros(7960), np.zeros((1, 784)), np.zeros(1, int))


def test_wide_networks_and_many_classes():
    """eq:hessian-diagonal, eq:gauss-newton: shapes that differ in every layer."""
    rng = np.random.default_rng(8)
    model = MLP((2, 7, 3, 5), "tanh")
    w, X, y = rng.standard_normal(model.n_params), rng.standard_normal((9, 2)), rng.integers(5, size=9)
    H = slow_hessian(model, cross_entropy, w, X, y)
    for f in EXACT:
        np.testing.assert_allclose(f(model, cross_entropy, w, X, y), np.diag(H), **CLOSE)
    G = slow_gauss_newton(model, cross_entropy, w, X, y)
    np.testing.assert_allclose(full_gauss_newton(model, cross_entropy, w, X, y), G, **CLOSE)
    np.testing.assert_allclose(gauss_newton_diagonal(model, cross_entropy, w, X, y), np.diag(G), **CLOSE)
