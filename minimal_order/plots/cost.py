"""The figure of the experiment ``cost``: a step's operations and seconds against the share frozen."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..experiments.cost.outcome import Cost
from ..experiments.cost.savings import JUDGED
from ..experiments.cost.stopwatch import Timed
from .style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    Look,
    Picture,
    frozen_axis,
    new_figure,
    percent,
    styled,
)

LOOKS = {
    "weights, random": Look(GREY, "o", "-", "single weights, random"),
    "weights, covariance order": Look(BLUE, "s", "-", "single weights, covariance order"),
    "units, random": Look(VERMILION, "^", "-", "units, random"),
    "layers, input first": Look(GREEN, "D", "", "layers, input first"),
    "layers, output first": Look(PURPLE, "v", "", "layers, output first"),
}
ESTIMATORS = {
    "running": Look(BLUE, "s", "", "C from first objects"),
    "batch": Look(ORANGE, "D", "", "C from whole batches"),
}
LETTERS = "abcdefgh"
N_COLUMNS = 3


@styled
def draw_cost(cost: Cost) -> Picture:
    """Draw a panel a model, and one with the frozen steps that pay for collecting the covariance."""
    config = cost.config
    n_rows = -(-(len(config.models) + 1) // N_COLUMNS)
    caption = (
        "Lines, and open markers for whole layers: operations, means over runs. Filled markers: measured "
        f"processor time, medians of {config.repeats} turns with quartiles; black: nothing and everything "
        "frozen; cross: the masked step, which computes everything all the same. Last panel: operations, "
        f"half of the weights frozen by the covariance order. Batch {config.batch_size}, {config.optimizer}, "
        f"one replica, one thread of {cost.machine}."
    )
    title = "What a step costs when a share of the parameters is frozen"
    figure = new_figure(height=1.3 + 2.2 * n_rows, title=title, caption=caption)
    grid = figure.add_gridspec(n_rows + 1, N_COLUMNS, height_ratios=[1] * n_rows + [0.03])
    panels = [figure.add_subplot(grid[divmod(i, N_COLUMNS)]) for i in range(len(config.models) + 1)]
    for axes, model in zip(panels, config.models, strict=False):
        draw_model(axes, cost, model)
    draw_payback(panels[-1], cost)
    for letter, axes, what in zip(LETTERS, panels, [*config.models, "paying for C"], strict=False):
        axes.set_title(f"({letter}) {what}")
    for axes in panels[:-1:N_COLUMNS]:
        axes.set_ylabel("cost of a step,\n% of the plain one")
    legend = figure.add_subplot(grid[-1, :])
    legend.set_axis_off()
    legend.legend(handles=[Line2D([], [], **look.line()) for look in LOOKS.values()], loc="center", ncols=3)
    return figure


def draw_model(axes: Axes, cost: Cost, model: str) -> None:
    """Draw operations as lines, as open markers where a way has few masks, and seconds as filled markers."""
    timed = [row for row in cost.timed if row.model == model]
    for way, look in LOOKS.items():
        rows = [row for row in cost.counted if (row.model, row.way) == (model, way)]
        n_runs = len({row.run for row in rows})
        share, relative = (
            percent(np.reshape([getattr(row, name) for row in rows], (n_runs, -1)).mean(axis=0))
            for name in ("share", "relative")
        )
        inner = (share > 0) & (share < 100)
        if look.linestyle and inner.any():
            axes.plot(share, relative, look.linestyle, color=look.color)
        else:
            axes.plot(share[inner], relative[inner], look.marker, color=look.color, fillstyle="none", markersize=6)
        draw_seconds(axes, [row for row in timed if (row.step, row.way) == ("compacted", way)], look)
    draw_seconds(axes, [row for row in timed if row.step == "compacted" and not row.way], Look(BLACK, "o", "", ""))
    draw_seconds(axes, [row for row in timed if row.step == "masked"], Look(BLACK, "x", "", ""), zorder=4)
    frozen_axis(axes)
    axes.set_xlim(-5, 105)
    axes.set_ylim(0, 135)


def draw_seconds(axes: Axes, rows: list[Timed], look: Look, **marker: Any) -> None:
    """Draw measured steps as markers, with the quartiles of their ratio to the plain step."""
    x, y, low, high = (
        percent([getattr(row, name) for row in rows]) for name in ("share", "relative", "relative_low", "relative_high")
    )
    axes.vlines(x, low, high, color=look.color, linewidth=1)
    axes.plot(x, y, look.marker, color=look.color, **marker)


def draw_payback(axes: Axes, cost: Cost) -> None:
    """Draw how many frozen steps pay for one that collects, half frozen by the covariance order."""
    found = [saving for saving in cost.savings if saving.way == JUDGED]
    y = np.arange(len(found))[::-1]
    for estimator, look in ESTIMATORS.items():
        axes.plot([saving.frozen_steps(estimator) for saving in found], y, **look.line())
    axes.plot([1, 1], [-0.6, len(found) - 0.6], color=BLACK, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    axes.set_xlim(0.05, 40)
    axes.set_yticks(y, [f"({LETTERS[cost.config.models.index(saving.model)]})" for saving in found])
    axes.set_ylim(-0.6, len(found) + 1.2)
    axes.set_xlabel("frozen steps per collected one")
    axes.legend(loc="upper left", handlelength=1)
