"""What the sweep of settings found: ratios with their intervals, stability, and the tidy tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...estimates import Estimate, leave_one_out_interval
from ...freezing.masks import by_score, freeze_mask
from ...freezing.stability import stability
from ..freeze.outcome import SPLITS
from ..published import CURVES, LEVELS
from .config import COMPARED, CURVE, READINGS, Setting, SettingsConfig
from .prediction import frozen_share, ratio_of_losses, sample_noise

INNER = LEVELS[1:-1]


def published_ratio(split: str) -> float:
    """Return the covariance order's loss over random's at half frozen, as published: .46."""
    curve = CURVES["synthetic3", split]
    return round(float(curve.covariance[5] / curve.random[5]), 2)


def ratio_interval(a: NDArray, b: NDArray) -> Estimate:
    """Divide the mean losses (runs,) of two orders on the same runs; ends by a jackknife of the logarithm."""

    def log_ratio(x: NDArray, y: NDArray) -> NDArray:
        return np.log(x.mean(axis=-1) / y.mean(axis=-1))

    n = np.arange(len(a))
    others = (n[:, None] + n[1:]) % len(a)  # row i: all runs but i
    estimate = leave_one_out_interval(log_ratio(a, b), log_ratio(a[others], b[others]))
    return Estimate(*map(np.exp, estimate))


def distance(a: NDArray, b: NDArray) -> float:
    """Root mean square of the differences."""
    return float(np.sqrt(np.mean((a - b) ** 2)))


def relative(curve: NDArray) -> NDArray:
    """Put losses (levels,) as shares of the way from nothing frozen to all: free of the scale of y."""
    return (curve - curve[0]) / (curve[-1] - curve[0])


class Row(NamedTuple):
    """One line of ``settings.csv``: the loss of an order over that of random, at half frozen."""

    setting: str
    factor: str
    value: float | str
    order: str
    split: str
    ratio: float
    low: float
    high: float
    predicted: float | None  # by the formulas of ``prediction``, where there is one
    runs: int  # that did not diverge
    diverged: int
    t0: int
    multiple: float  # loss with all frozen over loss with nothing frozen

    @property
    def estimate(self) -> Estimate:
        """The ratio with its interval."""
        return Estimate(self.ratio, self.low, self.high)

    @property
    def reached(self) -> bool:
        """Whether the interval contains the published ratio of this split or lies below it."""
        return self.low <= published_ratio(self.split)


@dataclass(frozen=True)
class SettingsOutcome:
    """All that the sweep measured.

    Attributes
    ----------
    config : what was asked for
    parts : by name of the setting, what ``settings_part`` returned
    """

    config: SettingsConfig
    parts: Mapping[str, Mapping[str, NDArray]]

    @classmethod
    def assemble(cls, config: SettingsConfig, parts: Sequence[Mapping[str, NDArray]]) -> "SettingsOutcome":
        """Put together the results of ``settings_parts``, which come in the order of these."""
        names = [setting.name for setting in [*config.settings, CURVE]]
        return cls(config, dict(zip(names, parts, strict=True)))

    def orders(self, setting: Setting) -> list[str]:
        """Name the orders that a setting has besides random, in the order of the tables."""
        return [name for name in (*COMPARED[1:], *READINGS) if f"loss/{name}" in self.parts[setting.name]]

    def finite(self, setting: str, *orders: str) -> NDArray:
        """Which runs (runs,) diverged neither under these orders nor with nothing or everything frozen."""
        diverged = [self.parts[setting][f"diverged/{name}"] for name in ("", *orders)]
        return np.all([(steps == 0).all(axis=1) for steps in diverged], axis=0)

    def row(self, setting: Setting, order: str, split: str) -> Row:
        """Hold an order against random at half frozen; no ratio if fewer than three runs did not diverge."""
        part, s = self.parts[setting.name], SPLITS.index(split)
        half = self.config.freeze_config(setting).levels.index(0.5) - 1
        good = self.finite(setting.name, order, "random")
        where = (setting.name, setting.factor, setting.value, order, split)
        counts = (int(good.sum()), int((~good).sum()), int(part["t0"]))
        if good.sum() < 3:
            return Row(*where, np.nan, np.nan, np.nan, None, *counts, np.nan)
        a, b = (part[f"loss/{name}"][good][:, half, s] for name in (order, "random"))
        free, frozen = part["loss/"][good][:, :, s].mean(axis=0)
        share = part.get(f"share/{order}")
        predicted = None if share is None else float(ratio_of_losses(share[good].mean(), frozen / free))
        ratio, low, high = map(float, ratio_interval(a, b))
        return Row(*where, ratio, low, high, predicted, *counts, float(frozen / free))

    def rows(self) -> Iterator[Row]:
        """Every setting, order and split."""
        for setting in self.config.settings:
            for order in self.orders(setting):
                for split in SPLITS:
                    yield self.row(setting, order, split)

    def stability(self, setting: str, order: str) -> NDArray:
        """s(k) at the published levels in the setting of this name, (9,)."""
        rank = self.parts[setting][f"rank/{order}"][self.finite(setting, order)]
        if len(rank) < 2:
            return np.full(len(INNER), np.nan)
        return stability(freeze_mask(by_score(rank), INNER))

    def curve(self, order: str, split: str) -> NDArray:
        """Mean loss at the published levels in the setting ``CURVE``, (11,)."""
        part, s, good = self.parts[CURVE.name], SPLITS.index(split), self.finite(CURVE.name, order)
        free, frozen = part["loss/"][good][:, :, s].mean(axis=0)
        return np.array([free, *part[f"loss/{order}"][good][:, :, s].mean(axis=0), frozen])

    def curve_distance(self, order: str, split: str) -> float:
        """Root mean square distance to the published curve, both from 0, nothing frozen, to 1, all frozen."""
        curve = CURVES["synthetic3", split]
        published = curve.random if order == "random" else curve.covariance
        return distance(relative(self.curve(order, split))[1:-1], relative(published)[1:-1])

    def expected_ratio(self, n_gradients: NDArray) -> NDArray:
        """Predict the ratio if the variance at t0 of the base setting were known from N gradients."""
        part, good = self.parts["base"], self.finite("base")
        variance, cost = part["variance"][good], part["cost"][good]
        free, frozen = part["loss/"][good][:, :, 1].mean(axis=0)
        rng = np.random.default_rng(self.config.seed)
        noise = [variance * np.sqrt(sample_noise(n)) for n in n_gradients]
        shares = [frozen_share(variance, sd, cost, rng).mean() for sd in noise]
        return ratio_of_losses(shares, frozen / free)


STABILITY_COLUMNS = ("setting", "factor", "value", "order", "level", "s")


def stability_rows(outcome: SettingsOutcome) -> Iterator[tuple]:
    """One row for every setting, order and level."""
    for setting in outcome.config.settings:
        for order in outcome.orders(setting):
            for level, s in zip(INNER, outcome.stability(setting.name, order), strict=True):
                yield (setting.name, setting.factor, setting.value, order, f"{level:g}", s)
