from typing import ClassVar

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import make_vjp
from autograd.test_util import check_grads

from minimal_order.networks import layers
from minimal_order.networks.layers import ACTIVATIONS, activate, dense, sigmoid

D, S = 4, 5
# replicas of (W, b) against replicas of a
BROADCASTS = [
    ((), ()),
    ((3,), ()),
    ((3,), (3,)),
    ((3,), (1,)),
    ((1,), (1,)),
    ((), (2,)),
    ((2, 3), ()),
    ((2, 3), (2, 1)),
    ((2, 3), (2, 3)),
    ((2, 3), (1, 1)),
    ((2, 3), (3,)),
    ((2, 3), (1,)),
    ((1, 3), (2, 1)),
    ((2, 1), (2, 1)),
    ((3,), (2, 1)),
]


def plain(W, b, a):
    """W a + b as autograd differentiates it by itself."""
    z = anp.matmul(W, a)
    return z if b is None else z + b[..., None]


def tensors(h, of_weights, of_inputs, seed=0):
    rng = np.random.default_rng(seed)
    W, b = rng.standard_normal((*of_weights, h, D)), rng.standard_normal((*of_weights, h))
    return W, b, rng.standard_normal((*of_inputs, D, S))


@pytest.mark.parametrize("h", [1, 3])
@pytest.mark.parametrize(("of_weights", "of_inputs"), BROADCASTS, ids=str)
def test_dense_layer_and_its_derivatives_for_all_replicas(of_weights, of_inputs, h):
    """eq:network: one layer and its three derivatives against autograd's own, operation by operation."""
    W, b, a = tensors(h, of_weights, of_inputs)
    z = plain(W, b, a)
    np.testing.assert_allclose(dense(W, b, a), z, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dense(W, None, a), plain(W, None, a), rtol=1e-12, atol=1e-12)
    delta = np.random.default_rng(1).standard_normal(z.shape)
    for argnum, shape in enumerate((W.shape, b.shape, a.shape)):
        found = make_vjp(dense, argnum)(W, b, a)[0](delta)
        assert found.shape == shape
        np.testing.assert_allclose(found, make_vjp(plain, argnum)(W, b, a)[0](delta), rtol=1e-12, atol=1e-12)
        if argnum != 1:
            found = make_vjp(dense, argnum)(W, None, a)[0](delta)
            expected = make_vjp(plain, argnum)(W, None, a)[0](delta)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("h", [1, 3])
@pytest.mark.parametrize(("of_weights", "of_inputs"), BROADCASTS[:9], ids=str)
def test_dense_layer_by_central_differences_twice(of_weights, of_inputs, h):
    """eq:network: the derivatives, and theirs."""
    W, b, a = tensors(h, of_weights, of_inputs)
    check_grads(dense, modes=["rev"], order=2)(W, b, a)


class Watched(np.ndarray):
    """An array that notes the shapes of the factors of every matrix product it has a part in."""

    products: ClassVar = []

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        factors = [np.asarray(x) for x in inputs]
        if ufunc is np.matmul:
            self.products.append(tuple(x.shape for x in factors))
        kwargs |= {"out": tuple(np.asarray(x) for x in out)} if out else {}
        return getattr(ufunc, method)(*factors, **kwargs).view(Watched)


@pytest.fixture
def products():
    """The shapes of the factors of every matrix product of watched arrays."""
    Watched.products.clear()
    return Watched.products


@pytest.mark.parametrize(
    ("of_weights", "of_inputs", "h", "expected"),
    [
        ((), (), 3, [((3, 4), (4, 5)), ((3, 5), (5, 4)), ((4, 3), (3, 5))]),
        ((2,), (), 3, [((6, 4), (4, 5)), ((6, 5), (5, 4)), ((2, 4, 3), (2, 3, 5))]),
        ((7, 2), (), 3, [((7, 6, 4), (4, 5)), ((7, 6, 5), (5, 4)), ((7, 2, 4, 3), (7, 2, 3, 5))]),
        ((7, 2), (7, 1), 3, [((7, 6, 4), (7, 4, 5)), ((7, 6, 5), (7, 5, 4)), ((7, 2, 4, 3), (7, 2, 3, 5))]),
        ((2,), (2,), 3, [((2, 3, 4), (2, 4, 5)), ((2, 3, 5), (2, 5, 4)), ((2, 4, 3), (2, 3, 5))]),
        ((2,), (2,), 1, [((2, 1, 4), (2, 4, 5)), ((2, 4, 5), (2, 5, 1))]),
        ((2,), (), 1, [((2, 4), (4, 5)), ((2, 5), (5, 4))]),
    ],
    ids=str,
)
def test_replicas_share_products_where_they_can(products, of_weights, of_inputs, h, expected):
    """One tall product for replicas that read the same inputs, none where one output makes it a scaling."""
    W, b, a = (x.view(Watched) for x in tensors(h, of_weights, of_inputs))
    z = dense(W, b, a)
    for vjp in (layers.dense_weight_vjp, layers.dense_input_vjp):
        vjp(z, W, b, a)(z)
    assert products == expected


@pytest.mark.parametrize(("of_weights", "of_inputs"), BROADCASTS, ids=str)
def test_each_replica_as_if_it_were_alone(of_weights, of_inputs):
    """eq:network."""
    W, b, a = tensors(3, of_weights, of_inputs)
    together = dense(W, b, a)
    W, b, a = (np.broadcast_to(x, together.shape[:-2] + x.shape[-own:]) for x, own in ((W, 2), (b, 1), (a, 2)))
    for place in np.ndindex(together.shape[:-2]):
        alone = [
            [b[place][i] + sum(W[place][i, k] * a[place][k, s] for k in range(D)) for s in range(S)] for i in range(3)
        ]
        np.testing.assert_allclose(together[place], alone, rtol=1e-12, atol=1e-12)


def test_layer_keeps_its_arguments_and_float32():
    before = W, b, a = [x.astype(np.float32) for x in tensors(3, (2,), ())]
    copies = [x.copy() for x in before]
    assert dense(W, b, a).dtype == np.float32
    for argnum in range(3):
        vjp, z = make_vjp(dense, argnum)(W, b, a)
        assert vjp(np.ones_like(z)).dtype == np.float32
    for x, copy in zip(before, copies, strict=True):
        np.testing.assert_array_equal(x, copy)


NAIVE = {
    "tanh": lambda z: (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1),
    "relu": lambda z: np.where(z > 0, z, 0),
    "sigmoid": lambda z: np.exp(z) / (1 + np.exp(z)),
    "identity": lambda z: z,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_and_its_derivatives(name):
    """eq:network: the value by its formula, derivatives by central differences twice."""
    z = np.random.default_rng(2).standard_normal((2, 3, 4)) * 2
    np.testing.assert_allclose(activate(z, name), NAIVE[name](z), rtol=1e-12, atol=1e-14)
    check_grads(lambda z: activate(z, name), modes=["rev"], order=2)(z)
    slope = ACTIVATIONS[name].derivative(activate(z, name))
    differences = (NAIVE[name](z + 1e-5) - NAIVE[name](z - 1e-5)) / 2e-5
    np.testing.assert_allclose(slope * np.ones_like(z), differences, rtol=1e-7, atol=1e-9)
    assert activate(z.astype(np.float32), name).dtype == np.float32
    vjp, value = make_vjp(lambda z: activate(z, name))(z.astype(np.float32))
    assert vjp(np.ones_like(value)).dtype == np.float32


def test_every_activation_has_its_oracle():
    assert set(NAIVE) == set(ACTIVATIONS)


def test_derivative_of_relu_at_zero_is_zero():
    vjp, _ = make_vjp(lambda z: activate(z, "relu"))(np.array([-1.0, 0.0, 1.0]))
    assert vjp(np.ones(3)).tolist() == [0, 0, 1]


def test_sigmoid_does_not_overflow():
    with np.errstate(all="raise"):
        assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0, 0.5, 1]


def test_unknown_activation_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"^activation = 'sigmoyd': .*nearest: sigmoid"):
        activate(np.zeros(2), "sigmoyd")


def test_sum_to_undoes_broadcasting():
    for shape in [(), (1,), (4,), (3, 1), (1, 4), (2, 3, 4), (2, 1, 1), (1, 1, 1)]:
        g = np.random.default_rng(3).standard_normal((2, 3, 4))
        expected = np.zeros(shape)
        for place in np.ndindex(g.shape):
            own = place[g.ndim - len(shape) :]
            expected[tuple(i if n > 1 else 0 for i, n in zip(own, shape, strict=True))] += g[place]
        found = layers.sum_to(g, shape)
        assert found.shape == shape
        np.testing.assert_allclose(found, expected, rtol=1e-12)
