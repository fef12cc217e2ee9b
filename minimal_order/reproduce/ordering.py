"""``minimal-order reproduce``: everything of the ordering paper in one queue, then the verdicts."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..claims.cost import cost_claim
from ..claims.ordering import judge
from ..experiments.cost.config import CostConfig
from ..experiments.cost.outcome import Cost, assemble_cost, cost_parts
from ..experiments.freeze.config import QUICK, SETTINGS, FreezeConfig, published_multiple
from ..experiments.freeze.outcome import Outcome
from ..experiments.freeze.run import check_batches, find_all_t0, freeze_parts
from ..experiments.plugins import Plugin, as_options
from ..experiments.running import open_stores
from ..experiments.settings.outcome import SettingsOutcome
from ..experiments.settings.parts import SettingsConfig, settings_parts
from ..experiments.sharing import shared_folder
from ..orders import ORDERS
from ..reports.cost import write_cost
from ..reports.freeze import write_freeze
from ..reports.ordering import reproduce_report
from ..reports.settings import write_settings
from ..runs.parallel import run_groups
from ..runs.store import Store
from .ending import command_of, write_verdicts

FRESH = ("data", "split", "init", "batches")
"""What is new in every run where the loss's interval is to hold for other data of the same kind too."""

PAIR = ("random", "gradient_covariance")
"""The two orders of the paper's figures, which the claims compare."""

ALIKE = ("synthetic1",)
"""What comes to the t0 of the paper's figure at nearly the step at which it comes to its plateau, where all orders are
run: with that t0 then only the paper's two, and the user's own."""


def ordering_configs(quick: bool, seed: int, plugins: tuple[Plugin, ...] = ()) -> dict[str, FreezeConfig]:
    """The freezing experiments: every data set by the paper's text, and where its figure says otherwise, by that too.

    There Synthetic 3 is also run on new data every time, with the paper's two orders.
    """
    configs = {}
    for dataset in SETTINGS:
        options: dict[str, Any] = {"seed": seed, "plugins": plugins} | (QUICK if quick else {})
        configs[dataset] = FreezeConfig(dataset, **options)
        if published_multiple(dataset) and not quick:
            options["t0"] = "published"
            own = tuple(name for name in configs[dataset].orders if ORDERS[name].plugin)
            orders = (*PAIR, *own) if dataset in ALIKE else ()
            configs[f"{dataset}-published"] = FreezeConfig(dataset, orders=orders, **options)
            if dataset not in ALIKE:
                configs[f"{dataset}-published-new-data"] = FreezeConfig(dataset, orders=PAIR, vary=FRESH, **options)
    return configs


def queue(configs: Mapping[str, FreezeConfig]) -> dict[str, FreezeConfig]:
    """The sequence to run them in: one small network to see a figure soon, then the largest first.

    What takes long is then not what all wait for at the end.
    """
    first, *others = configs
    return {name: configs[name] for name in (first, *sorted(others, key=lambda name: -configs[name].model.n_params))}


def reproduce_ordering(
    out: Path,
    quick: bool = False,
    seed: int = 0,
    jobs: int | None = -1,
    scheduler: str | None = None,
    plugins: tuple[Plugin, ...] = (),
    progress: bool = True,
) -> Iterator[tuple[str, Any, list[Path]]]:
    """Run all experiments of the ordering paper; yield name, result and files of each when it is finished.

    The last one, ``"report"``, is the list of claims with their verdicts. Parameters as in ``run_freeze``;
    ``out`` gets a folder for each experiment.
    """
    configs = ordering_configs(quick, seed, plugins)
    settings = SettingsConfig.small(seed=seed) if quick else SettingsConfig(seed=seed, few=True)
    cost = CostConfig.quick(seed=seed) if quick else CostConfig(seed=seed)
    with shared_folder():
        stores = open_stores(check_batches, configs, {name: out / name for name in configs}, jobs, scheduler)
        stores["settings"] = Store.open(out / "settings", settings.as_dict())
        stores["cost"] = Store.open(out / "cost", cost.as_dict())
        in_turn = queue(configs)
        t0 = find_all_t0(in_turn, stores, jobs, scheduler, progress)
        groups = {name: freeze_parts(config, t0[name], stores[name]) for name, config in in_turn.items()}
        groups["settings"] = settings_parts(settings, stores["settings"])
        groups["cost"] = cost_parts(cost, stores["cost"])
        outcomes: dict[str, Outcome] = {}
        sections: dict[str, str] = {}
        counted: Cost | None = None
        for name, parts in run_groups(groups, jobs, scheduler, progress, "experiments"):
            if name == "settings":
                swept = SettingsOutcome.assemble(settings, parts)
                sections["The finding to settle"], paths = write_settings(stores[name], swept)
                yield name, swept, paths
            elif name == "cost":
                counted = assemble_cost(cost, parts)
                yield name, counted, write_cost(stores[name], counted)
            else:
                outcomes[name] = Outcome.assemble(configs[name], t0[name], parts)
                yield name, outcomes[name], write_freeze(name, stores[name], outcomes[name])
    assert counted is not None
    ordered = {name: outcomes[name] for name in configs}
    claims = [*judge(ordered), cost_claim(counted)]
    command = command_of("", quick, seed, as_options(plugins))
    yield write_verdicts(out, reproduce_report(command, ordered, claims, sections), claims)
