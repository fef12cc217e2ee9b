"""Figures of how far independent runs agree on which parameters to freeze."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from ..experiments import published as paper
from ..experiments.freeze.outcome import PANELS, Agreement, Outcome
from ..networks.params import Layout
from . import words
from .style import (
    BLACK,
    SMALL,
    WIDE,
    Look,
    Picture,
    band,
    frozen_axis,
    legend_below,
    looks,
    new_figure,
    percent,
    styled,
)

SOME = 25
"""How many consecutive parameters the small panels show, as in the paper."""


@styled
def alpha(outcome: Outcome) -> Picture | None:
    """Draw the four panels of alpha_hat: the paper's second kind of figure; None if every run diverged.

    All parameters ordered by (a) the covariance and (b) at random, and ``SOME`` of them by (c) the covariance
    and (d) at random. Each column is the vector alpha_hat(k) of a level.
    """
    pair, p, layout = words.pair(outcome), outcome.config.model.n_params, outcome.config.model.layout
    n_runs = len(outcome.comparisons[outcome.panels][pair[0]])
    if n_runs == 0:
        return None
    start = some_parameters(outcome.live)
    stop = min(start + SOME, p)
    deep = len(layout.blocks) > 1
    caption = (
        f"A column is the vector $\\hat\\alpha(k)$ of one level: the mean of the masks of "
        f"{words.runs(n_runs)} with new {words.factors(outcome.panels)}, t0 = {outcome.t0}. "
        f"If runs do not agree it is flat: 1 less the share frozen. {'w lists W1 unit by unit. ' * deep}"
        f"(c), (d): parameters {start} to {stop - 1}, {layout.name(start)} to {layout.name(stop - 1)}."
    )
    title = words.title(outcome, "which parameters are frozen")
    figure = new_figure(height=6.0, title=title, caption=caption)
    axes = figure.subplots(2, len(pair), sharey="row", sharex=True, squeeze=False)
    for column, name in enumerate(pair):
        mean, label = outcome.alpha_hat(name), looks(pair)[name].label
        show(axes[0, column], mean, 0)
        drawn = show(axes[1, column], mean[:, start:stop], start)
        axes[0, column].set_title(f"({'ab'[column]}) all, {label}")
        axes[1, column].set_title(f"({'cd'[column]}) {stop - start} of them, {label}")
        axes[1, column].set_xlabel("frozen, % of parameters")
        level_ticks(axes[1, column], np.array(outcome.config.levels))
    for row in (0, 1):
        axes[row, 0].set_ylabel("index of the parameter in w")
    if deep:
        mark_blocks(axes[0, -1], layout)
    bar = figure.colorbar(drawn, ax=axes, fraction=0.04, pad=0.02)
    bar.set_label("share of runs that still optimise the parameter")
    return figure


def some_parameters(live: NDArray) -> int:
    """Choose where ``SOME`` parameters begin: nearest to the middle, with as many live ones as can be."""
    if live.size <= SOME:
        return 0
    n_live = np.convolve(live, np.ones(SOME, int), "valid")
    starts = np.flatnonzero(n_live == n_live.max())
    return int(starts[np.abs(starts - (live.size - SOME) / 2).argmin()])


def show(axes: Axes, alpha_hat: NDArray, start: int) -> AxesImage:
    """Draw alpha_hat (levels, p) as an image, a column a level, the first parameter on top.

    Many parameters share a pixel: matplotlib then averages over them. It would also blur the edges of the few
    wide columns, so these are repeated first.
    """
    levels, p = alpha_hat.shape
    many = p > 100
    axes.grid(False)
    return axes.imshow(
        np.repeat(alpha_hat.T.astype(np.float32), 1 + 240 // levels if many else 1, axis=1),
        cmap="cividis",  # even steps of lightness, for colour-blind readers too
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="auto" if many else "nearest",
        extent=(-0.5, levels - 0.5, start + p - 0.5, start - 0.5),
    )


def level_ticks(axes: Axes, levels: NDArray) -> None:
    """Name the columns, at most eleven of them."""
    places = np.arange(0, len(levels), -(-len(levels) // 11))
    axes.set_xticks(places, [f"{100 * level:.3g}" for level in levels[places]])


def mark_blocks(axes: Axes, layout: Layout) -> None:
    """Write the tensors W1, b1, ... beside the axis, those too small for a line of their own together."""
    labels: list[tuple[float, str]] = []
    beside = axes.get_yaxis_transform()
    for block in layout.blocks:
        middle = (block.start + block.stop - 1) / 2
        if labels and middle - labels[-1][0] < 0.06 * layout.n_params:
            labels[-1] = (labels[-1][0], f"{labels[-1][1]}, {block.name}")
        else:
            labels.append((middle, block.name))
        if block.start:
            edge = block.start - 0.5
            axes.plot([1, 1.03], [edge, edge], transform=beside, clip_on=False, color=BLACK, linewidth=1)
    for middle, label in labels:
        axes.text(1.04, middle, label, transform=beside, fontsize=SMALL, va="center")


@styled
def stability(outcome: Outcome, table: Sequence[Agreement]) -> Picture | None:
    """Draw the mean correlation rho_bar(k) of two runs' masks against the share frozen.

    A panel a condition: what is new in every run, and whether hidden units were aligned.

    Parameters
    ----------
    outcome : the experiment
    table : its ``agreements``; those of the covariance order and of the random one are drawn. None of them,
        with fewer than three runs, makes no figure
    """
    pair = words.pair(outcome)
    rows = [row for name in pair for row in table if row.order == name]
    if not rows:
        return None
    conditions = list(dict.fromkeys(row.condition for row in table))
    theirs = paper.STABILITY.get(outcome.config.dataset)
    caption = (
        "Mean correlation of the masks α(k) of two runs, with 95 % jackknife intervals over runs; 1 = all "
        f"freeze the same parameters, 0 = chance. {words.runs(outcome.config.runs)} a panel, "
        f"t0 = {outcome.t0}."
    )
    if any(row.parameters == "live" for row in rows):
        caption += " Live: parameters whose gradient ever varied."
    if theirs is not None:
        caption += (
            f" Published: s(k) of the image of {theirs.runs} runs in Grabovoy, Bakhteev, Strijov 2020, "
            "converted by s = 1/r + (1 − 1/r) $\\bar\\rho$."
        )
    n_columns = 2 if len(conditions) in (2, 4) else min(3, len(conditions))
    n_rows = -(-len(conditions) // n_columns)
    title = words.title(outcome, "do runs agree?")
    figure = new_figure(height=1.6 + 2.1 * n_rows, title=title, caption=caption)
    grid = figure.add_gridspec(n_rows + 1, n_columns, height_ratios=(*(1,) * n_rows, 0.03))
    for i, condition in enumerate(conditions):
        axes = figure.add_subplot(grid[divmod(i, n_columns)])
        axes.axhline(0, color=BLACK, linewidth=0.8)
        for row in rows:
            if row.condition == condition:
                draw_agreement(axes, row, looks(pair)[row.order])
        if theirs is not None and condition == PANELS:
            x = percent(paper.LEVELS[1:-1])
            axes.plot(x, theirs.rho, color=BLACK, linestyle=(0, (4, 2)), label="published")
        panel = f"({chr(ord('a') + i)}) {words.condition(condition)}"
        axes.set_title(textwrap.fill(panel, int(13 * WIDE / n_columns)))
        axes.set_ylim(min(-0.1, axes.get_ylim()[0]), 1.04)
        frozen_axis(axes)
        if i % n_columns == 0:
            axes.set_ylabel("mean correlation $\\bar\\rho$ of masks")
    legend_below(figure, grid[-1, :], figure.axes)
    return figure


def draw_agreement(axes: Axes, row: Agreement, look: Look) -> None:
    """Draw rho_bar(k) of one comparison with its interval; those among live parameters dotted, hollow."""
    x = percent(row.levels)
    band(axes, x, row.rho.low, row.rho.high, look.color, 0.2)
    line = look.line()
    if row.parameters != "all":
        line |= {"linestyle": (0, (1, 1.2)), "markerfacecolor": "white", "markeredgecolor": look.color}
        line |= {"markeredgewidth": 1, "label": f"{look.label}, live only"}
    axes.plot(x, row.rho.value, **line)
