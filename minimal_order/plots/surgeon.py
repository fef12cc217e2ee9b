"""The figures of the experiment ``surgeon``: which weight to delete, and how far each criterion goes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..estimates import mean_interval
from ..experiments.surgeon.config import MONKS, WAYS, XORS
from ..experiments.surgeon.monk import MonkOutcome
from ..experiments.surgeon.outcome import Surgeon, picked, pruned
from ..experiments.surgeon.xor import COMPARED, XorOutcome
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
    band,
    legend_below,
    new_figure,
    percent,
    styled,
)

LOOKS = {
    "random": Look(GREY, "", "-", "random"),
    "magnitude": Look(PURPLE, "v", "-", "magnitude"),
    "taylor": Look(GREEN, "^", (0, (5, 2)), "Taylor"),
    "obd": Look(VERMILION, "s", "-", "OBD"),
    "obd, Gauss-Newton": Look(ORANGE, "D", (0, (1, 1.2)), "OBD, Gauss-Newton"),
    "obs": Look(BLUE, "o", "-", "OBS"),
}
WAY_LOOKS = {
    "once": Look(GREY, "D", "", "scored once"),
    "anew": Look(BLUE, "o", "", "scored anew before each removal"),
    "retrained": Look(VERMILION, "s", "", "and trained a little after each"),
}
COLUMNS = 2


@styled
def draw_xor(surgeon: Surgeon) -> Picture:
    """Draw what the weights of one network are worth and are held worth, and how often each criterion is right."""
    xor, start = telling(surgeon.xors)
    caption = (
        f"(a) Network with {xor.name}, start {start + 1}; bars: growth of the loss when the weight is deleted and the "
        "others are trained on; large markers: what a criterion deletes; black frame: what is best deleted. Magnitudes "
        f"are scaled to the highest bar. (b) {len(xor.w)} starts; those that fail to learn are not judged."
    )
    title = "Exclusive or, 2-2-1: which of the 9 weights to delete"
    figure = new_figure(height=4.2, title=title, caption=caption)
    grid = figure.add_gridspec(2, 2, width_ratios=(3, 2), height_ratios=(1, 0.03))
    landscape = figure.add_subplot(grid[0, 0])
    draw_landscape(landscape, xor, start)
    draw_counts(figure.add_subplot(grid[0, 1]), surgeon.xors)
    legend_below(figure, grid[1, :], [landscape], ncols=4)
    return figure


def telling(xors: list[XorOutcome]) -> tuple[XorOutcome, int]:
    """Find the judged start on which the most criteria err; the first network's first one if there is none."""
    errors = {
        (i, start): sum(not xor.right(c)[place] for c in COMPARED)
        for i, xor in enumerate(xors)
        for place, start in enumerate(np.flatnonzero(xor.judged))
    }
    i, start = max(errors, key=lambda key: errors[key], default=(0, 0))
    return xors[i], int(start)


def draw_landscape(axes: Axes, xor: XorOutcome, start: int) -> None:
    """Draw the true price of each weight, and its saliency by each criterion."""
    layout = XORS[xor.name].model.layout
    j, price = np.arange(xor.w.shape[-1]), xor.price[start]
    magnitude = np.abs(xor.w[start]) * price.max() / np.abs(xor.w[start]).max()
    curves = {"magnitude": magnitude, "obd": xor.saliency["obd"][start], "obs": xor.saliency["obs"][start]}
    axes.bar(j, price, color="#d8d8d8", width=0.8, label="truth, by brute force")
    axes.bar(price.argmin(), price.min(), fill=False, edgecolor=BLACK, width=0.8)
    for criterion, values in curves.items():
        look = LOOKS[criterion]
        axes.plot(j, values, **look.line() | {"linewidth": 0.8})
        best = values.argmin()
        axes.plot(best, values[best], look.marker, color=look.color, markersize=9, markeredgecolor=BLACK)
    axes.set_yscale("log")
    axes.set_xticks(j, [layout.name(k) for k in range(len(j))], rotation=45, ha="right")
    axes.set_ylabel("growth of the loss")
    axes.set_title("(a) what each weight is worth")


def draw_counts(axes: Axes, xors: list[XorOutcome]) -> None:
    """Draw how many starts were judged, and in how many of them each criterion was right."""
    for y, xor in enumerate(reversed(xors)):
        rows = picked(xor)
        axes.barh(y, rows[0].judged, height=0.75, color="#e4e4e4")
        for offset, row in zip((0.22, 0, -0.22), rows, strict=True):
            look = LOOKS[row.criterion]
            axes.plot(row.right, y + offset, look.marker, color=look.color, clip_on=False)
            axes.hlines(y + offset, 0, row.right, color=look.color, linewidth=1.2)
    axes.set_yticks(range(len(xors)), [xor.name.replace(", ", ",\n") for xor in reversed(xors)])
    axes.set_xlim(0, max(len(xor.w) for xor in xors))
    axes.set_xlabel("starts: judged (grey), and\nbest weight picked")
    axes.set_title("(b) right choices")
    axes.grid(axis="y", visible=False)


@styled
def draw_monk(surgeon: Surgeon) -> Picture:
    """Draw the share of weights that each criterion removes without an error more on the training part."""
    config = surgeon.config
    caption = (
        "Share removed when the training accuracy first falls below that of the whole network: mean and 95 % interval "
        f"over {config.draws} draws of the training part. Vertical lines: published for Optimal Brain Surgeon "
        "(Hassibi & Stork), of one network each."
    )
    title = "MONK's problems: how many weights can go"
    n_rows = -(-len(surgeon.monks) // COLUMNS)
    figure = new_figure(height=1.4 + 2.1 * n_rows, title=title, caption=caption)
    grid = figure.add_gridspec(n_rows + 1, COLUMNS, height_ratios=[1] * n_rows + [0.03])
    for i, monk in enumerate(surgeon.monks):
        axes = figure.add_subplot(grid[divmod(i, COLUMNS)])
        draw_shares(axes, monk)
        axes.set_title(f"({'abcdefgh'[i]}) {monk.name}; {monk.n_params} weights")
        if i >= len(surgeon.monks) - COLUMNS:
            axes.set_xlabel("removed, % of weights")
        if i % COLUMNS:
            axes.tick_params(labelleft=False)
    legend = figure.add_subplot(grid[-1, :])
    legend.set_axis_off()
    legend.legend(handles=[Line2D([], [], **look.line()) for look in WAY_LOOKS.values()], loc="center", ncols=3)
    return figure


def draw_shares(axes: Axes, monk: MonkOutcome) -> None:
    """Draw mean and interval of each criterion and way, and the published share."""
    criteria = list(LOOKS)[::-1]
    for row in pruned(monk):
        y = criteria.index(row.criterion) + 0.22 * (1 - WAYS.index(row.way))
        value, low, high = percent(np.array(row.removed))
        look = WAY_LOOKS[row.way]
        axes.hlines(y, low, high, color=look.color, linewidth=1.5)
        axes.plot(value, y, look.marker, color=look.color)
    published = MONKS[monk.name].published
    if published is not None:
        axes.axvline(100 * published, color=BLACK, linewidth=0.9)
    axes.set_yticks(range(len(criteria)), [LOOKS[criterion].label for criterion in criteria])
    axes.set_xlim(0, 100)


@styled
def draw_paths(surgeon: Surgeon) -> Picture:
    """Draw the training accuracy against the share removed, without and with training in between."""
    ways = WAYS[1:]
    caption = f"Mean and 95 % interval over {surgeon.config.draws} draws of the training part."
    title = "MONK's problems: training accuracy as weights leave"
    figure = new_figure(height=1.3 + 1.7 * len(surgeon.monks), title=title, caption=caption)
    grid = figure.add_gridspec(len(surgeon.monks) + 1, len(ways), height_ratios=[1] * len(surgeon.monks) + [0.03])
    for i, monk in enumerate(surgeon.monks):
        for column, way in enumerate(ways):
            axes = figure.add_subplot(grid[i, column])
            x = percent(np.arange(monk.n_params + 1) / monk.n_params)
            for criterion, look in LOOKS.items():
                mean, low, high = mean_interval(monk.accuracy[criterion, way][..., 0])
                band(axes, x, low, high, look.color)
                axes.plot(x, mean, **look.line() | {"markevery": max(1, len(x) // 10)})
            axes.set(xlim=(0, 100), ylim=(0.45, 1.02))
            axes.set_title(f"{monk.name}: {'removed only' if way == 'anew' else 'trained after each removal'}")
            if column == 0:
                axes.set_ylabel("training accuracy")
            if i == len(surgeon.monks) - 1:
                axes.set_xlabel("removed, % of weights")
    legend = figure.add_subplot(grid[-1, :])
    legend.set_axis_off()
    legend.legend(handles=[Line2D([], [], **look.line()) for look in LOOKS.values()], loc="center", ncols=3)
    return figure
