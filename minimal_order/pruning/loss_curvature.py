"""Second derivatives of the losses with respect to the outputs, by hand: d2l/dh2 of one object and its square root.

They depend on the outputs alone, not on the target: in h all three losses are a convex function less a linear one.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import check
from ..networks.layers import sigmoid
from ..networks.losses import cross_entropy, logistic, softmax, squared_error


class LossCurvature(NamedTuple):
    """Two functions of the outputs h (..., K, S)."""

    hessian: Callable  # d2l/dh2                    (..., K, K, S)
    root: Callable  # R with R R^T = d2l/dh2        (..., K, K, S)


def bernoulli_variance(h: NDArray) -> NDArray:
    """Return s (1 - s), s = sigmoid(h): (..., 1, S) -> (..., 1, 1, S)."""
    s = sigmoid(h)
    return (s * (1 - s))[..., None, :]


def categorical_covariance(h: NDArray) -> NDArray:
    """diag(q) - q q^T, q = softmax(h): (..., K, S) -> (..., K, K, S)."""
    q = softmax(h)
    H = q[..., :, None, :] * -q[..., None, :, :]
    i = np.arange(q.shape[-2])
    H[..., i, i, :] += q
    return H


def categorical_root(h: NDArray) -> NDArray:
    """Columns sqrt(q_r) (e_r - q): sum_r q_r (e_r - q)(e_r - q)^T is the covariance of a class drawn from q."""
    q = softmax(h)
    R = q[..., :, None, :] * -np.sqrt(q)[..., None, :, :]
    i = np.arange(q.shape[-2])
    R[..., i, i, :] += np.sqrt(q)
    return R


def twice_identity(h: NDArray) -> NDArray:
    """2 for the one output: (..., 1, S) -> (..., 1, 1, S)."""
    return np.full_like(h, 2)[..., None, :]


# fmt: off
LOSS_CURVATURES: dict[Callable, LossCurvature] = {
    #                            d2l/dh2                 its root
    squared_error: LossCurvature(twice_identity,         lambda h: np.sqrt(twice_identity(h))),
    logistic:      LossCurvature(bernoulli_variance,     lambda h: np.sqrt(bernoulli_variance(h))),
    cross_entropy: LossCurvature(categorical_covariance, categorical_root),
}
# fmt: on


def curvature_of(loss: Callable) -> LossCurvature:
    """Look up a loss.

    Raises
    ------
    ValueError : for a loss that is not in the table.
    """
    known = ", ".join(each.__name__ for each in LOSS_CURVATURES)
    check(loss in LOSS_CURVATURES, "loss", getattr(loss, "__name__", loss), f"one of {known}")
    return LOSS_CURVATURES[loss]
