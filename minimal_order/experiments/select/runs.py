"""A few runs made ready: their data, their initial parameters, their random streams."""

import zlib

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset, stack
from ...data.loading import batches
from ...training.loop import check_fit
from ..freeze.runs import RUNS_A_PART, load_cached
from .config import SelectConfig

BRANCHES_A_PART = 27
"""Of a network too large for all branches of a run to be one part."""

LARGE = 100_000
"""Parameters from which on a network is such."""


def generator(config: SelectConfig, purpose: str, run: int) -> np.random.Generator:
    """The generator of one run for one purpose: a new purpose leaves the others as they were."""
    return np.random.default_rng([config.seed, zlib.crc32(purpose.encode()), run])


def dataset_of(config: SelectConfig, run: int) -> Dataset:
    """The data of one run: its own split, unless the set has an official one."""
    split_seed = int(generator(config, "split", run).integers(2**31)) if "split" in config.vary else 0
    return load_cached(config.dataset, 0, split_seed, config.dtype, ())


def data_of(config: SelectConfig, runs: tuple[int, ...]) -> Dataset:
    """The data of some runs: one set for all, or stacked."""
    if "split" not in config.vary:
        return dataset_of(config, 0)
    return stack([dataset_of(config, run) for run in runs])


def start_of(config: SelectConfig, runs: tuple[int, ...]) -> NDArray:
    """The initial parameters of some runs, (runs, p)."""
    return np.stack([config.model.init(generator(config, "init", run)) for run in runs]).astype(config.dtype)


def check_data(config: SelectConfig) -> None:
    """Refuse a batch larger than the training part before any work is done."""
    data = dataset_of(config, 0)
    check_fit(config.model, data, np.empty(config.model.n_params))
    batches(np.random.default_rng(0), data.n_train, config.batch_size)


def groups_of(config: SelectConfig, n_branches: int) -> list[tuple[tuple[int, ...], tuple[int, int]]]:
    """The runs and the branches [first, last) of each part.

    Fixed by the configuration, because the last bits of a result depend on its neighbours. A large network's runs
    come one by one, some branches at a time; each part then takes the ``eta0`` common steps for itself.
    """
    large = config.model.n_params >= LARGE
    n_runs, width = (1, BRANCHES_A_PART) if large else (RUNS_A_PART, n_branches)
    runs = [tuple(range(config.runs)[i : i + n_runs]) for i in range(0, config.runs, n_runs)]
    columns = [(i, min(i + width, n_branches)) for i in range(0, n_branches, width)]
    return [(some, column) for some in runs for column in columns]
