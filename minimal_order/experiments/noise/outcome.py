"""What an experiment on noise found: the parts put together, and the tidy tables made from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..configuration import short
from ..relevance.outcome import is_regression, short_number
from .config import NoiseConfig


@dataclass(frozen=True)
class NoiseOutcome:
    """All that an experiment on noise measured, as plain arrays; the runs come first.

    Attributes
    ----------
    config : what was asked for
    drawn : variance of the output, from draws (runs, orders, levels, noises)
    first : its first order at s = 1 (runs, orders, levels)
    signal : variance of the output over the objects, without noise (runs, orders, levels)
    metric : on test, without noise (runs, orders, levels)
    """

    config: NoiseConfig
    drawn: NDArray
    first: NDArray
    signal: NDArray
    metric: NDArray

    @classmethod
    def assemble(cls, config: NoiseConfig, parts: Sequence[dict[str, NDArray]]) -> "NoiseOutcome":
        """Put the results of ``noise_parts`` together."""
        names = ("drawn", "first", "signal", "metric")
        return cls(config, *(np.concatenate([part[name] for part in parts]) for name in names))

    @property
    def is_regression(self) -> bool:
        """Whether the output is a number and the metric an error."""
        return is_regression(self.config)

    def place(self, order: str) -> int:
        """Where an order stands on the axis of orders."""
        return self.config.orders.index(order)

    def variance(self, order: str) -> NDArray:
        """The variance of the output from draws (runs, levels, noises)."""
        return self.drawn[:, self.place(order)]

    @property
    def first_orders(self) -> NDArray:
        """What ``drawn`` is to first order (runs, orders, levels, noises)."""
        return self.first[..., None] * np.square(self.config.noises)

    def first_order(self, order: str) -> NDArray:
        """What ``variance`` is to first order (runs, levels, noises)."""
        return self.first_orders[:, self.place(order)]

    @property
    def unit(self) -> str:
        """What the variance of the output is measured in, or made of."""
        if not self.is_regression:
            return "sum over classes"
        kept = dict(self.config.setting.options).get("scale_y") is False
        return "squared units of the target" if kept else "variances of the target"

    def __repr__(self) -> str:
        return f"NoiseOutcome({self.config.dataset}, {self.config.model}, {self.config.runs} runs)"


NOISE_COLUMNS = ("dataset", "order", "level", "s", "runs", "variance", "std", "first_order", "signal", "metric")


def noise_rows(outcome: NoiseOutcome) -> Iterator[tuple]:
    """One row for each order, level and s: means over runs, and the deviation of the variance between them."""
    config = outcome.config
    for o, order in enumerate(config.orders):
        drawn, first = outcome.variance(order), outcome.first_order(order)
        for i, level in enumerate(config.levels):
            free = outcome.signal[:, o, i].mean(), outcome.metric[:, o, i].mean()
            for j, s in enumerate(config.noises):
                x = drawn[:, i, j]
                std = short_number(x.std(ddof=1)) if len(x) > 1 else None
                ends = map(short_number, (first[:, i, j].mean(), *free))
                yield config.dataset, order, short(level), short(s), len(x), short_number(x.mean()), std, *ends
