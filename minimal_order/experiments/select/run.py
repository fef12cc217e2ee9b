"""Run selection experiments: all parts of all of them in one queue."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from ...parallel import Part, check_scheduler, run_groups, run_parts
from ...results import Store
from ..sharing import shared_folder
from .config import SelectConfig
from .outcome import SelectOutcome
from .parts import branches_of, select_part, speed_part
from .runs import check_data, groups_of


def run_select(
    configs: Mapping[str, SelectConfig],
    folders: Mapping[str, Path],
    jobs: int | None = 1,
    scheduler: str | None = None,
    progress: bool = True,
) -> Iterator[tuple[str, Store, SelectOutcome]]:
    """Yield every experiment as soon as its last part is there; what its folder holds already is not computed again.

    Parameters
    ----------
    configs : what to run, by name
    folders : where to put it, by the same names
    jobs, scheduler, progress : as in ``run_parts``

    Raises
    ------
    ResultsError : when a folder cannot be used, before any work is done.
    ValueError : before a folder is made, when a batch is larger than the training part, or ``jobs`` or
        ``scheduler`` is none.
    """
    with shared_folder():
        stores = open_stores(configs, folders, jobs, scheduler)
        groups = {name: select_parts(config, stores[name]) for name, config in configs.items()}
        for name, parts in run_groups(groups, jobs, scheduler, progress, "selection"):
            yield name, stores[name], assemble(configs[name], parts)


def open_stores(
    configs: Mapping[str, SelectConfig], folders: Mapping[str, Path], jobs: int | None, scheduler: str | None
) -> dict[str, Store]:
    """Check everything that can be checked before any work is done, then make or open the folders."""
    run_parts([], jobs, scheduler)
    if scheduler is not None:
        check_scheduler(scheduler)
    for config in configs.values():
        check_data(config)
    return {name: Store.open(folders[name], config.as_dict()) for name, config in configs.items()}


def select_parts(config: SelectConfig, store: Store | None) -> list[Part]:
    """The parts of one experiment: its branches, then its speeds."""
    groups = groups_of(config, len(branches_of(config)))
    parts = [
        Part(f"runs-{runs[0]:03d}-{runs[-1]:03d}-{first:03d}", select_part, (config, runs, (first, last)), store)
        for runs, (first, last) in groups
    ]
    runs_at_once = dict.fromkeys(runs for runs, _ in groups)
    return parts + [
        Part(f"speed-{runs[0]:03d}-{runs[-1]:03d}", speed_part, (config, runs), store) for runs in runs_at_once
    ]


def assemble(config: SelectConfig, results: list) -> SelectOutcome:
    """Put the results of ``select_parts`` together."""
    n = len(groups_of(config, len(branches_of(config))))
    return SelectOutcome.assemble(config, results[:n], results[n:])
