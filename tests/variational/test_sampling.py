import numpy as np
import pytest
from closed_forms import nodes_of
from numpy.testing import assert_allclose, assert_array_equal
from oracles import central_differences
from small import small_dataset

from minimal_order.networks.gradients import backprop, mean_gradient
from minimal_order.networks.losses import LOSSES, squared_error
from minimal_order.networks.models import MLP, linear
from minimal_order.variational.sampling import SAMPLINGS, locally_reparameterised, pack, reparameterised, unpack

SAMPLERS = tuple(SAMPLINGS.values())


def generator(seed=5):
    return np.random.default_rng(seed)


def fixed(shape, dtype):
    """Noise that depends on the shape asked for and on nothing else."""
    return generator(shape).standard_normal(shape).astype(dtype)


def start(model, shape=(), sigma=0.3, seed=1):
    """Some q: means as a network begins with, deviations about ``sigma``."""
    mu = model.init(generator(seed), shape)
    return pack(mu, np.log(sigma) + 0.3 * generator(seed + 1).standard_normal(mu.shape))


def gradient(sampler, model, loss, q, X, y, draw):
    """What the sampler writes."""
    shape = np.broadcast_shapes(q.shape[:-1], X.shape[:-2])
    out = np.full((*shape, q.shape[-1]), np.nan, q.dtype)
    sampler(model, loss, q, X, y, draw, out)
    return out


def network(task, hidden=(3, 2), bias=True):
    return MLP((3, *hidden, 3 if task == "multiclass" else 1), "tanh", bias)


# --- one sample ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("task", LOSSES)
@pytest.mark.parametrize("hidden", [(), (4,), (3, 2)], ids=str)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_gradient_for_given_noise(sampler, task, hidden, bias):
    """eq:reparameterisation, eq:local-reparameterisation: the derivative of the loss that the noise leads to."""
    model, data = network(task, hidden, bias), small_dataset(task)
    X, y, q = data.X_train[:5], data.y_train[:5], start(model)

    def loss(q):
        return sampler(model, LOSSES[task], q, X, y, fixed, np.empty_like(q)).loss.mean()

    found = gradient(sampler, model, LOSSES[task], q, X, y, fixed)
    assert_allclose(found, central_differences(loss, q), rtol=1e-7, atol=1e-9)


def test_weights_are_drawn_by_their_definition():
    """eq:reparameterisation: the losses are those of the network with w = mu + sigma e."""
    model, data = network("multiclass"), small_dataset("multiclass")
    q = start(model, (4,))
    mu, log_sigma = unpack(q)
    e = fixed(mu.shape, float)
    arguments = data.X_train, data.y_train
    back = reparameterised(model, LOSSES["multiclass"], q, *arguments, fixed, np.empty_like(q))
    expected = backprop(model, LOSSES["multiclass"], mu + np.exp(log_sigma) * e, *arguments)
    assert_allclose(back.loss, expected.loss, rtol=1e-10)


def test_preactivations_are_drawn_by_their_definition():
    """eq:local-reparameterisation, one object and one unit at a time."""
    model, data = network("regression", (2,)), small_dataset("regression")
    q, X, y = start(model), data.X_train[:4], data.y_train[:4]
    back = locally_reparameterised(model, squared_error, q, X, y, fixed, np.empty_like(q))
    mean, sigma = (model.layout.views(each) for each in (unpack(q)[0], np.exp(unpack(q)[1])))
    for s, x in enumerate(X):
        a = x
        for layer, width in ((1, 2), (2, 1)):
            M, b, S, v = (each[f"{name}{layer}"] for each in (mean, sigma) for name in ("W", "b"))
            e, z = fixed((width, 4), float)[:, s], np.empty(width)
            for i in range(width):
                variance = sum(S[i, k] ** 2 * a[k] ** 2 for k in range(len(a))) + v[i] ** 2
                z[i] = sum(M[i, k] * a[k] for k in range(len(a))) + b[i] + variance**0.5 * e[i]
            a = np.tanh(z)
        assert_allclose(back.loss[s], (y[s] - z[0]) ** 2, rtol=1e-10)


# --- all samples ---------------------------------------------------------------------------------------


def expected_gradient(model, X, y, q):
    """Of E_q 1/m sum_i (y_i - w^T x_i - b)^2 for a linear model: sigma adds sum_j sigma_j^2 x_j^2."""
    mu, log_sigma = unpack(q)
    X = np.column_stack([X, np.ones(len(X))]) if model.bias else X
    return pack(-2 * X.T @ (y - X @ mu) / len(X), 2 * np.exp(2 * log_sigma) * (X**2).mean(axis=0))


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_unbiased_for_linear_regression(sampler, bias):
    """eq:reparameterisation, eq:local-reparameterisation: both have the exact expected gradient, by enumeration.

    For given noise the gradient is a polynomial of degree 2 in it, so three points an axis give its mean.
    """
    model, data = linear(3, bias=bias), small_dataset("regression", n_train=4)
    q, X, y = start(model), data.X_train, data.y_train
    points, shares = nodes_of(model.n_params if sampler is reparameterised else len(X))
    points = points if sampler is reparameterised else points[:, None, :]
    many = np.broadcast_to(q, (len(points), q.size))
    found = gradient(sampler, model, squared_error, many, X, y, lambda shape, dtype: points.reshape(shape))
    assert_allclose(shares @ found, expected_gradient(model, X, y, q), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("task", "sizes"), [("regression", (1, 2, 1)), ("binary", (1, 2, 1)), ("multiclass", (1, 1, 2))]
)
def test_both_are_unbiased_for_a_network(task, sizes):
    """eq:reparameterisation, eq:local-reparameterisation: one expected gradient, by integrals over different spaces.

    The weights on the one hand, the pre-activations of one object on the other, by Gauss's rule on a grid.
    """
    model, X, y = MLP(sizes, "tanh", bias=False), np.array([[0.8]]), np.array([1])
    q, units = start(model, sigma=0.1, seed=3), sizes[1:]

    def expectation(sampler, drawn):
        points, shares = nodes_of(sum(drawn), 13)
        layers = iter(np.split(points, np.cumsum(drawn)[:-1], axis=1))
        many = np.broadcast_to(q, (len(points), q.size))
        return shares @ gradient(
            sampler, model, LOSSES[task], many, X, y, lambda shape, dtype: next(layers).reshape(shape)
        )

    of_weights = expectation(reparameterised, (model.n_params,))
    assert_allclose(expectation(locally_reparameterised, units), of_weights, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("task", LOSSES)
def test_local_one_has_lower_variance(task):
    """eq:local-reparameterisation: the more objects a batch has, the more noise averages out; shared weights do not."""
    model, data, r = network(task, (4,)), small_dataset(task, n_train=64), 2000
    q = start(model)
    many = np.broadcast_to(q, (r, q.size))

    def variance(sampler, S):
        rng = generator()
        X, y = data.X_train[:S], data.y_train[:S]
        g = gradient(sampler, model, LOSSES[task], many, X, y, lambda shape, dtype: rng.standard_normal(shape, dtype))
        return g.var(axis=0)

    ratios = [(variance(locally_reparameterised, S) / variance(reparameterised, S)).mean() for S in (2, 16, 64)]
    assert ratios[0] < 0.9
    assert ratios[2] < ratios[1] < ratios[0]
    assert ratios[2] < 0.1


def test_variance_of_both_for_linear_regression():
    """eq:local-reparameterisation: exact variances by enumeration; never above that of shared weights for S > 1."""
    model, data = linear(2), small_dataset("regression", n_train=3, n_features=2)
    q, X, y = start(model), data.X_train, data.y_train
    of = {}
    for sampler, k in ((reparameterised, 2), (locally_reparameterised, 3)):
        points, shares = nodes_of(k)  # squares are of degree 4
        many = np.broadcast_to(q, (len(points), q.size))
        g = gradient(sampler, model, squared_error, many, X, y, lambda shape, dtype, at=points: at.reshape(shape))
        of[sampler] = shares @ (g - shares @ g) ** 2
    assert (of[locally_reparameterised] < of[reparameterised]).all()


# --- replicas, types, edges ----------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("own_data", [False, True], ids=["shared data", "data of each run"])
def test_replica_among_others_is_as_if_alone(sampler, own_data):
    model, task = network("multiclass"), "multiclass"
    data = small_dataset(task, n_train=6, runs=(2,) if own_data else ())
    q = start(model, (2, 3))
    X, y = (data.X_train[:, None], data.y_train[:, None]) if own_data else (data.X_train, data.y_train)
    asked = []

    def draw(shape, dtype):
        asked.append(fixed(shape, dtype))
        return asked[-1]

    together = gradient(sampler, model, LOSSES[task], q, X, y, draw)
    for place in np.ndindex(2, 3):
        queue = iter([noise[place] for noise in asked])
        X_one, y_one = (X[place[0], 0], y[place[0], 0]) if own_data else (X, y)
        alone = gradient(sampler, model, LOSSES[task], q[place], X_one, y_one, lambda shape, dtype, of=queue: next(of))
        assert_allclose(together[place], alone, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("task", LOSSES)
def test_float32_stays_float32(sampler, task):
    model, data = network(task), small_dataset(task, dtype=np.float32)
    q = start(model, (2,)).astype(np.float32)
    out = np.empty_like(q)
    back = sampler(model, LOSSES[task], q, data.X_train, data.y_train, fixed, out)
    assert {a.dtype for a in (back.loss, *back.inputs, *back.deltas)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_no_spread_leaves_the_gradient_at_the_mean(sampler):
    """Sigma that is 0 to a computer, inputs that are 0 and no bias: nothing varies, nothing is divided by 0."""
    model, data = network("multiclass", bias=False), small_dataset("multiclass")
    X, y = data.X_train.copy(), data.y_train
    X[0] = 0
    q = pack(start(model)[: model.n_params], np.full(model.n_params, -1000.0))
    with np.errstate(all="raise", under="ignore"):
        found = gradient(sampler, model, LOSSES["multiclass"], q, X, y, fixed)
    g = mean_gradient(backprop(model, LOSSES["multiclass"], unpack(q)[0], X, y))
    assert_array_equal(found, pack(g, np.zeros_like(g)))


def test_flat_vector_is_cut_into_views():
    q = np.arange(12.0).reshape(2, 6)
    mu, log_sigma = unpack(q)
    assert_array_equal(pack(mu, log_sigma), q)
    mu[...] = 0
    assert_array_equal(q[:, :3], 0)
    assert pack(np.ones((2, 3)), np.zeros(())).shape == (2, 6)
