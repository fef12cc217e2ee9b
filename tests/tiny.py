"""Freezing experiments small enough for tests: some to run, some put together from numbers."""

import numpy as np

from minimal_order.experiments.freeze.branches import branches_of
from minimal_order.experiments.freeze.config import FreezeConfig
from minimal_order.experiments.freeze.outcome import Outcome, conditions_of
from minimal_order.freezing.masks import n_frozen

TINY = {
    "dataset": "synthetic3",
    "orders": ("random", "gradient_covariance", "magnitude"),
    "runs": 3,
    "levels": (0.0, 0.5, 1.0),
    "t0": 40,
    "t1": 30,
    "dtype": "float64",
    "data": {"n_train": 200, "n_test": 100},
}


def tiny(**changes):
    """A configuration on 200 objects that runs in a few hundredths of a second."""
    return FreezeConfig(**TINY | changes)


def outcome_of(loss, levels, dataset="synthetic3", diverged=None, rank=None, live=None, **changes):
    """An outcome with these losses by order, (runs, levels, 2), at t0 = t1 = 100.

    Unless given, ``diverged``, by order (runs, levels), is 0 and ``rank``, by order (runs, p) or by condition
    and order, the same permutation in all runs. At levels 0 and 1 the first order's numbers count.
    """
    orders, runs = tuple(loss), len(next(iter(loss.values())))
    config = FreezeConfig(dataset, orders=orders, runs=runs, levels=levels, t0=100, t1=100)
    p = config.model.n_params
    diverged = diverged or {order: np.zeros((runs, len(levels)), int) for order in orders}
    same = np.tile(np.random.default_rng(0).permutation(p) + 1, (runs, 1))
    rank = rank or dict.fromkeys(orders, same)
    conditions = conditions_of(config)
    values = {
        "start_loss": np.ones((runs, 2)),
        "start_metric": np.ones((runs, 2)),
        "end_loss": by_branch(config, loss),
        "end_metric": by_branch(config, {order: np.sqrt(values) for order, values in loss.items()}),
        "diverged": by_branch(config, diverged),
        "rank": {c: rank.get(c, rank) for c in conditions},
        "w": {c: np.random.default_rng(1).standard_normal((runs, p)) for c in conditions},
        "live": np.ones(p, bool) if live is None else live,
        "estimates": {},
        "converged": np.full((runs, p), 200),
    }
    return Outcome(config, 100, **values | changes)


def by_branch(config, values):
    """Cut (runs, levels, ...) by order into the branches of a configuration."""
    ks = [int(n_frozen(level, config.model.n_params)) for level in config.levels]
    return {(order, k): values[order or config.orders[0]][:, ks.index(k)] for order, k in branches_of(config)}
