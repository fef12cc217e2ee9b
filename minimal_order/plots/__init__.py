"""Figures. Every function takes results and returns a matplotlib ``Figure``; ``save`` writes PNG and SVG.

This package is imported by those who draw, never by the core: matplotlib is slow to load.
"""

from collections.abc import Callable, Iterator, Sequence

from ..experiments.freeze.outcome import Agreement, Outcome
from .agreement import alpha, stability
from .belsley import draw_collinearity
from .curves import loss_curve
from .freeze import loss, orders, published
from .history import history
from .paths import paths
from .style import Picture, save

__all__ = [
    "alpha",
    "draw_collinearity",
    "figures",
    "history",
    "loss",
    "loss_curve",
    "orders",
    "paths",
    "published",
    "save",
    "stability",
]


def figures(outcome: Outcome, table: Sequence[Agreement]) -> Iterator[tuple[str, Picture]]:
    """Draw, one at a time, every figure that a freezing experiment has, with its file name.

    Parameters
    ----------
    outcome : the experiment
    table : its ``agreements``
    """
    drawings: dict[str, Callable[[], Picture | None]] = {
        "loss": lambda: loss(outcome),
        "alpha": lambda: alpha(outcome),
        "orders": lambda: orders(outcome),
        "stability": lambda: stability(outcome, table),
        "published": lambda: published(outcome),
        "paths": lambda: paths(outcome),
    }
    for name, draw in drawings.items():
        figure = draw()
        if figure is not None:
            yield name, figure
