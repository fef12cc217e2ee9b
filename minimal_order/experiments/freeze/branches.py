"""Experiment ``freeze``: train t0 steps, order the parameters, freeze a share of them, train on.

The unit of work is a part: a few runs at once, as replicas. What a part computes depends on the configuration
and on which runs it holds, on nothing else, so that parts can be done anywhere, in any order, and again.
"""

import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ...freezing.masks import freeze_mask, n_frozen, rank_of
from ...orders import compute_order
from ...training.loop import Step, divergence_allowed
from ...training.optim import map_state
from ...training.train import Training, evaluate, train
from ..quality import quality
from ..replicas import pieces
from .config import FreezeConfig
from .runs import conditions_of, generator, of_runs, prepare
from .watching import Estimates, ParameterPath


def branches_of(config: FreezeConfig, orders: Iterable[str] = ()) -> list[tuple[str, int]]:
    """The different continuations of a run, as (order, k): k = 0 and k = p are one for all orders, named "".

    ``orders`` are those of the configuration unless others are given. The one with everything frozen comes last.
    """
    p = config.model.n_params
    ks = [int(k) for k in np.unique(n_frozen(np.asarray(config.levels), p))]
    inner = [(order, k) for order in (orders or config.orders) for k in ks if 0 < k < p]
    return [("", 0)] * (0 in ks) + inner + [("", p)] * (p in ks)


@divergence_allowed()
def freeze_part(config: FreezeConfig, t0: int, runs: tuple[int, ...]) -> dict[str, NDArray]:
    """Everything the experiment needs of a few runs.

    Returns
    -------
    A dictionary of arrays, the runs on the first axis: ``loss``, ``metric`` (runs, branches, 2) and ``diverged``
    (runs, branches) of the branches of ``branches_of``, the last axis train and test; ``start_loss``,
    ``start_metric`` (runs, 2) at t0; ``rank/CONDITION/ORDER`` and ``w/CONDITION`` (runs, p), w NaN where the run
    has diverged and so has no order; ``live`` (runs, p), whether the gradient of a parameter ever varied;
    ``estimate/NAME`` (runs, 2), how a covariance collected so far agrees with the exact one; ``converged``
    (runs, p), the step at which each parameter had converged.
    """
    config.enter_plugins()  # this may be another process
    n_runs, conditions = len(runs), conditions_of(config)
    replicas = [replica for vary in conditions.values() for replica in of_runs(runs, vary)]
    group = prepare(config, replicas)
    path, estimates = ParameterPath(config, n_runs, t0), Estimates(n_runs, t0)

    def look(step: Step) -> None:
        path(step)
        estimates(step)

    everything = train(
        config.model,
        group.data,
        group.w,
        steps=t0,
        rng=[generator(config, "batches", *replica) for replica in replicas],
        rule=config.rule,
        batch_size=config.batch_size,
        covariance=config.covariance,
        collect_from=min(config.collect_from, t0),
        keep=min(config.keep, t0),
        watch=look,
    )
    out: dict[str, NDArray] = {}
    for i, condition in enumerate(conditions):
        training = everything.run(slice(i * n_runs, (i + 1) * n_runs))
        sound = sound_runs(training)[:, None]
        orders = orders_of(config, training, runs)
        out |= {f"rank/{condition}/{name}": rank_of(order).astype(np.int32) for name, order in orders.items()}
        out[f"w/{condition}"] = np.where(sound, training.w, np.nan)
        if i == 0:  # as in the experiment
            out["live"] = sound & (np.asarray(training.C) > 0)
            out |= estimates.agreement(training)
            out |= continue_branches(config, training, orders, runs, path)
            out["diverged"] = np.where(sound | (out["diverged"] > 0), out["diverged"], t0)
            out["converged"] = path.convergence_time()
    return out


def sound_runs(training: Training) -> NDArray:
    """Which runs have not diverged, (runs,): what orders are made from is finite, and the loss of one more batch."""
    data, rows = training.data, slice(training.batch_size)
    X, y = data.X_train[..., rows, :], data.y_train[..., rows]
    loss, _ = evaluate(training.model, training.w, X, y, data.task)
    ordered = training.C is None or np.isfinite(training.C).all(axis=1)
    return (training.diverged == 0) & np.isfinite(loss) & ordered


def orders_of(config: FreezeConfig, training: Training, runs: tuple[int, ...]) -> dict[str, NDArray]:
    """Every order of every run, (runs, p); a run that has diverged has none and gets 0 ... p-1."""
    n_params = config.model.n_params
    with divergence_allowed():
        training.gradient  # noqa: B018  (of all runs at once, whichever orders are asked for: always the same bits)
    orders = {name: np.tile(np.arange(n_params), (len(runs), 1)) for name in config.orders}
    for i in np.flatnonzero(sound_runs(training)):
        alone = training.run(int(i))
        for name in config.orders:
            orders[name][i] = compute_order(name, alone, order_generator(config, name, runs[i]))
    return orders


def order_generator(config: FreezeConfig, name: str, run: int) -> np.random.Generator:
    """A stream for each order and run, by name: adding an order leaves the others as they were."""
    return np.random.default_rng([config.seed, zlib.crc32(name.encode()), run])


def continue_branches(
    config: FreezeConfig,
    training: Training,
    orders: dict[str, NDArray],
    runs: tuple[int, ...],
    path: ParameterPath | None = None,
) -> dict[str, NDArray]:
    """Train every branch t1 steps on with its parameters frozen; all branches of a run see the same batches."""
    branches = branches_of(config, orders)
    loss, metric = quality(config.model, training.w, training.data)
    out = {  # until it is trained every branch is where it starts; with everything frozen it stays there
        "start_loss": loss,
        "start_metric": metric,
        "loss": np.tile(loss[:, None], (1, len(branches), 1)),
        "metric": np.tile(metric[:, None], (1, len(branches), 1)),
        "diverged": np.tile(training.diverged[:, None], len(branches)),
    }
    n_moving = sum(k < config.model.n_params for _, k in branches)
    if path is not None:
        path.passed = training.steps
    for rows, columns in pieces(len(runs), n_moving, at_once(config.model.n_params)):
        alpha = np.stack([mask_of(branch, orders, rows) for branch in branches[columns]], axis=1)
        own_data = training.data.X_train.ndim == 3
        data = training.data.run(rows) if own_data else training.data
        after = train(
            config.model,
            data,
            np.repeat(training.w[rows, None], alpha.shape[1], axis=1),
            steps=config.t1,
            rng=[generator(config, "batches after freezing", run, config.vary) for run in runs[rows]],
            rule=config.rule,
            state=map_state(lambda a: a[rows], training.state),  # noqa: B023
            batch_size=config.batch_size,
            alpha=alpha.astype(config.dtype),
            watch=path if branches[columns][0] == ("", 0) else None,
        )
        before, later = training.diverged[rows, None], after.diverged + training.steps * (after.diverged > 0)
        out["diverged"][rows, columns] = np.where(before, before, later)
        out["loss"][rows, columns], out["metric"][rows, columns] = quality(config.model, after.w, data)
    at_the_end = ~np.isfinite(out["loss"]).all(axis=-1) & (out["diverged"] == 0)  # after the last batch was looked at
    out["diverged"][at_the_end] = training.steps + config.t1
    return out


def at_once(n_params: int) -> int:
    """How many replicas are trained side by side: the more the better until their arrays leave the cache."""
    return int(np.clip(225_000 // n_params, 28, 256))


def mask_of(branch: tuple[str, int], orders: dict[str, NDArray], rows: slice) -> NDArray:
    """The mask alpha (runs, p) of one branch (order, k)."""
    name, k = branch
    any_order = next(iter(orders.values()))
    return freeze_mask(orders[name][rows] if name else any_order[rows], k=k)
