"""Run complexity experiments: all parts of all of them in one queue."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from ...parallel import Part, check_scheduler, run_groups, run_parts
from ...results import Store
from ..sharing import shared_folder
from .config import ComplexityConfig
from .outcome import ComplexityOutcome
from .parts import model_part, seconds_part
from .runs import check_data


def complexity_parts(config: ComplexityConfig, store: Store | None) -> list[Part]:
    """The parts of one experiment: every model from every start, then the seconds of a step."""
    parts = [
        Part(f"{name}-{run:03d}", model_part, (config, name, run), store)
        for name in config.models
        for run in range(config.runs)
    ]
    return [*parts, Part("seconds", seconds_part, (config,), store)]


def run_complexity(
    configs: Mapping[str, ComplexityConfig],
    folders: Mapping[str, Path],
    jobs: int | None = 1,
    scheduler: str | None = None,
    progress: bool = True,
) -> Iterator[tuple[str, Store, ComplexityOutcome]]:
    """Yield every experiment as soon as its last part is there; what its folder holds already is not computed again.

    Parameters
    ----------
    configs : what to run, by name
    folders : where to put it, by the same names
    jobs, scheduler, progress : as in ``run_parts``

    Raises
    ------
    ResultsError : when a folder cannot be used, before any work is done.
    ValueError : before a folder is made, for what does not fit the data.
    """
    with shared_folder():
        stores = open_stores(configs, folders, jobs, scheduler)
        groups = {name: complexity_parts(config, stores[name]) for name, config in configs.items()}
        for name, results in run_groups(groups, jobs, scheduler, progress, "complexity"):
            yield name, stores[name], ComplexityOutcome.assemble(configs[name], results)


def open_stores(
    configs: Mapping[str, ComplexityConfig], folders: Mapping[str, Path], jobs: int | None, scheduler: str | None
) -> dict[str, Store]:
    """Check everything that can be checked before any work is done, then make or open the folders."""
    run_parts([], jobs, scheduler)
    if scheduler is not None:
        check_scheduler(scheduler)
    for config in configs.values():
        check_data(config)
    return {name: Store.open(folders[name], config.as_dict()) for name, config in configs.items()}
