"""Gradients of the loss, and what is known of each object's own gradient without forming it.

Everything here follows from one backward pass. In a dense layer z = W a + b the gradient of object s is
delta_s a_s^T with delta = dl/dz, so the inputs a and deltas of the layers hold the gradient of every object:
their mean, the first one, and the sum of their squares are each one product.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from autograd.extend import VJPNode
from autograd.tracer import getval, isbox, new_box, trace_stack
from autograd.util import toposort
from numpy.typing import NDArray

from .layers import outer_sum
from .models import MLP
from .params import Layout


class Backprop(NamedTuple):
    """One backward pass: each object's loss, and every layer's inputs and deltas."""

    layout: Layout
    loss: NDArray  # l(x_s, y_s, w)                      (..., S)
    inputs: list[NDArray]  # a of layer 1, 2, ...        (..., d, S)
    deltas: list[NDArray]  # dl/dz of layer 1, 2, ...    (..., h, S)

    def replicas(self, which: slice) -> "Backprop":
        """Some of the replicas on the first axis, each with objects of its own."""
        inputs, deltas = ([a[which] for a in arrays] for arrays in (self.inputs, self.deltas))
        return Backprop(self.layout, self.loss[which], inputs, deltas)


def backprop(
    model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray, perturb: Callable | None = None
) -> Backprop:
    """Run the network forward and back; leading axes of w (..., p) are replicas.

    Autograd traces from the first pre-activation on: nothing before it depends on anything traced, and the
    gradients of the weights are products of what is returned (``mean_gradient``). ``perturb(a, z)``, if given, is
    called with every layer's inputs and pre-activations; what it returns takes the place of z.
    """
    inputs, nodes = [], []
    with trace_stack.new_trace() as trace:

        def tap(a: Any, z: Any) -> Any:
            if not isbox(z):
                z = new_box(z, trace, VJPNode.new_root())
            inputs.append(getval(a))
            nodes.append(z._node)
            return z if perturb is None else perturb(a, z)

        losses = loss(model.outputs(w, X, tap), y)
    gradient = {losses._node: np.ones_like(losses._value)}
    for node in toposort(losses._node):
        for parent, g in zip(node.parents, node.vjp(gradient[node]), strict=True):
            gradient[parent] = g if parent not in gradient else gradient[parent] + g
    return Backprop(model.layout, losses._value, inputs, [gradient[node] for node in nodes])


def sum_gradients(layout: Layout, deltas: list[NDArray], inputs: list[NDArray], out: NDArray | None = None) -> NDArray:
    """Sum over objects of delta_s a_s^T for all layers, as one flat vector (..., p)."""
    if out is None:
        replicas = np.broadcast_shapes(*(x.shape[:-2] for x in (*deltas, *inputs)))
        out = np.empty((*replicas, layout.n_params), deltas[0].dtype)
    tensors = layout.views(out)
    for layer, (delta, a) in enumerate(zip(deltas, inputs, strict=True), start=1):
        tensors[f"W{layer}"][...] = outer_sum(delta, a)
        if layout.bias:
            tensors[f"b{layer}"][...] = delta @ np.ones(delta.shape[-1], delta.dtype)  # .sum(-1) is 4 times slower
    return out


def mean_gradient(back: Backprop, out: NDArray | None = None) -> NDArray:
    """The gradient of the mean loss, g = 1/S sum_s delta_s a_s^T, shape (..., p)."""
    scale = 1 / back.loss.shape[-1]
    return sum_gradients(back.layout, [delta * scale for delta in back.deltas], back.inputs, out)


class Objective(Protocol):
    """What the loop descends on: a function of ``n_params`` parameters w (..., n_params)."""

    @property
    def n_params(self) -> int:
        """The number of parameters."""

    def gradient(self, w: NDArray, X: NDArray, y: NDArray, out: NDArray) -> Backprop:
        """Write the gradient on a batch to ``out``, of the shape of w, and return the backward pass it came from."""


class MeanLoss(NamedTuple):
    """The mean loss of a batch, as a function of the network's parameters."""

    model: MLP
    loss: Callable

    @property
    def n_params(self) -> int:
        """The number of parameters p of the network."""
        return self.model.n_params

    def gradient(self, w: NDArray, X: NDArray, y: NDArray, out: NDArray) -> Backprop:
        """Write g (..., p) to ``out``."""
        back = backprop(self.model, self.loss, w, X, y)
        mean_gradient(back, out)
        return back


def first_gradient(back: Backprop) -> NDArray:
    """The gradient g_1 on the first object of the batch, shape (..., p)."""
    return sum_gradients(back.layout, [d[..., :1] for d in back.deltas], [a[..., :1] for a in back.inputs])


def sum_squared_gradients(back: Backprop) -> NDArray:
    """Sum over objects of g_s^2 without forming any g_s: (delta^2)(a^2)^T, since (delta a)^2 = delta^2 a^2."""
    return sum_gradients(back.layout, [d * d for d in back.deltas], [a * a for a in back.inputs])


def per_example_gradients(back: Backprop) -> NDArray:
    """Every object's gradient g_s, shape (..., S, p): for small models."""
    columns = [np.moveaxis(d, -1, -2)[..., None] for d in back.deltas]  # (..., S, h, 1)
    rows = [np.moveaxis(a, -1, -2)[..., None] for a in back.inputs]  # (..., S, d, 1)
    return sum_gradients(back.layout, columns, rows)


def value_and_gradient(
    model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray, entries: int = 2**20
) -> tuple[NDArray, NDArray]:
    """Mean loss (...) and its gradient (..., p) over all objects.

    Objects are taken so many at a time that the widest layer of all replicas holds about ``entries`` numbers.
    """
    value, gradient = np.zeros(()), np.zeros(())
    for rows in chunks_of(X.shape[-2], entries // (max(model.sizes[1:]) * int(np.prod(w.shape[:-1])))):
        back = backprop(model, loss, w, X[..., rows, :], y[..., rows])
        value = value + back.loss.sum(axis=-1)
        gradient = gradient + sum_gradients(back.layout, back.deltas, back.inputs)
    return value / X.shape[-2], gradient / X.shape[-2]


def chunks_of(n_samples: int, chunk: int, least: int = 256) -> Iterator[slice]:
    """Cut the objects into slices of about ``chunk``, and at least ``least``."""
    step = max(chunk, least)
    return (slice(start, start + step) for start in range(0, n_samples, step))
