"""The loss while training."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check
from ..training.train import Training
from .curves import over_runs, shade_std
from .style import GREY, PALETTE, Look, Picture, log_ticks, new_figure, styled
from .words import NAMES, runs

LOSSES = {
    "regression": "squared error",
    "binary": "logistic loss, nats",
    "multiclass": "cross-entropy, nats",
}


def smooth(losses: ArrayLike, window: int) -> NDArray:
    """Average over the last ``window`` steps, of fewer at first, NaN from the first NaN on; (steps, ...)."""
    losses = np.asarray(losses, float)
    total = np.cumsum(losses, axis=0)
    total[window:] -= total[:-window].copy()
    return total / np.minimum(np.arange(1, len(losses) + 1), window).reshape(-1, *[1] * (losses.ndim - 1))


@styled
def history(
    *trainings: Training,
    labels: Sequence[str] = (),
    window: int | None = None,
    title: str = "",
    log: bool = True,
) -> Picture:
    """Draw the loss of the batches against the step.

    Thin: every batch, mean over replicas; thick: mean over the last ``window`` steps, with a band of +- the
    standard deviation of that between replicas.

    Parameters
    ----------
    trainings : one, or several that continue each other: before freezing and after, say
    labels : what each of them is, for the legend
    window : steps; a twentieth of the longest training unless told otherwise
    title : what is shown
    log : whether the loss is on a logarithmic scale
    """
    check(len(trainings) >= 1, "trainings", trainings, "at least one")
    check(
        len(labels) in (0, len(trainings)),
        "labels",
        labels,
        f"one for each of the {len(trainings)} trainings",
    )
    longest = max(training.steps for training in trainings)
    window = window or max(1, longest // 20)
    check(window >= 1, "window", window, "1 step or more")
    many = trainings[0].losses[0].size
    name = trainings[0].data.name
    title = title or f"{NAMES.get(name, name)}: loss while training"
    caption = f"Thin: loss of each batch; thick: mean over {window} steps."
    if many > 1:
        caption += f" Mean over {runs(many)}; band: ± standard deviation between them."
    figure = new_figure(width=5.2, title=title, caption=caption)
    axes = figure.subplots()
    start = 0
    for i, training in enumerate(trainings):
        losses = training.losses.reshape(training.steps, -1)
        step, color = start + np.arange(1, training.steps + 1), PALETTE[i % len(PALETTE)]
        smoothed = smooth(losses, window).T
        axes.plot(step, over_runs(losses.T).mean, color=color, linewidth=0.5, alpha=0.35)
        shade_std(axes, step, smoothed, Look(color, "", "-", ""))
        axes.plot(step, over_runs(smoothed).mean, color=color, label=labels[i] if labels else "")
        if i:
            axes.axvline(start, color=GREY, linestyle=":", linewidth=1)
        start += training.steps
    axes.set_xlabel("step")
    axes.set_ylabel(LOSSES[trainings[0].data.task])
    axes.set_xlim(0, start)
    if log:
        axes.set_yscale("log")
        log_ticks(axes.yaxis)
    if labels:
        axes.legend()
    return figure
