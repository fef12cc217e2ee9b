"""The work of experiment ``select``: eta0 free steps, order, eta1 masked steps, prune.

The unit is a part: a few runs and some of their branches, as replicas. What a part computes depends on the
configuration and on what it holds, on nothing else. All branches of a run see the same batches.
"""

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...freezing.masks import prune_mask
from ...freezing.selection import order_within
from ...orders import ORDERS, compute_order
from ...training.loop import divergence_allowed
from ...training.train import Training, evaluate, train
from ..freeze.branches import mask_of, sound_runs
from ..quality import metric, quality
from ..replicas import pieces
from .config import COLLECTED, SelectConfig
from .rules import first_rule, next_rule
from .runs import data_of, generator, start_of

FLOATS_AT_ONCE = 1_500_000
"""Parameters of all replicas together: more would leave the cache, fewer would waste calls."""

Branch = tuple[str, int]
"""An order, and how many parameters are no longer optimised; "" where that is none or all, whatever the order."""


def branch_of(config: SelectConfig, order: str, level: float) -> Branch:
    """The branch that stands for an order at a level."""
    k = config.k(level)
    return ("" if k in (0, config.n_selectable) else order, k)


def branches_of(config: SelectConfig) -> list[Branch]:
    """The different continuations of a run; what the joint surface needs is among them."""
    found = [branch_of(config, order, level) for order in config.orders for level in config.levels_of(order)]
    return list(dict.fromkeys([branch_of(config, "", 0.0), *found]))


@divergence_allowed()
def select_part(config: SelectConfig, runs: tuple[int, ...], columns: tuple[int, int]) -> dict[str, NDArray]:
    """Everything the experiment needs of some branches of a few runs.

    Returns
    -------
    A dictionary of arrays (runs, branches, ...): ``loss``, ``metric`` (..., 2) on train and test; ``diverged``,
    the step or 0; ``joint`` (..., joint levels), the test metric with the smallest weights pruned; NaN at levels
    that the surface has not. ``start`` (runs, 2), the metric after ``eta0``. And of the branch in which all are
    optimised ``pruned/CRITERION`` (runs, prune levels).
    """
    config.enter_plugins()  # this may be another process
    branches = branches_of(config)[slice(*columns)]
    data = data_of(config, runs)
    before = common_steps(config, runs, data)
    names = {name for name, _ in branches if name} or {config.orders[0]}
    orders = {name: order_of(config, name, before, runs) for name in config.orders if name in names}
    joint = {branch_of(config, order, level) for order in config.orders for level in config.joint_levels}
    shape, at_once = (len(runs), len(branches)), np.clip(FLOATS_AT_ONCE // config.model.n_params, 4, 128)
    out = {
        "loss": np.full((*shape, 2), np.nan),
        "metric": np.full((*shape, 2), np.nan),
        "diverged": np.zeros(shape, int),
        "joint": np.full((*shape, len(config.joint_levels)), np.nan),
        "start": quality(config.model, before.w, data)[1],
    }
    for rows, some in pieces(len(runs), len(branches), int(at_once)):
        of_rows = data.run(rows) if data.X_train.ndim == 3 else data
        alpha = np.stack([mask_of(branch, orders, rows) for branch in branches[some]], axis=1)
        noise = generator(config, f"noise after ordering {columns[0] + some.start}", runs[rows][0])
        rule, state = next_rule(config, before, rows, noise)
        after = train(
            config.model,
            of_rows,
            np.repeat(before.w[rows, None], alpha.shape[1], axis=1),
            steps=config.eta1,
            rng=[generator(config, "batches after ordering", run) for run in runs[rows]],
            rule=rule,
            state=state,
            batch_size=config.batch_size,
            alpha=alpha.astype(config.dtype),
        )
        steps = after.diverged + before.steps * (after.diverged > 0)
        out["diverged"][rows, some] = np.where(before.diverged[rows, None], before.diverged[rows, None], steps)
        out["loss"][rows, some], out["metric"][rows, some] = quality(config.model, after.w, of_rows)
        for i, branch in enumerate(branches[some]):
            for j, run in enumerate(runs[rows], start=rows.start):
                alone = after.run(j - rows.start).run(i)
                if branch in joint:
                    out["joint"][j, some.start + i] = pruned(config, alone, run, "magnitude", config.joint_levels)
                for name in config.prune_by if branch == ("", 0) else ():
                    whole = out.setdefault(f"pruned/{name}", np.empty((len(runs), len(config.prune_levels))))
                    found = before.run(j) if COLLECTED & set(ORDERS[name].needs) else alone
                    whole[j] = pruned(config, alone, run, name, config.prune_levels, found)
    at_the_end = ~np.isfinite(out["loss"]).all(axis=-1) & (out["diverged"] == 0)  # after the last batch was looked at
    out["diverged"][at_the_end] = before.steps + config.eta1
    return out


def common_steps(config: SelectConfig, runs: tuple[int, ...], data: Dataset) -> Training:
    """T^eta0 (w_0) of some runs, and what orders need of it."""
    return train(
        config.model,
        data,
        start_of(config, runs),
        steps=config.eta0,
        rng=[generator(config, "batches", run) for run in runs],
        rule=first_rule(config, data.n_train, generator(config, "noise", runs[0])),
        batch_size=config.batch_size,
        covariance=config.covariance,
        keep=min(config.keep, config.eta0),
    )


def order_of(config: SelectConfig, name: str, training: Training, runs: tuple[int, ...]) -> NDArray:
    """An order of every run, (runs, p), within the groups asked for; a run that has diverged gets 0 ... p-1."""
    orders = np.tile(np.arange(config.model.n_params), (len(runs), 1))
    for i in np.flatnonzero(sound_runs(training)):
        orders[i] = compute_order(name, training.run(int(i)), generator(config, f"order {name}", runs[i]))
    return order_within(orders, config.model.layout, config.per, config.biases)


def pruned(
    config: SelectConfig,
    alone: Training,
    run: int,
    name: str,
    levels: tuple[float, ...],
    found: Training | None = None,
) -> NDArray:
    """The test metric of one trained run with a share of its parameters set to 0 by an order, (levels,).

    The order is that of the run itself unless another training is given.
    """
    if not np.isfinite(alone.w).all():
        return np.full(len(levels), np.nan)  # the run has diverged
    order = compute_order(name, found or alone, generator(config, "pruning", run))
    within = order_within(order, config.model.layout, config.per, config.biases)
    beta = prune_mask(within, k=np.array([config.k(level) for level in levels]))
    X, y = alone.data.X_test, alone.data.y_test
    return metric(alone.data, *evaluate(config.model, beta * alone.w, X, y, alone.data.task))
