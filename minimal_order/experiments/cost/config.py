"""What the experiment ``cost`` is told: settings, networks, and the ways of freezing a share of them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...checks import check, check_name
from ...data.dataset import Dataset
from ...freezing.masks import by_score, n_frozen, rank_of
from ...networks.models import MLP, linear, mlp
from ...networks.params import Layout
from ...training.optim import STEP_RULES, StepRule, check_rate
from ...training.train import train
from ..configuration import check_wholes
from ..freeze.runs import load_cached


class Setup(NamedTuple):
    """A network of the comparison, the data its order comes from, and how much training it gets at most."""

    dataset: str
    model: MLP
    most_steps: int
    most_runs: int


# fmt: off
SETUPS = {
    #                    data set      network            steps  runs, fewer where they differ little
    "linear 200": Setup("synthetic3", linear(200),        1000,  25),
    "13-20-1":    Setup("boston",     mlp(13, 20, 1),     1000,  25),
    "200-20-1":   Setup("synthetic1", mlp(200, 20, 1),    1000,  25),
    "784-10-10":  Setup("mnist",      mlp(784, 10, 10),   1000,   5),
    "784-200-10": Setup("mnist",      mlp(784, 200, 10),   100,   5),
}
# fmt: on


@dataclass(frozen=True)
class CostConfig:
    """What is counted and measured.

    Parameters
    ----------
    models : names in ``SETUPS``
    levels : shares of the weights to freeze; of units and layers about every number
    batch_size, optimizer, rate : of a step
    t0 : steps over which the covariance is collected, when its cost is weighed against what freezing saves
    order_steps : steps of training before the covariance order is read off
    runs : independent trainings, and random draws of what is frozen; of both no more than the set-up allows
    repeats, chunk : how often each kind of step is timed, and for about how many seconds at once
    seed, dtype : of everything random, and of all arithmetic

    Raises
    ------
    ValueError : naming argument, value and expectation.
    """

    models: tuple[str, ...] = tuple(SETUPS)
    levels: tuple[float, ...] = tuple(i / 10 for i in range(11))
    batch_size: int = 64
    optimizer: str = "adam"
    rate: float = 1e-3
    t0: int = 1000
    order_steps: int = 1000
    runs: int = 25
    repeats: int = 21
    chunk: float = 0.001
    seed: int = 0
    dtype: str = "float32"

    def __post_init__(self) -> None:
        for name in self.models:
            check_name("models", name, SETUPS)
        check_wholes(self, {"batch_size": 2, "t0": 1, "order_steps": 1, "runs": 2, "repeats": 1, "seed": 0})
        n_frozen(self.levels, 1)  # refuses what is no share
        check_name("optimizer", self.optimizer, STEP_RULES)
        check_rate(self.rate)
        check_name("dtype", self.dtype, ("float32", "float64"))
        check(0 < self.chunk < 1, "chunk", self.chunk, "seconds, between 0 and 1")

    @classmethod
    def quick(cls, **others: Any) -> "CostConfig":
        """Take the four models of the paper, less training, and few measurements."""
        less: dict[str, Any] = {"order_steps": 100, "runs": 3, "repeats": 5, "chunk": 0.0005}
        return cls(**{"models": tuple(SETUPS)[:4]} | less | others)

    @property
    def rule(self) -> StepRule:
        """The step rule."""
        return STEP_RULES[self.optimizer](self.rate)

    def generator(self, model: str, *purpose: int) -> np.random.Generator:
        """Return a stream of its own for each model and purpose."""
        return np.random.default_rng([self.seed, list(SETUPS).index(model), *purpose])

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values."""
        return asdict(self)


# --- what is frozen -------------------------------------------------------------------------------------


def units_of(layout: Layout) -> NDArray:
    """Return the unit whose weight or bias each parameter is, (p,), numbered through all layers."""
    before = np.concatenate([[0], np.cumsum(layout.sizes[1:])])
    return before[layout.layer - 1] + layout.unit


class Way(NamedTuple):
    """A way of freezing: groups of parameters that freeze together, one group after the other."""

    group: Callable[[Layout], NDArray]  # the group of each parameter (p,), 0-based
    sequence: Callable[[int, NDArray, np.random.Generator], NDArray]  # of n groups; may use the order (p,)


# fmt: off
WAYS = {
    "weights, random":
        Way(lambda layout: np.arange(layout.n_params), lambda n, order, rng: rng.permutation(n)),
    "weights, covariance order":
        Way(lambda layout: np.arange(layout.n_params), lambda n, order, rng: order),
    "units, random":
        Way(units_of,                                  lambda n, order, rng: rng.permutation(n)),
    "layers, input first":
        Way(lambda layout: layout.layer - 1,           lambda n, order, rng: np.arange(n)),
    "layers, output first":
        Way(lambda layout: layout.layer - 1,           lambda n, order, rng: np.arange(n)[::-1]),
}
# fmt: on
"""The ways of freezing."""

MOST_GROUPS = 21
"""Units freeze in about so many steps where there are more: as many as the paper's networks have."""


def masks_of_way(
    way: str, layout: Layout, order: NDArray, rng: np.random.Generator, levels: Sequence[float]
) -> NDArray:
    """Return masks (masks, p) in which more and more is frozen; ``levels`` are for single weights.

    ``order`` (p,) is the covariance order.
    """
    group = WAYS[way].group(layout)
    n = group.max() + 1
    steps = min(n, MOST_GROUPS)
    shares = levels if n == layout.n_params else [i / steps for i in range(steps + 1)]
    rank = rank_of(WAYS[way].sequence(n, order, rng))
    return rank[group] > np.unique(n_frozen(shares, n))[:, None]


def dataset_of(config: CostConfig, model: str) -> Dataset:
    """Load the data of one model."""
    return load_cached(SETUPS[model].dataset, config.seed, config.seed, config.dtype, ())


def covariance_orders(config: CostConfig, model: str, data: Dataset) -> NDArray:
    """Train every run for a while and return its order of the smallest diag C first, (runs, p)."""
    setup = SETUPS[model]
    runs = min(config.runs, setup.most_runs)
    w = np.stack([setup.model.init(config.generator(model, run, 0)) for run in range(runs)])
    training = train(
        setup.model,
        data,
        w.astype(config.dtype),
        steps=min(config.order_steps, setup.most_steps),
        rng=[config.generator(model, run, 1) for run in range(runs)],
        rule=config.rule,
        batch_size=config.batch_size,
        covariance="running",
    )
    return by_score(np.asarray(training.C))


class Masked(NamedTuple):
    """One mask of the comparison."""

    model: str
    way: str
    run: int
    alpha: NDArray  # (p,)


def masks_of(config: CostConfig, model: str, orders: NDArray) -> list[Masked]:
    """Return every mask of one model; those of whole layers, the same in every run, stand there once."""
    layout = SETUPS[model].model.layout
    return [
        Masked(model, way, run, alpha)
        for w, way in enumerate(WAYS)
        for run in range(1 if way.startswith("layers") else len(orders))
        for alpha in masks_of_way(way, layout, orders[run], config.generator(model, run, 2, w), config.levels)
    ]
