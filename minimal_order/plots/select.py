"""Figures of the selection experiment: quality against what is not optimised, what is zeroed, both, and speeds."""

from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.axes import Axes

from ..experiments.published import PRUNING_CURVE, SELECTION_CURVE
from ..experiments.select.outcome import SelectOutcome
from ..orders import ORDERS
from . import words
from .curves import aside, bar_interval, draw, over_runs, shade_interval, shade_std, share_axis
from .freeze import thickness
from .style import BLACK, GREY, SMALL, Look, Picture, legend_below, looks, new_figure, percent, styled

NAMES = {**words.NAMES, "digits": "Digits", "wine": "Wine"}


def figures(outcome: SelectOutcome) -> Iterator[tuple[str, Picture]]:
    """Every figure with the name of its file."""
    yield "quality", quality(outcome)
    yield "pruned", pruned(outcome)
    yield "joint", joint(outcome)
    yield "speed", speed(outcome)


def title(outcome: SelectOutcome, what: str) -> str:
    """Name the data set, the network, and what is shown."""
    return words.heading(NAMES[outcome.config.dataset], outcome.config.model, what)


def caption(outcome: SelectOutcome) -> str:
    """Say what was run."""
    config = outcome.config
    share = "of all together" if config.per == "network" else "of each tensor"
    own = f", each with its own {words.factors(','.join(config.vary))}" if config.runs > 1 else ""
    text = (
        f"{words.runs(config.runs)}{own}; {config.eta0} steps with all parameters optimised, then {config.eta1} "
        f"without some, a share {share}{'' if config.biases else ', biases left out'}; {config.optimizer}, batches of "
        f"{config.batch_size}."
    )
    if outcome.n_diverged:
        text += f" In {words.runs(outcome.n_diverged)} at least one branch diverged: left out where so."
    return text


def metric_label(outcome: SelectOutcome) -> str:
    """Name the metric with its unit."""
    return "RMSE, 1000 dollars" if outcome.is_regression else "accuracy, share of objects"


def share_label(outcome: SelectOutcome, what: str) -> str:
    """Name a share of what can be selected."""
    return f"{what}, % of {'parameters' if outcome.config.biases else 'weights'}"


def open_markers(axes: Axes, published: dict[float, dict[str, float]], name: str, look: Look) -> None:
    """Draw the published points of one curve."""
    known = {level: row[name] for level, row in published.items() if name in row}
    x, marker = percent(list(known)), look.marker or "o"
    axes.plot(x, list(known.values()), linestyle="", marker=marker, color=look.color, markerfacecolor="white")


@styled
def quality(outcome: SelectOutcome) -> Picture:
    """Draw quality on test against the share not optimised, and its difference from the random order's."""
    config, every = outcome.config, looks(outcome.config.orders)
    rivals = {name: look for name, look in every.items() if name != words.RANDOM and words.RANDOM in every}
    show_published = config.dataset == "mnist"
    text = f"{caption(outcome)} Lines: means."
    if words.RANDOM in every:
        text += " Grey band: 95 % interval of the random order's mean."
    if rivals:
        text += " (b): paired over runs, with 95 % intervals of the mean."
    if show_published:
        text += " Open markers: the talk's, read off its figure."
    figure = new_figure(height=4.2, title=title(outcome, "quality against the share not optimised"), caption=text)
    grid = figure.add_gridspec(2, 1 + bool(rivals), height_ratios=(1, 0.03))
    left = figure.add_subplot(grid[0, 0])
    for (name, look), thick in zip(every.items(), thickness(len(every)), strict=True):
        x, values = percent(config.levels_of(name)), outcome.metric(name)[..., 1]
        if name == words.RANDOM:
            shade_interval(left, x, values, look)
        draw(left, x, values, look, **thick, markevery=max(1, len(x) // 10))
        if show_published:
            open_markers(left, SELECTION_CURVE, name, look)
    left.set_title(f"{'(a) ' * bool(rivals)}{outcome.metric_name}, test")
    left.set_ylabel(metric_label(outcome))
    share_axis(left, share_label(outcome, "not optimised"))
    if rivals:
        differences(figure.add_subplot(grid[0, 1]), outcome, rivals)
    legend_below(figure, grid[1, :], [left])
    return figure


def differences(axes: Axes, outcome: SelectOutcome, rivals: Mapping[str, Look]) -> None:
    """Draw by how much the quality under each order differs from that under the random one."""
    config = outcome.config
    axes.axhline(0, color=GREY, linewidth=1.5)
    for i, (name, look) in enumerate(rivals.items()):
        levels = [level for level in config.levels_of(name) if level in config.levels_of(words.RANDOM)]
        apart = np.stack([outcome.metric_at(name, l) - outcome.metric_at(words.RANDOM, l) for l in levels], axis=1)  # noqa: E741
        x = percent(levels)
        if len(levels) > 11:
            shade_interval(axes, x, apart, look)
        else:
            x = aside(x, i, len(rivals))
            bar_interval(axes, x, apart, look)
        draw(axes, x, apart, look, markevery=max(1, len(x) // 10))
    axes.set_title(f"(b) {outcome.metric_name}, test: difference from random")
    share_axis(axes, share_label(outcome, "not optimised"))


@styled
def pruned(outcome: SelectOutcome) -> Picture:
    """Draw quality on test against the share zeroed when all are optimised, by every order asked for."""
    x = percent(outcome.config.prune_levels)
    show_published = outcome.config.dataset == "mnist"
    text = (
        f"{caption(outcome)} Here all were optimised throughout, then a share set to 0. Lines: means; bands: ± "
        f"standard deviation between runs{'; open markers: the talk, read off its figure' * show_published}."
    )
    early = [name for name in outcome.config.prune_by if {"covariance", "iterates"} & set(ORDERS[name].needs)]
    if early:
        text += f" As ordered after {outcome.config.eta0} steps: {', '.join(looks(early)[n].label for n in early)}."
    figure = new_figure(width=5.2, height=3.8, title=title(outcome, "a share zeroed"), caption=text)
    axes = figure.subplots()
    for name, look in looks(outcome.config.prune_by).items():
        values = outcome.pruned[name]
        shade_std(axes, x, values, look)
        draw(axes, x, values, look, markevery=max(1, len(x) // 10))
        if show_published:
            open_markers(axes, PRUNING_CURVE, name, look)
    share_axis(axes, share_label(outcome, "zeroed"))
    axes.set_ylabel(metric_label(outcome))
    axes.legend()
    return figure


@styled
def joint(outcome: SelectOutcome) -> Picture:
    """Draw the joint surface of every order: quality on test by the shares not optimised and zeroed."""
    config = outcome.config
    surfaces = {name: mean_surface(outcome, name) for name in config.orders}
    known = np.concatenate([surface[np.isfinite(surface)] for surface in surfaces.values()])
    low, high = np.percentile(known, (0, 90 if outcome.is_regression else 100)) if known.size else (0, 1)
    n_columns = min(3, len(surfaces))
    n_rows = -(-len(surfaces) // n_columns)
    text = f"{caption(outcome)} Then the smallest weights set to 0. Means over runs."
    figure = new_figure(height=1.4 + 2.2 * n_rows, title=title(outcome, "both shares together"), caption=text)
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    cells = np.arange(len(config.joint_levels))  # of one size, however far apart the levels are
    ticks = cells[:: -(-len(cells) // 6)]
    labels = [f"{x:.3g}" for x in percent(config.joint_levels)[ticks]]
    for i, (axes, (name, surface)) in enumerate(zip(panels.flat, surfaces.items(), strict=False)):
        colours = "cividis_r" if outcome.is_regression else "cividis"
        mesh = axes.imshow(surface, cmap=colours, vmin=low, vmax=high, origin="lower", aspect="auto")
        axes.set_title(looks([name])[name].label, fontsize=SMALL + 1)
        axes.set_xticks(ticks, labels)
        axes.set_yticks(ticks, labels)
        axes.grid(False)
        if i + n_columns >= len(surfaces):
            axes.set_xlabel("zeroed, %")
            axes.tick_params(labelbottom=True)
    for axes in panels.flat[len(surfaces) :]:
        axes.axis("off")
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
        f"way from the end value for good. If all were equally fast, the line would be a step. Dashed: eta0 = "
        f"{outcome.config.eta0}, where parameters are ordered."
    )
    figure = new_figure(width=5.2, height=3.4, title=title(outcome, "when parameters converge"), caption=text)
    axes = figure.subplots()
    for times, moved in zip(outcome.converged[:, 0], outcome.moved[:, 0], strict=True):
        steps, counts = np.unique(times[moved], return_counts=True)
        axes.step(steps, 100 * np.cumsum(counts) / max(1, counts.sum()), where="post", color=BLACK, alpha=0.4)
    axes.set(xlabel="step", ylabel="converged, % of parameters", xlim=(0, outcome.steps), ylim=(0, 102))
    axes.axvline(outcome.config.eta0, color=GREY, linestyle=(0, (4, 2)), linewidth=1)
    return figure
