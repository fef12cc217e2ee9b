"""What the experiment on the theorem is told: a problem, families of maps, the training."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...checks import check, is_whole
from ...complexity.hypernet import Hypernet, Map
from ...complexity.objectives import check_lam
from ...training.optim import check_rate
from ..configuration import check_wholes
from .problem import Problem, Shrinkage, approximation_error, nearest, problem_of

DIRECT, INSIDE = "direct", "inside"
"""What is trained beside the piecewise linear maps: weights for each lam, and the map whose family holds w*."""

LOOKS = 30
"""After about how many training lengths the criterion is looked at."""


@dataclass(frozen=True)
class ConvergenceConfig:
    """The experiment's settings; the results depend on this and on nothing else.

    Parameters
    ----------
    runs : independent starts, each with its own initial parameters, batches and lam, on the same data
    steps : the longest training
    lams : where the criterion is looked at; the ends are the range of the hypernetworks
    pieces : numbers of knots of the piecewise linear maps that are trained; 2 is a linear map
    knots : numbers of knots for which the approximation error is computed
    n_objects, n_features, batch_size, draws : of the problem, of a step, and how many lam a step draws
    rate, offset : steps of stochastic gradient descent, rate / (1 + t / offset)
    seed : of everything random
    """

    runs: int = 25
    steps: int = 20_000
    lams: tuple[float, ...] = (1.0, 10.0, 100.0, 1000.0)
    pieces: tuple[int, ...] = (2, 4, 8)
    knots: tuple[int, ...] = (2, 3, 4, 6, 8, 12, 16, 24, 32)
    n_objects: int = 200
    n_features: int = 4
    batch_size: int = 20
    draws: int = 5
    rate: float = 0.1
    offset: float = 500.0
    seed: int = 0

    def __post_init__(self) -> None:
        whole = {"runs": 2, "steps": 100, "n_objects": 2, "n_features": 1, "batch_size": 2, "draws": 1, "seed": 0}
        check_wholes(self, whole)
        epoch = self.n_objects // self.batch_size
        check(1 <= epoch <= self.steps, "batch_size", self.batch_size, "one that makes an epoch of 1 ... steps batches")
        for name in ("pieces", "knots"):
            value = getattr(self, name)
            check(len(value) > 0 and all(is_whole(k, 2) for k in value), name, value, "whole numbers, 2 or more")
        check_lam(self.lams)
        check(self.n_features < self.n_objects, "n_features", self.n_features, "fewer than the objects")
        check(len(self.lams) >= 2 and list(self.lams) == sorted(set(self.lams)), "lams", self.lams, "increasing")
        for name in ("rate", "offset"):
            check_rate(getattr(self, name))

    @property
    def families(self) -> tuple[str, ...]:
        """What is trained."""
        return (DIRECT, INSIDE, *(f"{k} knots" for k in self.pieces))

    @property
    def problem(self) -> Problem:
        """The data."""
        return problem_of(np.random.default_rng([self.seed, 0]), self.n_objects, self.n_features)

    @property
    def looks(self) -> NDArray:
        """The training lengths at which the criterion is looked at: whole epochs, within which the noise is larger."""
        epoch = self.n_objects // self.batch_size
        return np.unique(np.geomspace(1, self.steps // epoch, LOOKS).round().astype(int)) * epoch

    def map_of(self, family: str) -> Map:
        """The map of one of the hypernetworks."""
        low, high = self.lams[0], self.lams[-1]
        if family == INSIDE:
            return Shrinkage(self.problem, low, high)
        return Hypernet("piecewise", low, high, int(family.split()[0]))

    def limit(self, family: str) -> NDArray:
        """What the weights tend to at each lam, (lams, p)."""
        problem, lams = self.problem, np.array(self.lams)
        if family == DIRECT:
            return problem.best(lams)
        of = self.map_of(family)
        knots = of.t if isinstance(of, Hypernet) else np.array([0.0, 1.0])
        return of.basis(lams) @ nearest(problem, of, lams[0], lams[-1], knots)

    def left(self, knots: int) -> float:
        """The approximation error of a piecewise linear map."""
        of = Hypernet("piecewise", self.lams[0], self.lams[-1], knots)
        b = nearest(self.problem, of, of.lam_min, of.lam_max, of.t)
        return approximation_error(self.problem, of, b, of.lam_min, of.lam_max, of.t)

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values."""
        return asdict(self)


QUICK: dict[str, Any] = {"runs": 5, "steps": 2000, "pieces": (2, 4), "offset": 200.0}
"""Settings of a smaller version, to see that everything works."""
