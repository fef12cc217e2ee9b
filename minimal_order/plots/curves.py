"""Curves over runs: mean, spread, and the interval of the mean."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from ..checks import check
from ..estimates import t_quantile
from .style import Look, Picture, band, frozen_axis, log_ticks, looks, new_figure, percent, styled
from .words import BANDS, runs


class Spread(NamedTuple):
    """Of a sample of curves, at every x."""

    mean: NDArray
    std: NDArray
    half: NDArray  # half the width of the 95 % interval of the mean


def over_runs(values: ArrayLike) -> Spread:
    """Summarise curves (runs, x) where they are finite; NaN where too few are."""
    values = np.asarray(values, float)
    finite = np.isfinite(values)
    n = finite.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(finite, values, 0).sum(axis=0) / n
        std = np.sqrt((np.where(finite, values - mean, 0) ** 2).sum(axis=0) / (n - 1))
        half = np.array([t_quantile(0.95, k - 1) if k > 1 else np.nan for k in n]) * std / np.sqrt(n)
    return Spread(mean, std, half)


def draw(axes: Axes, x: NDArray, values: ArrayLike, look: Look, **line: Any) -> None:
    """Draw the mean of curves (runs, x); ``line`` goes to ``Axes.plot``."""
    axes.plot(x, over_runs(values).mean, **look.line() | line)


def shade_std(axes: Axes, x: NDArray, values: ArrayLike, look: Look) -> None:
    """Shade the mean of curves (runs, x) +- their standard deviation."""
    mean, std, _ = over_runs(values)
    band(axes, x, mean - std, mean + std, look.color, 0.16)


def shade_interval(axes: Axes, x: NDArray, values: ArrayLike, look: Look) -> None:
    """Shade the 95 % interval of the mean of curves (runs, x)."""
    mean, _, half = over_runs(values)
    band(axes, x, mean - half, mean + half, look.color, 0.25)


def bar_interval(axes: Axes, x: NDArray, values: ArrayLike, look: Look) -> None:
    """Draw the 95 % interval of the mean of curves (runs, x) as bars, which hide less than bands."""
    mean, _, half = over_runs(values)
    axes.vlines(x, mean - half, mean + half, color=look.color, linewidth=1)


def share_axis(axes: Axes, label: str) -> None:
    """Make x a share, 0 ... 100 %; curves are drawn against ``percent(levels)``."""
    axes.set_xlabel(label)
    axes.set_xlim(-2, 102)
    axes.set_xticks(range(0, 101, 20))


def aside(x: NDArray, i: int, n: int) -> NDArray:
    """Move x, in per cent, a little for the i-th of n curves, so that their bars stand side by side."""
    return x + (i - (n - 1) / 2) * min(0.9, 3 / n)


@styled
def loss_curve(
    levels: ArrayLike,
    curves: Mapping[str, ArrayLike],
    ylabel: str = "loss",
    title: str = "",
    log: bool = False,
) -> Picture:
    """Draw quality against the share frozen.

    Parameters
    ----------
    levels : (levels,) shares in [0, 1]
    curves : by name of the order, (runs, levels), or (levels,) of one run
    ylabel, title : what it is
    log : whether y is logarithmic
    """
    levels = np.asarray(levels, float)
    table = {name: np.atleast_2d(np.asarray(values, float)) for name, values in curves.items()}
    for name, values in table.items():
        check(
            values.shape[1:] == levels.shape,
            f"curves[{name!r}].shape",
            values.shape,
            f"(runs, {levels.size})",
        )
    many = max((len(values) for values in table.values()), default=1)
    figure = new_figure(width=5.2, title=title, caption=f"Means of {runs(many)}; {BANDS}." if many > 1 else "")
    axes = figure.subplots()
    for i, (name, look) in enumerate(looks(list(table)).items()):
        x, values = percent(levels), table[name]
        shade_std(axes, x, values, look)
        bar_interval(axes, aside(x, i, len(table)), values, look)
        draw(axes, aside(x, i, len(table)), values, look)
    frozen_axis(axes)
    axes.set_ylabel(ylabel)
    if log:
        axes.set_yscale("log")
        log_ticks(axes.yaxis)
    axes.legend()
    return figure
