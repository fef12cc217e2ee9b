"""Loss and accuracy of every object, counted once."""

import importlib

import numpy as np
import pytest
from small import small_dataset, small_model
from small_trainings import generator

from minimal_order.networks.gradients import chunks_of
from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import linear
from minimal_order.training.train import evaluate


@pytest.mark.parametrize("task", LOSSES)
@pytest.mark.parametrize("m", [7, 255, 256, 257, 600])
@pytest.mark.parametrize("shape", [(), (2,), (2, 3)], ids=str)
def test_evaluation_counts_every_object_once(task, m, shape):
    """eq:loss and eq:accuracy against all objects at once, in whole chunks or not."""
    model, data = small_model(task), small_dataset(task, n_train=m)
    w, X, y = model.init(generator(), shape), data.X_train, data.y_train
    loss, accuracy = evaluate(model, w, X, y, task, entries=1)
    assert loss.shape == accuracy.shape == shape
    h = model.outputs(w, X)
    np.testing.assert_allclose(loss, LOSSES[task](h, y).mean(axis=-1), rtol=1e-12)
    if task == "regression":
        assert np.isnan(accuracy).all()
    else:
        guess = h.argmax(axis=-2) if task == "multiclass" else h[..., 0, :] > 0
        np.testing.assert_allclose(accuracy, (guess == y).mean(axis=-1), rtol=1e-12)


@pytest.mark.parametrize(("shape", "entries", "chunk"), [((), 4 * 300, 300), ((2, 3), 24 * 400 + 23, 400)], ids=str)
def test_evaluation_keeps_the_widest_layer_small(monkeypatch, shape, entries, chunk):
    """Objects at a time, times the 4 units of the hidden layer, times replicas: at most ``entries``."""
    asked = []
    loop = importlib.import_module("minimal_order.training.train")
    monkeypatch.setattr(loop, "chunks_of", lambda *arguments: asked.append(arguments) or chunks_of(*arguments))
    model, data = small_model("binary"), small_dataset("binary", n_train=700)
    evaluate(model, model.init(generator(), shape), data.X_train, data.y_train, "binary", entries=entries)
    assert asked == [(700, chunk)]


@pytest.mark.parametrize("task", LOSSES)
@pytest.mark.parametrize("shape", [(2,), (2, 2), (2, 3)], ids=str)
def test_evaluation_of_each_run_on_its_own_data(task, shape):
    """eq:loss and eq:accuracy."""
    model, data = small_model(task), small_dataset(task, runs=(2,))
    w = model.init(generator(), shape)
    loss, accuracy = evaluate(model, w, data.X_test, data.y_test, task)
    for place in np.ndindex(shape):
        run = place[0]
        alone = evaluate(model, w[place], data.X_test[run], data.y_test[run], task)
        np.testing.assert_allclose((loss[place], accuracy[place]), alone, rtol=1e-12)


def test_evaluation_adds_in_float64():
    """eq:loss of 100 000 objects in float32 is exact to float32, not to the rounding of a long sum."""
    X = np.ones((100_000, 1), np.float32)
    loss, _ = evaluate(linear(1), np.float32([0.1]), X, np.zeros(100_000, np.float32), "regression")
    assert loss == pytest.approx(float(np.float32(0.1) ** 2), rel=1e-12)
