"""Experiment ``freeze``: train t0 steps, order the parameters, freeze a share of them, train on.

The unit of work is a part: a few runs at once, as replicas. What a part computes depends on the configuration
and on which runs it holds, on nothing else, so that parts can be done anywhere, in any order, and again.
"""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..covariance import batch_covariance, covariance_update, exact_covariance
from ..dataset import Dataset, stack
from ..gradients import first_gradient
from ..losses import LOSSES
from ..masks import by_score, freeze_mask, rank_of
from ..optim import map_state
from ..orders import compute_order
from ..stability import spearman
from ..train import Step, Training, descend, divergence_allowed, evaluate, train
from ..trajectories import convergence_time
from .config import NEW_INIT, FreezeConfig, branches_of, dataset_of, generator, published_multiple

RUNS_A_PART = 5
"""Runs that are computed together: fixed, because the last bits of a result depend on its neighbours."""

PILOT_EVERY, PILOT_LIMIT = 25, 20_000
"""How often the pilot looks at the training loss, and when it gives up waiting for t0."""

SNAPSHOTS = 50
"""How many times a run's path is recorded, to see when each parameter has converged."""


def parts_of(config: FreezeConfig) -> list[tuple[int, ...]]:
    """The runs of each part."""
    runs = range(config.runs)
    return [tuple(runs[i : i + RUNS_A_PART]) for i in range(0, config.runs, RUNS_A_PART)]


def conditions_of(config: FreezeConfig) -> dict[str, tuple[str, ...]]:
    """What is new in every run where orders are compared: as in the experiment, first, then less and less."""
    return {",".join(vary): vary for vary in (tuple(config.vary), NEW_INIT, ("batches",))}


class Group(NamedTuple):
    """A few runs made ready: their data (one for all, or stacked) and their initial parameters."""

    data: Dataset
    w: NDArray  # (runs, p)


def prepare(config: FreezeConfig, runs: tuple[int, ...], vary: tuple[str, ...]) -> Group:
    """Load or generate the data of the runs and draw their initial parameters."""
    own_data = bool({"data", "split"} & set(vary))
    data = stack([dataset_of(config, run, vary) for run in runs]) if own_data else dataset_of(config, 0, vary)
    w = np.stack([config.model.init(generator(config, "init", run, vary)) for run in runs])
    return Group(data, w.astype(config.dtype))


# --- t0 -------------------------------------------------------------------------------------------------


def pilot(config: FreezeConfig, every: int = PILOT_EVERY) -> dict[str, NDArray]:
    """Find t0 by its rule on the mean training loss, every so many steps, of a few runs used for nothing else."""
    if not isinstance(config.t0, str):
        return {"t0": np.array(config.t0), "steps": np.empty(0, int), "loss": np.empty(0)}
    runs = tuple(range(min(config.runs, RUNS_A_PART)))
    group = prepare(config, runs, config.vary)
    data = group.data
    rng = [generator(config, "pilot", run, config.vary) for run in runs]
    steps, loss, t0 = [0], [mean_train_loss(config, group.w, data)], None
    for step in descend(config.model, data, group.w, rng=rng, rule=config.rule, batch_size=config.batch_size):
        if step.t % every:
            continue
        steps.append(step.t)
        loss.append(mean_train_loss(config, step.w, data))
        t0 = find_t0(np.array(steps), np.array(loss), config)
        if t0 is not None or step.t >= PILOT_LIMIT or np.isnan(loss[-1]):
            break
    return {"t0": np.array(t0 or step.t), "steps": np.array(steps), "loss": np.array(loss)}


def mean_train_loss(config: FreezeConfig, w: NDArray, data: Dataset) -> float:
    """Mean over runs, those that have not diverged, of the loss on the training part; NaN if all have."""
    loss = evaluate(config.model, w, data.X_train, data.y_train, data.task)[0]
    finite = np.isfinite(loss)
    return float(loss[finite].mean()) if finite.any() else np.nan


def find_t0(steps: NDArray, loss: NDArray, config: FreezeConfig) -> int | None:
    """The first step from which the newest point of the curve, t1 or more later, satisfies the rule of t0."""
    start = int(np.searchsorted(steps, steps[-1] - config.t1, side="right")) - 1
    if start < 1:
        return None
    if config.t0 == "plateau":
        reached = loss[start] - loss[-1] <= 0.1 * loss[start]
    else:
        reached = loss[start] <= (published_multiple(config.dataset) or 0) * loss[-1]
    return int(steps[start]) if reached else None


# --- one part -------------------------------------------------------------------------------------------


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
    out: dict[str, NDArray] = {}
    for condition, vary in conditions_of(config).items():
        group = prepare(config, runs, vary)
        main = vary == config.vary
        path, estimates = Path(config, t0), Estimates(config, t0)
        training = train(
            config.model,
            group.data,
            group.w,
            steps=t0,
            rng=[generator(config, "batches", run, vary) for run in runs],
            rule=config.rule,
            batch_size=config.batch_size,
            covariance=config.covariance,
            collect_from=min(config.collect_from, t0),
            keep=min(config.keep, t0),
            watch=(lambda step: (path(step), estimates(step))) if main else None,  # noqa: B023
        )
        sound = sound_runs(training)[:, None]
        orders = orders_of(config, training, runs)
        out |= {f"rank/{condition}/{name}": rank_of(order).astype(np.int32) for name, order in orders.items()}
        out[f"w/{condition}"] = np.where(sound, training.w, np.nan)
        if main:
            out["live"] = sound & (training.C > 0)
            out |= estimates.agreement(training)
            out["start_loss"], out["start_metric"] = quality(config, training.w, group.data)
            out |= continue_branches(config, training, orders, runs, path)
            out["diverged"] = np.where(sound | (out["diverged"] > 0), out["diverged"], t0)
            out["converged"] = path.convergence_time()
    return out


class Path:
    """Watches a training and records the path of the parameters, some fifty times before t0 and after."""

    def __init__(self, config: FreezeConfig, t0: int) -> None:
        self.every = max(1, (t0 + config.t1) // SNAPSHOTS)
        self.passed = 0
        self.w: dict[int, list[NDArray]] = {}  # by step; after t0 the runs come in several pieces

    def __call__(self, step: Step) -> None:
        t = self.passed + step.t
        if t % self.every == 0 or t == 1:
            self.w.setdefault(t, []).append(step.w.copy() if step.w.ndim == 2 else step.w[:, 0].copy())

    def convergence_time(self) -> NDArray:
        """The step at which each parameter of each run had converged, (runs, p)."""
        path = np.stack([np.concatenate(rows) for rows in self.w.values()])
        return convergence_time(path, list(self.w)).astype(np.int32)


class Estimates:
    """Watches a training and estimates the covariance in all the ways there are, to be held against the exact one."""

    def __init__(self, config: FreezeConfig, t0: int) -> None:
        self.t0 = t0
        self.late_from = t0 // 2 + 1
        self.C = {name: np.zeros(()) for name in ("running", "running, late half", "batch")}

    def __call__(self, step: Step) -> None:
        first = first_gradient(step.back)
        late = step.t - self.late_from + 1
        if step.t == 1:
            self.C = {name: np.zeros_like(step.w) for name in self.C}
        self.C["running"] = covariance_update(self.C["running"], first, step.g, step.t)
        if late >= 1:
            self.C["running, late half"] = covariance_update(self.C["running, late half"], first, step.g, late)
        self.C["batch"] += (batch_covariance(step.back) - self.C["batch"]) / step.t

    def agreement(self, training: Training) -> dict[str, NDArray]:
        """Spearman correlation with the exact diag C at t0, and the median of its ratio to that: (runs, 2)."""
        data = training.data
        exact = exact_covariance(training.model, LOSSES[data.task], training.w, data.X_train, data.y_train)
        out = {}
        for name, C in self.C.items():
            rows = []
            for estimate, true in zip(C, exact, strict=True):
                live = true > 0
                if not np.isfinite([estimate, true]).all() or live.sum() < 2:
                    rows.append([np.nan, np.nan])  # the run has diverged
                    continue
                ranks = np.stack([rank_of(by_score(estimate[live])), rank_of(by_score(true[live]))])
                rows.append([spearman(ranks)[0, 1], np.median(estimate[live] / true[live])])
            out[f"estimate/{name}"] = np.array(rows)
        return out


def sound_runs(training: Training) -> NDArray:
    """Which runs have not diverged, (runs,): all that orders are made from is finite, and the loss of one more batch."""
    data, rows = training.data, slice(training.batch_size)
    X, y = data.X_train[..., rows, :], data.y_train[..., rows]
    loss, _ = evaluate(training.model, training.w, X, y, data.task)
    ordered = training.C is None or np.isfinite(training.C).all(axis=1)
    return (training.diverged == 0) & np.isfinite(loss) & ordered


def orders_of(config: FreezeConfig, training: Training, runs: tuple[int, ...]) -> dict[str, NDArray]:
    """Every order of every run, (runs, p); a run that has diverged has none and gets 0 ... p-1."""
    n_params = config.model.n_params
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
    config: FreezeConfig, training: Training, orders: dict[str, NDArray], runs: tuple[int, ...], path: Path | None = None
) -> dict[str, NDArray]:
    """Train every branch t1 steps on with its parameters frozen; all branches of a run see the same batches."""
    branches = branches_of(config, orders)
    shape = (len(runs), len(branches))
    out = {
        "loss": np.full((*shape, 2), np.nan),
        "metric": np.full((*shape, 2), np.nan),
        "diverged": np.zeros(shape, int),
    }
    if path is not None:
        path.passed = training.steps
    for rows, columns in pieces(len(runs), len(branches), config.model.n_params):
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
        before = training.diverged[rows, None]
        out["diverged"][rows, columns] = np.where(before, before, np.where(after.diverged, training.steps + after.diverged, 0))
        out["loss"][rows, columns], out["metric"][rows, columns] = quality(config, after.w, data)
    at_the_end = ~np.isfinite(out["loss"]).all(axis=-1) & (out["diverged"] == 0)  # after the last batch was looked at
    out["diverged"][at_the_end] = training.steps + config.t1
    return out


def pieces(n_runs: int, n_branches: int, n_params: int) -> Iterator[tuple[slice, slice]]:
    """Cut runs x branches into pieces of so many replicas that their arrays stay in the cache."""
    at_once = int(np.clip(500_000 // n_params, 64, 128))
    for column in range(0, n_branches, at_once):
        columns = slice(column, min(column + at_once, n_branches))
        height = max(1, at_once // (columns.stop - columns.start))
        for row in range(0, n_runs, height):
            yield slice(row, min(row + height, n_runs)), columns


def mask_of(branch: tuple[str, int], orders: dict[str, NDArray], rows: slice) -> NDArray:
    """The mask alpha (runs, p) of one branch (order, k)."""
    name, k = branch
    any_order = next(iter(orders.values()))
    return freeze_mask(orders[name][rows] if name else any_order[rows], k=k)


def quality(config: FreezeConfig, w: NDArray, data: Dataset) -> tuple[NDArray, NDArray]:
    """Loss, and root mean squared error in the target's units or accuracy: (..., 2), train and test."""
    loss, metric = [], []
    for X, y in ((data.X_train, data.y_train), (data.X_test, data.y_test)):
        one, accuracy = evaluate(config.model, w, X, y, data.task)
        scale = np.asarray(data.y_scale, float).reshape(-1, *(1,) * (w.ndim - 2))
        loss.append(one)
        metric.append(np.sqrt(one) * scale if data.task == "regression" else accuracy)
    return np.stack(loss, axis=-1), np.stack(metric, axis=-1)
