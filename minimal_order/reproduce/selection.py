"""``minimal-order reproduce selection``: the talk on selection in one queue, then the verdicts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..claims.selection import judge
from ..experiments.plugins import Plugin, as_options
from ..experiments.running import open_stores
from ..experiments.select.config import QUICK, REPRODUCED, SelectConfig
from ..experiments.select.oracle import ORACLE_COLUMNS, OracleConfig, OracleOutcome, oracle_parts, oracle_rows
from ..experiments.select.outcome import SelectOutcome
from ..experiments.select.run import SELECT
from ..experiments.sharing import shared_folder
from ..reports.select import write_select
from ..reports.selection import selection_report
from ..runs.files import csv_text
from ..runs.parallel import run_groups
from ..runs.store import Store
from .ending import command_of, write_verdicts

QUICK_ORACLE: dict[str, Any] = {"runs": 3, "ks": (4,), "ls": (6,)}


def selection_configs(quick: bool, seed: int, plugins: tuple[Plugin, ...] = ()) -> dict[str, SelectConfig]:
    """The selection experiments, one a data set; the quick version of MNIST has fewer branches still."""
    configs = {}
    for dataset in REPRODUCED:
        options: dict[str, Any] = {"seed": seed, "plugins": plugins} | (QUICK if quick else {})
        if quick and dataset == "mnist":
            options["levels"] = (0.0, 0.6, 1.0)
        configs[dataset] = SelectConfig(dataset, **options)
    return configs


def reproduce_selection(
    out: Path,
    quick: bool = False,
    seed: int = 0,
    jobs: int | None = -1,
    scheduler: str | None = None,
    plugins: tuple[Plugin, ...] = (),
    progress: bool = True,
) -> Iterator[tuple[str, Any, list[Path]]]:
    """Run all experiments of the talk on selection; yield name, result and files of each when it is finished.

    The last one, ``"report"``, is the list of claims with their verdicts. Parameters as in ``run_experiments``;
    ``out`` gets a folder for each experiment.
    """
    configs = selection_configs(quick, seed, plugins)
    searched = OracleConfig(seed=seed, **(QUICK_ORACLE if quick else {}))
    with shared_folder():
        stores = open_stores(SELECT.check, configs, {name: out / name for name in configs}, jobs, scheduler)
        stores["oracle"] = Store.open(out / "oracle", searched.as_dict())
        groups = {name: SELECT.parts(config, stores[name]) for name, config in configs.items()}
        groups["oracle"] = oracle_parts(searched, stores["oracle"])
        outcomes: dict[str, SelectOutcome] = {}
        oracle: OracleOutcome | None = None
        for name, parts in run_groups(groups, jobs, scheduler, progress, "experiments"):
            if name == "oracle":
                oracle = OracleOutcome.assemble(searched, parts)
                stores[name].write("gap.csv", csv_text(ORACLE_COLUMNS, oracle_rows(oracle)))
                yield name, oracle, [stores[name].folder / file for file in ("config.json", "gap.csv")]
            else:
                outcomes[name] = SELECT.assemble(configs[name], parts)
                yield name, outcomes[name], write_select(name, stores[name], outcomes[name])
    assert oracle is not None
    in_order = {name: outcomes[name] for name in configs}
    claims = judge(in_order)
    command = command_of("selection", quick, seed, as_options(plugins))
    yield write_verdicts(out, selection_report(command, in_order, oracle, claims), claims)
