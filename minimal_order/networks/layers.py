"""The dense layer and the activations, each one autograd primitive with a hand-written derivative.

Autograd would differentiate ``W @ a + b`` by itself, operation by operation, at some five microseconds an
operation each way. For small networks that is most of the time, so the layer is one primitive: one forward
product, and one product for each of the three derivatives (``dense_weight_vjp`` and its neighbours below).
The derivatives are written in ``autograd.numpy``, so that they can be differentiated again.

Inside a network objects are columns: inputs ``a`` (..., d, S), pre-activations and outputs (..., h, S).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive
from numpy.typing import NDArray

from ..checks import check_name

# --- products that know about replicas ------------------------------------------------------------------


def shared_by_replicas(a: Any, n_axes: int) -> bool:
    """Whether one ``a`` (..., d, S) serves all replicas on the last leading axis of an array of ``n_axes``."""
    return n_axes > 2 and (a.ndim == 2 or (a.ndim == n_axes and a.shape[-3] == 1))


def fold(A: Any) -> Any:
    """Replicas into rows: (..., B, h, d) to (..., B h, d)."""
    return A.reshape(*A.shape[:-3], A.shape[-3] * A.shape[-2], A.shape[-1])


def replica_matmul(W: Any, a: Any) -> Any:
    """W a for every replica: (..., h, d), (..., d, S) -> (..., h, S).

    Replicas that read the same ``a`` make one tall product (B h, d) @ (d, S) instead of B small ones.
    """
    if not shared_by_replicas(a, W.ndim):
        return W @ a
    z = fold(W) @ (a if a.ndim == 2 else a[..., 0, :, :])
    return z.reshape(*z.shape[:-2], *W.shape[-3:-1], a.shape[-1])


def outer_sum(delta: Any, a: Any) -> Any:
    """Sum over objects s of delta_s a_s^T for every replica: (..., h, S), (..., d, S) -> (..., h, d).

    A product of matrices, but for two cases in which it is slow: one object is a plain multiplication, and one
    output is faster the other way round.
    """
    if delta.shape[-1] == 1:
        return delta * a.swapaxes(-1, -2)
    if delta.ndim > 2 and delta.shape[-2] == 1 and not shared_by_replicas(a, delta.ndim):
        return (a @ delta.swapaxes(-1, -2)).swapaxes(-1, -2)
    return replica_matmul(delta, a.swapaxes(-1, -2))


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` over the axes along which an array of ``shape`` was broadcast."""
    if g.shape == shape:
        return g
    g = anp.sum(g, axis=tuple(range(g.ndim - len(shape)))) if g.ndim > len(shape) else g
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return anp.sum(g, axis=axes, keepdims=True) if axes else g


# --- the dense layer ------------------------------------------------------------------------------------


@primitive
def dense(W: NDArray, b: NDArray | None, a: NDArray) -> NDArray:
    """Pre-activations z = W a + b of a dense layer.

    Shapes: W (..., h, d), b (..., h) or None, a (..., d, S) -> z (..., h, S); leading axes are replicas and
    broadcast.
    """
    z = replica_matmul(W, a)
    if b is not None:
        z += b[..., None]
    return z


def dense_weight_vjp(ans: Any, W: Any, b: Any, a: Any) -> Callable:
    """dL/dW = sum_s delta_s a_s^T, delta = dL/dz."""
    return lambda delta: sum_to(outer_sum(delta, a), W.shape)


def dense_bias_vjp(ans: Any, W: Any, b: Any, a: Any) -> Callable:
    """dL/db = sum_s delta_s."""
    return lambda delta: sum_to(anp.sum(delta, axis=-1), b.shape)


def dense_input_vjp(ans: Any, W: Any, b: Any, a: Any) -> Callable:
    """dL/da = W^T delta."""

    def vjp(delta: Any) -> Any:
        if W.shape[-2] == 1:  # one output unit: the product is a plain multiplication
            return sum_to(W.swapaxes(-1, -2) * delta, a.shape)
        return sum_to(W.swapaxes(-1, -2) @ delta, a.shape)

    return vjp


defvjp(dense, dense_weight_vjp, dense_bias_vjp, dense_input_vjp)


# --- activations ----------------------------------------------------------------------------------------


class Activation(NamedTuple):
    """An activation, and its first and second derivative as functions of its *output*."""

    value: Callable
    derivative: Callable
    second: Callable


def sigmoid(z: Any) -> Any:
    """1 / (1 + exp(-z)), through tanh so that it cannot overflow."""
    return 0.5 * (1 + anp.tanh(0.5 * z))


# fmt: off
ACTIVATIONS = {
    #                       a(z)                       da/dz, from a               d2a/dz2, from a
    "tanh":     Activation(lambda z: np.tanh(z),       lambda a: 1 - a * a,        lambda a: -2 * a * (1 - a * a)),
    "relu":     Activation(lambda z: np.maximum(z, 0), lambda a: a > 0,            lambda a: anp.zeros_like(a)),
    "sigmoid":  Activation(lambda z: sigmoid(z),       lambda a: a * (1 - a),      lambda a: a * (1 - a) * (1 - 2 * a)),
    "identity": Activation(lambda z: z,                lambda a: anp.ones_like(a), lambda a: anp.zeros_like(a)),
}
# fmt: on


@primitive
def activate(z: NDArray, name: str) -> NDArray:
    """The activation called ``name``, elementwise."""
    return ACTIVATIONS[check_name("activation", name, ACTIVATIONS)].value(z)


def activate_vjp(a: Any, z: Any, name: str) -> Callable:
    """dL/dz = dL/da * da/dz."""
    if name == "identity":
        return lambda g: g
    return lambda g: g * ACTIVATIONS[name].derivative(a)


defvjp(activate, activate_vjp, argnums=(0,))
