"""Belsley's method as an order: remove the most dependent parameter, look at what is left, repeat.

Two things can be meant by "what is left", and both are here. *Marginalising* drops the parameter from the
covariance, as if it had never been of interest: so the talk reads. *Conditioning* learns that it is 0, which
is what pruning does: its row and column leave the precision. After either, the other of the two matrices is one
product of rank one away.

The scale is that of the covariance at the start. Conditional variances shrink as parameters are removed, and
correlations are not taken anew: units are chosen once.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check, check_name
from .belsley import (
    EQUAL,
    NULL,
    Decomposition,
    covariance_in,
    decompose,
    eigenvalue_error,
    first_of_largest,
    group_starts,
    most_dependent,
    tie_tolerance,
    variance_proportion,
)

FRESH = 1e-3
"""The inverse is taken anew when its norm has fallen to this share: its rounding errors do not fall with it."""

Pair = tuple[NDArray, NDArray]


class Elimination(NamedTuple):
    """An order with what was seen when each parameter was removed; all (p,), in the order of removal."""

    order: NDArray  # the indices; order[0] is removed first
    condition_index: NDArray  # of the group of eigenvalues that it was blamed for; infinite in the null space
    multiplicity: NDArray  # how many eigenvalues that group had
    proportion: NDArray  # its variance proportion there


class Choice(NamedTuple):
    """Which of the parameters that are left is removed next, and why."""

    j: int
    condition_index: float
    multiplicity: int
    proportion: float


def without(M: NDArray, j: int) -> NDArray:
    """M (p, p) without row and column j."""
    out = np.empty((len(M) - 1, len(M) - 1))
    out[:j, :j], out[:j, j:], out[j:, :j], out[j:, j:] = M[:j, :j], M[:j, j + 1 :], M[j + 1 :, :j], M[j + 1 :, j + 1 :]
    return out


def downdate(M: NDArray, j: int) -> NDArray:
    """M (p, p) without row and column j, less m_j m_j^T / M_jj."""
    m = np.delete(M[j], j)
    return without(M, j) - np.outer(m, m / M[j, j])


def marginalise(A: NDArray, P: NDArray, j: int) -> Pair:
    """`eq:marginalising` Cov(w_r) = A_rr, of which the inverse is P_rr - P_rj P_jr / P_jj, P = A^-1.

    Shapes: covariance A and precision P (p, p) -> the same of the rest r, (p - 1, p - 1). Source: the inverse of
    a block matrix.
    """
    return without(A, j), downdate(P, j)


def condition(A: NDArray, P: NDArray, j: int) -> Pair:
    """`eq:conditioning` Cov(w_r | w_j) = A_rr - A_rj A_jr / A_jj, of which the inverse is P_rr, P = A^-1.

    Shapes: covariance A and precision P (p, p) -> the same of the rest r, (p - 1, p - 1). With A = H^-1 it is
    what Optimal Brain Surgeon makes of its inverse Hessian. Source: the inverse of a block matrix.
    """
    return downdate(A, j), without(P, j)


REMOVALS: dict[str, Callable[[NDArray, NDArray, int], Pair]] = {"marginalise": marginalise, "condition": condition}


def eliminate(
    A: ArrayLike, *, scale: str = "covariance", removal: str = "marginalise", equal: float = EQUAL
) -> Elimination:
    """`eq:belsley-elimination` J_1 = zeta(A), and the rest of J is the elimination of A without zeta.

    Every step needs the largest eigenvalues of the precision P and their vectors, and its diagonal; what is left
    comes by a product of rank one (`eq:marginalising`, `eq:conditioning`). zeta and its ties: `eq:belsley-choice`.
    While there is a null space there is no P, and every step takes a whole decomposition.

    Parameters
    ----------
    A : (p, p) covariance of the parameters, positive semi-definite
    scale : "covariance", or "correlation": every parameter in units of its standard deviation
    removal : "marginalise" (the talk) or "condition" (pruning)
    equal : the relative difference up to which eigenvalues are one group

    Raises
    ------
    ValueError : no covariance matrix, or a diagonal one: its eigenvectors are the axes, no parameter depends on
        another, and the method would only sort by variance.

    Source: Grabovoy, Bakhteev, Strijov, relevance of parameters (talk).
    """
    check_name("removal", removal, REMOVALS)
    A = near_one(covariance_in(scale, A))
    check_dependent(A)
    floor = NULL * np.linalg.eigvalsh(A)[-1]
    left, order, choices = np.arange(len(A)), [], []
    while len(left):
        found = decompose(A, equal, floor)
        leave = leave_null_space if found.values[0] == 0 else leave_by_precision
        A, chosen = leave(A, found, removal, floor, equal)
        for choice in chosen:
            order.append(left[choice.j])
            left = np.delete(left, choice.j)
        choices += chosen
    _, *seen = (np.array(column) for column in zip(*choices, strict=True))
    return Elimination(np.array(order), *seen)


def near_one(A: NDArray) -> NDArray:
    """A in the unit, a power of 2, in which its largest entry is between 1/2 and 1: no square overflows."""
    return np.ldexp(A, -np.frexp(np.abs(A).max())[1])


def check_dependent(A: NDArray, least: float = 1e-12) -> None:
    """Refuse a matrix in which all correlations are 0 but for rounding."""
    deviation = np.sqrt(np.abs(np.diagonal(A)))
    off = np.abs(A) > least * np.outer(deviation, deviation)
    np.fill_diagonal(off, False)
    expected = "parameters that correlate: of independent ones none depends on another"
    check(len(A) == 1 or bool(off.any()), "A", "a diagonal matrix", expected)


def leave_null_space(
    A: NDArray, found: Decomposition, removal: str, floor: float, equal: float
) -> tuple[NDArray, list[Choice]]:
    """Remove one parameter when there is a null space; return what is left and the choice.

    A parameter without variance, which the others determine, is dropped as it is.
    """
    j = most_dependent(found, equal)
    choice = Choice(j, np.inf, int((found.values == 0).sum()), float(variance_proportion(found)[j, 0]))
    if removal == "marginalise" or A[j, j] <= floor:
        return without(A, j), [choice]
    return condition_singular(found, j), [choice]


def condition_singular(found: Decomposition, j: int) -> NDArray:
    """`condition` the covariance through its root R, A = R R^T: r_j is projected out of the other rows.

    Where w_j has little variance of its own, the difference of the formula would fill the null space with
    rounding errors; here every removal lowers the rank by one.
    """
    R = found.vectors * np.sqrt(found.values)
    direction, R = R[j] / np.linalg.norm(R[j]), np.delete(R, j, axis=0)
    R = R - np.outer(R @ direction, direction)
    return R @ R.T


def leave_by_precision(
    A: NDArray, found: Decomposition, removal: str, floor: float, equal: float
) -> tuple[NDArray, list[Choice]]:
    """Remove parameters as long as the precision is known well; return what is left and the choices.

    ``floor`` has no say: the least eigenvalue rises with every removal.
    """
    P, choices = (found.vectors / found.values) @ found.vectors.T, []
    least = FRESH / found.values[0] * (removal == "marginalise")  # conditioning leaves the entries of P as they are
    while len(A):
        values, U = least_group(P, equal)
        if 1 / values[0] < least:
            break
        proportion = (U**2 / values[: U.shape[1]]).sum(axis=1) / np.diagonal(P)
        j = first_of_largest(proportion, (U**2).sum(axis=1), tolerance=tie_tolerance(values, equal))
        choices.append(Choice(j, values[-1] / values[0], U.shape[1], proportion[j]))
        A, P = REMOVALS[removal](A, P, j)
    return A, choices


def least_group(P: NDArray, equal: float) -> tuple[NDArray, NDArray]:
    """All eigenvalues (p,) of A = P^-1, ascending, and the vectors (p, group) of those equal to the smallest.

    A tridiagonal form, which is where the time goes, gives all eigenvalues, and vectors for as many as are asked.
    """
    from scipy.linalg import eigh_tridiagonal, lapack

    p = len(P)
    if p == 1:
        return 1 / P[0], np.ones((1, 1))
    lwork = int(lapack.dsytrd_lwork(p, lower=1)[0])
    reflectors, diagonal, beside, tau, _ = lapack.dsytrd(P, lower=1, lwork=lwork)
    values = 1 / eigh_tridiagonal(diagonal, beside, eigvals_only=True)[::-1]
    starts = group_starts(values, equal, eigenvalue_error(values))
    group = int(starts[1]) if len(starts) > 1 else p
    # not by inverse iteration, the default, which may fail where many eigenvalues are equal but for rounding
    _, U = eigh_tridiagonal(diagonal, beside, select="i", select_range=(p - group, p - 1), lapack_driver="stemr")
    U[1:] = lapack.dormqr("L", "N", reflectors[1:, :-1], tau, U[1:], lwork=64 * group)[0]
    return values, U[:, ::-1]
