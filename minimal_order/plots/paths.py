"""Figure of what happens on the way to t0: how good the covariance has become, and what has converged."""

import numpy as np
from matplotlib.axes import Axes

from ..experiments.freeze.outcome import Outcome
from . import words
from .curves import over_runs
from .style import BLACK, BLUE, GREY, VERMILION, Picture, log_ticks, new_figure, styled

ESTIMATES = {
    "running": "running,\nfirst object",
    "running, late half": "the same,\nsteps > t0/2",
    "batch": "running,\nwhole batch",
}


@styled
def paths(outcome: Outcome) -> Picture:
    """Draw how well the covariance at t0 agrees with the exact one, and when parameters have converged."""
    caption = (
        f"{words.experiment(outcome)} (a), (b): exact C at t0, live parameters; a dot is a run, a bar the "
        "mean. (c): with nothing frozen; converged = from then on within a tenth of the largest distance "
        "from the end value; mean and range over runs."
    )
    figure = new_figure(height=3.1, title=words.title(outcome, "C at t0; convergence"), caption=caption)
    a, b, c = figure.subplots(1, 3, width_ratios=(1, 1, 1.3))
    for axes, column in ((a, 0), (b, 1)):
        for row, values in enumerate(outcome.estimates.values()):
            x = values[:, [column]]
            axes.plot(x, row + 0.2 * np.linspace(-1, 1, len(x)), "o", color=BLUE, alpha=0.5, markersize=3.5, mew=0)
            axes.plot(over_runs(x).mean, row, "|", color=BLACK, markersize=15, markeredgewidth=1.5)
        axes.set_ylim(len(outcome.estimates) - 0.5, -0.5)
        axes.set_yticks(range(len(outcome.estimates)), [])
    a.set_yticklabels([ESTIMATES.get(name, name) for name in outcome.estimates])
    a.set_xlim(min(-0.05, *a.get_xlim()), 1.05)
    a.set_title("(a) same order?")
    a.set_xlabel("Spearman's ρ with exact C")
    b.axvline(1, color=GREY, linewidth=1)
    b.set_xscale("log")
    b.set_xlim(min(0.45, b.get_xlim()[0]), max(2.2, b.get_xlim()[1]))
    log_ticks(b.xaxis)
    b.set_title("(b) same size?")
    b.set_xlabel("median of C / exact C")
    convergence(c, outcome)
    return figure


def convergence(axes: Axes, outcome: Outcome) -> None:
    """Draw the share of parameters that have converged against the step."""
    converged = outcome.converged[outcome.free_runs]
    steps = np.unique(np.append(converged, (0, outcome.t0 + outcome.config.t1)))
    sets = {"all parameters": (np.full(outcome.live.shape, True), BLACK)}
    if not outcome.live.all():
        sets["live parameters"] = (outcome.live, VERMILION)
    for label, (chosen, color) in sets.items() if len(converged) else ():
        done = 100 * np.array([(converged[:, chosen] <= step).mean(axis=1) for step in steps])
        low, high = done.min(axis=1), done.max(axis=1)
        axes.fill_between(steps, low, high, step="post", color=color, alpha=0.2, linewidth=0)
        axes.step(steps, done.mean(axis=1), where="post", color=color, label=label)
    axes.axvline(outcome.t0, color=GREY, linestyle=":", label="t0")
    axes.set_ylim(0, 103)
    axes.set_title("(c) converged so far")
    axes.set_xlabel("step")
    axes.set_ylabel("% of parameters")
    axes.legend()
