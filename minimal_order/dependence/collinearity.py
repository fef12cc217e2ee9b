"""The collinearity diagnostic of Belsley, Kuh and Welsch: which columns of a design nearly depend on each other.

>>> from minimal_order.dependence.collinearity import collinearity
>>> x = [[1, 2.0, 3.1], [2, 1.0, 2.9], [3, 5.0, 8.1], [4, 2.5, 6.4], [5, 0.3, 5.4]]
>>> collinearity(x, names=["a", "b", "a + b"]).condition_indices.round(2)
array([  1.  ,   3.29,   6.48, 138.73])

The same formulas as in ``belsley``, on the singular values of the design, whose squares are the eigenvalues of
X^T X: squaring X first would lose half of the digits.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import check
from ..data.columns import Columns, columns_of
from .belsley import EQUAL, NULL, Decomposition, condition_index, group_starts, variance_proportion
from .collinearity_table import Collinearity

INTERCEPT = "const"


def collinearity(
    X: Any,
    *,
    intercept: bool = True,
    center: bool = False,
    scale: bool = True,
    names: Sequence[str] | None = None,
) -> Collinearity:
    """`eq:collinearity` X D = U M V^T, eta_k = mu_max / mu_k, pi_kj = (v_jk^2 / mu_k^2) / sum_k (v_jk^2 / mu_k^2).

    The variance of a least-squares coefficient is s^2 sum_k v_jk^2 / mu_k^2, so pi_kj is the share of it that comes
    from the direction k of the design. D scales columns to unit length. Equal singular values are one row, and so
    are those that are 0 (below max(m, p) eps mu_max): the columns which depend exactly have proportion 1 there.

    Parameters
    ----------
    X : (m, n) array, data frame or what ``read_csv`` returned, without a column of ones
    intercept : put a column of ones first; not where columns are centred, since it would become 0
    center : take the mean away from every column. The authors advise against it: what depends on the intercept
        cannot be seen any more
    scale : bring columns to unit length; without it the result depends on the units
    names : of the columns, if X has none of its own

    Raises
    ------
    ValueError : no table of finite numbers, fewer than 2 rows; a column that is all 0, or constant where it is centred

    Source: Belsley, Kuh, Welsch 1980, section 3.2. The arguments are those of R's ``colldiag``.
    """
    values, names = prepare(columns_of(X, names), intercept, center, scale)[:2]
    mu, V = singular_values(values)
    found = Decomposition(mu**2, V, group_starts(mu**2, EQUAL, rounding(mu)))
    last = np.append(found.starts[1:], len(mu)) - 1
    return Collinearity(
        tuple(names),
        np.sqrt(condition_index(found.values))[last][::-1],
        np.diff(np.append(found.starts, len(mu)))[::-1],
        variance_proportion(found)[:, ::-1].T,
        tuple(tuple(names[j] for j in columns) for columns in exact_sets(V[:, mu == 0])),
    )


def exact_sets(N: NDArray) -> list[NDArray]:
    """The columns that exact relations tie together, from a basis N (p, d) of the null space.

    The projector N N^T, unlike the basis, is determined; it is 0 between columns that no relation connects.
    """
    from scipy.sparse.csgraph import connected_components

    projector = np.abs(N @ N.T)
    tied = np.flatnonzero(projector.diagonal() > NULL)
    n_sets, labels = connected_components(projector[np.ix_(tied, tied)] > np.sqrt(NULL), directed=False)
    return [tied[labels == k] for k in range(n_sets)]


class Prepared(NamedTuple):
    """The columns as the diagnostic sees them, and by what each was divided."""

    values: NDArray
    names: tuple[str, ...]
    lengths: NDArray


def prepare(columns: Columns, intercept: bool, center: bool, scale: bool) -> Prepared:
    """Centre, put in the intercept, scale: as asked."""
    values, names = columns
    if center:
        constant = np.ptp(values, axis=0) == 0
        check(not constant.any(), f"column {names[constant.argmax()]!r}", "constant", "one that varies, to be centred")
        values = values - values.mean(axis=0)
    elif intercept:
        check(
            INTERCEPT not in names, "names", repr(INTERCEPT), "a name that the intercept doesn't have, or no intercept"
        )
        values, names = np.column_stack([np.ones(len(values)), values]), (INTERCEPT, *names)
    largest = np.abs(values).max(axis=0)
    check(bool(largest.all()), f"column {names[largest.argmin()]!r}", "all 0", "a number that isn't")
    lengths = largest * np.linalg.norm(values / largest, axis=0)  # squares of what is very small would be 0
    return Prepared(values / lengths, names, lengths) if scale else Prepared(values, names, np.ones(len(lengths)))


def singular_values(X: NDArray) -> tuple[NDArray, NDArray]:
    """All p singular values of X (m, p), ascending, those that are 0 but for rounding exactly 0; and V (p, p)."""
    m, p = X.shape
    _, mu, V_T = np.linalg.svd(np.linalg.qr(X, mode="r") if m > p else X)
    mu = np.append(mu, np.zeros(p - len(mu)))
    mu[mu <= max(m, p) * np.finfo(float).eps * mu[0]] = 0
    return mu[::-1], V_T[::-1].T


def rounding(mu: NDArray) -> NDArray:
    """What rounding in float64 may have done to the square of each singular value, relative to it."""
    with np.errstate(divide="ignore"):
        return 2 * len(mu) * np.finfo(float).eps * mu.max() / mu
