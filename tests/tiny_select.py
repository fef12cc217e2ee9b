"""Experiment select small enough for tests: one to run, and outcomes put together from numbers."""

import numpy as np

from minimal_order.experiments.select.config import AUTHORS, SelectConfig
from minimal_order.experiments.select.outcome import SelectOutcome
from minimal_order.experiments.select.parts import branches_of
from minimal_order.experiments.select.run import assemble, select_parts

TINY = {
    "dataset": "boston",
    "orders": ("random", "full_gradient", "preconditioned_gradient"),
    "runs": 2,
    "levels": (0.0, 0.4, 1.0),
    "eta0": 6,
    "eta1": 4,
    "dtype": "float64",
}


def tiny(**changes):
    return SelectConfig(**TINY | changes)


def run_all(config):
    """The outcome of all parts, one after the other."""
    return assemble(config, [part.function(*part.arguments) for part in select_parts(config, None)])


def made_up(dataset="mnist", quality=None, pruned=None, times=None, n_runs=5, levels=(0.0, 0.6, 0.8, 1.0)):
    """An outcome with these accuracies (runs,) by order at its inner levels, and these convergence times."""
    config = SelectConfig(dataset, orders=AUTHORS, runs=n_runs, levels=levels)
    branches, rng = branches_of(config), np.random.default_rng(0)
    jitter = rng.normal(size=n_runs) * 1e-4
    metric = np.full((n_runs, len(branches), 2), 0.97) + jitter[:, None, None]
    for i, (order, _) in enumerate(branches):
        if order and quality:
            metric[:, i] = (quality[order] + jitter + rng.normal(size=n_runs) * 1e-6)[:, None]
    p = config.model.n_params
    times = times if times is not None else np.tile(np.arange(p) % 600, (n_runs, 2, 1))
    n_levels, n_joint = len(config.prune_levels), len(config.joint_levels)
    flat = {
        name: np.full((n_runs, n_levels), 0.96 if pruned is None else pruned[name]) + jitter[:, None]
        for name in CRITERIA
    }
    return SelectOutcome(
        config,
        start=metric[:, 0],
        end_loss=1 - metric,
        end_metric=metric,
        diverged=np.zeros((n_runs, len(branches)), int),
        pruned=flat,
        end_joint=np.repeat(metric[..., 1:], n_joint, axis=-1),
        converged=times,
        moved=np.ones(times.shape, bool),
    )


CRITERIA = ("magnitude", "random")
GOOD = {"random": 0.961, "full_gradient": 0.963, "preconditioned_gradient": 0.964}
