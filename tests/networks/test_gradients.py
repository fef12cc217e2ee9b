import autograd.numpy as anp
import numpy as np
import oracles
import pytest
from autograd import grad
from small import small_dataset, small_model

from minimal_order.networks import gradients
from minimal_order.networks.gradients import (
    backprop,
    chunks_of,
    first_gradient,
    mean_gradient,
    per_example_gradients,
    sum_squared_gradients,
    value_and_gradient,
)
from minimal_order.networks.layers import ACTIVATIONS
from minimal_order.networks.losses import LOSSES

TASKS = tuple(LOSSES)
HIDDEN = [(), (4,), (4, 2), (2, 4, 3)]
CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def problem(task, hidden=(4,), replicas=(), runs=(), m=6, **options):
    """A model, its loss, parameters and data."""
    model, data = small_model(task, hidden, **options), small_dataset(task, n_train=m, runs=runs)
    w = 1.5 * model.init(np.random.default_rng(15), replicas)
    return model, LOSSES[task], w, data.X_train, data.y_train


def plain_losses(task, h, y):
    """The losses as compositions that autograd differentiates by itself."""
    if task == "regression":
        return (y - h[0]) ** 2
    if task == "binary":
        return anp.log(1 + anp.exp(-(2 * y - 1) * h[0]))
    return anp.log(anp.sum(anp.exp(h), axis=0)) - h[y, np.arange(len(y))]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_gradients_by_a_backward_pass_written_by_hand(task, activation, hidden, bias):
    """eq:loss: its gradient, and what one backward pass knows of each object, for every kind of network."""
    options = {"activation": activation, "bias": bias} if hidden else {}
    model, loss, w, X, y = arguments = problem(task, hidden, **options)
    back = backprop(*arguments)
    g = oracles.per_example_gradients(*arguments)
    np.testing.assert_allclose(back.loss, oracles.per_example_losses(*arguments), **CLOSE)
    np.testing.assert_allclose(per_example_gradients(back), g, **CLOSE)
    np.testing.assert_allclose(mean_gradient(back), sum(g) / len(g), **CLOSE)
    np.testing.assert_allclose(first_gradient(back), g[0], **CLOSE)
    np.testing.assert_allclose(sum_squared_gradients(back), sum(one**2 for one in g), **CLOSE)

    def mean_of_losses(w):
        return backprop(model, loss, w, X, y).loss.mean()

    differences = oracles.central_differences(mean_of_losses, w, step=1e-3)
    np.testing.assert_allclose(mean_gradient(back), differences, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
def test_gradient_by_autograd_alone(task, hidden):
    """eq:loss: the gradient of the plain composition, and that through the package's primitives."""
    model, loss, w, X, y = arguments = problem(task, hidden)
    g = mean_gradient(backprop(*arguments))
    layout = model.layout

    def plain(w):
        a = X.T
        for layer in range(1, len(model.sizes)):
            z = anp.dot(layout.views(w)[f"W{layer}"], a)
            z = z + layout.views(w)[f"b{layer}"][:, None] if model.bias else z
            a = anp.tanh(z)
        return anp.mean(plain_losses(task, z, y))

    np.testing.assert_allclose(g, grad(plain)(w), **CLOSE)
    np.testing.assert_allclose(g, grad(lambda w: anp.mean(loss(model.outputs(w, X), y)))(w), **CLOSE)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("hidden", [(), (4,)], ids=str)
@pytest.mark.parametrize(
    ("replicas", "runs", "own"),
    [
        ((3,), (), ()),
        ((3,), (3,), ()),
        ((2, 3), (), ()),
        ((2, 3), (2,), (1,)),
        ((), (2,), ()),
        ((1,), (1,), ()),
    ],
    ids=str,
)
def test_gradients_of_replicas_are_those_of_each_alone(task, hidden, replicas, runs, own):
    """eq:loss: shared data and data of each run, X (runs, 1, m, n) for w (runs, branches, p)."""
    model, loss, w, X, y = problem(task, hidden, replicas, runs)
    if own:
        X, y = X[:, None], y[:, None]
    arguments = model, loss, w, X, y
    back, g = backprop(*arguments), oracles.per_example_gradients(*arguments)
    np.testing.assert_allclose(back.loss, oracles.per_example_losses(*arguments), **CLOSE)
    np.testing.assert_allclose(per_example_gradients(back), g, **CLOSE)
    np.testing.assert_allclose(mean_gradient(back), g.mean(axis=-2), **CLOSE)
    np.testing.assert_allclose(first_gradient(back), g[..., 0, :], **CLOSE)
    np.testing.assert_allclose(sum_squared_gradients(back), (g**2).sum(axis=-2), **CLOSE)
    value, gradient = value_and_gradient(*arguments)
    np.testing.assert_allclose(value, back.loss.mean(axis=-1), **CLOSE)
    np.testing.assert_allclose(gradient, g.mean(axis=-2), **CLOSE)


def test_loss_that_uses_the_outputs_twice():
    """eq:loss: a loss composed of others, whose gradients arrive by two ways and are added."""
    model, _, w, X, y = problem("multiclass")

    def decayed(h, y):
        return LOSSES["multiclass"](h, y) + 0.1 * anp.sum(h**2, axis=-2)

    g = mean_gradient(backprop(model, decayed, w, X, y))
    np.testing.assert_allclose(g, grad(lambda w: anp.mean(decayed(model.outputs(w, X), y)))(w), **CLOSE)


def test_one_object_a_batch():
    """eq:loss: the smallest batch, for which an axis of objects looks like one of replicas."""
    arguments = problem("multiclass", replicas=(2,), m=1)
    back, g = backprop(*arguments), oracles.per_example_gradients(*arguments)
    np.testing.assert_allclose(per_example_gradients(back), g, **CLOSE)
    np.testing.assert_allclose(mean_gradient(back), g[:, 0], **CLOSE)


def test_gradient_is_written_where_it_is_wanted():
    back = backprop(*problem("multiclass", replicas=(2,)))
    out = np.full((3, 2, *mean_gradient(back).shape[1:]), np.nan)
    found = mean_gradient(back, out=out[1])
    assert np.shares_memory(found, out)
    np.testing.assert_array_equal(out[1], mean_gradient(back))
    assert np.isnan(out[[0, 2]]).all()


def test_backward_pass_leaves_its_arguments_alone():
    arguments = problem("multiclass", (4, 2))
    copies = [a.copy() for a in arguments[2:]]
    back = backprop(*arguments)
    for look in (mean_gradient, first_gradient, sum_squared_gradients, per_example_gradients):
        np.testing.assert_array_equal(look(back), look(back))
    for a, copy in zip(arguments[2:], copies, strict=True):
        np.testing.assert_array_equal(a, copy)


@pytest.mark.parametrize("task", TASKS)
def test_float32_stays_float32(task):
    model, loss, w, X, y = problem(task)
    X, w = X.astype(np.float32), w.astype(np.float32)
    y = y.astype(np.float32) if task == "regression" else y
    back = backprop(model, loss, w, X, y)
    assert back.loss.dtype == np.float32
    for look in (mean_gradient, first_gradient, sum_squared_gradients, per_example_gradients):
        assert look(back).dtype == np.float32
    g = mean_gradient(backprop(model, loss, *(a.astype(float) for a in (w, X)), y))
    np.testing.assert_allclose(value_and_gradient(model, loss, w, X, y)[1], g, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("m", [255, 256, 257, 600, 768])
def test_chunks_do_not_show_in_value_and_gradient(m):
    """eq:loss: all objects are counted once, whole chunks or not."""
    arguments = problem("multiclass", replicas=(2,), m=m)
    value, gradient = value_and_gradient(*arguments, entries=1)
    back = backprop(*arguments)
    np.testing.assert_allclose(value, back.loss.mean(axis=-1), rtol=1e-12)
    np.testing.assert_allclose(gradient, mean_gradient(back), **CLOSE)


@pytest.mark.parametrize(
    ("replicas", "entries", "rows"), [((), 4 * 300, 300), ((2, 3), 24 * 400 + 23, 400), ((), 1, 256)]
)
def test_chunks_keep_the_widest_layer_small(monkeypatch, replicas, entries, rows):
    """Objects at a time, times the 4 units of the hidden layer, times replicas: at most ``entries``."""
    seen = []
    monkeypatch.setattr(gradients, "backprop", lambda *arguments: seen.append(arguments[3]) or backprop(*arguments))
    value_and_gradient(*problem("multiclass", replicas=replicas, m=700), entries=entries)
    assert [len(X) for X in seen] == [rows] * (700 // rows) + [700 % rows]


def test_chunks_cover_all_objects_once():
    for m, chunk, least in [(1, 1, 1), (10, 3, 1), (10, 3, 4), (10, 5, 1), (10, 100, 1), (10, 0, 2)]:
        rows = [list(range(m))[chunk] for chunk in chunks_of(m, chunk, least)]
        assert [i for some in rows for i in some] == list(range(m))
        assert all(len(some) == max(chunk, least) for some in rows[:-1])
        assert 0 < len(rows[-1]) <= max(chunk, least)
