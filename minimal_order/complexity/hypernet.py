"""Hypernetworks: maps from the complexity parameter lam to the parameters of a network.

Both maps are linear in their own parameters, the rows of b (K, n): G(lam) = sum_k phi_k(lam) b_k. The basis phi tells
them apart. And so the chain rule is one product: where g is the gradient of an objective at G(lam), that in b_k is
phi_k(lam) g.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check, check_finite, check_name
from .objectives import check_lam

KINDS = ("linear", "piecewise")
SCALES = ("log", "raw")
"""In which coordinate u of lam a map is linear."""


def linear_basis(u: NDArray) -> NDArray:
    """`eq:hypernet-linear` G(lam) = u(lam) b_2 + b_3: the factors (u, 1) of b_2 and b_3.

    u = (ln lam - ln lam_min) / (ln lam_max - ln lam_min), or as the talk prints it lam itself; see ``coordinate``.

    Shapes: u (...) -> (..., 2).
    Source: Grebenkova, Bakhteev, Strijov, generation of models of a given complexity (talk).
    """
    return np.stack([u, np.ones_like(u)], axis=-1)


def piecewise_basis(u: NDArray, t: NDArray) -> NDArray:
    """`eq:hypernet-piecewise` G(lam) = b(t_i) + (b(t_{i+1}) - b(t_i)) (u - t_i) / (t_{i+1} - t_i), t_i <= u < t_{i+1}.

    The last interval has both ends. The factors of b(t_0), b(t_1), ...: all 0 but two, and at a knot but one, which is
    exactly 1. The talk's closed intervals would count the inner knots twice.

    Shapes: u (...), knots t (K,) in the same coordinate, increasing -> (..., K).
    Source: Grebenkova, Bakhteev, Strijov, generation of models of a given complexity (talk).
    """
    i = np.clip(np.searchsorted(t, u, side="right") - 1, 0, len(t) - 2)
    share = (u - t[i]) / (t[i + 1] - t[i])
    phi = np.zeros((*u.shape, len(t)))
    np.put_along_axis(phi, i[..., None], 1 - share[..., None], axis=-1)
    np.put_along_axis(phi, i[..., None] + 1, share[..., None], axis=-1)
    return phi


def coordinate(lam: NDArray, lam_min: float, lam_max: float, scale: str = "log") -> NDArray:
    """Return u(lam), 0 ... 1 and linear in ln lam, or with ``scale="raw"`` lam itself."""
    return np.log(lam / lam_min) / np.log(lam_max / lam_min) if scale == "log" else np.asarray(lam, float)


class Map(Protocol):
    """A map lam -> parameters, linear in b."""

    @property
    def n_rows(self) -> int:
        """The number K of rows of b."""

    def basis(self, lam: ArrayLike) -> NDArray:
        """Phi(lam) (..., K)."""

    def sample(self, rng: np.random.Generator, size: int) -> NDArray:
        """Draw lam (size,)."""


@dataclass(frozen=True)
class Hypernet:
    """A map of [lam_min, lam_max] to parameters (n,), linear or piecewise linear in u(lam).

    Parameters
    ----------
    kind : "linear" or "piecewise"
    lam_min, lam_max : the range of lam
    knots : where the pieces meet, as lam, increasing, the ends of the range included; or how many, spread evenly in u.
        A linear map has none
    scale : "log", or "raw" as the talk prints it

    Raises
    ------
    ValueError : when an argument is out of its range.
    """

    kind: str
    lam_min: float = 1e-3
    lam_max: float = 1e2
    knots: int | Sequence[float] = 6
    scale: str = "log"

    def __post_init__(self) -> None:
        check_name("kind", self.kind, KINDS)
        check_name("scale", self.scale, SCALES)
        check_lam(self.lam_min, "lam_min")
        check_lam(self.lam_max, "lam_max")
        check(self.lam_min < self.lam_max, "lam_min", self.lam_min, f"less than lam_max = {self.lam_max}")
        object.__setattr__(self, "knots", self._knots(self.knots) if self.kind == "piecewise" else ())

    def _knots(self, knots: int | Sequence[float]) -> tuple[float, ...]:
        low, high = float(self.lam_min), float(self.lam_max)
        if isinstance(knots, int | np.integer):
            check(knots >= 2, "knots", knots, "2 or more")
            spread = np.geomspace if self.scale == "log" else np.linspace
            return (low, *spread(low, high, knots)[1:-1].tolist(), high)
        found = tuple(map(float, check_finite("knots", knots).ravel()))
        check(len(found) >= 2 and found == tuple(sorted(set(found))), "knots", knots, "at least two, increasing")
        ends = found[0] == low and found[-1] == high
        check(ends, "knots", knots, f"that they begin with lam_min = {low:g} and end with lam_max = {high:g}")
        return found

    @cached_property
    def t(self) -> NDArray:
        """The knots in the coordinate u."""
        return coordinate(np.array(self.knots), self.lam_min, self.lam_max, self.scale)

    @property
    def n_rows(self) -> int:
        """The number K of rows of b."""
        return len(self.knots) if self.kind == "piecewise" else 2  # type: ignore[arg-type]

    def basis(self, lam: ArrayLike, clamp: bool = False) -> NDArray:
        """Return phi(lam) (..., K); with ``clamp`` a lam outside the range counts as the nearer end of it.

        Raises
        ------
        ValueError : for a lam that is not positive, or outside the range unless told to clamp.
        """
        inside = check_lam(lam).astype(float)
        if clamp:
            inside = np.clip(inside, self.lam_min, self.lam_max)
        bad = inside[(inside < self.lam_min) | (inside > self.lam_max)]
        expected = f"{self.lam_min:g} ... {self.lam_max:g}, the range of the hypernetwork, unless told to clamp"
        if bad.size:
            check(False, "lam", float(bad[0]), expected)
        u = coordinate(inside, self.lam_min, self.lam_max, self.scale)
        return linear_basis(u) if self.kind == "linear" else piecewise_basis(u, self.t)

    def parameters(self, b: NDArray, lam: ArrayLike, clamp: bool = False) -> NDArray:
        """Return G(lam) (..., n), in the type of b (K, n)."""
        return self.basis(lam, clamp).astype(b.dtype) @ b

    def start(self, theta: NDArray) -> NDArray:
        """Return b (..., K, n) with G(lam) = theta (..., n) for every lam."""
        b = np.repeat(theta[..., None, :], self.n_rows, axis=-2)
        if self.kind == "linear":
            b[..., 0, :] = 0
        return b

    def sample(self, rng: np.random.Generator, size: int) -> NDArray:
        """Draw lam (size,), ln lam uniform over the range."""
        lam = np.exp(rng.uniform(np.log(self.lam_min), np.log(self.lam_max), size))
        return np.clip(lam, self.lam_min, self.lam_max)
