"""The figures show the numbers, are the same bytes every time, and touch nobody's settings."""

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

from minimal_order import plots
from minimal_order.estimates import mean_interval
from minimal_order.experiments import published
from minimal_order.experiments.freeze.branches import branches_of
from minimal_order.experiments.freeze.config import FreezeConfig
from minimal_order.experiments.freeze.outcome import PANELS, Outcome, agreements
from minimal_order.experiments.freeze.runs import conditions_of
from minimal_order.freezing.stability import stability
from minimal_order.networks.models import mlp
from minimal_order.orders import order
from minimal_order.plots import curves, style
from minimal_order.plots.agreement import some_parameters
from minimal_order.plots.history import smooth
from minimal_order.runs.store import Store
from minimal_order.training.train import Training

NAMES = ["loss", "alpha", "orders", "stability", "published", "paths"]


def made_up(dataset="boston", runs=4, diverged=None, dead=(), **settings):
    """An outcome of random numbers; ``diverged`` = (run, order, k) is one branch that did."""
    config = FreezeConfig(dataset, runs=runs, t0=50, t1=20, **settings)
    rng = np.random.default_rng(0)
    p, branches = config.model.n_params, branches_of(config)
    part = {
        "start_loss": rng.random((runs, 2)),
        "start_metric": rng.random((runs, 2)),
        "loss": 0.1 + rng.random((runs, len(branches), 2)) + np.array([k / p for _, k in branches])[:, None],
        "metric": rng.random((runs, len(branches), 2)),
        "diverged": np.zeros((runs, len(branches)), int),
        "live": np.tile(~np.isin(np.arange(p), dead), (runs, 1)),
        "converged": rng.integers(1, 71, (runs, p)),
    }
    if diverged is not None:
        part["diverged"][diverged[0], branches.index(diverged[1:])] = 33
    for name in ("running", "running, late half", "batch"):
        part[f"estimate/{name}"] = np.stack([rng.random(runs), rng.lognormal(size=runs)], axis=1)
    for condition in conditions_of(config):
        part[f"w/{condition}"] = rng.standard_normal((runs, p))
        for name in config.orders:
            noise = rng.standard_normal((runs, p)) * (10 if name == "random" else 1)
            part[f"rank/{condition}/{name}"] = np.argsort(np.argsort(noise + np.arange(p) / p)) + 1
    return Outcome.assemble(config, 50, [part])


@pytest.fixture(scope="module")
def boston():
    return made_up(dead=range(40, 60), diverged=(2, "random", 150), levels=tuple(i / 10 for i in range(11)))


@pytest.fixture(scope="module")
def synthetic():
    return made_up("synthetic3")


def draw_all(outcome):
    return dict(plots.figures(outcome, list(agreements(outcome))))


def line(axes, label):
    (found,) = (one for one in axes.lines if one.get_label() == label)
    return found


# --- the numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", [0, 1])
def test_loss_shows_mean_spread_and_interval(boston, split):
    axes = plots.loss(boston).axes[split]
    assert axes.get_title(loc="left") == ["(a) train", "(b) test"][split]
    for i, (name, label) in enumerate([("gradient_covariance", "gradient covariance"), ("random", "random")]):
        values = boston.loss(name)[..., split]
        np.testing.assert_allclose(line(axes, label).get_ydata(), np.nanmean(values, axis=0), rtol=1e-12)
        std = np.nanstd(values, axis=0, ddof=1)
        bands, bars = axes.collections[2 * i : 2 * i + 2]
        y = bands.get_paths()[0].vertices[:, 1]
        np.testing.assert_allclose(y.max(), np.nanmax(np.nanmean(values, axis=0) + std), rtol=1e-12)
        finite = values[:, np.isfinite(values).all(axis=0)]
        ends = np.array(bars.get_segments())[np.isfinite(values).all(axis=0), :, 1]
        np.testing.assert_allclose(ends.T, mean_interval(finite)[1:], rtol=1e-12)


def test_loss_pairs_runs_for_the_difference(boston):
    axes = plots.loss(boston).axes[3]
    apart = (boston.loss("gradient_covariance") - boston.loss("random"))[..., 1]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), np.nanmean(apart, axis=0), rtol=1e-12)
    assert "minus random" in plots.loss(boston).axes[2].get_ylabel()


def test_a_diverged_branch_is_left_out_and_counted(boston):
    at_half = list(boston.config.levels).index(0.5)
    expected = boston.loss("random")[[0, 1, 3], at_half, 0].mean()
    figure = plots.loss(boston)
    np.testing.assert_allclose(line(figure.axes[0], "random").get_ydata()[at_half], expected, rtol=1e-12)
    assert "1 run at least one branch diverged" in figure.get_supxlabel().replace("\n", " ")


def test_alpha_shows_alpha_hat(boston, synthetic):
    """eq:alpha-hat and which 25 parameters the small panels show."""
    for outcome, start in ((boston, 138), (synthetic, 87)):
        axes = plots.alpha(outcome).axes
        for i, name in enumerate(["gradient_covariance", "random"]):
            expected = outcome.alpha_hat(name).T
            repeated = axes[i].images[0].get_array()
            columns = repeated.reshape(len(expected), len(outcome.config.levels), -1)
            np.testing.assert_allclose(columns, np.broadcast_to(expected[..., None], columns.shape), rtol=1e-6)
            some = axes[2 + i].images[0].get_array()
            np.testing.assert_allclose(some, expected[start : start + 25], rtol=1e-6)
        label = plots.alpha(outcome).axes[4].get_ylabel()
        assert label == "share of runs that still optimise the parameter"
        assert axes[0].images[0].get_clim() == (0, 1)


def test_small_panels_avoid_dead_parameters():
    live = np.ones(200, bool)
    assert some_parameters(live) == 87
    live[80:120] = False
    assert live[some_parameters(live) :][:25].all()
    assert some_parameters(np.ones(10, bool)) == 0


def test_orders_shows_every_order_and_its_difference(synthetic):
    a, b, c, d, _ = plots.orders(synthetic).axes
    for name, look in style.looks(synthetic.config.orders).items():
        loss, metric = synthetic.loss(name).mean(axis=0), synthetic.metric(name).mean(axis=0)
        for axes, expected in ((a, loss[:, 0]), (b, loss[:, 1]), (c, metric[:, 1])):
            np.testing.assert_allclose(line(axes, look.label).get_ydata(), expected, rtol=1e-12)
        if name != "random":
            apart = loss[:, 1] - synthetic.loss("random").mean(axis=0)[:, 1]
            np.testing.assert_allclose(line(d, look.label).get_ydata(), apart, atol=1e-12)


@pytest.mark.parametrize(("largest", "scale"), [(9.0, "linear"), (11.0, "log")])
def test_a_wide_loss_is_logarithmic(synthetic, largest, scale):
    end_loss = {branch: np.full_like(loss, 1.0) for branch, loss in synthetic.end_loss.items()}
    end_loss["", synthetic.config.model.n_params] *= largest
    assert plots.orders(replace(synthetic, end_loss=end_loss)).axes[0].get_yscale() == scale


def test_stability_shows_rho_bar(boston):
    table = list(agreements(boston))
    figure = plots.stability(boston, table)
    conditions = list(dict.fromkeys(row.condition for row in table))
    assert len(figure.axes) == len(conditions) + 1 == 5
    for axes, condition in zip(figure.axes, conditions, strict=False):
        for row in table:
            if row.condition == condition and row.order in ("gradient_covariance", "random"):
                label = row.order.replace("_", " ") + (", live only" if row.parameters == "live" else "")
                np.testing.assert_array_equal(line(axes, label).get_ydata(), row.rho.value)
        has_published = any(one.get_label() == "published" for one in axes.lines)
        assert has_published == (condition == PANELS)


def test_published_stability_is_converted_to_rho_bar():
    """eq:stability s = 1/r + (1 - 1/r) rho_bar, here for masks of random orders and of equal ones."""
    rng = np.random.default_rng(0)
    masks = rng.permuted(np.tile(np.arange(5000) < 2500, (5, 1)), axis=-1)
    row = published.Stability(5, np.array([stability(masks), stability(masks[[0] * 5])]))
    np.testing.assert_allclose(row.rho, [0, 1], atol=0.03)
    assert published.STABILITY["synthetic3"].rho[0] == pytest.approx((0.43 - 0.04) / 0.96)


def test_published_curves_are_whole():
    """Eleven levels a curve, nine a stability; the ratio that the text of the comparison quotes is .46."""
    for curve in published.CURVES.values():
        assert curve.covariance.shape == curve.random.shape == published.LEVELS.shape == (11,)
    assert all(row.s.shape == (9,) for row in published.STABILITY.values())
    test = published.CURVES["synthetic3", "test"]
    assert round(test.covariance[5] / test.random[5], 2) == 0.46


def test_published_figure_compares_without_the_scale_of_y(synthetic):
    axes = plots.published(synthetic).axes[1]
    mean = synthetic.loss("gradient_covariance")[..., 1].mean(axis=0)
    expected = (mean - mean[0]) / (mean[-1] - mean[0])
    np.testing.assert_allclose(line(axes, "gradient covariance").get_ydata(), expected, atol=1e-12)
    theirs = line(axes, "random, published").get_ydata()
    np.testing.assert_allclose(theirs[[0, 5, 10]], [0, (2.318 - 0.349) / (4.047 - 0.349), 1], rtol=1e-12)


def test_published_figure_has_no_scale_for_a_loss_that_does_not_grow(synthetic):
    end_loss = {branch: loss.copy() for branch, loss in synthetic.end_loss.items()}
    end_loss["", 200][:, 1] = end_loss["", 0][:, 1] + np.array([-0.1, 0.1, 0.1, 0.1])
    train, test, _ = plots.published(replace(synthetic, end_loss=end_loss)).axes
    assert [one.get_label() for one in test.lines] == ["gradient covariance, published", "random, published"]
    assert "not shown" in test.texts[0].get_text() and not train.texts and len(train.lines) == 4


def test_published_accuracies_are_compared_as_changes():
    axes = plots.published(made_up("synthetic2")).axes[0]
    theirs = line(axes, "gradient covariance, published").get_ydata()
    np.testing.assert_allclose(theirs[[0, 10]], [0, -1.6], atol=1e-12)


def test_nothing_published_makes_no_figure(boston, synthetic):
    assert list(draw_all(synthetic)) == NAMES
    assert list(draw_all(boston)) == [name for name in NAMES if name != "published"]
    levels = replace(synthetic.config, levels=(0.0, 0.5))
    assert plots.published(replace(synthetic, config=levels)) is None


def test_paths_shows_what_has_converged(boston):
    a, b, c = plots.paths(boston).axes
    for row, values in enumerate(boston.estimates.values()):
        np.testing.assert_array_equal(a.lines[2 * row].get_xdata(), values[:, 0])
        np.testing.assert_allclose(b.lines[2 * row + 1].get_xdata(), values[:, 1].mean(), rtol=1e-12)
    for label, chosen in (("all parameters", slice(None)), ("live parameters", boston.live)):
        x, y = line(c, label).get_data()
        expected = 100 * np.mean(boston.converged[:, chosen] <= 30)
        np.testing.assert_allclose(y[x == 30], expected, rtol=1e-12)
        assert y[-1] == 100


def test_paths_leaves_out_runs_that_did_not_go_on_freely(boston):
    diverged = {branch: steps.copy() for branch, steps in boston.diverged.items()}
    diverged["", 0][1] = 60
    some = plots.paths(replace(boston, diverged=diverged)).axes[2]
    x, y = line(some, "all parameters").get_data()
    np.testing.assert_allclose(y[x == 30], 100 * np.mean(boston.converged[[0, 2, 3]] <= 30), rtol=1e-12)
    diverged["", 0][:] = 60
    none = plots.paths(replace(boston, diverged=diverged)).axes[2]
    assert [one.get_label() for one in none.lines] == ["t0"]


def test_over_runs_agrees_with_numpy_and_leaves_out_nan():
    values = np.random.default_rng(0).standard_normal((6, 3))
    spread = curves.over_runs(values)
    np.testing.assert_allclose(spread.std, values.std(axis=0, ddof=1), rtol=1e-12)
    np.testing.assert_allclose(spread.mean - spread.half, mean_interval(values).low, rtol=1e-12)
    values[:5, 1] = np.nan
    values[:, 2] = np.inf
    spread = curves.over_runs(values)
    assert spread.mean[1] == values[5, 1] and np.isnan(spread.half[1:]).all() and np.isnan(spread.mean[2])


# --- history and loss_curve -----------------------------------------------------------------------------


def training(losses, dataset="boston"):
    from minimal_order.data.loading import load

    data, model, w = load(dataset), mlp(13, 20, 1), np.zeros((*losses.shape[1:], 301))
    return Training(model, data, w, w, losses, None, np.empty((0, *w.shape)), 64)


def test_smooth_against_a_loop():
    losses = np.random.default_rng(0).random((30, 2))
    slow = np.array([losses[max(0, t - 6) : t + 1].mean(axis=0) for t in range(30)])
    np.testing.assert_allclose(smooth(losses, 7), slow, rtol=1e-12)
    np.testing.assert_allclose(smooth(losses, 100)[-1], losses.mean(axis=0), rtol=1e-12)


def test_history_continues_from_training_to_training():
    first, second = training(np.linspace(2, 1, 40)), training(np.linspace(1, 0.5, 20))
    axes = plots.history(first, second, labels=("all", "half frozen"), window=5).axes[0]
    x, y = line(axes, "half frozen").get_data()
    np.testing.assert_array_equal(x, np.arange(41, 61))
    np.testing.assert_allclose(y, smooth(second.losses, 5), rtol=1e-12)
    assert axes.get_xlabel() == "step" and axes.get_ylabel() == "squared error"


def test_history_of_replicas_shows_their_mean():
    losses = np.random.default_rng(0).random((40, 2, 3))
    losses[20:, 0, 0] = np.nan
    figure = plots.history(training(losses), window=1)
    np.testing.assert_allclose(figure.axes[0].lines[1].get_ydata(), np.nanmean(losses, axis=(1, 2)), rtol=1e-12)
    assert "6 runs" in figure.get_supxlabel()


def test_history_and_loss_curve_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match=r"labels = \('a', 'b'\): expected one for each of the 1 trainings"):
        plots.history(training(np.ones(3)), labels=("a", "b"))
    with pytest.raises(ValueError, match=r"trainings = \(\): expected at least one"):
        plots.history()
    with pytest.raises(ValueError, match=r"curves\['mine'\]\.shape = \(2, 3\): expected \(runs, 2\)"):
        plots.loss_curve([0, 1], {"mine": np.ones((2, 3))})


def test_loss_curve_takes_plain_arrays():
    values = np.random.default_rng(0).random((5, 3))
    axes = plots.loss_curve([0, 0.5, 1], {"random": values, "mine": values[0]}, log=True).axes[0]
    np.testing.assert_allclose(line(axes, "random").get_ydata(), values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(line(axes, "mine").get_ydata(), values[0], rtol=1e-12)
    np.testing.assert_allclose(line(axes, "mine").get_xdata(), [0, 50, 100], atol=1)


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
from test_plots import made_up, plots, style
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
