"""Parts of experiment complexity: what is trained, measured and pruned."""

import weakref

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tiny_complexity import tiny

from minimal_order.complexity.hypernet_file import prune
from minimal_order.complexity.objectives import FAMILIES
from minimal_order.experiments.complexity import parts as work
from minimal_order.experiments.complexity.parts import kinds_of, looks_of, model_part, seconds_part
from minimal_order.experiments.complexity.runs import data_of, start_of
from minimal_order.training.train import evaluate


@pytest.mark.parametrize("name", ["variational", "base-linear", "reparameterised-piecewise"])
def test_part_measures_what_it_trained(name):
    config, data = tiny(), data_of(tiny())
    found = model_part(config, name, 0)
    start = start_of(config, name, 0, data.of)
    means = config.family(name).means(start.parameters(found["w"], config.lams))
    sides = (data.X_valid, data.y_valid), (data.of.X_test, data.of.y_test)
    dense = [evaluate(config.model, means, X, y, "multiclass")[1] for X, y in sides]
    assert_allclose(found["accuracy"][:, :, 0], dense, atol=1e-6)
    assert_allclose(found["history"][-1], dense[0], atol=1e-6)
    assert found["looks"][-1] == looks_of(config, name, 200)[-1] == 2 * (200 // config.batch_size)
    assert np.isfinite(found["terms"]).all() and np.isfinite(found["accuracy"]).all()
    (fit, complexity, value), family = found["terms"], config.family(name)
    theta, lams = start.parameters(found["w"], config.lams).astype(float), np.array(config.lams)
    assert_allclose(value, family.objective(fit, theta, lams, config.prior), rtol=1e-6)
    weight = 1 if family.name == "reparameterised" else lams
    assert_allclose(value, fit - weight * complexity, rtol=1e-6)
    again = model_part(config, name, 0)
    assert all(np.array_equal(found[key], again[key]) for key in found)


def test_steps_on_the_way_are_not_kept(monkeypatch):
    """A step holds its backward pass: a few thousand of them would be gigabytes."""
    alive = []

    class Step:
        def __init__(self):
            self.w = np.zeros(1)
            alive.append(weakref.ref(self))

    def steps(*_, **__):
        while True:
            yield Step()
            assert sum(one() is not None for one in alive) <= 3

    monkeypatch.setattr(work, "descend", steps)
    config, data = tiny(), data_of(tiny())
    looks = np.array([2, 30, 60])
    assert len(list(work.training(config, start_of(config, "base", 0, data.of), data.of, 0, looks))) == 3


@pytest.mark.parametrize("options", [{}, {"per": "network"}, {"biases": True}], ids=str)
def test_share_is_taken_as_told(options):
    config, data = tiny(**options), data_of(tiny())
    theta = 0.1 + np.random.default_rng(0).standard_normal((3, 2 * config.model.n_params), np.float32)
    found = work.pruned_accuracy(config, "variational", theta, data)
    for i, share in enumerate(config.levels):
        w = prune(FAMILIES["variational"], config.model, theta, share, **{"per": "tensor", "biases": False} | options).w
        sides = (data.X_valid, data.y_valid), (data.of.X_test, data.of.y_test)
        expected = [evaluate(config.model, w, X, y, "multiclass")[1] for X, y in sides]
        assert_allclose(found[:, :, i], expected, atol=1e-6)


def test_diverged_network_is_left_out():
    config, data = tiny(), data_of(tiny())
    theta = np.zeros((3, config.model.n_params), np.float32)
    theta[1, 0] = np.nan
    found = work.pruned_accuracy(config, "base", theta, data)
    assert np.isnan(found[:, 1]).all() and np.isfinite(found[:, [0, 2]]).all()


def test_seconds_of_every_kind():
    config = tiny(models=("base", "base-linear"))
    assert kinds_of(config) == [("base", 0), ("base-linear", 0), ("base", 1)]
    assert (seconds_part(config)["seconds"] > 0).all()
