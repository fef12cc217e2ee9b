"""Six parameters along x: five tie each other exactly, so that half of the eigenvalues of their covariance are 0.

The talk shows one column of proportions for each eigenvalue. Three of them belong to eigenvalues that are 0, and
to vectors that are any three of one space: what such a column says depends on the program that found them.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...checks import check
from ...dependence.belsley import (
    SCALES,
    Decomposition,
    condition_index,
    covariance_in,
    decompose,
    loadings,
    most_dependent,
    variance_proportion,
)
from ...dependence.elimination import REMOVALS, Elimination, eliminate

NAMES = ("sin x", "cos x", "2 + cos x", "2 + sin x", "cos x + sin x", "x")
DEPENDENT = (True, True, True, True, True, False)
"""Which of them stand in an exact relation, up to a constant."""


@dataclass(frozen=True)
class ToyConfig:
    """The illustration. The results depend on this alone.

    Parameters
    ----------
    stop, step : x = 0, step, 2 step, ..., stop
    turns : how many bases of the null space are tried
    seed : of these bases
    """

    stop: float = 20.0
    step: float = 0.02
    turns: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        check(0 < self.step < np.inf, "step", self.step, "a positive number")
        check(10 * self.step <= self.stop < np.inf, "stop", self.stop, "10 steps or more")
        check(self.turns >= 1, "turns", self.turns, "1 or more")

    def as_dict(self) -> dict[str, Any]:
        """All that the results depend on, as plain values."""
        return asdict(self)


class Toy(NamedTuple):
    """What was found, by scale and, of eliminations, by scale and removal."""

    config: ToyConfig
    x: NDArray  # (values of x,)
    w: NDArray  # (values of x, 6)
    found: dict[str, Decomposition]
    eliminations: dict[tuple[str, str], Elimination]
    blamed: NDArray  # (6,), in what share of the bases each parameter has the largest proportion of one column


def parameters(x: NDArray) -> NDArray:
    """The talk's w-hat as a function of x, (values of x, 6)."""
    sin, cos = np.sin(x), np.cos(x)
    return np.stack([sin, cos, 2 + cos, 2 + sin, cos + sin, x], axis=-1)


def run_toy(config: ToyConfig | None = None) -> Toy:
    """Decompose the covariance of the six over x in either scale, and eliminate in every way."""
    config = config or ToyConfig()
    x = config.step * np.arange(round(config.stop / config.step) + 1)
    w = parameters(x)
    A = np.cov(w, rowvar=False)
    found = {scale: decompose(covariance_in(scale, A)) for scale in SCALES}
    ways = [(scale, removal) for scale in SCALES for removal in REMOVALS]
    eliminations = {(scale, removal): eliminate(A, scale=scale, removal=removal) for scale, removal in ways}
    rng = np.random.default_rng(config.seed)
    return Toy(config, x, w, found, eliminations, blamed_by_column(found["correlation"], config.turns, rng))


def blamed_by_column(found: Decomposition, turns: int, rng: np.random.Generator) -> NDArray:
    """How often each parameter has the largest proportion of a single column of the null space, (p,).

    Each turn takes another orthonormal basis of it, all equally likely, and gives every vector of it the same
    small eigenvalue, as rounding might. The length of the first vector has no say in which share is the largest.
    """
    N = found.vectors[:, found.values == 0]
    size = (N**2).sum(axis=1)
    inside = size > 1e-12
    direction = rng.standard_normal((turns, N.shape[1]))
    share = np.where(inside, (direction @ N.T) ** 2 / np.where(inside, size, 1), 0)
    return np.bincount(share.argmax(axis=1), minlength=len(N)) / turns


# --- tables -----------------------------------------------------------------------------------------------


def rounded(number: float) -> float:
    """Ten digits, which are the same on every machine; the last ones of an eigenvector are not."""
    return float(f"{float(number):.10g}") if abs(number) > 1e-10 else 0.0


class ProportionRow(NamedTuple):
    """One parameter in one group of equal eigenvalues."""

    scale: str
    condition_index: float
    multiplicity: int
    parameter: str
    proportion: float
    loading: float


def proportion_rows(toy: Toy) -> Iterator[ProportionRow]:
    """Joint proportions and loadings of every group, the largest condition index first."""
    for scale, found in toy.found.items():
        index, sizes = condition_index(found.values), np.diff([*found.starts, len(NAMES)])
        proportion, loading = variance_proportion(found), loadings(found)
        for g, (start, size) in enumerate(zip(found.starts, sizes, strict=True)):
            for i, name in enumerate(NAMES):
                shares = rounded(proportion[i, g]), rounded(loading[i, g])
                yield ProportionRow(scale, rounded(index[start]), int(size), name, *shares)


class StepRow(NamedTuple):
    """One removal."""

    scale: str
    removal: str
    step: int
    parameter: str
    condition_index: float
    multiplicity: int
    proportion: float


def step_rows(toy: Toy) -> Iterator[StepRow]:
    """Every removal of every elimination."""
    for way, found in toy.eliminations.items():
        for step, (j, index, multiplicity, proportion) in enumerate(zip(*found, strict=True), start=1):
            yield StepRow(*way, step, NAMES[j], rounded(index), int(multiplicity), rounded(proportion))


def first_choice(toy: Toy, scale: str) -> str:
    """Which parameter is removed first."""
    return NAMES[most_dependent(toy.found[scale])]
