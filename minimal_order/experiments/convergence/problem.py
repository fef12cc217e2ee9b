"""A convex model whose best weights are known for every lam, and how near a family of maps can come to them.

Linear regression with orthonormal features, X^T X = m I, noise of variance 1, and L_3. Then

    -L_3(lam) / m = 1/2 (1 + 2 lam / m) |w - w*(lam)|^2 + const,  w*(lam) = a(lam) c,  a = 1 / (1 + 2 lam / m),

with c = X^T y / m, the weights without penalty. All weights shrink by the same factor a(lam).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...complexity.hypernet import Hypernet, Map
from ...data.dataset import Dataset
from ...variational.relevance import log_relative_density

NODES = 40
"""Of the quadrature between two knots: more than rounding can tell from the integral."""


class Problem(NamedTuple):
    """The data and the weights without penalty."""

    data: Dataset
    c: NDArray  # (p,)

    @property
    def m(self) -> int:
        """The number of objects."""
        return self.data.n_train

    def shrinkage(self, lam: ArrayLike) -> NDArray:
        """The factor a(lam)."""
        return 1 / (1 + 2 * np.asarray(lam, float) / self.m)

    def best(self, lam: ArrayLike) -> NDArray:
        """w*(lam) (..., p)."""
        return self.shrinkage(lam)[..., None] * self.c


def problem_of(rng: np.random.Generator, n_objects: int, n_features: int) -> Problem:
    """Draw one: weights from 1 down to 0, evenly, noise of variance 1."""
    Q, _ = np.linalg.qr(rng.standard_normal((n_objects, n_features)))
    X = Q * np.sqrt(n_objects)
    y = X @ np.linspace(1, 0, n_features) + rng.standard_normal(n_objects)
    return Problem(Dataset("orthonormal", "regression", X, y, X, y), X.T @ y / n_objects)


class Shrinkage(NamedTuple):
    """The map whose family holds w*: a(lam) b, b (1, p)."""

    problem: Problem
    lam_min: float
    lam_max: float

    @property
    def n_rows(self) -> int:
        """One row of b."""
        return 1

    def basis(self, lam: ArrayLike) -> NDArray:
        """The factor a(lam), (..., 1)."""
        return self.problem.shrinkage(lam)[..., None]

    def sample(self, rng: np.random.Generator, size: int) -> NDArray:
        """Draw lam (size,), ln lam uniform over the range."""
        return Hypernet("linear", self.lam_min, self.lam_max).sample(rng, size)


def criterion(w: NDArray) -> NDArray:
    """What parameters are removed by, the continuous g(w) = exp(-w^2); (..., p) -> (..., p)."""
    return np.exp(log_relative_density(w))


# --- what training can reach ----------------------------------------------------------------------------


def quadrature(t: NDArray) -> tuple[NDArray, NDArray]:
    """Nodes u and weights of the integral over u from 0 to 1, exact on each piece between the knots t."""
    x, share = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(t)[:, None] / 2
    return (t[:-1, None] + half * (1 + x)).ravel(), (half * share).ravel()


def nearest(problem: Problem, of: Map, lam_min: float, lam_max: float, t: NDArray) -> NDArray:
    """Return the b (K, p) at which the mean of L_3(lam) over drawn lam is largest: what training tends to.

    The mean of (1 + 2 lam / m) |phi^T b - w*|^2 has its minimum where M b = r c^T, M = E (1 + 2 lam / m) phi phi^T and
    r = E phi, because (1 + 2 lam / m) a = 1. The expectations are integrals over u, ``t`` the knots in it.
    """
    u, share = quadrature(t)
    lam = lam_min * (lam_max / lam_min) ** u
    phi = of.basis(np.clip(lam, lam_min, lam_max))
    M = (phi * (share / problem.shrinkage(lam))[:, None]).T @ phi
    return np.linalg.solve(M, phi.T @ share)[:, None] * problem.c


def approximation_error(problem: Problem, of: Map, b: NDArray, lam_min: float, lam_max: float, t: NDArray) -> float:
    """Root of the mean over lam of |g(G(lam)) - g(w*(lam))|^2: what is left however long the training."""
    u, share = quadrature(t)
    lam = np.clip(lam_min * (lam_max / lam_min) ** u, lam_min, lam_max)
    apart = criterion(of.basis(lam) @ b) - criterion(problem.best(lam))
    return float(np.sqrt(share @ np.sum(apart**2, axis=-1)))
