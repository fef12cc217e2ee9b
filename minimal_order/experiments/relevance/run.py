"""Run experiments on relevance: all parts of all of them in one queue."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from ...parallel import check_scheduler, run_groups, run_parts
from ...results import Store
from ..sharing import shared_folder
from .config import PruningConfig, RelevanceConfig
from .outcome import RelevanceOutcome
from .parts import relevance_parts
from .runs import check_data


def run_relevance(
    configs: Mapping[str, RelevanceConfig],
    folders: Mapping[str, Path],
    jobs: int | None = 1,
    scheduler: str | None = None,
    progress: bool = True,
) -> Iterator[tuple[str, Store, RelevanceOutcome]]:
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
        groups = {name: relevance_parts(config, stores[name]) for name, config in configs.items()}
        for name, parts in run_groups(groups, jobs, scheduler, progress, "relevance"):
            yield name, stores[name], RelevanceOutcome.assemble(configs[name], parts)


def open_stores(
    configs: Mapping[str, PruningConfig], folders: Mapping[str, Path], jobs: int | None, scheduler: str | None
) -> dict[str, Store]:
    """Check everything that can be checked before any work is done, then make or open the folders."""
    run_parts([], jobs, scheduler)
    if scheduler is not None:
        check_scheduler(scheduler)
    for config in configs.values():
        check_data(config)
    return {name: Store.open(folders[name], config.as_dict()) for name, config in configs.items()}
