"""The experiment: training of several families on the convex problem, and how far the criterion is from its limit."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ...complexity.generated import Generated
from ...complexity.regularised import Regularised
from ...networks.gradients import Objective
from ...networks.models import linear
from ...runs.part import Part
from ...runs.store import Store
from ...training.loop import descend
from ...training.optim import StepRule
from ..configuration import short
from .config import DIRECT, ConvergenceConfig
from .problem import criterion


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
