"""A few runs made ready: what is new in each, their data, their initial parameters, their random streams."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset, stack
from ...data.loading import load
from ..sharing import shared
from .config import FACTORS, NEW_INIT, FreezeConfig

PURPOSES = {**{factor: factor for factor in FACTORS}, "batches after freezing": "batches", "pilot": None}
"""What randomness is for, and the factor that must vary for a run to have its own; None: it always has."""

OFFICIAL_SPLIT = ("mnist", "cifar10", "cifar10-subset")
"""Data sets on which no seed has a say."""

RUNS_A_PART = 5
"""Runs that are computed together: fixed, because the last bits of a result depend on its neighbours.

Of freezing networks of ``SMALL`` parameters or more; and of the pilot, selection and relevance whatever their size."""

SMALL, SMALL_RUNS_A_PART = 1000, 13
"""A network of fewer parameters costs little more than the calls it takes, so that more runs share them."""


def parts_of(config: FreezeConfig) -> list[tuple[int, ...]]:
    """The runs of each part."""
    runs, width = range(config.runs), SMALL_RUNS_A_PART if config.model.n_params < SMALL else RUNS_A_PART
    return [tuple(runs[i : i + width]) for i in range(0, config.runs, width)]


def conditions_of(config: FreezeConfig) -> dict[str, tuple[str, ...]]:
    """What is new in every run where orders are compared: as in the experiment, first, then less and less.

    Where the data are new in every run, that alone: orders on the same data are another experiment's.
    """
    conditions = (config.vary,) if "data" in config.vary else (config.vary, NEW_INIT, ("batches",))
    return {",".join(vary): vary for vary in conditions}


class Group(NamedTuple):
    """A few runs made ready: their data (one for all, or stacked) and their initial parameters."""

    data: Dataset
    w: NDArray  # (runs, p)


Replica = tuple[int, tuple[str, ...]]
"""A run, and what is new in it."""


def prepare(config: FreezeConfig, replicas: Sequence[Replica]) -> Group:
    """Load or generate the data of the replicas and draw their initial parameters."""
    own_data = any({"data", "split"} & set(vary) for _, vary in replicas)
    data = stack([dataset_of(config, *replica) for replica in replicas]) if own_data else dataset_of(config, 0, ())
    w = np.stack([config.model.init(generator(config, "init", *replica)) for replica in replicas])
    return Group(data, w.astype(config.dtype))


def of_runs(runs: Iterable[int], vary: tuple[str, ...]) -> list[Replica]:
    """The replicas of some runs in which the same is new."""
    return [(run, vary) for run in runs]


def generator(config: FreezeConfig, purpose: str, run: int, vary: tuple[str, ...]) -> np.random.Generator:
    """The generator of one run for one purpose: a stream of its own if its factor varies, else run 0's."""
    factor = PURPOSES[purpose]
    return np.random.default_rng([config.seed, list(PURPOSES).index(purpose), run if factor in (*vary, None) else 0])


def dataset_of(config: FreezeConfig, run: int, vary: tuple[str, ...]) -> Dataset:
    """The data of one run."""
    seed, split_seed = (int(generator(config, factor, run, vary).integers(2**31)) for factor in ("data", "split"))
    return load_cached(config.dataset, seed, split_seed, config.dtype, tuple(sorted(config.data.items())))


@lru_cache(maxsize=2)
def load_cached(dataset: str, seed: int, split_seed: int, dtype: str, options: tuple[tuple[str, Any], ...]) -> Dataset:
    """``load``, once a process; a large set is mapped from one copy for all processes."""
    if dataset in OFFICIAL_SPLIT:
        seed = split_seed = 0
    key = (dataset, seed, split_seed, dtype, options)
    return shared(lambda: load(dataset, seed=seed, split_seed=split_seed, dtype=dtype, **dict(options)), key)
