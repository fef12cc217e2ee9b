"""Run freezing experiments: t0 first, then the runs of all of them in one queue."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ...data.loading import batches
from ...runs.parallel import run_groups
from ...runs.part import Part
from ...runs.store import Store
from ...training.loop import check_fit
from ..running import open_stores
from ..sharing import shared_folder
from .branches import freeze_part
from .config import FreezeConfig
from .outcome import Outcome
from .pilot import pilot
from .runs import dataset_of, parts_of


def run_freeze(
    configs: Mapping[str, FreezeConfig],
    folders: Mapping[str, Path],
    jobs: int | None = 1,
    scheduler: str | None = None,
    progress: bool = True,
) -> Iterator[tuple[str, Store, Outcome]]:
    """Yield every experiment as soon as its last part is there; what its folder holds already is not computed again.

    Parameters
    ----------
    configs : what to run, by name
    folders : where to put it, by the same names
    jobs, scheduler, progress : as in ``run_parts``

    Raises
    ------
    ResultsError : when a folder cannot be used, before any work is done.
    ValueError : before a folder is made, when ``data`` holds an option that does not exist or does not fit the
        model, a batch is larger than the training part, or ``jobs`` or ``scheduler`` is none.
    """
    with shared_folder():
        stores = open_stores(check_batches, configs, folders, jobs, scheduler)
        t0 = find_all_t0(configs, stores, jobs, scheduler, progress)
        groups = {name: freeze_parts(config, t0[name], stores[name]) for name, config in configs.items()}
        for name, parts in run_groups(groups, jobs, scheduler, progress, "training"):
            yield name, stores[name], Outcome.assemble(configs[name], t0[name], parts)


def find_all_t0(
    configs: Mapping[str, FreezeConfig],
    stores: Mapping[str, Store],
    jobs: int | None,
    scheduler: str | None,
    progress: bool,
) -> dict[str, int]:
    """Find t0 of every experiment, by its rule if it has one."""
    t0 = {name: config.t0 for name, config in configs.items() if not isinstance(config.t0, str)}
    by_rule = {name: [Part("t0", pilot, (configs[name],), stores[name])] for name in configs if name not in t0}
    for name, (found,) in run_groups(by_rule, jobs, scheduler, progress and bool(by_rule), "finding t0"):
        t0[name] = int(found["t0"])
    return t0


def freeze_parts(config: FreezeConfig, t0: int, store: Store) -> list[Part]:
    """The parts of one experiment."""
    return [
        Part(f"runs-{runs[0]:03d}-{runs[-1]:03d}", freeze_part, (config, t0, runs), store) for runs in parts_of(config)
    ]


def check_batches(config: FreezeConfig) -> None:
    """Refuse data options that do not exist or do not fit the model, and a batch larger than the training part."""
    data = dataset_of(config, 0, ())
    check_fit(config.model, data, np.empty(config.model.n_params))
    batches(np.random.default_rng(0), data.n_train, config.batch_size)
