"""Seconds of a step: the plain one, the masked one, and the one that does no work for frozen parameters.

Measured for one replica on one BLAS thread, batches drawn included. All kinds of step of one model take turns
in short bursts, so that a busy moment of the machine strikes all of them; what is compared are ratios to the
plain step within one turn. Seconds are those of the processor, for the others run other programs too.
"""

import os
import platform
import time
from collections.abc import Hashable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...freezing.operations import COLLECTING
from ...freezing.partial import descend_live
from ...networks.gradients import first_gradient
from ...training.covariance import batch_covariance, covariance_update
from ...training.loop import Step, descend
from .config import SETUPS, CostConfig, Masked

MEASURED = (0.25, 0.5, 0.75, 0.9)
"""Shares near which each way is measured; whole layers are measured at all of theirs."""

# Where the processor's clock ticks too slowly for a burst, as on Windows, the one on the wall has to do.
CLOCK = time.thread_time if time.get_clock_info("thread_time").resolution < 1e-6 else time.perf_counter

Key = TypeVar("Key", bound=Hashable)


class Timed(NamedTuple):
    """Seconds of one kind of step, the median over repeats; ratio to the plain step with its quartiles."""

    model: str
    step: str  # plain, masked, compacted or collecting
    way: str
    frozen: int
    share: float
    seconds: float
    relative: float
    relative_low: float
    relative_high: float


def measure(config: CostConfig, masks: list[Masked], data: Dataset) -> list[Timed]:
    """Time the steps of one model, on as many BLAS threads as there are: limit them to one."""
    name = masks[0].model
    model = SETUPS[name].model
    w = model.init(config.generator(name, 0, 0)).astype(config.dtype)
    settings: dict[str, Any] = {"rule": config.rule, "batch_size": config.batch_size}

    def stepping(alpha: NDArray | None = None) -> Iterator[Step]:
        return descend(model, data, w, alpha=alpha, rng=config.generator(name, 0, 3), **settings)

    def compacted(alpha: NDArray) -> Iterator[Any]:
        return descend_live(model, data, w, alpha, rng=config.generator(name, 0, 3), **settings)

    all_live = np.ones(model.n_params, bool)
    half = config.generator(name, 0, 4).permutation(model.n_params) >= model.n_params // 2
    steps: dict[tuple[str, str, int], Iterator[Any]] = {
        ("plain", "", 0): stepping(),
        ("masked", "weights, random", frozen(half)): stepping(half.astype(w.dtype)),
        ("compacted", "", 0): compacted(all_live),
        ("compacted", "", model.n_params): compacted(~all_live),
    }
    for _, way, _, alpha in to_measure(masks):
        steps["compacted", way, frozen(alpha)] = compacted(alpha)
    for estimator in COLLECTING:
        steps["collecting", f"collecting, {estimator}", 0] = collect(stepping(), estimator)
    seconds = take_turns(steps, config.repeats, config.chunk)
    rows = []
    for (step, way, n), each in seconds.items():
        ratio = np.percentile(each / seconds["plain", "", 0], (50, 25, 75)).tolist()
        rows.append(Timed(name, step, way, n, n / model.n_params, float(np.median(each)), *ratio))
    return rows


def frozen(alpha: NDArray) -> int:
    """Count the frozen ones."""
    return int(np.count_nonzero(~alpha))


def frozen_share(alpha: NDArray) -> float:
    """Return the share that is frozen."""
    return frozen(alpha) / alpha.size


def to_measure(masks: list[Masked]) -> list[Masked]:
    """Choose masks of the first run: those of each way nearest to ``MEASURED``, and all of whole layers."""
    chosen = []
    for way in dict.fromkeys(mask.way for mask in masks):
        inner = [m for m in masks if (m.way, m.run) == (way, 0) and 0 < frozen(m.alpha) < m.alpha.size]
        if way.startswith("layers"):
            chosen += inner
        elif inner:
            shares = np.array([frozen_share(m.alpha) for m in inner])
            chosen += [inner[i] for i in sorted({int(np.abs(shares - share).argmin()) for share in MEASURED})]
    return chosen


def collect(steps: Iterator[Step], estimator: str) -> Iterator[NDArray]:
    """Take steps and collect the covariance as ``train`` does."""
    C = np.zeros(())
    for step in steps:
        if estimator == "running":
            C = covariance_update(C if C.ndim else np.zeros_like(step.w), first_gradient(step.back), step.g, step.t)
        else:
            C = C + (batch_covariance(step.back) - C) / step.t
        yield C


def take_turns(steps: Mapping[Key, Iterator[Any]], repeats: int, chunk: float) -> dict[Key, NDArray]:
    """Time a step of each iterator, (repeats,); in every repeat all take a turn, in another order."""
    n = {}
    for key, iterator in steps.items():
        next(iterator)
        n[key] = int(np.clip(chunk / burst(iterator, 3), 2, 200))
    names = list(steps)
    seconds = {key: np.empty(repeats) for key in names}
    for repeat in range(repeats):
        for i in np.random.default_rng(repeat).permutation(len(names)):
            seconds[names[i]][repeat] = burst(steps[names[i]], n[names[i]])
    return seconds


def burst(steps: Iterator[Any], n: int) -> float:
    """Take n steps and return the seconds of one."""
    start = CLOCK()
    for _ in islice(steps, n):
        pass
    return (CLOCK() - start) / n


def machine() -> str:
    """Describe what the seconds were measured on: processor, cores, linear algebra."""
    from threadpoolctl import threadpool_info

    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    blas = dict.fromkeys(f"{pool['internal_api']} {pool.get('architecture') or ''}".strip() for pool in pools)
    return ", ".join([processor(), f"{os.cpu_count()} cores", f"NumPy {np.__version__}", *blas])


def processor() -> str:
    """Return the processor's name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            return next(line.split(":", 1)[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
