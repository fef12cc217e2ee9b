"""How far each order is from the best selection there is, on networks small enough to try every pair of masks."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...checks import check_name
from ...data.dataset import Dataset
from ...data.loading import load
from ...freezing.masks import by_score, freeze_mask, prune_mask
from ...freezing.selection import Selection, joint_selection
from ...networks.models import MLP, linear, mlp
from ...orders import compute_order
from ...runs.part import Part
from ...runs.store import Store
from ...training.optim import sgd
from ...training.train import Training, train
from ..configuration import check_wholes
from .config import DEFAULT_ORDERS

PROBLEMS = ("boston", "synthetic3")
"""Boston by rooms and share of poor alone, a network 2-2-1 of 9 parameters; Synthetic 3 with 9 features, linear."""

ROOMS, POOR = 5, 12
"""Columns of Boston."""

RUNS_A_PART = 5


@dataclass(frozen=True)
class OracleConfig:
    """The comparison with the best selection; the results depend on this and on nothing else.

    Parameters
    ----------
    runs : independent runs, each with its own split or data, initial parameters and batches
    ks, ls : how many of the 9 parameters stay optimised, and how many stay in the network; every pair is searched
    eta0, eta1 : steps before the parameters are ordered, and after: these, as in the talk, on all objects
    batch_size, rate : of the first steps, and of the rule ``sgd``
    seed : of everything random
    """

    runs: int = 25
    ks: tuple[int, ...] = (2, 4, 6, 8)
    ls: tuple[int, ...] = (4, 6, 9)
    eta0: int = 10
    eta1: int = 50
    batch_size: int = 64
    rate: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        check_wholes(self, {"runs": 1, "eta0": 1, "eta1": 1, "batch_size": 2, "seed": 0})

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Every k with every l."""
        return [(k, n_kept) for k in self.ks for n_kept in self.ls]

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values."""
        return asdict(self)


def problem(name: str, rng: np.random.Generator) -> tuple[MLP, Dataset]:
    """A network of nine parameters and its data."""
    seed = int(rng.integers(2**31))
    if check_name("problem", name, PROBLEMS) == "synthetic3":
        return linear(9), load("synthetic3", seed=seed, split_seed=seed, n_features=9, n_train=400, n_test=100)
    data = load("boston", split_seed=seed)
    X = [part[:, [ROOMS, POOR]] for part in (data.X_train, data.X_test)]
    return mlp(2, 2, 1), replace(data, X_train=X[0], X_test=X[1])


def oracle_parts(config: OracleConfig, store: Store | None) -> list[Part]:
    """The work, a few runs of a problem at a time."""
    runs = [tuple(range(config.runs))[i : i + RUNS_A_PART] for i in range(0, config.runs, RUNS_A_PART)]
    return [
        Part(f"oracle-{name}-{some[0]:03d}-{some[-1]:03d}", oracle_part, (config, name, some), store)
        for name in PROBLEMS
        for some in runs
    ]


def oracle_part(config: OracleConfig, name: str, runs: tuple[int, ...]) -> dict[str, NDArray]:
    """Search every pair of masks for a few runs of a problem.

    Returns
    -------
    ``best`` (runs, pairs), the smallest loss on the training part; ``loss`` and ``better`` (runs, pairs, orders), that
    with alpha from an order and beta from the magnitude, and the share of all pairs of masks that are better.
    """
    shape = (len(runs), len(config.pairs))
    best, loss, better = np.empty(shape), *(np.empty((*shape, len(DEFAULT_ORDERS))) for _ in range(2))
    for i, run in enumerate(runs):
        rng = np.random.default_rng([config.seed, PROBLEMS.index(name), run])
        model, data = problem(name, rng)
        rule = sgd(config.rate)
        start = train(
            model,
            data,
            model.init(rng),
            steps=config.eta0,
            rng=rng,
            rule=rule,
            batch_size=config.batch_size,
            covariance="batch",
            keep=min(5, config.eta0),
        )
        orders = [compute_order(order, start, rng) for order in DEFAULT_ORDERS]
        for j, (k, n_kept) in enumerate(config.pairs):
            found = joint_selection(start, k, n_kept, steps=config.eta1, rng=np.random.default_rng(run), rule=rule)
            best[i, j] = found.best[2]
            for o, order in enumerate(orders):
                loss[i, j, o] = by_order(found, start, order, k, n_kept)
            better[i, j] = (found.loss[..., None] < loss[i, j]).mean(axis=(0, 1))
    return {"best": best, "loss": loss, "better": better}


def by_order(found: Selection, start: Training, order: NDArray, k: int, n_kept: int) -> float:
    """The loss with alpha from an order and beta from the magnitude of the weights that this leaves."""
    p = start.w.size
    alpha = freeze_mask(order, k=p - k)
    (a,) = np.flatnonzero((found.alphas == alpha).all(axis=1))
    return found.of(alpha, prune_mask(by_score(np.abs(found.w[a])), k=p - n_kept))


@dataclass(frozen=True)
class OracleOutcome:
    """By problem: ``best`` (runs, pairs), ``loss`` and ``better`` (runs, pairs, orders)."""

    config: OracleConfig
    best: dict[str, NDArray]
    loss: dict[str, NDArray]
    better: dict[str, NDArray]

    @classmethod
    def assemble(cls, config: OracleConfig, parts: Sequence[dict[str, NDArray]]) -> "OracleOutcome":
        """Put the results of ``oracle_parts`` together."""
        each = len(parts) // len(PROBLEMS)
        of = {name: parts[i * each : (i + 1) * each] for i, name in enumerate(PROBLEMS)}
        tables = (
            {n: np.concatenate([one[what] for one in of[n]]) for n in PROBLEMS} for what in ("best", "loss", "better")
        )
        return cls(config, *tables)

    def gap(self, name: str) -> NDArray:
        """The loss over the best, less one, (runs, pairs, orders)."""
        return self.loss[name] / self.best[name][..., None] - 1


ORACLE_COLUMNS = ("problem", "k", "l", "order", "run", "best", "loss", "better")


def oracle_rows(outcome: OracleOutcome) -> Iterator[tuple]:
    """One row for each problem, k, l, order and run."""
    for name in PROBLEMS:
        for j, (k, n_kept) in enumerate(outcome.config.pairs):
            for o, order in enumerate(DEFAULT_ORDERS):
                for run in range(outcome.config.runs):
                    found = (outcome.best[name][run, j], outcome.loss[name][run, j, o], outcome.better[name][run, j, o])
                    yield (name, k, n_kept, order, run, *found)
