"""Figures of freezing experiments show the numbers."""

from dataclasses import replace

import numpy as np
import pytest
from random_outcomes import draw_all, line, made_up

from minimal_order import plots
from minimal_order.estimates import mean_interval
from minimal_order.experiments import published
from minimal_order.experiments.freeze.outcome import PANELS, agreements
from minimal_order.freezing.stability import stability
from minimal_order.plots import curves, style
from minimal_order.plots.agreement import some_parameters

NAMES = ["loss", "alpha", "orders", "stability", "published", "paths"]


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
