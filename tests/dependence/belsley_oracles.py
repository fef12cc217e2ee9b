"""Covariance matrices to decompose, and elimination that decomposes what is left anew at every step."""

import numpy as np

from minimal_order.dependence.belsley import (
    NULL,
    condition_index,
    covariance_in,
    decompose,
    most_dependent,
    variance_proportion,
)


def covariance(p, seed=0, rank=None):
    R = np.random.default_rng(seed).standard_normal((p, rank or p + 3))
    return R @ R.T


def with_eigenvalues(values, seed=0):
    """A matrix with these eigenvalues and random eigenvectors."""
    U = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))[0]
    A = (U * np.array(values, float)) @ U.T
    return (A + A.T) / 2


def toy():
    """The covariance of the talk's illustration, over x = 0, .02, ..., 20."""
    x = 0.02 * np.arange(1001)
    s, c = np.sin(x), np.cos(x)
    return np.cov([s, c, 2 + c, 2 + s, c + s, x])


def talks_synthetic(p=100):
    """The talk's A for its synthetic weights: unit diagonal, .95, and .001 with the first."""
    A = np.full((p, p), 0.95)
    A[0] = A[:, 0] = 1e-3
    np.fill_diagonal(A, 1)
    return A


def slow_elimination(A, scale, removal):
    """All eigenvalues and vectors of what is left at every step; what is left by the definition."""
    A = covariance_in(scale, A)
    floor = NULL * np.linalg.eigvalsh(A)[-1]
    left, steps = list(range(len(A))), []
    while left:
        found = decompose(A, floor=floor)
        j = most_dependent(found)
        n_equal = [*found.starts[1:], len(left)][0]
        index = np.inf if found.values[0] == 0 else condition_index(found.values)[0]
        steps.append((left.pop(j), index, n_equal, variance_proportion(found)[j, 0]))
        rest = np.delete(np.arange(len(A)), j)
        given = A[rest, j][:, None] @ A[j, rest][None] / A[j, j] if A[j, j] > floor else 0
        A = A[np.ix_(rest, rest)] - (given if removal == "condition" else 0)
    return [np.array(column) for column in zip(*steps, strict=True)]
