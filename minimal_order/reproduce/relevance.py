"""``minimal-order reproduce relevance``: the talk on relevance in one queue, then the verdicts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..claims.relevance import Evidence, judge
from ..experiments.belsley_toy.outcome import ToyConfig, run_toy
from ..experiments.noise.config import NoiseConfig
from ..experiments.noise.outcome import NoiseOutcome
from ..experiments.noise.parts import noise_parts
from ..experiments.plugins import Plugin, as_options
from ..experiments.relevance.config import SETTINGS, PruningConfig, RelevanceConfig
from ..experiments.relevance.outcome import RelevanceOutcome
from ..experiments.relevance.parts import relevance_parts
from ..experiments.relevance.runs import check_data
from ..experiments.running import open_stores
from ..experiments.sharing import shared_folder
from ..experiments.surgeon.config import SurgeonConfig
from ..experiments.surgeon.outcome import assemble_surgeon, surgeon_parts
from ..reports.belsley_toy import write_toy
from ..reports.noise import write_noise
from ..reports.relevance import write_relevance
from ..reports.relevance_talk import whole_report
from ..reports.surgeon import write_surgeon
from ..runs.parallel import run_groups
from ..runs.store import Store
from .ending import command_of, write_verdicts

TOY, SURGEON = "belsley-toy", "surgeon"
UNPENALISED = "boston-no-decay"
"""Boston as the talk states it, which names no penalty."""


def relevance_configs(quick: bool, seed: int, plugins: tuple[Plugin, ...] = ()) -> dict[str, PruningConfig]:
    """The experiments on relevance, one a data set and one more on Boston without a penalty, then those on noise."""
    common: dict[str, Any] = {"seed": seed, "plugins": plugins}
    options, for_noise = (common | (kind.QUICK if quick else {}) for kind in (RelevanceConfig, NoiseConfig))
    configs: dict[str, PruningConfig] = {name: RelevanceConfig(name, **options) for name in SETTINGS}
    configs[UNPENALISED] = RelevanceConfig("boston", decay=0.0, **options)
    return configs | {f"noise-{name}": NoiseConfig(name, **for_noise) for name in SETTINGS}


def reproduce_relevance(
    out: Path,
    quick: bool = False,
    seed: int = 0,
    jobs: int | None = -1,
    scheduler: str | None = None,
    plugins: tuple[Plugin, ...] = (),
    progress: bool = True,
) -> Iterator[tuple[str, Any, list[Path]]]:
    """Run all experiments of the talk on relevance; yield name, result and files of each when it is finished.

    The last one, ``"report"``, is the list of claims with their verdicts. Parameters as in ``run_experiments``;
    ``out`` gets a folder for each experiment; ``plugins`` are files with more orders.
    """
    configs = relevance_configs(quick, seed, plugins)
    surgeon = SurgeonConfig.quick(seed=seed) if quick else SurgeonConfig(seed=seed)
    with shared_folder():
        stores = open_stores(check_data, configs, {name: out / name for name in configs}, jobs, scheduler)
        stores[SURGEON] = Store.open(out / SURGEON, surgeon.as_dict())
        toy_config = ToyConfig(seed=seed)
        stores[TOY] = Store.open(out / TOY, toy_config.as_dict())
        toy = run_toy(toy_config)
        yield TOY, toy, write_toy(stores[TOY], toy)

        groups = {
            name: relevance_parts(config, stores[name])
            if isinstance(config, RelevanceConfig)
            else noise_parts(noise_config(config), stores[name])
            for name, config in configs.items()
        }
        groups[SURGEON] = surgeon_parts(surgeon, stores[SURGEON])
        relevance: dict[str, RelevanceOutcome] = {}
        noise: dict[str, NoiseOutcome] = {}
        for name, parts in run_groups(groups, jobs, scheduler, progress, "experiments"):
            if name == SURGEON:
                found = assemble_surgeon(surgeon, parts)
                yield name, found, write_surgeon(stores[name], found)
                continue
            config = configs[name]
            if isinstance(config, RelevanceConfig):
                relevance[name] = RelevanceOutcome.assemble(config, parts)
                yield name, relevance[name], write_relevance(name, stores[name], relevance[name])
            else:
                noise[name] = NoiseOutcome.assemble(noise_config(config), parts)
                yield name, noise[name], write_noise(name, stores[name], noise[name])
    in_order = Evidence(
        {name: relevance[name] for name in configs if name in relevance},
        {name: noise[name] for name in configs if name in noise},
        toy,
    )
    claims = judge(in_order)
    command = command_of("relevance", quick, seed, as_options(plugins))
    also = ((TOY, "the talk's illustration"), (SURGEON, "which weight to remove: XOR and MONK"))
    yield write_verdicts(out, whole_report(command, in_order, claims, also), claims)


def noise_config(config: PruningConfig) -> NoiseConfig:
    """The configuration, which is one of noise."""
    assert isinstance(config, NoiseConfig)
    return config
