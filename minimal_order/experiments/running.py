"""Run experiments: each has a folder of its own, and the parts of all of them are done in one queue."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from ..runs.cluster import check_scheduler
from ..runs.parallel import run_groups, run_parts
from ..runs.part import Part
from ..runs.store import Store
from .sharing import shared_folder


class Config(Protocol):
    """What an experiment is told."""

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values."""


C = TypeVar("C", bound=Config)


class Kind(NamedTuple):
    """A kind of experiment.

    ``check(config)`` refuses what does not fit the data; ``parts(config, store)`` are its parts;
    ``assemble(config, results)`` the outcome of their results, which are in the order of the parts.
    """

    name: str
    check: Callable[[Any], None]
    parts: Callable[[Any, Store | None], list[Part]]
    assemble: Callable[[Any, list], Any]


def open_stores(
    check: Callable[[C], None],
    configs: Mapping[str, C],
    folders: Mapping[str, Path],
    jobs: int | None,
    scheduler: str | None,
) -> dict[str, Store]:
    """Check everything that can be checked before any work is done, then make or open the folders."""
    run_parts([], jobs, scheduler)
    if scheduler is not None:
        check_scheduler(scheduler)
    for config in configs.values():
        check(config)
    return {name: Store.open(folders[name], config.as_dict()) for name, config in configs.items()}


def run_alone(
    name: str,
    config: C,
    parts: Callable[[C, Store | None], list[Part]],
    folder: Path,
    jobs: int | None,
    scheduler: str | None,
) -> tuple[Store, list]:
    """Run one experiment that is the only one of its kind; return its store and the results of its parts."""
    store = Store.open(folder, config.as_dict())
    ((_, results),) = run_groups({name: parts(config, store)}, jobs, scheduler, description=name)
    return store, results


def run_experiments(
    kind: Kind,
    configs: Mapping[str, Config],
    folders: Mapping[str, Path],
    jobs: int | None = 1,
    scheduler: str | None = None,
    progress: bool = True,
) -> Iterator[tuple[str, Store, Any]]:
    """Yield every experiment as soon as its last part is there; what its folder holds already is not computed again.

    Parameters
    ----------
    kind : of which all are
    configs : what to run, by name
    folders : where to put it, by the same names
    jobs, scheduler, progress : as in ``run_parts``

    Yields
    ------
    name, store, outcome

    Raises
    ------
    ResultsError : when a folder cannot be used, before any work is done.
    ValueError : before a folder is made, for what does not fit the data, or when ``jobs`` or ``scheduler`` is none.
    """
    with shared_folder():
        stores = open_stores(kind.check, configs, folders, jobs, scheduler)
        groups = {name: kind.parts(config, stores[name]) for name, config in configs.items()}
        for name, results in run_groups(groups, jobs, scheduler, progress, kind.name):
            yield name, stores[name], kind.assemble(configs[name], results)
