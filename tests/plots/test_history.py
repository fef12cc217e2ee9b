"""Losses over a training, and curves of plain arrays."""

import numpy as np
import pytest
from random_outcomes import line

from minimal_order import plots
from minimal_order.networks.models import mlp
from minimal_order.plots.history import smooth
from minimal_order.training.train import Training


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
