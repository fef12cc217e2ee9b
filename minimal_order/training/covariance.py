"""The covariance of the stochastic gradient: estimated while training, and exact.

All estimates are of one matrix, the covariance C of the gradient of a single object. Each comes as its
diagonal (..., p) or, for small p, whole (..., p, p).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..checks import check, check_name
from ..networks.gradients import (
    Backprop,
    backprop,
    chunks_of,
    mean_gradient,
    per_example_gradients,
    sum_gradients,
    sum_squared_gradients,
)
from ..networks.models import MLP


def covariance_update(C: NDArray, g_first: NDArray, g: NDArray, t: int) -> NDArray:
    """`eq:covariance-update` C_t = (1 - k_t) C_{t-1} + k_t (g_1 - g_S)(g_1 - g_S)^T, k_t = 1/t.

    Shapes: g_first, g (..., p); C (..., p, p) for the full matrix or (..., p) for its diagonal; returns an
    array like C. t counts the steps since collection began, so that t = 1 forgets the initial C altogether.
    Source: Grabovoy, Bakhteev, Strijov, (2.6).

    Raises
    ------
    ValueError : when t < 1.
    """
    check(t >= 1, "t", t, "a step number, 1 or more")
    kappa = 1 / int(t)  # a number of NumPy's would promote float32
    d = g_first - g
    square = np.multiply(d, d, out=d) if C.ndim == d.ndim else d[..., :, None] * d[..., None, :]
    square *= kappa
    square += (1 - kappa) * C
    return square


# fmt: off
SAMPLING_FACTORS: dict[str, Callable[[int, int], float]] = {
    # how g_1 and the batch are drawn               E (g_1 - g_S)(g_1 - g_S)^T / C
    "first of a batch without replacement":         lambda S, m: 1 - 1 / S,
    "first of a batch with replacement":            lambda S, m: (1 - 1 / S) * (m - 1) / m,
    "independent of a batch with replacement":      lambda S, m: (1 + 1 / S) * (m - 1) / m,
    "independent of a batch without replacement":   lambda S, m: 1 + 1 / S - 2 / m,
    "outside a batch without replacement":          lambda S, m: 1 + 1 / S,
}
# fmt: on


def sampling_factor(scheme: str, batch_size: int, n_samples: int) -> float:
    """Return c in E (g_1 - g_S)(g_1 - g_S)^T = c C for a way of drawing g_1 and the batch, at fixed w.

    The running average estimates c C; c is the same for all parameters, so no order depends on it.
    """
    return SAMPLING_FACTORS[check_name("scheme", scheme, SAMPLING_FACTORS)](batch_size, n_samples)


def batch_covariance(back: Backprop, full: bool = False, g: NDArray | None = None) -> NDArray:
    """`eq:covariance-batch` C = 1/(S-1) sum_s (g_s - g_S)(g_s - g_S)^T from all objects of one batch.

    Unbiased like (2.6) up to its factor, from S gradients instead of one, and for the diagonal at the price
    of one more product: sum_s g_s^2 = (delta^2)(a^2)^T. Shapes: (..., p), or (..., p, p) if ``full``. ``g``
    (..., p) is the batch's mean gradient, for those who have it already. Beyond the seeds.
    """
    S = back.loss.shape[-1]
    check(S >= 2, "batch_size", S, "2 or more objects: one has no covariance")
    g = mean_gradient(back) if g is None else g
    if full:
        d = per_example_gradients(back) - g[..., None, :]
        return np.swapaxes(d, -1, -2) @ d / (S - 1)
    return np.maximum(sum_squared_gradients(back) - S * g * g, 0) / (S - 1)


def exact_covariance(
    model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray, full: bool = False, chunk: int = 2048
) -> NDArray:
    """`eq:covariance-exact` C = 1/(m-1) sum_i (g_i - g)(g_i - g)^T over all m objects at fixed w.

    Shapes: w (..., p), X (..., m, n), y (..., m) -> (..., p), or (..., p, p) if ``full``. ``chunk`` objects
    are taken at a time. Source: Mandt, Hoffman, Blei 2017; what (2.6) estimates.
    """
    m = X.shape[-2]
    check(m >= 2, "n_samples", m, "2 or more objects: one has no covariance")
    first, second = np.zeros(()), np.zeros(())
    for rows in chunks_of(m, chunk):
        back = backprop(model, loss, w, X[..., rows, :], y[..., rows])
        first = first + sum_gradients(back.layout, back.deltas, back.inputs).astype(float)
        if full:
            g = per_example_gradients(back)
            second = second + np.swapaxes(g, -1, -2) @ g
        else:
            second = second + sum_squared_gradients(back)
    mean = first / m
    if full:
        return (second - m * mean[..., :, None] * mean[..., None, :]) / (m - 1)
    return np.maximum(second - m * mean * mean, 0) / (m - 1)


def linear_gradient_variance(r: NDArray, noise: float) -> NDArray:
    """`eq:linear-gradient-variance` Var(dl/dw_i) = 4 (|r|^2 + s^2 + r_i^2), with mean 2 r_i.

    For y = w*^T x + e, x ~ N(0, I), Var e = s^2, the squared error, and r = w - w* (..., p). The residual is
    u = r^T x - e and the gradient 2 u x_i; by Isserlis' theorem E u^2 x_i^2 = |r|^2 + s^2 + 2 r_i^2. What
    tells parameters apart, r_i^2, is one part in about p of what they share.
    """
    return 4 * (np.sum(r * r, axis=-1, keepdims=True) + noise**2 + r * r)
