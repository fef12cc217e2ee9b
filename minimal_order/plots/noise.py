"""Figures of the experiment on noise: the variance of the output by the share removed and the noise in the input."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import PowerNorm
from numpy.typing import NDArray

from ..experiments.noise.outcome import NoiseOutcome
from ..experiments.relevance.config import GIVEN, TALK
from ..experiments.relevance.outcome import inner_levels
from .relevance import caption, looks_of, title
from .style import BLACK, SMALL, Picture, legend_below, new_figure, percent, styled


def figures(outcome: NoiseOutcome) -> Iterator[tuple[str, Picture]]:
    """Every figure with the name of its file."""
    yield "heatmap", heatmap(outcome)
    yield "surface", surface(outcome)
    if inner_levels(outcome.config).any():
        yield "first-order", first_order(outcome)


def variance_label(outcome: NoiseOutcome) -> str:
    """Name the variance with its unit."""
    return f"variance of the output, {outcome.unit}"


def described(outcome: NoiseOutcome) -> str:
    """Say what was run."""
    config = outcome.config
    return (
        f"{caption(config)} Noise N(0, s²) added to every feature of at most {config.objects} test objects, "
        f"{config.draws} times each; means over objects and runs."
    )


def talks(outcome: NoiseOutcome) -> list[str]:
    """The talk's criteria, or where none of them was run, all orders."""
    return [name for name in (*TALK, GIVEN) if name in outcome.config.orders] or list(outcome.config.orders)


def with_no_noise(outcome: NoiseOutcome, order: str) -> tuple[NDArray, NDArray]:
    """Noises and mean variances (levels, noises), both with s = 0 in front."""
    mean = outcome.variance(order).mean(axis=0)
    return np.append(0, outcome.config.noises), np.concatenate([np.zeros((len(mean), 1)), mean], axis=1)


def largest(outcome: NoiseOutcome, orders: list[str]) -> float:
    """The largest mean variance under some orders, or 1 where all are 0."""
    return max(float(outcome.variance(order).mean(axis=0).max()) for order in orders) or 1.0


@styled
def heatmap(outcome: NoiseOutcome) -> Picture:
    """Draw the variance of the output for every order, as colour and lines of equal variance."""
    config, orders = outcome.config, list(outcome.config.orders)
    top = largest(outcome, talks(outcome))
    text = (
        f"{described(outcome)} Colours go with the root of the variance, up to the largest under the talk's criteria."
    )
    n_columns = min(4, len(orders))
    n_rows = -(-len(orders) // n_columns)
    figure = new_figure(height=1.5 + 1.65 * n_rows, title=title(config, "noise in the output"), caption=text)
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    norm, x = PowerNorm(0.5, vmin=0, vmax=top), percent(config.levels)
    lines = top * np.array([0.02, 0.1, 0.25, 0.5, 0.75])
    for axes, (order, look) in zip(panels.flat, looks_of(orders).items(), strict=False):
        s, z = with_no_noise(outcome, order)
        mesh = axes.pcolormesh(x, s, z.T, cmap="cividis", norm=norm, shading="gouraud")
        if min(z.shape) > 1 and z.max() > lines[0] > z.min():
            drawn = axes.contour(x, s, z.T, levels=lines, colors="white", linewidths=0.7)
            axes.clabel(drawn, fmt="%.2g", fontsize=SMALL - 2)
        axes.set_title(look.label, fontsize=SMALL)
        axes.grid(False)
    for axes in panels.flat[len(orders) :]:
        axes.axis("off")
    for axes in panels.flat[max(0, len(orders) - n_columns) : len(orders)]:  # the lowest of each column
        axes.set_xlabel("removed, %")
        axes.tick_params(labelbottom=True)
    for axes in panels[:, 0]:
        axes.set_ylabel("s")
    figure.colorbar(
        mesh, ax=list(panels.flat), label=variance_label(outcome), aspect=30, shrink=min(1, 2 / n_rows), extend="max"
    )
    return figure


@styled
def surface(outcome: NoiseOutcome) -> Picture:
    """Draw the same as surfaces, as the talk does, for its criteria."""
    config, orders = outcome.config, talks(outcome)
    top, x = largest(outcome, orders), percent(config.levels)
    n_columns = min(len(orders), 2 + (len(orders) > 4))
    n_rows = -(-len(orders) // n_columns)
    height = 0.8 + 6.0 / n_columns * n_rows
    text = f"{described(outcome)} Height and colour: {variance_label(outcome)}."
    figure = new_figure(height=height, title=title(config, "noise in the output"), caption=text)
    for i, (order, look) in enumerate(looks_of(orders).items(), start=1):
        axes: Any = figure.add_subplot(n_rows, n_columns, i, projection="3d")
        s, z = with_no_noise(outcome, order)
        X, Y = np.meshgrid(x, s, indexing="ij")
        axes.plot_surface(
            X, Y, z, cmap="cividis", vmin=0, vmax=top, rstride=1, cstride=1, edgecolor=BLACK, linewidth=0.15
        )
        axes.set_zlim(0, top)
        axes.view_init(elev=24, azim=-50)
        axes.set_title(look.label, fontsize=SMALL)
        axes.set_xlabel("removed, %", fontsize=SMALL - 1, labelpad=-4)
        axes.set_ylabel("s", fontsize=SMALL - 1, labelpad=-4)
        axes.tick_params(labelsize=SMALL - 2, pad=-2)
        axes.set_box_aspect(None, zoom=1.0)
    return figure


@styled
def first_order(outcome: NoiseOutcome) -> Picture:
    """Draw the variance from draws over its first order, against s, at some levels under the talk's criteria."""
    config, orders = outcome.config, talks(outcome)
    inner = np.flatnonzero(inner_levels(config))
    chosen = sorted({0, *(int(inner[i]) for i in (len(inner) // 3, 2 * len(inner) // 3, -1))})
    text = f"{described(outcome)} A ratio of 1: s² times the squared Jacobian says all."
    figure = new_figure(height=3.2, title=title(config, "drawn noise over its first order"), caption=text)
    grid = figure.add_gridspec(2, len(orders), height_ratios=(1, 0.03))
    panels = [figure.add_subplot(grid[0, i]) for i in range(len(orders))]
    for axes in panels[1:]:
        axes.sharey(panels[0])
    shades = np.linspace(0.1, 0.85, len(chosen))
    for axes, (order, look) in zip(panels, looks_of(orders).items(), strict=True):
        drawn, first = outcome.variance(order).mean(axis=0), outcome.first_order(order).mean(axis=0)
        axes.axhline(1, color=BLACK, linewidth=0.8)
        for shade, i in zip(shades, chosen, strict=True):
            if (first[i] > 0).all():
                colour = colormaps["cividis"](shade)
                label = f"{percent(config.levels[i]):g} % removed"
                axes.plot(config.noises, drawn[i] / first[i], "o-", markersize=3, color=colour, label=label)
        axes.set_title(look.label, fontsize=SMALL)
        axes.set_xlabel("s")
    panels[0].set_ylabel("ratio")
    legend_below(figure, grid[1, :], panels, ncols=4)
    return figure
