"""Run freezing experiments: t0 first, then the runs of all of them in one queue."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..parallel import Part, run_groups
from ..results import Store
from .config import FreezeConfig
from .freeze import freeze_part, parts_of, pilot
from .outcome import Outcome


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
    """
    stores = {name: Store.open(folders[name], config.as_dict()) for name, config in configs.items()}
    by_rule = {
        name: [Part("t0", pilot, (config,), stores[name])]
        for name, config in configs.items()
        if isinstance(config.t0, str)
    }
    t0 = {name: config.t0 for name, config in configs.items()}
    for name, (found,) in run_groups(by_rule, jobs, scheduler, progress and bool(by_rule), "finding t0"):
        t0[name] = int(found["t0"])
    groups = {
        name: [
            Part(f"runs-{runs[0]:03d}-{runs[-1]:03d}", freeze_part, (config, int(t0[name]), runs), stores[name])
            for runs in parts_of(config)
        ]
        for name, config in configs.items()
    }
    for name, parts in run_groups(groups, jobs, scheduler, progress, "training"):
        yield name, stores[name], Outcome.assemble(configs[name], int(t0[name]), parts)
