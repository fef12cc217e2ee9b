"""The common look of all figures: palette, sizes, labels; same data, same bytes in the files.

A figure function is decorated with ``styled`` and starts from ``new_figure``; nothing here uses pyplot, so
figures can be drawn without a screen, in any thread, and need not be closed.
"""

import functools
import io
import os
import textwrap
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter
from numpy.typing import ArrayLike, NDArray

from ..runs.files import write_atomic
from ..runs.store import Store

P = ParamSpec("P")
T = TypeVar("T")

# Okabe & Ito 2008: told apart with any kind of colour blindness. Their yellow is too pale for lines on white.
BLACK, GREY = "#000000", "#767676"
BLUE, VERMILION, GREEN, ORANGE = "#0072b2", "#d55e00", "#009e73", "#e69f00"
PURPLE, SKY = "#cc79a7", "#56b4e9"
WINE = "#882255"  # of Tol's muted scheme
PALETTE = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))

WIDE = 7.2
"""Width of a figure in inches: a page's text, or about 1100 pixels."""

SMALL = 8
"""Points: the smallest print, of captions and legends."""

RC: dict[Any, Any] = {
    "figure.dpi": 150,
    "savefig.dpi": 150,
    "font.family": "DejaVu Sans",  # comes with matplotlib, so figures look alike on every machine
    "font.size": 9,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.formatter.limits": (-7, 7),  # a factor "1e-5" above an axis is easily overlooked
    "axes.formatter.useoffset": False,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": f"cycler(color={list(PALETTE)})",
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.facecolor": "white",  # over lines a legend stays legible
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
    "legend.fancybox": False,
    "legend.borderpad": 0.2,
    "legend.handlelength": 2.6,
    "lines.linewidth": 1.5,
    "lines.markersize": 4,
    "svg.hashsalt": "minimal_order",  # otherwise the ids in an SVG are random
    "svg.fonttype": "path",
}

_lock = threading.RLock()  # matplotlib's settings are one for all threads


@contextmanager
def in_style() -> Iterator[None]:
    """Draw in the common look, whatever the user's matplotlib settings are; they come back afterwards."""
    with _lock, matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        yield


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Decorate a figure function: it draws in the common look."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        with in_style():
            return draw(*args, **kwargs)

    return drawn


class Picture(Figure):
    """A figure that shows itself as the result of a notebook cell."""

    def _repr_png_(self) -> bytes:
        return image(self, "png")


def new_figure(width: float = WIDE, height: float = 3.2, title: str = "", caption: str = "") -> Picture:
    """Return an empty figure with a title above and a caption below its panels; call it in ``in_style``.

    Parameters
    ----------
    width, height : inches
    title : one line, what is shown
    caption : what it was made from: runs, steps, what bands mean; broken into lines here
    """
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.05, wspace=0.03)
    figure = Picture(figsize=(width, height), layout=layout)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
    if caption:
        unbroken = caption.replace(" %", "\u00a0%").replace(" = ", "\u00a0=\u00a0").replace("± ", "±\u00a0")
        lines = textwrap.fill(unbroken, int(width * 16), break_long_words=False, break_on_hyphens=False)
        figure.supxlabel(lines, x=0.01, ha="left", fontsize=SMALL, color="#404040")
    return figure


# --- lines ----------------------------------------------------------------------------------------------


class Look(NamedTuple):
    """How the line of one order is drawn everywhere."""

    color: str
    marker: str
    linestyle: Any
    label: str

    def line(self) -> dict[str, Any]:
        """Arguments for ``Axes.plot``."""
        return self._asdict() | {"markeredgecolor": "white", "markeredgewidth": 0.4}


ORDER_LOOKS = {
    "random": Look(GREY, "", "-", "random"),
    "gradient_covariance": Look(BLUE, "o", "-", "gradient covariance"),
    "accumulated_gradient": Look(VERMILION, "s", "-", "accumulated gradient"),
    "full_gradient": Look(ORANGE, "^", LINES[1], "full gradient"),
    "preconditioned_gradient": Look(GREEN, "D", LINES[3], "preconditioned gradient"),
    "magnitude": Look(PURPLE, "v", "-", "magnitude"),
    "lasso": Look(SKY, "P", "-", "lasso path"),
    "elastic_net": Look(BLACK, "X", LINES[2], "elastic-net path"),
    "oracle": Look(BLACK, "", LINES[1], "oracle |w − w*|"),
    "exact_covariance": Look(BLUE, "s", LINES[2], "exact covariance"),
    "second_moment": Look(VERMILION, "D", LINES[3], "second moment (Adam's v)"),
    "taylor": Look(ORANGE, "P", LINES[2], "Taylor"),
    "obd": Look(WINE, "D", "-", "Optimal Brain Damage"),
    "obd_gauss_newton": Look(WINE, "o", LINES[1], "OBD, Gauss–Newton"),
    "obs": Look(BLACK, "s", "-", "Optimal Brain Surgeon"),
    "variational": Look(GREEN, "v", "-", "variational"),
    "belsley": Look(SKY, "X", "-", "Belsley"),
    "belsley_conditional": Look(SKY, "^", LINES[3], "Belsley, conditional"),
}
"""The orders of the package; those of plugins take the combinations that are left."""


def looks(orders: Sequence[str]) -> dict[str, Look]:
    """Return the look of every order: told apart by colour, marker and line, and the same in every figure."""
    unknown = [name for name in orders if name not in ORDER_LOOKS]
    found = {name: ORDER_LOOKS[name] for name in orders if name in ORDER_LOOKS}
    colors = (WINE, *reversed(PALETTE))
    for i, name in enumerate(unknown):
        color, marker = colors[i % len(colors)], MARKERS[(i + 3) % len(MARKERS)]
        found[name] = Look(color, marker, LINES[3 - i // len(colors) % 3], name.replace("_", " "))
    return {name: found[name] for name in orders}


def band(axes: Axes, x: ArrayLike, low: ArrayLike, high: ArrayLike, color: str, alpha: float = 0.18) -> None:
    """Shade between two curves, without an edge."""
    axes.fill_between(x, low, high, color=color, alpha=alpha, linewidth=0)


def frozen_axis(axes: Axes) -> None:
    """Make x the share frozen, 0 ... 100 %; curves are drawn against ``percent(levels)``."""
    axes.set_xlabel("frozen, % of parameters")
    axes.set_xlim(-2, 102)
    axes.set_xticks(range(0, 101, 20))


def legend_below(figure: Figure, row: SubplotSpec, panels: Sequence[Axes], ncols: int = 3) -> None:
    """Put one legend for all panels in a row of its own, where it covers nothing.

    Parameters
    ----------
    figure, row : where; the row is next to nothing high, the layout makes room for the legend
    panels : whose labelled lines it explains
    ncols : its columns
    """
    lines = {str(line.get_label()): line for axes in panels for line in axes.get_legend_handles_labels()[0]}
    axes = figure.add_subplot(row)
    axes.axis("off")
    axes.legend(lines.values(), lines.keys(), loc="center", ncols=ncols)


def log_ticks(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers; call it when all is drawn and the scale is set."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_locator(NullLocator())


def percent(levels: ArrayLike) -> NDArray:
    """Shares in [0, 1] as per cent, without the last bits of the product."""
    return np.round(100 * np.asarray(levels, float), 10)


# --- files ----------------------------------------------------------------------------------------------


def image(figure: Figure, suffix: str) -> bytes:
    """Return the figure as a file of type ``suffix``: "png" or "svg"; same data, same bytes."""
    metadata = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}[suffix]
    buffer = io.BytesIO()
    with in_style():
        layout = figure.get_layout_engine()
        if layout is not None:
            layout.execute(figure)  # once for all files: it takes as long as the drawing
            figure.set_layout_engine(None)
        figure.savefig(buffer, format=suffix, metadata=metadata)
    return buffer.getvalue()


def save(figure: Figure, where: Store | str | os.PathLike[str], name: str) -> list[str]:
    """Write ``name.png`` and ``name.svg`` into a results store or a folder; return the two paths."""
    paths = []
    for suffix in ("png", "svg"):
        file = f"{name}.{suffix}"
        if isinstance(where, Store):
            where.write(file, image(figure, suffix))
        else:
            write_atomic(os.path.join(where, file), image(figure, suffix))
        paths.append(os.path.join(where.folder if isinstance(where, Store) else where, file))
    return paths
