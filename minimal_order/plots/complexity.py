"""Figures of the complexity experiment: accuracy by lam and share removed, the two parts of L, and what it costs."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.gridspec import SubplotSpec

from ..complexity.objectives import FAMILIES
from ..experiments.complexity.cost import step_cost
from ..experiments.complexity.models import MODELS
from ..experiments.complexity.outcome import TEST, ComplexityOutcome
from . import words
from .curves import draw, over_runs, shade_std, share_axis
from .style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    VERMILION,
    Look,
    Picture,
    legend_below,
    log_ticks,
    new_figure,
    percent,
    styled,
)

NAMES = {**words.NAMES, "digits": "Digits", "cifar10": "CIFAR-10", "cifar10-subset": "CIFAR-10, 1000 images"}
KIND_LOOKS = {
    "direct": Look(BLACK, "o", "-", "direct, one for each λ"),
    "linear": Look(BLUE, "s", (0, (5, 2)), "linear hypernetwork"),
    "piecewise": Look(VERMILION, "^", (0, (5, 1.5, 1, 1.5)), "piecewise linear hypernetwork"),
}
FAMILY_COLORS = {"variational": BLUE, "reparameterised": GREEN, "base": VERMILION}
REMOVED = "removed, % of weights"
PARTS = {"variational": "KL(q ‖ p)", "reparameterised": "KL(q ‖ p(w | λ))", "base": "‖w‖²"}


def figures(outcome: ComplexityOutcome) -> Iterator[tuple[str, Picture]]:
    """Every figure with the name of its file."""
    yield "surfaces", surfaces(outcome)
    yield "pruned", pruned(outcome)
    yield "curves", curves(outcome)
    yield "terms", terms(outcome)
    if outcome.rivals:
        yield "cost", cost(outcome)


def title(outcome: ComplexityOutcome, what: str) -> str:
    """Name the data set, the network, and what is shown."""
    return words.heading(NAMES[outcome.config.dataset], outcome.config.model, what)


def caption(outcome: ComplexityOutcome) -> str:
    """Say what was run."""
    config = outcome.config
    return (
        f"{config.runs} start{'s' * (config.runs != 1)}; direct networks {config.epochs} epochs for each λ, "
        f"hypernetworks {config.hyper_epochs}; means over starts."
    )


def lam_axis(axes: Axes) -> None:
    """Make x the complexity parameter."""
    axes.set_xscale("log")
    axes.set_xlabel("λ")


def by_family(outcome: ComplexityOutcome) -> dict[str, list[str]]:
    """The models of each family that there are."""
    found = {family: [name for name in outcome.config.models if MODELS[name].family == family] for family in FAMILIES}
    return {family: names for family, names in found.items() if names}


def highest(outcome: ComplexityOutcome) -> float:
    """The highest accuracy on test, mean over starts, of any model, lam and share: where the scale ends."""
    return float(max(np.nanmax(accuracy[:, TEST].mean(axis=0)) for accuracy in outcome.accuracy.values()))


@styled
def surfaces(outcome: ComplexityOutcome) -> Picture:
    """Draw the accuracy on test by the share removed and lam, a panel a model."""
    config = outcome.config
    n_columns = min(3, len(config.models))
    n_rows = -(-len(config.models) // n_columns)
    figure = new_figure(height=1.4 + 1.9 * n_rows, title=title(outcome, "accuracy on test"), caption=caption(outcome))
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    x, y = percent(config.levels), np.log10(config.lams)
    in_rows = sorted(config.models, key=lambda name: list(MODELS).index(name))
    for axes, name in zip(panels.flat, in_rows, strict=False):
        surface = outcome.accuracy[name][:, TEST].mean(axis=0)
        mesh = axes.pcolormesh(x, y, surface, cmap="cividis", vmin=0, vmax=highest(outcome), shading="nearest")
        axes.set_title(name)
        axes.grid(False)
        axes.set_yticks(y, [f"{lam:g}" for lam in config.lams])
    for axes in panels.flat[len(in_rows) :]:
        axes.axis("off")
    for axes in panels[-1]:
        axes.set_xlabel(REMOVED)
    for axes in panels[:, 0]:
        axes.set_ylabel("λ")
    figure.colorbar(mesh, ax=list(panels.flat), label="accuracy, share of objects", aspect=30)
    return figure


def family_panels(figure: Picture, outcome: ComplexityOutcome, rows: int) -> tuple[np.ndarray, SubplotSpec]:
    """A column of panels for each family, and a place for the legend."""
    n = len(by_family(outcome))
    grid = figure.add_gridspec(rows + 1, n, height_ratios=(*(1,) * rows, 0.03))
    panels = np.array([[figure.add_subplot(grid[i, j]) for j in range(n)] for i in range(rows)])
    return panels, grid[-1, :]


@styled
def pruned(outcome: ComplexityOutcome) -> Picture:
    """Draw the accuracy on test against the share removed, lam chosen held out, a panel a family."""
    text = f"{caption(outcome)} λ is chosen for each share on objects held out. Bands: ± standard deviation."
    figure = new_figure(height=3.8, title=title(outcome, "accuracy when weights are removed"), caption=text)
    (panels,), below = family_panels(figure, outcome, 1)
    x = percent(outcome.config.levels)
    for axes, (family, names) in zip(panels, by_family(outcome).items(), strict=True):
        for name in names:
            look, values = KIND_LOOKS[MODELS[name].kind], outcome.test_at_chosen(name)
            shade_std(axes, x, values, look)
            draw(axes, x, values, look, markevery=max(1, len(x) // 10))
        axes.set_title(family)
        axes.set_ylim(0, 1.04 * highest(outcome))
        share_axis(axes, REMOVED)
    panels[0].set_ylabel("accuracy, share of objects")
    legend_below(figure, below, list(panels))
    return figure


@styled
def curves(outcome: ComplexityOutcome) -> Picture:
    """Draw the accuracy on test against the share removed at each lam, all models."""
    config = outcome.config
    n_rows = -(-len(config.lams) // 3)
    text = f"{caption(outcome)} Colours: families; line and marker: how the weights depend on λ."
    figure = new_figure(height=1.8 + 1.9 * n_rows, title=title(outcome, "accuracy at each λ"), caption=text)
    grid = figure.add_gridspec(n_rows + 1, 3, height_ratios=(*(1,) * n_rows, 0.03))
    panels = [figure.add_subplot(grid[divmod(i, 3)]) for i in range(len(config.lams))]
    x = percent(config.levels)
    for i, (axes, lam) in enumerate(zip(panels, config.lams, strict=True)):
        for name in config.models:
            family, kind = MODELS[name]
            look = KIND_LOOKS[kind]._replace(color=FAMILY_COLORS[family], label=name)
            draw(axes, x, outcome.accuracy[name][:, TEST, i], look, markevery=max(1, len(x) // 5), markersize=3)
        axes.set_title(f"λ = {lam:g}")
        axes.set_ylim(0, 1.04 * highest(outcome))
        axes.set_xlim(-2, 102)
    for axes in panels[-3:]:
        axes.set_xlabel(REMOVED)
    for axes in panels[::3]:
        axes.set_ylabel("accuracy")
    legend_below(figure, grid[-1, :], panels)
    return figure


@styled
def terms(outcome: ComplexityOutcome) -> Picture:
    """Draw the two parts of L(lam) against lam, a column a family."""
    config = outcome.config
    text = f"{caption(outcome)} Nats over all training objects. Bands: ± standard deviation."
    figure = new_figure(height=5.0, title=title(outcome, "the two parts of L(λ)"), caption=text)
    panels, below = family_panels(figure, outcome, 2)
    x = np.array(config.lams)
    for (above, under), (family, names) in zip(panels.T, by_family(outcome).items(), strict=True):
        above.sharey(panels[0, 0])  # one unit
        for name in names:
            look = KIND_LOOKS[MODELS[name].kind]
            for axes, values in ((above, -outcome.terms[name][:, 0]), (under, outcome.terms[name][:, 1])):
                draw(axes, x, values, look)
                shade_std(axes, x, values, look)
        above.set_title(family)
        for axes in (above, under):
            axes.set_yscale("log")
            lam_axis(axes)
        log_ticks(under.yaxis)
        under.set_ylabel(f"{PARTS[family]}{', nats' * (family != 'base')}")
    panels[0, 0].set_ylabel("−E log p(D | w), nats")
    log_ticks(panels[0, 0].yaxis)
    legend_below(figure, below, list(panels[0]))
    return figure


@styled
def cost(outcome: ComplexityOutcome) -> Picture:
    """Draw the accuracy held out, mean over lam, against the operations spent, a panel a family."""
    text = (
        f"{caption(outcome)} Nothing removed. Black: a training for each of the {len(outcome.config.lams)} λ, all of "
        "them counted. Bands: ± standard deviation between starts."
    )
    figure = new_figure(height=3.8, title=title(outcome, "accuracy against operations"), caption=text)
    (panels,), below = family_panels(figure, outcome, 1)
    for axes, (family, names) in zip(panels, by_family(outcome).items(), strict=True):
        for name in names:
            look, values = KIND_LOOKS[MODELS[name].kind], outcome.history[name].mean(axis=-1)
            x = outcome.looks[name] * float(step_cost(outcome.config, name))
            shade_std(axes, x, values, look)
            draw(axes, x, values, look, markevery=4)
        if family in names:
            end = over_runs(outcome.history[family].mean(axis=-1)).mean[-1]
            axes.axhline(end, color=GREY, linewidth=0.8, zorder=1)
        axes.set_title(family)
        axes.set_xscale("log")
        axes.set_xlabel("operations")
    panels[0].set_ylabel("accuracy, share of objects")
    legend_below(figure, below, list(panels))
    return figure
