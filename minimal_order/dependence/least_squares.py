"""Least-squares coefficients with their standard errors, to stand beside a collinearity diagnostic."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check, check_finite
from ..data.columns import columns_of
from .collinearity import prepare, singular_values


class Coefficients(NamedTuple):
    """Estimates (p,) and their standard errors (p,), in the units of the table."""

    names: tuple[str, ...]
    estimate: NDArray
    standard_error: NDArray


def least_squares(X: Any, y: ArrayLike, *, intercept: bool = True, center: bool = False) -> Coefficients:
    """Fit y to the columns of X; se_j^2 = s^2 [(X^T X)^-1]_jj, s^2 the residual sum of squares over its freedom.

    Parameters
    ----------
    y : (m,)
    X, intercept, center : as in ``collinearity``; centred columns are fitted to the centred target

    Raises
    ------
    ValueError : columns that depend exactly, or no degree of freedom left: there is no such fit
    """
    X, names, lengths = prepare(columns_of(X), intercept, center, scale=True)
    y = check_finite("y", y).astype(float)
    check(y.shape == X.shape[:1], "y.shape", y.shape, f"{X.shape[:1]}, one target a row")
    freedom = len(X) - X.shape[1] - center
    check(freedom >= 1, "rows", len(X), f"more than {X.shape[1] + center}, the number of coefficients")
    check(bool(singular_values(X)[0][0] > 0), "columns", "exactly dependent ones", "columns without exact dependencies")
    Q, R = np.linalg.qr(X)
    y = y - y.mean() if center else y
    inverse = np.linalg.inv(R)
    estimate = inverse @ (Q.T @ y)
    s2 = ((y - X @ estimate) ** 2).sum() / freedom
    return Coefficients(names, estimate / lengths, np.sqrt(s2 * (inverse**2).sum(axis=1)) / lengths)
