"""The trainings inside a freezing experiment: recorded, or done again by hand."""

import numpy as np

from minimal_order.experiments.freeze import branches as freeze
from minimal_order.experiments.freeze.runs import generator, of_runs, prepare
from minimal_order.networks.losses import LOSSES
from minimal_order.training.train import train

RUNS = (0, 1, 2)
PAIR = ("random", "gradient_covariance")
CLOSE = {"rtol": 1e-10, "atol": 1e-10}


def recorded(monkeypatch):
    """Let every training of the experiment leave its arguments and its result in a list."""
    calls = []

    def recording(model, data, w, **options):
        result = train(model, data, w, **options)
        calls.append((w, options, result))
        return result

    monkeypatch.setattr(freeze, "train", recording)
    return calls


def first_phase(config, runs=RUNS):
    """The training up to t0 as the experiment does it."""
    group = prepare(config, of_runs(runs, config.vary))
    rng = [generator(config, "batches", run, config.vary) for run in runs]
    options = {"rule": config.rule, "covariance": config.covariance, "keep": config.keep}
    return train(config.model, group.data, group.w, steps=config.t0, rng=rng, **options)


def mean_losses(config, data, w):
    """Mean loss on train and test, object by object."""
    loss = LOSSES[data.task]
    means = []
    for X, y in ((data.X_train, data.y_train), (data.X_test, data.y_test)):
        objects = zip(X, y, strict=True)
        means.append(np.mean([loss(config.model.outputs(w, x[None]), np.array([t]))[0] for x, t in objects]))
    return means


def same_part(one, other):
    assert set(one) == set(other)
    for name, values in one.items():
        if values.dtype.kind in "bi":
            np.testing.assert_array_equal(other[name], values)
        else:
            np.testing.assert_allclose(other[name], values, **CLOSE)
