from dataclasses import FrozenInstanceError

import autograd.numpy as anp
import numpy as np
import oracles
import pytest
from autograd import grad
from autograd.test_util import check_grads

from minimal_order.networks.layers import ACTIVATIONS
from minimal_order.networks.models import MLP, linear, mlp

SIZES = [(3, 2), (3, 4, 2), (3, 4, 2, 1), (3, 2, 4, 3, 2)]


def plain(model, w, X):
    """The network as one composition that autograd differentiates by itself."""
    functions = {
        "tanh": anp.tanh,
        "relu": lambda z: anp.where(z > 0, z, 0.0),
        "sigmoid": lambda z: 1 / (1 + anp.exp(-z)),
        "identity": lambda z: z,
    }
    a, start = X.T, 0
    for n_in, n_out in zip(model.sizes[:-1], model.sizes[1:], strict=True):
        z = anp.dot(w[start : start + n_in * n_out].reshape(n_out, n_in), a)
        start += n_in * n_out
        if model.bias:
            z = z + w[start : start + n_out][:, None]
            start += n_out
        a = functions[model.activation](z)
    return z


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_outputs_object_by_object(sizes, activation, bias):
    """eq:network by loops over objects and units, and its derivatives by plain autograd."""
    model, rng = MLP(sizes, activation, bias), np.random.default_rng(7)
    w, X = model.init(rng), rng.standard_normal((5, 3))
    np.testing.assert_allclose(model.outputs(w, X), oracles.outputs(model, w, X), rtol=1e-11, atol=1e-12)
    weights = rng.standard_normal((sizes[-1], 5))
    found = grad(lambda w: anp.sum(weights * model.outputs(w, X)))(w)
    expected = grad(lambda w: anp.sum(weights * plain(model, w, X)))(w)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("of_weights", "of_data"),
    [((), (2,)), ((3,), ()), ((3,), (3,)), ((2, 3), ()), ((2, 3), (2, 1)), ((4, 2), (2,)), ((3, 1), (2,))],
    ids=str,
)
def test_outputs_of_replicas(of_weights, of_data):
    """eq:network: every replica on its own data."""
    model, rng = mlp(3, 4, 2), np.random.default_rng(8)
    w, X = model.init(rng, of_weights), rng.standard_normal((*of_data, 5, 3))
    np.testing.assert_allclose(model.outputs(w, X), oracles.outputs(model, w, X), rtol=1e-11, atol=1e-12)


def test_derivatives_of_the_network_twice():
    """eq:network."""
    model, rng = mlp(3, 4, 2), np.random.default_rng(9)
    X = rng.standard_normal((5, 3))
    check_grads(lambda w: model.outputs(w, X), modes=["rev"], order=2)(model.init(rng))


def test_derivative_with_respect_to_the_objects():
    """eq:network: df/dx, which noise on the inputs passes through."""
    model, rng = mlp(3, 4, 2), np.random.default_rng(10)
    w, X = model.init(rng), rng.standard_normal((5, 3))
    check_grads(lambda X: model.outputs(w, X), modes=["rev"], order=1)(X)


def test_linear_model_is_a_product():
    """eq:network without a hidden layer and without biases: w^T x."""
    rng = np.random.default_rng(11)
    X, w = rng.standard_normal((6, 4)), rng.standard_normal(4)
    np.testing.assert_allclose(linear(4).outputs(w, X)[0], X @ w, rtol=1e-14)
    assert linear(4, 3).n_params == 12
    assert linear(4, 3, bias=True).n_params == 15


def test_activation_comes_after_every_layer_but_the_last():
    """eq:network by hand: tanh(2 * 0.5 + 1) * 3 - 4."""
    assert mlp(1, 1, 1).outputs(np.array([2.0, 1, 3, -4]), np.array([[0.5]]))[0, 0] == 3 * np.tanh(2) - 4


def test_tap_sees_every_layer_and_may_replace_it():
    model, rng = mlp(3, 4, 2), np.random.default_rng(12)
    w, X = model.init(rng), rng.standard_normal((5, 3))
    seen = []
    h = model.outputs(w, X, tap=lambda a, z: seen.append((a, z)) or z)
    for s, x in enumerate(X):
        for (a, z), (a_one, z_one) in zip(seen, oracles.forward(model, w, x), strict=True):
            np.testing.assert_allclose(a[:, s], a_one, rtol=1e-12)
            np.testing.assert_allclose(z[:, s], z_one, rtol=1e-12)
    np.testing.assert_array_equal(h, model.outputs(w, X))
    np.testing.assert_array_equal(model.outputs(w, X, tap=lambda a, z: 0 * z), 0 * h)


def test_initial_parameters_are_uniform_within_the_root_of_the_inputs():
    model = mlp(16, 4, 1)
    w = model.init(np.random.default_rng(13), (500, 4))
    assert w.shape == (500, 4, 73)
    bound = np.where(np.arange(73) < 68, 1 / 4, 1 / 2)  # 16 inputs, then 4
    largest = np.abs(w).max(axis=(0, 1))
    assert (largest <= bound).all()
    assert (largest > 0.98 * bound).all()
    np.testing.assert_allclose(w.var(axis=(0, 1)), bound**2 / 3, rtol=0.15)
    np.testing.assert_array_equal(w, model.init(np.random.default_rng(13), (500, 4)))


def test_float32_stays_float32():
    model, rng = mlp(3, 4, 2), np.random.default_rng(14)
    h = model.outputs(model.init(rng).astype(np.float32), rng.standard_normal((5, 3)).astype(np.float32))
    assert h.dtype == np.float32


def test_model_says_what_it_is():
    assert repr(mlp(13, 20, 1)) == "MLP(13-20-1, tanh: 301 parameters)"
    assert repr(linear(200)) == "MLP(200-1, no bias: 200 parameters)"
    assert MLP([3, 4, 2]) == MLP((3, 4, 2))
    assert len({mlp(3, 4, 2), mlp(3, 4, 2), mlp(3, 4, 2, activation="relu"), MLP((3, 4, 2), bias=False)}) == 3
    with pytest.raises(FrozenInstanceError):
        mlp(3, 4, 2).sizes = (3, 5, 2)


def test_unknown_activation_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"^activation = 'tahn': .*nearest: tanh"):
        MLP((3, 2), "tahn")


def test_parameters_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"^w\.shape = \(25,\): expected \(\.\.\., 26\)$"):
        mlp(3, 4, 2).outputs(np.zeros(25), np.zeros((5, 3)))
