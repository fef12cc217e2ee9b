"""What an experiment on relevance found: the parts put together, and the tidy tables made from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...data.loading import available
from ...freezing.masks import rank_of
from ..configuration import short
from ..freeze.outcome import SPLITS
from .config import PruningConfig, RelevanceConfig
from .moving import ZEROED
from .parts import Curve, curves_of


def is_regression(config: PruningConfig) -> bool:
    """Whether the metric is an error."""
    return available()[config.setting.source].task == "regression"


def inner_levels(config: PruningConfig) -> NDArray[np.bool_]:
    """At which levels some of the parameters are removed, but not all, (levels,)."""
    return (config.ks > 0) & (config.ks < config.model.n_params)


@dataclass(frozen=True)
class RelevanceOutcome:
    """All that an experiment on relevance measured, as plain arrays; the runs come first.

    Attributes
    ----------
    config : what was asked for
    end_loss, end_metric : of every curve (runs, curves, levels, 2), train and test
    order : (runs, orders, p)
    steepest : the largest entry of the gradient at the end of the training, its decay included (runs,)
    size : the largest |w| there (runs,)
    """

    config: RelevanceConfig
    end_loss: NDArray
    end_metric: NDArray
    order: NDArray
    steepest: NDArray
    size: NDArray

    @classmethod
    def assemble(cls, config: RelevanceConfig, parts: Sequence[dict[str, NDArray]]) -> "RelevanceOutcome":
        """Put the results of ``relevance_parts`` together."""
        names = ("loss", "metric", "order", "steepest", "size")
        return cls(config, *(np.concatenate([part[name] for part in parts]) for name in names))

    @property
    def is_regression(self) -> bool:
        """Whether the metric is an error."""
        return is_regression(self.config)

    @property
    def metric_name(self) -> str:
        """What the metric is."""
        return "RMSE" if self.is_regression else "accuracy"

    @cached_property
    def curves(self) -> list[Curve]:
        """Every (order, way)."""
        return curves_of(self.config)

    def loss(self, order: str, way: str = ZEROED) -> NDArray:
        """The mean loss (runs, levels, 2) on train and test."""
        return self.end_loss[:, self.curves.index((order, way))]

    def metric(self, order: str, way: str = ZEROED) -> NDArray:
        """Root mean squared error or accuracy (runs, levels, 2), train and test."""
        return self.end_metric[:, self.curves.index((order, way))]

    def quality(self, order: str, way: str = ZEROED) -> NDArray:
        """The metric on test, more being better (runs, levels): the error with its sign changed."""
        return (-1 if self.is_regression else 1) * self.metric(order, way)[..., 1]

    def rank(self, order: str) -> NDArray:
        """When each parameter leaves, 1-based (runs, p)."""
        return rank_of(self.order[:, self.config.orders.index(order)])

    def __repr__(self) -> str:
        return f"RelevanceOutcome({self.config.dataset}, {self.config.model}, {self.config.runs} runs)"


# --- tidy tables ----------------------------------------------------------------------------------------

QUALITY_COLUMNS = ("dataset", "order", "rest", "level", "run", "split", "loss", "metric")


def quality_rows(outcome: RelevanceOutcome) -> Iterator[tuple]:
    """One row for each curve, level, run and split."""
    config = outcome.config
    for order, way in outcome.curves:
        loss, metric = outcome.loss(order, way), outcome.metric(order, way)
        for i, level in enumerate(config.levels):
            for run in range(config.runs):
                for s, split in enumerate(SPLITS):
                    where = (config.dataset, order, way, short(level), run, split)
                    yield (*where, loss[run, i, s], metric[run, i, s])


MEAN_COLUMNS = ("dataset", "order", "rest", "level", "split", "runs", "loss", "metric", "metric_std")


def mean_rows(outcome: RelevanceOutcome) -> Iterator[tuple]:
    """One row for each curve, level and split: means over runs."""
    config = outcome.config
    for order, way in outcome.curves:
        loss, metric = outcome.loss(order, way), outcome.metric(order, way)
        for i, level in enumerate(config.levels):
            for s, split in enumerate(SPLITS):
                x = metric[:, i, s]
                std = short_number(x.std(ddof=1)) if len(x) > 1 else None
                means = short_number(loss[:, i, s].mean()), short_number(x.mean())
                yield (config.dataset, order, way, short(level), split, len(x), *means, std)


def short_number(x: float) -> float:
    """Six digits, for tables that are kept."""
    return float(f"{x:.6g}")
