"""Freezing experiments of random numbers, and their figures."""

import numpy as np

from minimal_order import plots
from minimal_order.experiments.freeze.branches import branches_of
from minimal_order.experiments.freeze.config import FreezeConfig
from minimal_order.experiments.freeze.outcome import Outcome, agreements
from minimal_order.experiments.freeze.runs import conditions_of


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


def draw_all(outcome):
    return dict(plots.figures(outcome, list(agreements(outcome))))


def line(axes, label):
    (found,) = (one for one in axes.lines if one.get_label() == label)
    return found
