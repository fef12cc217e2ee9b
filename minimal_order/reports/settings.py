"""The files of the sweep of settings, and its verdict, computed from the numbers by a rule fixed beforehand.

A setting *reaches* the published ratio under an order if the 95 % interval of its ratio on test, at half
frozen, contains .46 or lies below it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..experiments.published import CURVES, STABILITY
from ..experiments.settings.config import COMPARED, READINGS, SWEEP, Setting, SettingsConfig
from ..experiments.settings.outcome import (
    STABILITY_COLUMNS,
    Row,
    SettingsOutcome,
    distance,
    published_ratio,
    stability_rows,
)
from ..runs.files import csv_text
from ..runs.store import Store
from .output import write_all
from .text import document, table

ESTIMATES = ("late_covariance", "batch_covariance", "exact_covariance")
"""The covariance, known better than by (2.6)."""

GRADIENTS = np.geomspace(100, 1e7, 51)


class Tally(NamedTuple):
    """How an order fares over a group of settings."""

    rows: list[Row]

    @property
    def reached(self) -> list[Row]:
        """Where it reaches the published ratio."""
        return [row for row in self.rows if row.reached]

    @property
    def lowest(self) -> Row:
        """Where its ratio is lowest."""
        return min(self.rows, key=lambda row: np.nan_to_num(row.ratio, nan=np.inf))

    @property
    def frequency(self) -> str:
        """In how many settings it reaches the ratio."""
        return f"{len(self.reached)} of {len(self.rows)}"


def isotropic(setting: Setting) -> bool:
    """Whether x ~ N(0, I), as (3.1) has it."""
    return "feature_spread" not in setting.changes


def tally(outcome: SettingsOutcome, order: str, settings: Iterable[Setting]) -> Tally:
    """Collect the test ratios of an order in those of the settings that have it."""
    return Tally([outcome.row(s, order, "test") for s in settings if order in outcome.orders(s)])


def stability_distance(outcome: SettingsOutcome, row: Row) -> float:
    """Root mean square distance of s(k) from the published one."""
    return distance(outcome.stability(row.setting, row.order), STABILITY["synthetic3"].s)


def gradients_needed(outcome: SettingsOutcome) -> float:
    """From how many gradients at t0 the covariance should reach the ratio; infinite if from no number."""
    ratio = np.minimum.accumulate(outcome.expected_ratio(GRADIENTS))  # it is simulated, so not quite monotone
    target = published_ratio("test")
    return float(np.exp(np.interp(-target, -ratio, np.log(GRADIENTS)))) if ratio[-1] <= target else np.inf


def nearest(outcome: SettingsOutcome) -> Row | None:
    """Of all whose interval contains the published ratio, with x ~ N(0, I): the nearest in stability."""
    equal = [setting for setting in outcome.config.settings if isotropic(setting)]
    rows = [row for order in (*COMPARED[1:], *READINGS) for row in tally(outcome, order, equal).rows]
    fitting = [row for row in rows if row.estimate.covers(published_ratio("test"))]
    return min(fitting, key=lambda row: stability_distance(outcome, row), default=None)


# --- in words -------------------------------------------------------------------------------------------


def number(x: float) -> str:
    """Two digits, or the whole number if it has more: .46, 9.5, 140 000."""
    if not np.isfinite(x):
        return "infinitely many"
    text = f"{x:.2g}" if abs(x) < 100 else f"{float(f'{x:.2g}'):,.0f}".replace(",", " ")
    return text.removeprefix("0") if x else "0"


def where(rows: list[Row]) -> str:
    """Name settings with their ratios."""
    return "; ".join(f"`{r.setting}` {r.estimate}, M = {number(r.multiple)}" for r in rows) or "none"


def verdict(outcome: SettingsOutcome) -> str:
    """Say what was found, in Markdown."""
    settings, curve = outcome.config.settings, CURVES["synthetic3", "test"]
    groups = [s for s in settings if isotropic(s)], [s for s in settings if not isotropic(s)]
    equal, unequal = (tally(outcome, "gradient_covariance", group) for group in groups)
    base = outcome.row(settings[0], "gradient_covariance", "test")
    better = [row for order in ESTIMATES for row in tally(outcome, order, groups[0]).reached]
    multiple = curve.covariance[-1] / curve.covariance[0]
    share = f"{len(settings)} of the {len(SWEEP)} settings of `minimal-order settings`. " * outcome.config.few
    paragraphs = [
        f"{share}Published, at half frozen: {number(published_ratio('test'))} of random's loss on test, "
        f"{number(published_ratio('train'))} on train; all frozen, the test loss is M = {number(multiple)} "
        "times that with nothing frozen. A setting *reaches* this if the 95 % interval of its ratio on "
        f"test contains the published one or lies below it. {len(settings)} settings, "
        f"{outcome.config.runs} runs of each.",
        f"**The covariance order (2.6)** has {base.estimate} in the base setting, where the variance of "
        f"the gradient makes one expect {number(base.predicted or np.nan)}. With x ~ N(0, I), as "
        f"published, it reaches the ratio in {equal.frequency} settings: {where(equal.reached)}. With "
        f"features of unequal scale in {unequal.frequency}: {where(unequal.reached)}.",
        f"**What it lacks is gradients:** (2.6) has seen one at each of {base.t0} steps; by the formula "
        "the variance at t0 of the base setting would have to be known from those of about "
        f"{number(gradients_needed(outcome))} different objects. "
        f"Better estimates of the covariance reach the ratio, with x ~ N(0, I), in: {where(better)}.",
        tally_table(outcome, *groups),
        nearest_text(outcome),
    ]
    return "\n\n".join(paragraphs)


def tally_table(outcome: SettingsOutcome, equal: list[Setting], unequal: list[Setting]) -> str:
    """Every order: in how many settings it reaches the ratio, and where its own is lowest."""
    lines = []
    for order in (*COMPARED[1:], *READINGS):
        here, there = tally(outcome, order, equal), tally(outcome, order, unequal)
        lines.append((order, here.frequency, there.frequency, here.lowest.estimate, here.lowest.setting))
    return table(("order", "reached, x ~ N(0, I)", "unequal scales", "lowest, x ~ N(0, I)", "in"), lines)


def nearest_text(outcome: SettingsOutcome) -> str:
    """Say what comes nearest to all that is published."""
    row = nearest(outcome)
    if row is None:
        return "With x ~ N(0, I), no interval contains the published ratio."
    own = stability_distance(outcome, row._replace(order="gradient_covariance"))
    names = ("batch_second_moment", "gradient_covariance", "random")
    curves = ", ".join(f"{number(outcome.curve_distance(name, 'test'))} ({name})" for name in names)
    return (
        "**Nearest to the paper**, of all with x ~ N(0, I) whose interval contains the ratio, is in "
        f"stability the order `{row.order}` in `{row.setting}`, {row.estimate}: its s(k) is "
        f"{number(stability_distance(outcome, row))} from the published one, in the root mean square over "
        f"10 ... 90 % frozen, and that of (2.6) in the same setting {number(own)}. It is the nearest of "
        "many. On data not used in choosing it, the setting `curve`, whole test curves, from 0 with "
        f"nothing frozen to 1 with all, differ from the published by {curves}. What the authors' program "
        "did cannot be known from this."
    )


def settings_files(outcome: SettingsOutcome) -> dict[str, str]:
    """The tables and the report, by name of the file."""
    config = outcome.config
    smaller = " --quick" if config.t1 == SettingsConfig.small().t1 else " --few" * config.few
    command = f"minimal-order settings{smaller} --runs {config.runs} --seed {config.seed}"
    readings = "\n".join(f"- `{name}`: {text}" for name, text in READINGS.items())
    report = ["# Synthetic 3: the settings that are not published", f"Made by `{command}`.", verdict(outcome)]
    return {
        "settings.csv": csv_text(Row._fields, outcome.rows()),
        "stability.csv": csv_text(STABILITY_COLUMNS, stability_rows(outcome)),
        "report.md": document([*report, "Beside the orders of the package:", readings]),
    }


def write_settings(store: Store, outcome: SettingsOutcome) -> tuple[str, list[Path]]:
    """Write the tables, the report and the figures; return the verdict and the paths."""
    from ..plots.settings import figures

    return verdict(outcome), write_all(store, settings_files(outcome), figures(outcome))
