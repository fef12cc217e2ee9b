"""Figures of the selection experiment: quality against what is not optimised, what is zeroed, both, and speeds."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from ..experiments.select.outcome import SelectOutcome
from ..published import PRUNING_CURVE, SELECTION_CURVE
from . import words
from .curves import aside, bar_interval, draw, over_runs, shade_interval, shade_std
from .freeze import thickness
from .style import BLACK, GREY, SMALL, Look, Picture, legend_below, looks, new_figure, percent, styled

NAMES = {**words.NAMES, "digits": "Digits"}


def figures(outcome: SelectOutcome) -> Iterator[tuple[str, Picture]]:
    """Every figure with the name of its file."""
    yield "quality", quality(outcome)
    yield "pruned", pruned(outcome)
    yield "joint", joint(outcome)
    yield "speed", speed(outcome)


def title(outcome: SelectOutcome, what: str) -> str:
    """Name the data set, the network, and what is shown."""
    model = outcome.config.model
    return f"{NAMES[outcome.config.dataset]} ({'-'.join(map(str, model.sizes))}; p = {model.n_params}): {what}"


def caption(outcome: SelectOutcome) -> str:
    """Say what was run."""
    config = outcome.config
    what = "parameters" if config.biases else "weights"
    share = "of all together" if config.per == "network" else "of each tensor"
    text = (
        f"{words.runs(config.runs)}, each with its own {words.factors(','.join(config.vary))}; {config.eta0} steps "
        f"with all {what} optimised, then {config.eta1} without some, a share {share}; {config.optimizer}, batches "
        f"of {config.batch_size}."
    )
    if outcome.n_diverged:
        text += f" In {words.runs(outcome.n_diverged)} at least one branch diverged: left out where so."
    return text


def metric_label(outcome: SelectOutcome) -> str:
    """Name the metric with its unit."""
    return "RMSE, 1000 dollars" if outcome.is_regression else "accuracy, share of objects"


def share_axis(axes: Axes, label: str) -> None:
    """Make x a share, 0 ... 100 %."""
    axes.set_xlabel(label)
    axes.set_xlim(-2, 102)
    axes.set_xticks(range(0, 101, 20))


NOT_OPTIMISED = "not optimised, % of parameters"
ZEROED = "zeroed, % of parameters"


def open_markers(axes: Axes, published: dict[float, dict[str, float]], name: str, look: Look) -> None:
    """Draw the published points of one curve."""
    known = {level: row[name] for level, row in published.items() if name in row}
    x, marker = percent(list(known)), look.marker or "o"
    axes.plot(x, list(known.values()), linestyle="", marker=marker, color=look.color, markerfacecolor="white")


@styled
def quality(outcome: SelectOutcome) -> Picture:
    """Draw quality on test against the share not optimised, and its difference from the random order's."""
    config, every = outcome.config, looks(outcome.config.orders)
    text = f"{caption(outcome)} Lines: means. (b): paired over runs, with 95 % intervals of the mean."
    show_published = config.dataset == "mnist"
    if show_published:
        text += " Open markers: the talk's, read off its figure."
    figure = new_figure(height=4.2, title=title(outcome, "quality against the share not optimised"), caption=text)
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 0.03))
    left, right = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
    for (name, look), thick in zip(every.items(), thickness(len(every)), strict=True):
        x, values = percent(config.levels_of(name)), outcome.metric(name)[..., 1]
        if name == words.RANDOM:
            shade_interval(left, x, values, look)
        draw(left, x, values, look, **thick, markevery=max(1, len(x) // 10))
        if show_published:
            open_markers(left, SELECTION_CURVE, name, look)
    left.set_title(f"(a) {outcome.metric_name}, test")
    left.set_ylabel(metric_label(outcome))
    right.axhline(0, color=GREY, linewidth=1.5)
    rivals = [name for name in every if name != words.RANDOM and words.RANDOM in every]
    for i, name in enumerate(rivals):
        levels = [level for level in config.levels_of(name) if level in config.levels_of(words.RANDOM)]
        apart = np.stack([outcome.metric_at(name, l) - outcome.metric_at(words.RANDOM, l) for l in levels], axis=1)  # noqa: E741
        x = percent(levels)
        if len(levels) > 11:
            shade_interval(right, x, apart, every[name])
        else:
            x = aside(x, i, len(rivals))
            bar_interval(right, x, apart, every[name])
        draw(right, x, apart, every[name], markevery=max(1, len(x) // 10))
    right.set_title(f"(b) {outcome.metric_name}, test: difference from random")
    for axes in (left, right):
        share_axis(axes, NOT_OPTIMISED)
    legend_below(figure, grid[1, :], [left])
    return figure


@styled
def pruned(outcome: SelectOutcome) -> Picture:
    """Draw quality on test against the share zeroed when all are optimised, by every order asked for."""
    x = percent(outcome.config.prune_levels)
    text = f"{caption(outcome)} Here all were optimised throughout, then a share set to 0. {BANDS}"
    figure = new_figure(width=5.2, height=3.8, title=title(outcome, "quality against the share zeroed"), caption=text)
    axes = figure.subplots()
    for name, look in looks(outcome.config.prune_by).items():
        values = outcome.pruned[name]
        shade_std(axes, x, values, look)
        draw(axes, x, values, look, markevery=max(1, len(x) // 10))
        if outcome.config.dataset == "mnist":
            open_markers(axes, PRUNING_CURVE, name, look)
    share_axis(axes, ZEROED)
    axes.set_ylabel(metric_label(outcome))
    axes.legend()
    return figure


BANDS = "Lines: means; bands: ± standard deviation between runs; open markers, if any: the talk's."


@styled
def joint(outcome: SelectOutcome) -> Picture:
    """Draw the joint surface of every order: quality on test by the shares not optimised and zeroed."""
    config = outcome.config
    surfaces = {name: mean_surface(outcome, name) for name in config.orders}
    known = np.concatenate([surface[np.isfinite(surface)] for surface in surfaces.values()])
    low, high = (known.min(), np.percentile(known, 90)) if outcome.is_regression else (known.min(), known.max())
    n_columns = min(3, len(surfaces))
    n_rows = -(-len(surfaces) // n_columns)
    text = f"{caption(outcome)} Then the smallest weights set to 0. Means over runs."
    figure = new_figure(height=1.4 + 2.2 * n_rows, title=title(outcome, "both shares together"), caption=text)
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    centres = percent(config.joint_levels)
    for axes, (name, surface) in zip(panels.flat, surfaces.items(), strict=False):
        colours = "cividis_r" if outcome.is_regression else "cividis"
        mesh = axes.pcolormesh(centres, centres, surface, cmap=colours, vmin=low, vmax=high, shading="nearest")
        axes.set_title(looks([name])[name].label, fontsize=SMALL + 1)
        axes.grid(False)
    for axes in panels.flat[len(surfaces) :]:
        axes.axis("off")
    for axes in panels[-1]:
        axes.set_xlabel("zeroed, %")
    for axes in panels[:, 0]:
        axes.set_ylabel("not optimised, %")
    figure.colorbar(mesh, ax=list(panels.flat), label=metric_label(outcome), aspect=30)
    return figure


def mean_surface(outcome: SelectOutcome, order: str) -> np.ndarray:
    """The mean over runs of the joint surface (levels not optimised, levels pruned), where it is known."""
    surface = outcome.joint(order)
    shape = surface.shape[1:]
    return over_runs(surface.reshape(len(surface), -1)).mean.reshape(shape)


@styled
def speed(outcome: SelectOutcome) -> Picture:
    """Draw the share of the parameters that have converged against the step, a line a run."""
    text = (
        f"{words.runs(outcome.config.runs)} with all parameters optimised throughout. Converged: within a tenth of its "
        "way from the end value for good. If all were equally fast, the line would be a step."
    )
    figure = new_figure(width=5.2, height=3.4, title=title(outcome, "when parameters converge"), caption=text)
    axes = figure.subplots()
    for times, moved in zip(outcome.converged[:, 0], outcome.moved[:, 0], strict=True):
        steps, counts = np.unique(times[moved], return_counts=True)
        axes.step(steps, 100 * np.cumsum(counts) / max(1, counts.sum()), where="post", color=BLACK, alpha=0.4)
    axes.set(xlabel="step", ylabel="converged, % of parameters", xlim=(0, outcome.steps), ylim=(0, 102))
    axes.axvline(outcome.config.eta0, color=GREY, linestyle=(0, (4, 2)), linewidth=1)
    return figure
