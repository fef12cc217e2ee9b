"""Experiments relevance and noise small enough for tests: some to run, some put together from numbers."""

import numpy as np

from minimal_order.experiments.noise.config import NoiseConfig
from minimal_order.experiments.noise.outcome import NoiseOutcome
from minimal_order.experiments.relevance.config import RelevanceConfig
from minimal_order.experiments.relevance.outcome import RelevanceOutcome
from minimal_order.experiments.relevance.parts import curves_of

TINY = {
    "dataset": "wine",
    "orders": ("random", "obd", "belsley"),
    "runs": 2,
    "levels": (0.0, 0.3, 0.6, 1.0),
    "steps": 60,
}


def tiny(**changes):
    return RelevanceConfig(**TINY | changes)


def tiny_noise(**changes):
    return NoiseConfig(**TINY | {"noises": (0.2, 1.0), "draws": 4, "objects": 9} | changes)


def made_up(dataset="wine", n_runs=5, **qualities):
    """An outcome with these metrics at the inner level, plus what is different in every run."""
    orders = tuple(qualities)
    config = RelevanceConfig(dataset, orders=orders, runs=n_runs, levels=(0.0, 0.5, 1.0))
    jitter = np.linspace(-0.01, 0.01, n_runs)[:, None]
    curves = curves_of(config)
    metric = np.empty((n_runs, len(curves), 3, 2))
    sign = 1 if dataset == "wine" else -1
    for c, (order, _) in enumerate(curves):
        metric[:, c, 0], metric[:, c, 2] = 0.97, 0.97 - 0.6 * sign
        metric[:, c, 1] = qualities[order] + jitter + 0.0001 * np.sin(np.arange(n_runs) + c)[:, None]
    p = config.model.n_params
    order = np.tile(np.arange(p), (n_runs, len(orders), 1)).astype(np.int16)
    return RelevanceOutcome(config, 1 - metric, metric, order, np.full(n_runs, 1e-4), np.ones(n_runs))


def made_up_noise(n_runs=5, signal=None, **variances):
    orders = tuple(variances)
    config = NoiseConfig("wine", orders=orders, runs=n_runs, levels=(0.0, 0.5, 1.0), noises=(0.5, 1.0))
    drawn = np.empty((n_runs, len(orders), 3, 2))
    jitter = 1 + 0.01 * np.random.default_rng(0).standard_normal((n_runs, len(orders), 3, 2))
    drawn[:] = np.array(list(variances.values()))[:, None, None] * jitter
    signals = np.array([1.0 if signal is None else signal[order] for order in orders])
    return NoiseOutcome(config, drawn, drawn[..., 0], np.tile(signals[:, None], (n_runs, 1, 3)), drawn[..., 0])


BEST = {"random": 0.5, "obd": 0.8, "variational": 0.85, "belsley": 0.9}
