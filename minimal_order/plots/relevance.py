"""Figures of the experiment on relevance: quality against the share removed."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes

from ..experiments.published import REMOVAL
from ..experiments.relevance.config import FREEZING, GIVEN, TALK, PruningConfig
from ..experiments.relevance.moving import MOVED, RETRAINED, ZEROED
from ..experiments.relevance.outcome import RelevanceOutcome
from . import words
from .curves import draw, shade_interval, share_axis
from .style import BLUE, LINES, PURPLE, VERMILION, Look, Picture, legend_below, looks, new_figure, percent, styled

NAMES = {
    "wine": "Wine",
    "boston": "Boston Housing",
    "synthetic": "Synthetic, trained",
    "synthetic-drawn": "Synthetic, drawn",
}

GIVEN_LOOK = Look(BLUE, "D", LINES[1], "Belsley, given covariance")

REST = {ZEROED: "rest as it is", MOVED: "rest moves", RETRAINED: "rest trained on"}
REMOVED = "removed, % of parameters"
NOT_SHOWN = " Errors above the frame are not shown."


def looks_of(orders: Sequence[str]) -> dict[str, Look]:
    """The look of every order."""
    return {name: GIVEN_LOOK if name == GIVEN else look for name, look in looks(orders).items()}


def figures(outcome: RelevanceOutcome) -> Iterator[tuple[str, Picture]]:
    """Every figure with the name of its file."""
    yield "quality", quality(outcome)
    yield "train", quality(outcome, split=0)
    if any(way != ZEROED for _, way in outcome.curves):
        yield "rest", rest(outcome)


def title(config: PruningConfig, what: str) -> str:
    """Name the data set, the network, and what is shown."""
    return words.heading(NAMES[config.dataset], config.model, what)


def caption(config: PruningConfig) -> str:
    """Say what was run."""
    if config.setting.drawn:
        return f"{words.runs(config.runs)}, each with its own split and parameters drawn in stage one, not trained."
    decay = f"weight decay {config.decay:g}" if config.decay else "no weight decay"
    return (
        f"{words.runs(config.runs)}, each with its own split, initial parameters and batches; {config.steps} steps of "
        f"Adam, {decay}."
    )


def metric_label(outcome: RelevanceOutcome) -> str:
    """Name the metric with its unit."""
    if not outcome.is_regression:
        return "accuracy, share of objects"
    return "RMSE, 1000 dollars" if outcome.config.dataset == "boston" else "RMSE, units of the target"


def highest(outcome: RelevanceOutcome) -> float | None:
    """Where to cut errors that grow far above that of no network at all; None where there is nothing to cut."""
    mean = outcome.end_metric[..., 1].mean(axis=0)
    nothing = mean[:, outcome.config.levels.index(1.0)].max() if 1.0 in outcome.config.levels else np.inf
    return 1.6 * nothing if outcome.is_regression and mean[0, 0] < nothing and mean.max() > 1.6 * nothing else None


def markers(n_levels: int, place: int, n_curves: int) -> tuple[int, int]:
    """Where a curve has its markers, the first and the step: side by side on curves that coincide."""
    step = max(1, n_levels // 10)
    return place * step // n_curves, step


@styled
def quality(outcome: RelevanceOutcome, split: int = 1) -> Picture:
    """Draw the metric of every order, on test unless told otherwise: the talk's criteria, others, those of freezing."""
    config, part = outcome.config, ("train", "test")[split]
    groups = {
        "criteria of the talk": [name for name in (*TALK, GIVEN) if name in config.orders],
        "other criteria": [name for name in config.orders if name not in (*TALK, *FREEZING, GIVEN)],
        "orders for freezing": [name for name in config.orders if name in FREEZING],
    }
    groups = {name: orders for name, orders in groups.items() if orders}
    show_published = split == 1 and config.dataset in REMOVAL
    text = f"{caption(config)} Removed weights are 0, the rest stays. Lines: means; bands: 95 % intervals of the mean."
    if show_published:
        text += " Open markers: the talk's, one split, read off its figure."
    top = highest(outcome)
    text += NOT_SHOWN * bool(top)
    what = f"{outcome.metric_name} on {part}"
    figure = new_figure(height=4.6, title=title(config, f"{what} against the share removed"), caption=text)
    grid = figure.add_gridspec(2, len(groups), height_ratios=(1, 0.03))
    panels = [figure.add_subplot(grid[0, i]) for i in range(len(groups))]
    x = percent(config.levels)
    for i, (axes, (name, orders)) in enumerate(zip(panels, groups.items(), strict=True)):
        shown = orders if "random" in orders or "random" not in config.orders else ["random", *orders]
        for place, (order, look) in enumerate(looks_of(shown).items()):
            values = outcome.metric(order)[..., split]
            shade_interval(axes, x, values, look)
            draw(axes, x, values, look, markevery=markers(len(x), place, len(shown)))
            if show_published and order in REMOVAL[config.dataset].curves and i == 0:
                known = REMOVAL[config.dataset]
                axes.plot(
                    percent(known.levels),
                    known.curves[order],
                    linestyle="",
                    marker=look.marker or "o",
                    markersize=6,
                    color=look.color,
                    markerfacecolor="white",
                )
        share_axis(axes, REMOVED)
        axes.set_title(f"({'abc'[i]}) {name}")
        legend_below(figure, grid[1, i], [axes], ncols=1)
        frame(axes, outcome, top, own_scale=i == 0)
    panels[0].set_ylabel(metric_label(outcome))
    return figure


def frame(axes: Axes, outcome: RelevanceOutcome, top: float | None, own_scale: bool = True) -> None:
    """Set the ends of y, which are the same in all panels of a figure, and label them in the first."""
    if not outcome.is_regression:
        axes.set_ylim(0, 1.03)
    elif top:
        axes.set_ylim(0, top)
    else:
        high = outcome.end_metric.mean(axis=0).max()
        axes.set_ylim(-0.03 * high, 1.15 * high)
    axes.tick_params(labelleft=own_scale)


@styled
def rest(outcome: RelevanceOutcome) -> Picture:
    """Draw the metric on test where the rest stays, moves or is trained on, a panel an order that has several."""
    config = outcome.config
    ways: dict[str, list[str]] = {}
    for order, way in outcome.curves:
        ways.setdefault(order, []).append(way)
    several = {order: some for order, some in ways.items() if len(some) > 1}
    n_columns = min(3, len(several))
    n_rows = -(-len(several) // n_columns)
    text = (
        f"{caption(config)} Moves: to where the order's own covariance expects the others, given that those removed "
        "are 0."
    )
    if config.retrain:
        text += f" Trained on: {config.retrain} steps after each level."
    text += " Lines: means; bands: 95 % intervals of the mean."
    top = highest(outcome)
    text += NOT_SHOWN * bool(top)
    name = f"{outcome.metric_name} on test, what the rest does"
    figure = new_figure(height=1.4 + 2.3 * n_rows, title=title(config, name), caption=text)
    grid = figure.add_gridspec(n_rows + 1, n_columns, height_ratios=(*[1] * n_rows, 0.03))
    panels = [figure.add_subplot(grid[divmod(i, n_columns)]) for i in range(len(several))]
    x = percent(config.levels)
    styles = {ZEROED: (BLUE, "-", "o"), MOVED: (VERMILION, LINES[1], "s"), RETRAINED: (PURPLE, LINES[2], "^")}
    for i, (axes, (order, some)) in enumerate(zip(panels, several.items(), strict=True)):
        for place, way in enumerate(some):
            color, line, marker = styles[way]
            look = Look(color, marker, line, REST[way])
            values = outcome.metric(order, way)[..., 1]
            shade_interval(axes, x, values, look)
            draw(axes, x, values, look, markevery=markers(len(x), place, len(some)))
        axes.set_title(looks_of([order])[order].label)
        share_axis(axes, REMOVED)
        frame(axes, outcome, top, own_scale=i % n_columns == 0)
        if i % n_columns == 0:
            axes.set_ylabel(metric_label(outcome))
    legend_below(figure, grid[n_rows, :], panels)
    return figure
