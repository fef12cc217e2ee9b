"""Figures of Belsley's method: proportions as a heat-map, and the talk's illustration."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from ..dependence.belsley import condition_index, variance_proportion
from ..dependence.collinearity_table import LIMIT, THRESHOLD, Collinearity
from ..experiments.belsley_toy.outcome import NAMES, Toy
from .style import BLACK, BLUE, GREEN, GREY, LINES, ORANGE, PURPLE, SMALL, VERMILION, WIDE, Picture, new_figure, styled

READABLE = 14
"""The most rows or columns whose cells hold their number."""

MOST = 100
"""The most rows or columns of a full size that have labels of their own; of more, every second, third, ... has one."""

LONGEST = 30
"""The most letters of a name; what is longer is cut in the middle, since names often differ at the end."""

LETTER = 0.075
"""The width of a letter of a label in inches, on average."""


@styled
def draw_collinearity(found: Collinearity, threshold: float = THRESHOLD, limit: float = LIMIT) -> Picture:
    """Draw the proportions, a row a condition index; large ones are bold."""
    n_rows, n_columns = found.proportions.shape
    caption = (
        f"Share of the variance of each coefficient; bold: above {threshold:g}, and condition indices above {limit:g}. "
        "Columns sum to 1."
    )
    rows, columns = (range(n - 1, -1, -math.ceil(n / MOST))[::-1] for n in (n_rows, n_columns))
    names = [shortened(found.names[j]) for j in columns]
    letters, width = max(map(len, names)), max(WIDE, 1.5 + 0.24 * len(columns))
    upright = (letters + 2) * len(columns) * LETTER > width - 1.5
    height = 1.6 + 0.27 * len(rows) + upright * LETTER * letters
    figure = new_figure(width, height, title="Variance-decomposition proportions", caption=caption)
    axes = figure.subplots()
    image = heat_map(axes, found.proportions, threshold)
    axes.set_xticks(columns, names, rotation=90 * upright, parse_math=False)
    axes.set_yticks(rows, index_labels(found.condition_indices[rows], found.multiplicity[rows]))
    for label, index in zip(axes.get_yticklabels(), found.condition_indices[rows], strict=True):
        label.set_fontweight("bold" if index > limit else "normal")
    axes.set_ylabel("condition index")
    figure.colorbar(image, ax=axes, fraction=0.03, pad=0.01)
    return figure


def shortened(name: str) -> str:
    """The name, or its beginning and its end if it is too long."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST // 2]}…{name[1 - LONGEST // 2 :]}"


def index_labels(indices: NDArray, multiplicity: NDArray) -> list[str]:
    """Condition indices as labels: 9.142, 43 280, 3 × ∞."""
    labels = []
    for index, n in zip(indices, multiplicity, strict=True):
        number = "∞" if np.isinf(index) else f"{float(f'{index:.4g}'):,.10g}".replace(",", " ")
        labels.append(f"{n} × {number}" if n > 1 else number)
    return labels


def heat_map(axes: Axes, q: NDArray, threshold: float) -> AxesImage:
    """Draw numbers in [0, 1] as shades of one colour, with the numbers where there is room."""
    image = axes.imshow(q, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    if max(q.shape) <= READABLE:
        for (i, j), value in np.ndenumerate(q):
            weight, color = ("bold" if value > threshold else "normal"), ("white" if value > 0.6 else BLACK)
            axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=SMALL, color=color, weight=weight)
    return image


@styled
def draw_toy(toy: Toy) -> Picture:
    """Draw the six parameters, their joint proportions, and in which order they leave."""
    found = toy.found["correlation"]
    caption = (
        f"(a) over {len(toy.x)} values of x. (b) of the correlation matrix; the three eigenvalues that are 0 are one "
        "group. (c) scale, and what is left after a removal; blue: removed while an exact relation was left."
    )
    title = "Belsley's method on the talk's illustration"
    figure = new_figure(height=6.2, title=title, caption=caption)
    grid = figure.add_gridspec(3, 1, height_ratios=(1.3, 1, 1))
    a, b, c = (figure.add_subplot(grid[row]) for row in range(3))
    colors = (BLUE, VERMILION, ORANGE, GREEN, PURPLE, GREY)
    for i, (name, color) in enumerate(zip(NAMES, colors, strict=True)):
        a.plot(toy.x, toy.w[:, i], color=color, linestyle=LINES[i % 2 * (i < 4)], label=name)
    a.set_ylim(-1.6, 6)
    a.set_xlim(0, toy.x[-1])
    a.set_xlabel("x")
    a.set_title("(a) six parameters")
    a.legend(ncols=3, loc="upper right", columnspacing=1, handlelength=1.8)  # narrow: the line of x leaves at the top
    heat_map(b, variance_proportion(found).T, THRESHOLD)
    sizes = np.diff([*found.starts, len(NAMES)])
    labels = index_labels(condition_index(found.values)[found.starts], sizes)
    b.set_yticks(range(len(labels)), labels)
    b.set_xticks(range(len(NAMES)), NAMES)
    b.set_ylabel("condition index")
    b.set_title("(b) variance proportions")
    draw_places(c, toy)
    c.set_title("(c) which leaves when")
    return figure


def draw_places(axes: Axes, toy: Toy) -> None:
    """Draw the place of each parameter in the order of every elimination."""
    ways = list(toy.eliminations)
    place, exact = np.zeros((2, len(ways), len(NAMES)))
    for row, steps in enumerate(toy.eliminations.values()):
        place[row, steps.order] = np.arange(1, len(NAMES) + 1)
        exact[row, steps.order] = np.isinf(steps.condition_index)
    axes.imshow(0.25 * exact, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for (i, j), number in np.ndenumerate(place):
        axes.text(j, i, f"{number:.0f}", ha="center", va="center", fontsize=SMALL)
    axes.set_yticks(range(len(ways)), [f"{scale}, {removal}" for scale, removal in ways])
    axes.set_xticks(range(len(NAMES)), NAMES)
