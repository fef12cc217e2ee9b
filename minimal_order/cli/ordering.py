"""Commands of the ordering paper: list, freeze, settings, cost."""

import argparse
from pathlib import Path
from typing import Any

from .options import add_common, add_plugins, command, given
from .parsing import names, numbers, setting, step_or_rule
from .printing import print_paths
from .running import run_and_write

OF_FREEZE = ("orders", "runs", "levels", "t0", "t1", "batch_size", "rate", "optimizer", "vary", "covariance",
             "collect_from", "keep", "dtype")  # fmt: skip
"""Options of ``freeze``, as the configuration names them."""


def add_commands(commands: Any) -> None:
    """Add them to the program."""
    sub = command(commands, "list", do_list, "the data sets and orders there are")
    add_plugins(sub)

    sub = command(commands, "freeze", do_freeze, "order the parameters, freeze a share of them, train on")
    sub.add_argument("dataset", metavar="DATASET", help="see `minimal-order list`")
    sub.add_argument("--orders", type=names, metavar="A,B", help="orders to compare (default: those made for it)")
    sub.add_argument("--runs", type=int, help="independent runs (default 25)")
    sub.add_argument("--levels", type=numbers, metavar="0,.5,1", help="shares to freeze (default 0, .1, ..., 1)")
    sub.add_argument("--t0", type=step_or_rule, help="steps before freezing, or a rule: plateau, published")
    sub.add_argument("--t1", type=int, help="steps after (default 1000)")
    sub.add_argument("--batch-size", type=int, help="objects a step (default 64)")
    sub.add_argument("--rate", type=float, help="step size")
    sub.add_argument("--optimizer", help="sgd, momentum or adam (default)")
    sub.add_argument("--vary", type=names, metavar="A,B", help="what is new in every run: data, split, init, batches")
    sub.add_argument("--covariance", help="how to estimate it: running (default) or batch")
    sub.add_argument("--collect-from", type=int, help="step from which on to collect it (default 1)")
    sub.add_argument("--keep", type=int, help="iterates that accumulated_gradient sums (default 5)")
    sub.add_argument("--dtype", help="float32 (default) or float64")
    sub.add_argument(
        "--set", type=setting, action="append", default=[], metavar="NAME=VALUE", help="of the data: n_train=500"
    )
    add_plugins(sub)
    add_common(sub, "results/freeze/DATASET")

    sub = command(
        commands, "settings", do_settings, "sweep the settings that the ordering paper does not state, on Synthetic 3"
    )
    sub.add_argument("--runs", type=int, help="independent runs (default 25)")
    sub.add_argument("--few", action="store_true", help="only the settings that decide, as in reproduce")
    add_common(sub, "results/settings", Path("results/settings"))

    sub = command(commands, "cost", do_cost, "what a step costs when some of the parameters are frozen")
    add_common(sub, "results/cost", Path("results/cost"))


def do_list(arguments: argparse.Namespace) -> None:
    """Print what there is."""
    from ..data.loading import available
    from ..experiments.freeze.config import SETTINGS
    from ..experiments.plugins import read_plugins
    from ..orders import ORDERS, load_plugin
    from ..reports.text import table

    for plugin in read_plugins(arguments.plugin):
        load_plugin(*plugin)
    models = {name: str(setting.model()) for name, setting in SETTINGS.items()}
    rows: list[tuple] = [
        (name, s.task, s.n_objects, s.n_features, models.get(name, ""), s.origin, s.licence)
        for name, s in available().items()
    ]
    print("Data sets\n" + table(("name", "task", "objects", "features", "model in freeze", "origin", "licence"), rows))
    rows = [(o.name, o.equation, ", ".join(o.needs), o.summary) for o in ORDERS.values()]
    print("\nOrders\n" + table(("name", "equation", "needs", "which parameters leave first"), rows))


def freeze_config(arguments: argparse.Namespace) -> Any:
    """The configuration that the options of ``freeze`` describe."""
    from ..experiments.freeze.config import QUICK, FreezeConfig
    from ..experiments.plugins import read_plugins

    options: dict[str, Any] = (QUICK if arguments.quick else {}) | given(arguments, OF_FREEZE)
    plugins = tuple(read_plugins(arguments.plugin))
    return FreezeConfig(arguments.dataset, seed=arguments.seed, data=dict(arguments.set), plugins=plugins, **options)


def do_freeze(arguments: argparse.Namespace) -> None:
    """Run one freezing experiment and print its table and where its files are."""
    from ..experiments.freeze.run import run_freeze
    from ..reports.freeze import summary_table, write_freeze
    from ..reports.text import counted

    config = freeze_config(arguments)
    for outcome, paths in run_and_write(run_freeze, write_freeze, config, "freeze", arguments):
        runs = counted(config.runs, "run")
        print(f"{config.model}, t0 = {outcome.t0}, t1 = {config.t1}, {runs}; mean [95 % interval]")
        print(summary_table(outcome))
        print_paths(paths)


def do_settings(arguments: argparse.Namespace) -> None:
    """Sweep the settings that the paper does not state."""
    from ..experiments.running import run_alone
    from ..experiments.settings.outcome import SettingsOutcome
    from ..experiments.settings.parts import SettingsConfig, settings_parts
    from ..reports.settings import write_settings

    options = given(arguments, ("seed", "runs"))
    config = SettingsConfig.small(**options) if arguments.quick else SettingsConfig(few=arguments.few, **options)
    store, results = run_alone("settings", config, settings_parts, arguments.out, arguments.jobs, arguments.scheduler)
    text, paths = write_settings(store, SettingsOutcome.assemble(config, results))
    print(text)
    print_paths(paths)


def do_cost(arguments: argparse.Namespace) -> None:
    """Count and measure what a step costs."""
    from ..claims.cost import cost_claim
    from ..experiments.cost.config import CostConfig
    from ..experiments.cost.outcome import assemble_cost, cost_parts
    from ..experiments.running import run_alone
    from ..reports.cost import write_cost
    from ..reports.text import claims_text

    config = CostConfig.quick(seed=arguments.seed) if arguments.quick else CostConfig(seed=arguments.seed)
    store, results = run_alone("cost", config, cost_parts, arguments.out, arguments.jobs, arguments.scheduler)
    cost = assemble_cost(config, results)
    print(claims_text([cost_claim(cost)]))
    print_paths(write_cost(store, cost))
