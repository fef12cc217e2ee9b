"""``minimal-order reproduce complexity``: the talk on models of a given complexity in one queue, then the verdicts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..checks import check
from ..claims.complexity import judge
from ..experiments.complexity.config import ComplexityConfig
from ..experiments.complexity.models import QUICK
from ..experiments.complexity.outcome import ComplexityOutcome
from ..experiments.complexity.run import COMPLEXITY
from ..experiments.convergence.config import QUICK as QUICK_CONVERGENCE
from ..experiments.convergence.config import ConvergenceConfig
from ..experiments.convergence.outcome import ConvergenceOutcome, convergence_parts
from ..experiments.running import open_stores
from ..experiments.sharing import shared_folder
from ..reports.complexity import write_complexity
from ..reports.complexity_talk import reproduction_report
from ..reports.convergence import write_convergence
from ..runs.parallel import run_groups
from ..runs.store import Store
from .ending import command_of, write_verdicts


def complexity_configs(quick: bool, seed: int, cifar10: str = "") -> dict[str, ComplexityConfig]:
    """The complexity experiments: digits for a quick look, else MNIST, and CIFAR-10 where its folder is given."""
    if quick:
        return {"digits": ComplexityConfig("digits", seed=seed, **QUICK)}
    configs = {"mnist": ComplexityConfig("mnist", seed=seed)}
    if cifar10:
        configs["cifar10"] = ComplexityConfig("cifar10", seed=seed, folder=cifar10)
    return configs


def reproduce_complexity(
    out: Path,
    quick: bool = False,
    seed: int = 0,
    jobs: int | None = -1,
    scheduler: str | None = None,
    plugins: tuple = (),
    progress: bool = True,
    cifar10: str = "",
) -> Iterator[tuple[str, Any, list[Path]]]:
    """Run all experiments of the talk; yield name, result and files of each when it is finished.

    The last one, ``"report"``, is the list of claims with their verdicts. Parameters as in ``run_experiments``; ``out``
    gets a folder for each experiment; ``cifar10`` is the folder of that set's official files, "" to leave it out.
    """
    check(not (quick and cifar10), "cifar10", cifar10, "nothing with --quick, which looks at digits alone")
    check(not plugins, "plugin", plugins, "none: these networks are pruned by their own criterion, not by an order")
    configs = complexity_configs(quick, seed, cifar10)
    theorem = ConvergenceConfig(seed=seed, **(QUICK_CONVERGENCE if quick else {}))
    with shared_folder():
        stores = open_stores(COMPLEXITY.check, configs, {name: out / name for name in configs}, jobs, scheduler)
        stores["convergence"] = Store.open(out / "convergence", theorem.as_dict())
        groups = {"convergence": convergence_parts(theorem, stores["convergence"])}
        groups |= {name: COMPLEXITY.parts(config, stores[name]) for name, config in configs.items()}
        outcomes: dict[str, ComplexityOutcome] = {}
        convergence: ConvergenceOutcome | None = None
        for name, parts in run_groups(groups, jobs, scheduler, progress, "experiments"):
            if name == "convergence":
                convergence = ConvergenceOutcome.assemble(theorem, parts)
                yield name, convergence, write_convergence(stores[name], convergence)
            else:
                outcomes[name] = COMPLEXITY.assemble(configs[name], parts)
                yield name, outcomes[name], write_complexity(name, stores[name], outcomes[name])
    assert convergence is not None
    in_order = {name: outcomes[name] for name in configs}
    claims = judge(in_order, convergence)
    command = command_of("complexity", quick, seed, ["--cifar10 DIR"] * bool(cifar10))
    yield write_verdicts(out, reproduction_report(command, in_order, convergence, claims), claims)
