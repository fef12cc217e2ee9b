"""The covariance of the estimate w-hat that Belsley's method looks at: from a Laplace fit, or from samples.

The posterior around w-hat as a Gaussian: what the data and the prior leave uncertain. `conditional_mean` says
where the other weights of that Gaussian go when some are set to 0.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check, check_finite, check_name
from ..networks.losses import LOSSES, mean_loss, squared_error
from ..networks.models import MLP
from ..pruning.hessian import full_gauss_newton
from .belsley import NULL


def laplace_covariance(
    model: MLP,
    w: NDArray,
    X: NDArray,
    y: NDArray,
    task: str,
    prior_precision: float = 1.0,
    noise_variance: float | NDArray | None = None,
) -> NDArray:
    """`eq:laplace-covariance` A = (c m G + delta I)^-1, c = 1 / (2 s^2) for the squared error, 1 for classes.

    The inverse of the curvature of -log p(w | D) at w-hat, with the Gauss-Newton matrix G of the mean loss in place
    of its Hessian, so that it is positive definite anywhere: y = f + N(0, s^2), w ~ N(0, I / delta). Exact for
    linear regression.

    Parameters
    ----------
    model, w, X, y : the network, its parameters (..., p), the objects (..., m, n) and targets (..., m)
    task : of the data; it says which loss
    prior_precision : delta
    noise_variance : s^2 of a regression, a number or (...); by default the mean squared residual at w

    Returns
    -------
    (..., p, p)

    Raises
    ------
    ValueError : a precision or variance out of range; without a prior, data that leave a direction free.

    Source: MacKay 1992.
    """
    check_name("task", task, LOSSES)
    check(0 <= prior_precision < np.inf, "prior_precision", prior_precision, "0 or more")
    w, X = np.asarray(w, float), np.asarray(X, float)
    weight = np.asarray(1.0)
    if task == "regression":
        s2 = np.asarray(residual_variance(model, w, X, y) if noise_variance is None else noise_variance, float)
        expected = "above 0; a network that fits the data exactly doesn't show how noisy they are: give it"
        check(bool((s2 > 0).all()), "noise_variance", s2.min(), expected)
        weight = 1 / (2 * s2)
    G = full_gauss_newton(model, LOSSES[task], w, X, y)
    precision = weight[..., None, None] * X.shape[-2] * G + prior_precision * np.eye(w.shape[-1])
    least = np.linalg.eigvalsh(precision)
    bounded = bool((least[..., 0] > w.shape[-1] * np.finfo(float).eps * least[..., -1]).all())
    check(bounded, "prior_precision", prior_precision, "more: the data leave some direction free")
    A = np.linalg.inv(precision)
    return (A + np.swapaxes(A, -1, -2)) / 2


def residual_variance(model: MLP, w: NDArray, X: NDArray, y: NDArray) -> NDArray:
    """The mean squared residual of a regression, w (..., p) -> (...)."""
    return mean_loss(squared_error(model.outputs(w, X), y))


def sample_covariance(samples: ArrayLike) -> NDArray:
    """The covariance of samples of w, such as the later iterates of `eq:sgld`: (samples, p) -> (p, p).

    Fewer than p + 1 of them leave a null space, in which the sample knows nothing of the parameters.
    """
    samples = check_finite("samples", samples)
    check(samples.ndim == 2 and len(samples) >= 2, "samples.shape", samples.shape, "(2 or more, p)")
    return np.atleast_2d(np.cov(samples, rowvar=False))


def conditional_mean(w: ArrayLike, A: ArrayLike, removed: Sequence[int] | NDArray) -> NDArray:
    """`eq:conditional-mean` E(w_r | w_S = 0) = w_r - A_rS A_SS^-1 w_S, and w_S = 0, for w ~ N(w-hat, A).

    How the rest moves when the parameters S are removed. With A = H^-1 and one parameter this is `eq:obs-update`,
    and for several what its updates one after the other come to. Parameters of S that determine each other and
    cannot all be 0 are met in the least squares of the standardised w_S.

    Parameters
    ----------
    w : (..., p) the mean w-hat
    A : (p, p) the covariance
    removed : S, indices

    Returns
    -------
    (..., p)
    """
    w, A, S = np.array(w, float), check_finite("A", A), np.asarray(removed, int)
    check(A.shape == (w.shape[-1],) * 2, "A.shape", A.shape, f"({w.shape[-1]}, {w.shape[-1]}), as w has parameters")
    inside = bool(np.isin(S, np.arange(len(A))).all()) and len(np.unique(S)) == len(S)
    check(inside, "removed", list(S), f"different indices 0 ... {len(A) - 1}")
    deviation = np.sqrt(A[S, S])
    units = np.outer(deviation, deviation)
    units[units == 0] = 1
    inverse = np.linalg.pinv(A[np.ix_(S, S)] / units, rcond=NULL, hermitian=True) / units if len(S) else units
    moved = np.array(w - w[..., S] @ inverse @ A[S])
    moved[..., S] = 0
    return moved
