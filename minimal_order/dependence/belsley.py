"""Belsley's decomposition: which parameters depend on each other, told from the eigenvalues of one matrix.

The same formulas serve two readings of the matrix A, and they look at opposite things:

- Belsley, Kuh and Welsch (1980) put in X^T X of a design. Then sum_j u_ij^2 / lambda_j = [A^-1]_ii is the
  *variance* of the coefficient i over that of the noise, and the proportions say which near dependencies it
  comes from. Their condition index is the square root of the ratio of eigenvalues; see ``collinearity``.
- The talk puts in the covariance of the estimate w-hat. Then [A^-1]_ii is the *precision* of w_i when all
  others are held, 1 / Var(w_i | the others): large where the others determine w_i. It prints the index upside
  down, lambda_j / lambda_max, and still takes its argmax.

No eigenvector of an eigenvalue that occurs several times is more real than another: any rotation among them
will do, and a program returns some. So eigenvalues that agree are one group, and so are those that are 0 but
for rounding, the null space. A proportion is that of a group: it doesn't change under rotations inside it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check, check_finite, check_name

EQUAL = 1e-8
"""Relative difference up to which two eigenvalues count as one."""

NULL = 1e-10
"""Eigenvalues up to this share of the largest count as 0: those of a matrix in float64 are no better known."""

SCALES = ("covariance", "correlation")


class Decomposition(NamedTuple):
    """A = U diag(values) U^T, eigenvalues ascending: the least variance first, and so the largest index."""

    values: NDArray  # (p,), those of the null space exactly 0
    vectors: NDArray  # (p, p), one a column
    starts: NDArray  # (groups,), where in ``values`` each group of equal ones begins


def covariance_in(scale: str, A: ArrayLike) -> NDArray[np.float64]:
    """Check a covariance matrix (p, p), and bring it to the scale: as it is, or divided by standard deviations.

    Raises
    ------
    ValueError : not square, not finite, not symmetric; a variance that is not positive where it is divided by
    """
    check_name("scale", scale, SCALES)
    A = np.asarray(check_finite("A", A), float)
    check(A.ndim == 2 and A.shape[0] == A.shape[1] > 0, "A.shape", A.shape, "(p, p), one covariance matrix")
    asymmetry = np.abs(A - A.T).max()
    check(asymmetry <= 1e-8 * np.abs(A).max(), "A", f"differs from its transpose by {asymmetry:.3g}", "symmetric")
    S = (A + A.T) / 2
    if scale == "covariance":
        return S
    variance = np.diagonal(S)
    for j in np.flatnonzero(variance <= 0)[:1]:
        check(False, f"A[{j}, {j}]", variance[j], "a positive variance: nothing correlates with a constant")
    deviation = np.sqrt(variance)
    R = S / deviation / deviation[:, None]
    np.fill_diagonal(R, 1)
    return R


def decompose(A: NDArray, equal: float = EQUAL, floor: float | None = None) -> Decomposition:
    """`eq:belsley-decomposition` A = U Lambda U^T, eigenvalues ascending, equal ones and the null space as groups.

    Parameters
    ----------
    A : (p, p) symmetric, positive semi-definite: a covariance, a correlation matrix, X^T X
    equal : the relative difference up to which neighbours count as equal; what rounding may have done is added
    floor : eigenvalues up to this are 0; by default ``NULL`` times the largest

    Raises
    ------
    ValueError : an eigenvalue is negative by more than rounding

    Source: Grabovoy, Bakhteev, Strijov, relevance of parameters (talk), after Belsley, Kuh, Welsch 1980.
    """
    values, U = np.linalg.eigh(A)
    floor = NULL * values[-1] if floor is None else floor
    check(values[0] >= -max(floor, NULL * values[-1]), "smallest eigenvalue of A", values[0], "0 or more")
    values = np.where(values <= floor, 0, values)
    return Decomposition(values, U, group_starts(values, equal, eigenvalue_error(values)))


def eigenvalue_error(values: NDArray) -> NDArray:
    """What rounding in float64 may have done to each eigenvalue, relative to it: p eps lambda_max / lambda."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return len(values) * np.finfo(float).eps * values.max() / values


def group_starts(values: NDArray, equal: float, error: NDArray) -> NDArray:
    """Where groups begin among ascending values (p,): at a step up that neither tolerance nor error explains."""
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = (values[1:] - values[:-1]) / values[1:] > equal + error[1:]
    return np.append(0, np.flatnonzero(apart) + 1)


def condition_index(values: ArrayLike) -> NDArray:
    """`eq:condition-index` eta_j = lambda_max / lambda_j, infinite in the null space.

    Shapes: (..., p) -> (..., p). The talk prints lambda_j / lambda_max with an argmax; Belsley, Kuh and Welsch
    take the root of this ratio, which is that of the singular values of a design.
    """
    values = np.asarray(values, float)
    largest = values.max(axis=-1, keepdims=True)
    check(bool((largest > 0).all()), "largest eigenvalue", largest.min(), "above 0")
    with np.errstate(divide="ignore"):
        return largest / values


def loadings(found: Decomposition) -> NDArray:
    """How much of each parameter lies in the space of each group, sum over the group of u_ij^2: (p, groups)."""
    return np.add.reduceat(found.vectors**2, found.starts, axis=1)


def variance_proportion(found: Decomposition) -> NDArray:
    """`eq:variance-proportion` q_ij = (u_ij^2 / lambda_j) / sum_j (u_ij^2 / lambda_j), a row sums to 1.

    A group of equal eigenvalues has one joint column, the sum of theirs. The null space has what lambda -> 0 there
    gives: 1 for a parameter of which any part lies in it, 0 for the others.

    Shapes: p eigenvalues in groups -> (p, groups). Source: as for the decomposition; the talk prints the
    eigenvalue as lambda_jj, and sums over j, the eigenvalues, in the denominator.
    """
    values, U, starts = found
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.add.reduceat(np.where(values > 0, U**2 / values, 0), starts, axis=1)
        share = share / share.sum(axis=1, keepdims=True)
    if values[0] == 0:
        dependent = loadings(found)[:, 0] > NULL
        share[dependent] = np.eye(len(starts))[0]
    return share


def tie_tolerance(values: NDArray, equal: float = EQUAL) -> float:
    """Up to what difference two proportions or loadings count as equal, rounding in float64 included."""
    positive = values[values > 0]
    return equal + (eigenvalue_error(positive)[0] if len(positive) else 0)


def first_of_largest(*keys: NDArray, tolerance: float) -> int:
    """The index with the largest key; of those that agree within the tolerance by the next key, then the lowest."""
    among = np.arange(len(keys[0]))
    for key in keys:
        among = among[key[among] >= key[among].max() - tolerance]
    return int(among[0])


def most_dependent(found: Decomposition, equal: float = EQUAL) -> int:
    """`eq:belsley-choice` zeta = argmax_i q_i xi, xi = argmax_j eta_j: the parameter that the talk removes.

    xi is a group: the null space if there is one, otherwise all eigenvalues equal to the smallest. Proportions
    that agree are told apart by the loadings in that group, and where these agree too by index.

    Source: Grabovoy, Bakhteev, Strijov, relevance of parameters (talk).
    """
    keys = variance_proportion(found)[:, 0], loadings(found)[:, 0]
    return first_of_largest(*keys, tolerance=tie_tolerance(found.values, equal))
