"""Figures of the freezing experiment: quality against the share frozen."""

import numpy as np
from numpy.typing import NDArray

from ..experiments import published as paper
from ..experiments.freeze.outcome import SPLITS, Outcome
from . import words
from .curves import aside, bar_interval, draw, over_runs, shade_interval, shade_std
from .style import (
    BLACK,
    GREY,
    SMALL,
    Picture,
    frozen_axis,
    legend_below,
    log_ticks,
    looks,
    new_figure,
    percent,
    styled,
)

LOG_FROM = 10
"""Ratio of the largest to the smallest mean from which on a loss is drawn on a logarithmic scale."""


@styled
def loss(outcome: Outcome) -> Picture:
    """Draw the loss against the share frozen, covariance order and random: the paper's first kind of figure.

    (a) train, (b) test; (c), (d) the difference between the two, paired over runs, which is much sharper than
    the bands above where the runs differ in more than the order.
    """
    x, pair = percent(outcome.config.levels), words.pair(outcome)
    caption = f"{words.experiment(outcome)} Lines: means; {words.BANDS}, in (c) and (d) bands."
    figure = new_figure(height=5.4, title=words.title(outcome, "loss against the share frozen"), caption=caption)
    axes = figure.subplots(2, 2, sharex=True, height_ratios=(1.6, 1))
    for s, split in enumerate(SPLITS):
        for i, (name, look) in enumerate(looks(pair).items()):
            values, beside = outcome.loss(name)[..., s], aside(x, i, len(pair))
            shade_std(axes[0, s], x, values, look)
            bar_interval(axes[0, s], beside, values, look)
            draw(axes[0, s], beside, values, look)
        apart = outcome.loss(pair[0])[..., s] - outcome.loss(pair[-1])[..., s]
        axes[1, s].axhline(0, color=BLACK, linewidth=0.8)
        shade_interval(axes[1, s], x, apart, looks(pair)[pair[0]])
        draw(axes[1, s], x, apart, looks(pair)[pair[0]])
        axes[0, s].set_title(f"({'ab'[s]}) {split}")
        axes[1, s].set_title(f"({'cd'[s]}) {split}: difference, paired over runs")
        frozen_axis(axes[1, s])
    axes[0, 0].set_ylabel(words.loss_label(outcome))
    axes[1, 0].set_ylabel("\nminus ".join(look.label for look in looks(pair).values()))
    axes[0, 0].legend(loc="upper left")
    return figure


# --- beside the published curves ------------------------------------------------------------------------


def published(outcome: Outcome) -> Picture | None:
    """Draw our curves beside those read off the paper's figure; None if nothing usable is published.

    Losses as a share of the way from nothing to everything frozen, for the paper does not state the scale of
    its y; accuracies as the change since nothing frozen.
    """
    splits = [s for s in range(2) if (outcome.config.dataset, SPLITS[s]) in paper.CURVES]
    pair = [name for name in (words.COVARIANCE, words.RANDOM) if name in outcome.config.orders]
    has_ends = {0.0, 1.0} <= set(outcome.config.levels)
    return draw_published(outcome, splits, pair) if splits and pair and has_ends else None


@styled
def draw_published(outcome: Outcome, splits: list[int], pair: list[str]) -> Picture:
    """Draw ``published`` for the splits (0 train, 1 test) and orders for which there are curves."""
    caption = (
        f"{words.experiment(outcome)} Solid: means of our runs with the 95 % interval of the mean. Dashed: "
        "Grabovoy, Bakhteev, Strijov 2020, read off its figures; its sample size, step size, t0 and scaling "
        "are not published."
    )
    what = "our curves and the published ones"
    figure = new_figure(height=3.8, title=words.title(outcome, what), caption=caption)
    grid = figure.add_gridspec(2, len(splits), height_ratios=(1, 0.03))
    axes = [figure.add_subplot(grid[0, i]) for i in range(len(splits))]
    for one in axes[1:]:
        one.sharey(axes[0])
    levels = np.array(outcome.config.levels)
    for panel, s in enumerate(splits):
        theirs = paper.CURVES[outcome.config.dataset, SPLITS[s]]
        quality = outcome.loss if theirs.quantity == "loss" else outcome.metric
        has_scale = theirs.quantity == "accuracy" or grows(quality(pair[0])[..., s], levels)
        for name, look in looks(pair).items():
            if has_scale:
                values = comparable(quality(name)[..., s], levels, theirs.quantity)
                shade_interval(axes[panel], percent(levels), values, look)
                draw(axes[panel], percent(levels), values, look)
            curve = theirs.covariance if name == words.COVARIANCE else theirs.random
            values = comparable(curve, paper.LEVELS, theirs.quantity)
            dashed = look._replace(marker="", linestyle=(0, (4, 2)), label=f"{look.label}, published")
            axes[panel].plot(percent(paper.LEVELS), values, **dashed.line())
        if not has_scale:
            note = "ours is not shown: it does not\ngrow from 0 to 100 % frozen"
            axes[panel].text(0.03, 0.97, note, va="top", fontsize=SMALL, transform=axes[panel].transAxes)
        axes[panel].set_title(f"({'ab'[panel]}) {SPLITS[s]}")
        frozen_axis(axes[panel])
    relative = "loss relative to nothing frozen (0)\nand everything frozen (1)"
    absolute = "accuracy less that with\nnothing frozen, % points"
    axes[0].set_ylabel(relative if theirs.quantity == "loss" else absolute)
    legend_below(figure, grid[1, :], axes, ncols=2)
    return figure


def comparable(values: NDArray, levels: NDArray, quantity: str) -> NDArray:
    """Free curves (..., levels) of the scale of y: zero and unit are those of the mean over runs."""
    mean = over_runs(np.atleast_2d(values)).mean
    free, frozen = mean[levels == 0], mean[levels == 1]
    return 100 * (values - free) if quantity == "accuracy" else (values - free) / (frozen - free)


def grows(loss: NDArray, levels: NDArray) -> bool:
    """Tell whether the loss (runs, levels) with all frozen is surely above that with nothing frozen.

    If not, as where training on does harm, there is no scale to show it on.
    """
    growth = over_runs(loss[:, levels == 1] - loss[:, levels == 0])
    return bool(growth.mean[0] - np.nan_to_num(growth.half[0]) > 0)


# --- every order ----------------------------------------------------------------------------------------


@styled
def orders(outcome: Outcome) -> Picture:
    """Draw every order: loss on train and test, metric on test, and the difference in loss from random."""
    x, every = percent(outcome.config.levels), looks(outcome.config.orders)
    caption = (
        f"{words.experiment(outcome)} Lines: means; band of the random order: ± standard deviation between "
        "runs. (d): paired over runs, with 95 % intervals of the mean; below 0 an order beats random."
    )
    figure = new_figure(height=6.6, title=words.title(outcome, "every order"), caption=caption)
    grid = figure.add_gridspec(3, 2, height_ratios=(1, 1, 0.03))
    a, b, c, d = (figure.add_subplot(grid[i, j]) for i in range(2) for j in range(2))
    loss = {name: outcome.loss(name) for name in every}
    train, test = ({name: values[..., s] for name, values in loss.items()} for s in (0, 1))
    metric = {name: outcome.metric(name)[..., 1] for name in every}
    for axes, curves, title, ylabel in (
        (a, train, "(a) loss, train", words.loss_label(outcome)),
        (b, test, "(b) loss, test", ""),
        (c, metric, f"(c) {outcome.metric_name}, test", words.metric_label(outcome)),
    ):
        for (name, look), thick in zip(every.items(), thickness(len(every)), strict=True):
            if name == words.RANDOM:
                shade_std(axes, x, curves[name], look)
            draw(axes, x, curves[name], look, **thick)
        axes.set_title(title)
        axes.set_ylabel(ylabel)
        if axes is not c and is_wide(list(curves.values())):
            axes.set_yscale("log")
            log_ticks(axes.yaxis)
    rivals = [name for name in every if name != words.RANDOM]
    d.set_visible(words.RANDOM in every)
    for i, name in enumerate(rivals if words.RANDOM in every else []):
        apart, beside = test[name] - test[words.RANDOM], aside(x, i, len(rivals))
        bar_interval(d, beside, apart, every[name])
        draw(d, beside, apart, every[name])
    d.axhline(0, color=GREY, linewidth=1.5)
    d.set_title("(d) loss, test: difference from random")
    for axes in (a, b, c, d):
        frozen_axis(axes)
    legend_below(figure, grid[2, :], [a])
    return figure


def thickness(n: int) -> list[dict[str, float]]:
    """Give lines drawn later a smaller width, so that of curves that coincide each can be seen."""
    share = np.linspace(1, 0, n)
    return [{"linewidth": 1.1 + 1.2 * s, "markersize": 3.5 + 2.2 * s} for s in share]


def is_wide(curves: list[NDArray]) -> bool:
    """Tell whether the means of curves (runs, levels) span so much that they call for a logarithmic scale."""
    means = np.array([over_runs(values).mean for values in curves])
    means = means[np.isfinite(means)]
    return means.size > 0 and means.min() > 0 and means.max() > LOG_FROM * means.min()
