from decimal import Decimal

import numpy as np
import pytest
from autograd import elementwise_grad, grad
from autograd.test_util import check_grads

from minimal_order.networks.losses import (
    LOSSES,
    accuracy,
    cross_entropy,
    labels,
    logistic,
    mean_loss,
    one_hot,
    softmax,
    squared_error,
)
from minimal_order.networks.models import MLP

N_OUTPUTS = {squared_error: 1, logistic: 1, cross_entropy: 3}


def exactly(loss, h, y):
    """A loss of one object on paper, in decimals whose exponent does not overflow at any logit."""
    h = [Decimal(float(value)) for value in h]
    if loss is squared_error:
        return (Decimal(float(y)) - h[0]) ** 2
    if loss is logistic:
        return (1 + (-h[0] if y == 1 else h[0]).exp()).ln()
    return sum(value.exp() for value in h).ln() - h[y]


def examples(loss, shape=(2, 6), scale=2.0):
    rng = np.random.default_rng(4)
    h = scale * rng.standard_normal((*shape[:-1], N_OUTPUTS[loss], shape[-1]))
    y = rng.standard_normal(shape) if loss is squared_error else rng.integers(0, max(2, h.shape[-2]), shape)
    return h, y


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("loss", N_OUTPUTS, ids=lambda loss: loss.__name__)
def test_loss_by_its_formula_at_any_size_of_logits(loss, scale):
    """eq:squared-error, eq:logistic, eq:cross-entropy: nothing overflows, nothing is rounded away."""
    h, y = examples(loss, scale=scale)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = loss(h, y)
        slope = elementwise_grad(loss)(h, y)
    assert found.shape == y.shape
    for place in np.ndindex(y.shape):
        h_one = h[(*place[:-1], slice(None), place[-1])]
        assert found[place] == pytest.approx(float(exactly(loss, h_one, y[place])), rel=1e-11, abs=1e-15 * scale)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("loss", N_OUTPUTS, ids=lambda loss: loss.__name__)
def test_derivatives_of_the_loss_twice(loss):
    """eq:squared-error, eq:logistic, eq:cross-entropy: by central differences."""
    h, y = examples(loss)
    check_grads(lambda h: loss(h, y), modes=["rev"], order=2)(h)
    check_grads(lambda h: loss(h, y[0]), modes=["rev"], order=2)(h[0])
    check_grads(lambda h: loss(h, y[0]), modes=["rev"], order=2)(h)


@pytest.mark.parametrize("loss", N_OUTPUTS, ids=lambda loss: loss.__name__)
def test_derivative_by_hand(loss):
    """eq:squared-error -2 (y - f), eq:logistic sigmoid(h) - y, eq:cross-entropy softmax(h)_j - [y = j]."""
    h, y = examples(loss)
    if loss is squared_error:
        expected = -2 * (y - h[:, 0])[:, None]
    elif loss is logistic:
        expected = (1 / (1 + np.exp(-h[:, 0])) - y)[:, None]
    else:
        expected = np.exp(h) / np.exp(h).sum(axis=1)[:, None] - np.moveaxis(np.eye(3)[y], -1, 1)
    found = grad(lambda h: loss(h, y).sum())(h)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("loss", N_OUTPUTS, ids=lambda loss: loss.__name__)
def test_float32_stays_float32(loss):
    h, y = examples(loss)
    h, y = h.astype(np.float32), y.astype(np.float32) if loss is squared_error else y
    assert loss(h, y).dtype == np.float32
    assert grad(lambda h: loss(h, y).sum())(h).dtype == np.float32


def test_softmax_is_taken_once():
    """eq:cross-entropy by hand: logits ln 1, ln 2, ln 5 give the probabilities 1/8, 2/8, 5/8."""
    h = np.log([[1.0], [2.0], [5.0]])
    for y, probability in enumerate((1 / 8, 2 / 8, 5 / 8)):
        assert cross_entropy(h, np.array([y]))[0] == pytest.approx(-np.log(probability), rel=1e-14)


@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_zero_weights_lose_the_logarithm_of_the_number_of_classes(n_classes):
    """eq:loss: a network of zeros gives all classes 1/K, eq:cross-entropy ln K; eq:logistic ln 2."""
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((30, 4)), rng.integers(0, n_classes, 30)
    network = MLP((4, 5, n_classes))
    h = network.outputs(np.zeros(network.n_params), X)
    assert mean_loss(cross_entropy(h, y)) == pytest.approx(np.log(n_classes), rel=1e-14)
    assert mean_loss(logistic(h[:1], y % 2)) == pytest.approx(np.log(2), rel=1e-14)


def test_logistic_is_the_cross_entropy_of_two_outputs():
    """eq:logistic = eq:cross-entropy of the outputs 0 and h."""
    h, y = examples(logistic, scale=5)
    two = np.concatenate([np.zeros_like(h), h], axis=-2)
    np.testing.assert_allclose(logistic(h, y), cross_entropy(two, y), rtol=1e-12, atol=1e-15)


def test_labels_reach_replicas_that_share_them():
    """eq:cross-entropy with y (m,) for h (runs, K, m) and y (runs, 1, m) for h (runs, branches, K, m)."""
    h, y = examples(cross_entropy, (2, 4, 6))
    np.testing.assert_array_equal(cross_entropy(h, y[0, 0])[1, 2], cross_entropy(h[1, 2], y[0, 0]))
    np.testing.assert_array_equal(cross_entropy(h, y[:, :1])[1, 2], cross_entropy(h[1, 2], y[1, 0]))


def test_mean_loss_is_over_objects():
    """eq:loss by a loop."""
    losses = np.random.default_rng(6).random((2, 3, 5))
    for place in np.ndindex(2, 3):
        assert mean_loss(losses)[place] == pytest.approx(sum(losses[place]) / 5, rel=1e-14)


def test_accuracy_counts_what_is_right():
    """eq:accuracy by hand, for several outputs and for one."""
    h = np.array([[3.0, 0, 0, 1], [1, 2, 0, 1], [2, 0, -1, 4]])
    assert labels(h).tolist() == [0, 1, 0, 2]
    assert accuracy(h, np.array([0, 1, 2, 2])) == 0.75
    one = np.array([[[-2.0, 0.1, 3, -0.1]], [[1.0, 1, 1, 1]]])
    assert labels(one).tolist() == [[0, 1, 1, 0], [1, 1, 1, 1]]
    assert accuracy(one, np.array([0, 0, 1, 1])).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("n_outputs", [2, 10, 200, 300, 70_000])
def test_label_is_the_first_of_the_largest(n_outputs):
    """eq:accuracy: as numpy's argmax, ties included; where an output is NaN it is still one of the classes."""
    h = np.random.default_rng(0).integers(0, 3 * n_outputs, (2, n_outputs, 5)).astype(float)
    h[0, :, 0] = 0
    h[1, [0, -1], 0] = 4 * n_outputs
    np.testing.assert_array_equal(labels(h), h.argmax(axis=-2))
    h[0, 1, 2] = np.nan
    assert labels(h)[0, 2] == n_outputs - 1


def test_softmax_and_one_hot():
    """eq:cross-entropy: probabilities sum to 1, also at logits of 1e4."""
    h, y = examples(cross_entropy, scale=1e4)
    np.testing.assert_allclose(softmax(h).sum(axis=-2), 1, rtol=1e-14)
    hot = one_hot(y, 3, np.float32)
    assert hot.dtype == np.float32
    assert hot.shape == h.shape
    np.testing.assert_array_equal(hot.argmax(axis=-2), y)
    np.testing.assert_array_equal(hot.sum(axis=-2), 1)


def test_each_task_has_its_loss():
    """eq:loss."""
    expected = {"regression": squared_error, "binary": logistic, "multiclass": cross_entropy}
    assert expected == LOSSES
