"""Figures can be read, are the same bytes every time, and touch nobody's settings."""

import hashlib
import itertools
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from random_outcomes import draw_all, line, made_up

from minimal_order import plots
from minimal_order.experiments.freeze.outcome import agreements
from minimal_order.orders import order
from minimal_order.plots import style
from minimal_order.runs.store import Store

# --- looks ----------------------------------------------------------------------------------------------


def test_every_order_looks_different_also_those_of_plugins(orders_table):
    @order("my_order", "mine")
    def mine(run, rng):
        return np.arange(run.w.size)

    looks = style.looks([*orders_table, "another", *(f"order{i}" for i in range(8))])
    seen = {(look.color, look.marker, str(look.linestyle)) for look in looks.values()}
    assert len(seen) == len(looks) and list(looks)[: len(orders_table)] == list(orders_table)
    assert looks["my_order"].label == "my order"
    figure = plots.orders(made_up("synthetic3", orders=("random", "my_order"), levels=(0.0, 0.3, 1.0)))
    assert line(figure.axes[0], "my order")


def boxes(figure):
    """What every visible text says and where it stands, once laid out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    renderer = FigureCanvasAgg(figure).get_renderer()
    with style.in_style():
        figure.draw_without_rendering()
    hidden = set()  # the labels of ticks beyond the ends of their axis are there but not drawn
    for axis in [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]:
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if not (low <= tick.get_loc() <= high and axis.axes.axison):
                hidden |= {tick.label1, tick.label2}
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text not in hidden]


@pytest.mark.parametrize("dataset", ["boston", "synthetic2", "synthetic3", "mnist"])
def test_no_text_is_cut_off_or_covers_another(dataset):
    dead = range(7000) if dataset == "mnist" else ()
    levels = (0.0, 0.1, 0.5, 1.0)
    orders = ("random", "gradient_covariance") if dataset == "mnist" else ()
    for name, figure in draw_all(made_up(dataset, runs=3, dead=dead, levels=levels, orders=orders)).items():
        width, height = figure.bbox.size
        found = boxes(figure)
        for text, box in found:
            inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
            assert inside, (name, text, box)
        for (a, box_a), (b, box_b) in itertools.combinations(found, 2):
            assert not box_a.padded(-1).overlaps(box_b.padded(-1)), (name, a, b)


# --- files ----------------------------------------------------------------------------------------------


def test_same_data_same_bytes(synthetic, tmp_path):
    table = list(agreements(synthetic))
    for draw in (lambda: plots.paths(synthetic), lambda: plots.stability(synthetic, table)):
        figure = draw()
        saved = [plots.save(each, tmp_path / folder, "f") for each, folder in ((figure, "a"), (draw(), "b"))]
        for suffix, *paths in zip(("png", "svg"), *saved, strict=True):
            contents = {Path(path).read_bytes() for path in paths}
            assert contents == {style.image(figure, suffix)}
    assert b"dc:date" not in (tmp_path / "a" / "f.svg").read_bytes()


CHILD = """
import hashlib, sys
import minimal_order
assert "matplotlib" not in sys.modules
import matplotlib
matplotlib.rcParams.update({"font.size": 20, "svg.hashsalt": None, "xtick.direction": "in"})
sys.path.insert(0, sys.argv[1])
from minimal_order import plots
from minimal_order.plots import style
from random_outcomes import made_up
figure = plots.alpha(made_up("synthetic3"))
assert "matplotlib.pyplot" not in sys.modules
assert matplotlib.rcParams["font.size"] == 20
for suffix in ("png", "svg"):
    print(hashlib.sha256(style.image(figure, suffix)).hexdigest())
"""


def test_same_bytes_in_another_process_with_other_settings(synthetic):
    """Also: the package does not load matplotlib, figures do not load pyplot, the user's settings stay."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(Path(__file__).parent)], capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr
    figure = plots.alpha(synthetic)
    here = [hashlib.sha256(style.image(figure, suffix)).hexdigest() for suffix in ("png", "svg")]
    assert child.stdout.split() == here


def test_figures_can_be_drawn_in_threads(synthetic):
    def drawn(_):
        return style.image(plots.paths(synthetic), "svg")

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(drawn, range(4)))) == 1


def test_save_writes_to_a_store(boston, tmp_path):
    store = Store.open(tmp_path / "out", {"seed": 0})
    figure = plots.paths(boston)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the store warns where a figure differs from the one before
        paths = [plots.save(figure, store, "paths") for _ in range(2)]
    assert paths[0] == paths[1] == [str(tmp_path / "out" / f"paths.{suffix}") for suffix in ("png", "svg")]
    assert (tmp_path / "out" / "paths.png").read_bytes().startswith(b"\x89PNG")


def test_images_are_rastered_in_the_svg():
    svg = style.image(plots.alpha(made_up("mnist", runs=2, orders=("random", "gradient_covariance"))), "svg")
    assert svg.count(b"<image") == 5 and len(svg) < 400_000


def test_a_notebook_shows_a_figure(boston):
    assert plots.paths(boston)._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(("runs", "orders"), [(1, ("magnitude",)), (2, ("random", "magnitude"))])
def test_few_runs_and_other_orders_are_drawn_without_warnings(runs, orders):
    outcome = made_up(runs=runs, orders=orders, levels=(0.0, 0.5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures = draw_all(outcome)
        for figure in figures.values():
            style.image(figure, "svg")
    assert list(figures) == ["loss", "alpha", "orders", "paths"]


def test_no_figure_of_alpha_where_every_run_diverged(boston):
    lost = replace(boston, w={name: np.full_like(w, np.nan) for name, w in boston.w.items()})
    assert plots.alpha(lost) is None
    assert plots.stability(lost, list(agreements(lost))) is None
