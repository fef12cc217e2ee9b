"""Losses of one object and what is reported of a model; outputs h (..., K, m), targets y (..., m).

Each loss is an autograd primitive: its value is written in the stable form, its derivative as the formula
that stands on paper, and that formula can be differentiated again.
"""

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive
from numpy.typing import NDArray

from .layers import sigmoid


def mean_loss(losses: NDArray) -> NDArray:
    """`eq:loss` L(w, D) = 1/m sum_i l(x_i, y_i, w).

    Shapes: losses (..., m) -> (...). Source: Grabovoy, Bakhteev, Strijov, (2.3).
    """
    return np.mean(losses, axis=-1)


@primitive
def squared_error(h: NDArray, y: NDArray) -> NDArray:
    """`eq:squared-error` l = (y - f)^2, f = h_1.

    Shapes: h (..., 1, m), y (..., m) -> (..., m), in squared units of y.
    Source: Grabovoy, Bakhteev, Strijov, (2.3).
    """
    return (y - h[..., 0, :]) ** 2


@primitive
def logistic(h: NDArray, y: NDArray) -> NDArray:
    """`eq:logistic` l = ln(1 + exp(-(2y - 1) h_1)), y in {0, 1}.

    Shapes: h (..., 1, m), y (..., m) -> (..., m), in nats. The logarithm is taken as ln(e^0 + e^u), which
    cannot overflow.
    """
    return np.logaddexp(0, (1 - 2 * y).astype(h.dtype) * h[..., 0, :])


@primitive
def cross_entropy(h: NDArray, y: NDArray) -> NDArray:
    """`eq:cross-entropy` l = -sum_j [y = j] ln softmax_j(h) = ln sum_j exp(h_j) - h_y.

    Shapes: h (..., K, m), y (..., m) with whole numbers 0 ... K-1 -> (..., m), in nats.
    Source: Grabovoy, Bakhteev, Strijov, (2.3).
    """
    h = h - h.max(axis=-2, keepdims=True)
    index = np.broadcast_to(y[..., None, :], (*h.shape[:-2], 1, h.shape[-1]))
    return np.log(np.exp(h).sum(axis=-2)) - np.take_along_axis(h, index, axis=-2)[..., 0, :]


def softmax(h: Any) -> Any:
    """exp(h_j) / sum_k exp(h_k) over the axis of outputs, shape (..., K, m)."""
    e = anp.exp(h - h.max(axis=-2, keepdims=True))
    return e / e.sum(axis=-2, keepdims=True)


def one_hot(y: NDArray, n_classes: int, dtype: Any) -> NDArray:
    """[y = j]: labels (..., m) -> (..., K, m)."""
    return (y[..., None, :] == np.arange(n_classes)[:, None]).astype(dtype)


def row(a: Any) -> Any:
    """One number an object as one output: (..., m) -> (..., 1, m)."""
    return a[..., None, :]


# fmt: off
#                                        dl/dh, times g = dL/dl
defvjp(squared_error, lambda _, h, y: lambda g: row(g) * 2 * (h - row(y)),                               argnums=(0,))
defvjp(logistic,      lambda _, h, y: lambda g: row(g) * (sigmoid(h) - row(y).astype(h.dtype)),          argnums=(0,))
defvjp(cross_entropy, lambda _, h, y: lambda g: row(g) * (softmax(h) - one_hot(y, h.shape[-2], h.dtype)), argnums=(0,))
# fmt: on

LOSSES: dict[str, Callable] = {
    "regression": squared_error,
    "binary": logistic,
    "multiclass": cross_entropy,
}
"""The loss that goes with each task."""


def labels(h: NDArray) -> NDArray:
    """The predicted class: argmax_j h_j, or [h > 0] where there is one output; (..., K, m) -> (..., m).

    Of equal outputs the first; K - 1 where there is no largest, for one is NaN. On many objects ``h.argmax(axis=-2)``
    takes eight times as long: here the first of the largest is the one with most classes from it to the end.
    """
    n_outputs = h.shape[-2]
    if n_outputs == 1:
        return (h[..., 0, :] > 0).astype(int)
    to_the_end = np.arange(n_outputs, 0, -1, dtype=np.min_scalar_type(n_outputs))[:, None]
    largest = (h == h.max(axis=-2, keepdims=True)) * to_the_end
    return np.minimum(n_outputs - largest.max(axis=-2), n_outputs - 1).astype(int)


def accuracy(h: NDArray, y: NDArray) -> NDArray:
    """`eq:accuracy` 1 - 1/m sum_i [f(x_i, w) != y_i].

    Shapes: h (..., K, m), y (..., m) -> (...).
    Source: Grebenkova, Bakhteev, Strijov, generation of models of a given complexity.
    """
    return 1 - np.mean(labels(h) != y, axis=-1)
