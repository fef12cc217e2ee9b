"""Figures of the experiment on the theorem: the error of the criterion, and what a family of maps leaves of it."""

import numpy as np

from ..experiments.convergence.config import DIRECT, INSIDE
from ..experiments.convergence.outcome import ConvergenceOutcome
from .style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LINES,
    ORANGE,
    PURPLE,
    VERMILION,
    Picture,
    band,
    legend_below,
    new_figure,
    styled,
)

COLORS = (BLUE, GREEN, ORANGE, VERMILION, PURPLE, BLACK)


def name_of(family: str) -> str:
    """What a panel is called."""
    return {DIRECT: "direct", INSIDE: "hypernetwork that holds w*"}.get(family, f"hypernetwork, {family}")


@styled
def draw_convergence(outcome: ConvergenceOutcome) -> Picture:
    """Draw the error of the criterion against the training length, a panel a family, a line a lam."""
    config = outcome.config
    n_rows = -(-len(config.families) // 3)
    text = (
        f"Linear regression with {config.n_features} orthonormal features, {config.runs} starts; lines: means, bands: "
        "from the lowest tenth of the starts to the highest. Dashed: what the family leaves, from theory; a family "
        "that holds w* leaves nothing."
    )
    figure = new_figure(height=1.6 + 2.1 * n_rows, title="Error of the criterion g(w) = exp(−w²)", caption=text)
    grid = figure.add_gridspec(n_rows + 1, 3, height_ratios=(*(1,) * n_rows, 0.03))
    panels = [figure.add_subplot(grid[divmod(i, 3)]) for i in range(len(config.families))]
    for axes, family in zip(panels, config.families, strict=True):
        error, floor = outcome.error(family), outcome.floor(family)
        for i, lam in enumerate(config.lams):
            color = COLORS[i % len(COLORS)]
            low, high = np.quantile(error[:, :, i], (0.1, 0.9), axis=1)
            band(axes, config.looks, low, high, color)
            axes.plot(config.looks, error[:, :, i].mean(axis=1), color=color, label=f"λ = {lam:g}")
            if floor[i] > 1e-12:
                axes.axhline(floor[i], color=color, linestyle=LINES[1], linewidth=1)
        axes.set(xscale="log", yscale="log", ylim=(1e-5, 1.5))
        axes.set_title(name_of(family))
    for axes in panels[-3:]:
        axes.set_xlabel("steps")
    for axes in panels[::3]:
        axes.set_ylabel("largest |g(w) − g(w*)|")
    legend_below(figure, grid[-1, :], [panels[0]], ncols=len(config.lams))
    return figure


@styled
def draw_left(outcome: ConvergenceOutcome) -> Picture:
    """Draw the approximation error against the number of knots."""
    config = outcome.config
    text = "Root of the mean over λ of |g(G(λ)) − g(w*(λ))|², where training tends to. Grey: falling as (K − 1)⁻²."
    figure = new_figure(width=5.2, height=3.2, title="What piecewise linear maps leave", caption=text)
    axes = figure.subplots()
    knots = np.array(config.knots, float)
    axes.plot(knots, outcome.left[-1] * ((knots[-1] - 1) / (knots - 1)) ** 2, color=GREY, linewidth=1)
    axes.plot(knots, outcome.left, color=BLUE, marker="o")
    axes.set(xscale="log", yscale="log", xlabel="knots K", ylabel="approximation error")
    axes.set_xticks(config.knots, [str(k) for k in config.knots])
    axes.minorticks_off()
    return figure
