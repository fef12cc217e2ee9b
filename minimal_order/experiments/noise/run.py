"""Run experiments on noise: all parts of all of them in one queue."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from ...parallel import run_groups
from ...results import Store
from ..relevance.run import open_stores
from ..sharing import shared_folder
from .config import NoiseConfig
from .outcome import NoiseOutcome
from .parts import noise_parts


def run_noise(
    configs: Mapping[str, NoiseConfig],
    folders: Mapping[str, Path],
    jobs: int | None = 1,
    scheduler: str | None = None,
    progress: bool = True,
) -> Iterator[tuple[str, Store, NoiseOutcome]]:
    """Yield every experiment as soon as its last part is there; arguments and errors as of ``run_relevance``."""
    with shared_folder():
        stores = open_stores(configs, folders, jobs, scheduler)
        groups = {name: noise_parts(config, stores[name]) for name, config in configs.items()}
        for name, parts in run_groups(groups, jobs, scheduler, progress, "noise"):
            yield name, stores[name], NoiseOutcome.assemble(configs[name], parts)
