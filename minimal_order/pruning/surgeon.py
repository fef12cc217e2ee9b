"""Optimal Brain Surgeon: a weight leaves, and the others move so that the loss grows as little as it can.

Around a minimum L(w + dw) = L(w) + 1/2 dw^T H dw. Under the constraint w_j + dw_j = 0 the best move and its
price have a closed form in H^-1 (Hassibi & Stork 1992). It holds a p x p matrix: for small networks.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..checks import check, check_finite
from .removal import Criterion, without

MOST_PARAMS = 1000
"""The most parameters: the inverse takes p^3 operations, and removing all of them as many again."""


def obs_saliency(inverse: NDArray, w: NDArray) -> NDArray:
    """`eq:obs` s_j = w_j^2 / (2 [H^-1]_jj), by how much the loss grows when w_j leaves and the others make up for it.

    Shapes: inverse Hessian (..., p, p), w (..., p) -> (..., p), in units of the loss. Exact where the loss is
    quadratic and w its minimum. 0 for what has left before, whose rows of the inverse are 0. Source: Hassibi,
    Stork 1992, (5).
    """
    variance = np.diagonal(inverse, axis1=-2, axis2=-1)
    return np.divide(w**2, 2 * variance, out=np.zeros(variance.shape), where=variance > 0)


def obs_update(inverse: NDArray, w: NDArray, j: NDArray) -> NDArray:
    """`eq:obs-update` dw = -w_j / [H^-1]_jj H^-1 e_j, the best move of all weights when w_j becomes 0.

    Shapes: inverse Hessian (..., p, p), w (..., p), j (...) -> (..., p). It is the shift of the conditional mean
    given w_j = 0 of a Gaussian around w with the covariance H^-1. Source: Hassibi, Stork 1992, (5).
    """
    column, variance, w_j = column_of(inverse, j), *at(j, np.diagonal(inverse, axis1=-2, axis2=-1), w)
    return -w_j / variance * column


def obs_downdate(inverse: NDArray, j: NDArray) -> NDArray:
    """`eq:obs-downdate` (H without row and column j)^-1 = H^-1 - H^-1 e_j e_j^T H^-1 / [H^-1]_jj.

    Shapes: inverse Hessian (..., p, p), j (...) -> (..., p, p); row and column j become exactly 0. It costs p^2
    where an inversion costs p^3. Source: the inverse of a block matrix; as a covariance, H^-1 given w_j.
    """
    column, (variance,) = column_of(inverse, j), at(j, np.diagonal(inverse, axis1=-2, axis2=-1))
    rest = column[..., :, None] * (column / variance)[..., None, :]
    np.subtract(inverse, rest, out=rest)
    for axis in (-1, -2):
        np.put_along_axis(rest, j[..., None, None], 0, axis)
    return rest


def column_of(A: NDArray, j: NDArray) -> NDArray:
    """Column j (...) of matrices (..., p, p), shape (..., p)."""
    return np.take_along_axis(A, j[..., None, None], axis=-1)[..., 0]


def at(j: NDArray, *arrays: NDArray) -> list[NDArray]:
    """Entry j (...) of each array (..., p), shape (..., 1)."""
    return [np.take_along_axis(a, j[..., None], axis=-1) for a in arrays]


def invert(H: NDArray, beta: NDArray, damping: float | NDArray = 0.0) -> NDArray:
    """The inverse of H + damping I among the parameters that are there; rows and columns of the others are 0.

    Parameters
    ----------
    H : symmetric, (..., p, p)
    beta : (..., p) true = in the network
    damping : added to the diagonal, a number or (...), finite and not negative

    Raises
    ------
    ValueError : for another damping; when there are more than ``MOST_PARAMS`` parameters, or the sum is not positive
        definite: along a flat or falling direction the quadratic has no minimum, and the formulas no meaning.
    """
    p = H.shape[-1]
    check(p <= MOST_PARAMS, "n_params", p, f"at most {MOST_PARAMS} for a matrix of p x p")
    check_finite("hessian", H)
    check(bool(np.all(check_finite("damping", damping) >= 0)), "damping", damping, "0 or more")
    present = beta.astype(float)
    both = present[..., :, None] * present[..., None, :]
    largest = np.abs(np.diagonal(H, axis1=-2, axis2=-1)).max(axis=-1, initial=0) + damping
    # those that have left stand as a block of their own, well away from singular
    own = np.where(beta, np.asarray(damping)[..., None], np.where(largest > 0, largest, 1)[..., None])
    eigenvalue, U = np.linalg.eigh(H * both + own[..., None] * np.eye(p))
    smallest, tolerance = eigenvalue[..., 0], p * np.finfo(float).eps * eigenvalue[..., -1]
    if np.any(smallest <= tolerance):
        worst = float(np.min(smallest))
        remedy = "expected a positive definite one: give a damping, or take the Gauss-Newton matrix and a damping"
        raise ValueError(f"hessian = one with the eigenvalue {worst:.2g}: {remedy}")
    return (U / eigenvalue[..., None, :]) @ np.swapaxes(U, -1, -2) * both


def by_obs(hessian: Callable[[NDArray], NDArray], damping: float | NDArray = 0.0) -> Criterion:
    """The smallest `obs_saliency` leaves, and the others move by `obs_update`.

    Parameters
    ----------
    hessian : w (..., p) -> (..., p, p): the exact Hessian or the Gauss-Newton matrix
    damping : added to its diagonal at every look; the curvature of a penalty on the weights, or as much as
        makes a singular matrix regular
    """

    def leave(inverse: NDArray, w: NDArray, j: NDArray) -> tuple[NDArray, NDArray]:
        return without(w + obs_update(inverse, w, j), j), obs_downdate(inverse, j)

    return Criterion("obs", look=lambda w, beta: invert(hessian(w), beta, damping), saliency=obs_saliency, leave=leave)
