"""The experiment: training of several families on the convex problem, and how far the criterion is from its limit."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...checks import check, is_whole
from ...complexity.generated import Generated
from ...complexity.hypernet import Hypernet, Map
from ...complexity.objectives import check_lam
from ...complexity.regularised import Regularised
from ...networks.gradients import Objective
from ...networks.models import linear
from ...runs.part import Part
from ...runs.store import Store
from ...training.loop import descend
from ...training.optim import StepRule, check_rate
from ..configuration import check_wholes, short
from .problem import Problem, Shrinkage, approximation_error, criterion, nearest, problem_of

DIRECT, INSIDE = "direct", "inside"
LOOKS = 30


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


def decaying_sgd(rate: float, offset: float) -> StepRule:
    """Stochastic gradient descent with update = -rate / (1 + t / offset) g: steps that sum to infinity, squared not."""

    def step(t: int, g: NDArray, w: NDArray) -> tuple[NDArray, int]:
        return -rate / (1 + t / offset) * g, t + 1

    return StepRule("decaying sgd", init=lambda w: 0, step=step)


def convergence_part(config: ConvergenceConfig, family: str) -> dict[str, NDArray]:
    """Train one family from every start; return the weights (looks, runs, lams, p) after each training length."""
    problem, model = config.problem, linear(config.n_features)
    purposes = (1, 2, 3)
    for_start, for_batches, for_lam = (
        [np.random.default_rng([config.seed, purpose, run]) for run in range(config.runs)] for purpose in purposes
    )
    of = Regularised("base", model, problem.data, config.lams, np.random.default_rng(0))
    start = np.stack([rng.standard_normal(config.n_features) for rng in for_start])
    lams = np.array(config.lams)
    objective: Objective = of
    w = np.repeat(start[:, None], len(lams), axis=1)
    if family != DIRECT:
        map_of = config.map_of(family)
        objective = Generated(of, map_of, for_lam, config.draws)
        w = np.repeat(start[:, None], map_of.n_rows, axis=1).reshape(config.runs, -1)
    loop = descend(model, problem.data, w, rng=for_batches, objective=objective, batch_size=config.batch_size,
                   rule=decaying_sgd(config.rate, config.offset))  # fmt: skip
    found, before = [], 0
    for step in config.looks:
        (last,) = deque(islice(loop, step - before), maxlen=1)  # the steps between are not kept
        before = step
        b = last.w.copy()
        found.append(b if family == DIRECT else map_of.basis(lams) @ b.reshape(config.runs, map_of.n_rows, -1))
    return {"w": np.stack(found)}


def convergence_parts(config: ConvergenceConfig, store: Store | None) -> list[Part]:
    """The work, one family at a time."""
    return [
        Part(f"{family.replace(' ', '-')}", convergence_part, (config, family), store) for family in config.families
    ]


@dataclass(frozen=True)
class ConvergenceOutcome:
    """Weights of every family (looks, runs, lams, p), and the approximation error of each number of knots."""

    config: ConvergenceConfig
    w: dict[str, NDArray]
    left: NDArray

    @classmethod
    def assemble(cls, config: ConvergenceConfig, parts: Sequence[dict[str, NDArray]]) -> "ConvergenceOutcome":
        """Put the results of ``convergence_parts`` together."""
        w = {family: part["w"] for family, part in zip(config.families, parts, strict=True)}
        return cls(config, w, np.array([config.left(knots) for knots in config.knots]))

    def error(self, family: str) -> NDArray:
        """The largest |g(w_n(lam)) - g(w*(lam))| over parameters, (looks, runs, lams)."""
        best = criterion(self.config.problem.best(self.config.lams))
        return np.abs(criterion(self.w[family]) - best).max(axis=-1)

    def floor(self, family: str) -> NDArray:
        """The same at what the family tends to, (lams,): 0 where it holds w*."""
        best = criterion(self.config.problem.best(self.config.lams))
        return np.abs(criterion(self.config.limit(family)) - best).max(axis=-1)


ERROR_COLUMNS = ("family", "lam", "steps", "mean", "std", "share_above", "floor")
ABOVE = 0.05
"""The theorem speaks of probability: that of an error above this."""


def error_rows(outcome: ConvergenceOutcome) -> Iterator[tuple]:
    """One row for each family, lam and training length: the error of the criterion over runs, and its limit."""
    for family in outcome.config.families:
        error, floor = outcome.error(family), outcome.floor(family)
        for i, lam in enumerate(outcome.config.lams):
            for t, steps in enumerate(outcome.config.looks):
                x = error[t, :, i]
                yield family, short(lam), steps, x.mean(), x.std(ddof=1), np.mean(x > ABOVE), floor[i]


LEFT_COLUMNS = ("knots", "error")


def left_rows(outcome: ConvergenceOutcome) -> Iterator[tuple]:
    """One row for each number of knots: the approximation error."""
    yield from zip(outcome.config.knots, outcome.left, strict=True)
