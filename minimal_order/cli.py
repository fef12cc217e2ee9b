"""The command ``minimal-order``."""

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import __version__

PROBLEM = 2
"""Exit code for anything wrong with what was asked for."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line with the nearest valid words."""

    def error(self, message: str) -> NoReturn:
        """Print the problem on one line and end with code 2."""
        fail(message)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            name = action.metavar or action.dest
            raise argparse.ArgumentError(None, f"{name} = {value!r}: expected {nearest(str(value), action.choices)}")


def nearest(word: str, valid: Any) -> str:
    """The words nearest to one that is unknown, or all of them if none is near."""
    words = [str(v) for v in valid]
    return " or ".join(difflib.get_close_matches(word, words, n=3, cutoff=0.5)) or ", ".join(words)


def fail(message: str) -> NoReturn:
    """Print one line on standard error and end with code 2."""
    print("minimal-order: " + " ".join(str(message).split()), file=sys.stderr)
    raise SystemExit(PROBLEM)


def names(text: str) -> tuple[str, ...]:
    """Read ``a,b,c``."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def numbers(text: str) -> tuple[float, ...]:
    """Read ``0,.5,1``."""
    try:
        return tuple(float(word) for word in names(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected numbers such as 0,.5,1") from None


def step_or_rule(text: str) -> int | str:
    """Read a number of steps or the name of a rule."""
    try:
        return int(text)
    except ValueError:
        return text


def setting(text: str) -> tuple[str, Any]:
    """Read ``name=value``, the value a number if it looks like one."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r}: expected NAME=VALUE")
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            pass
    return name, {"true": True, "false": False}.get(value.lower(), value)


def build_parser() -> Parser:
    """All commands and options."""
    parser = Parser(prog="minimal-order", description="Orders on the parameters of a network.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"minimal-order {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True, parser_class=Parser)

    def command(name: str, run: Callable[[argparse.Namespace], None], help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help, allow_abbrev=False)
        sub.set_defaults(run=run)
        return sub

    def common(sub: argparse.ArgumentParser, out: str, default: Path | None = None) -> None:
        sub.add_argument("--quick", action="store_true", help="a smaller version, to see that it works")
        sub.add_argument("--seed", type=int, default=0, help="of everything random (default 0)")
        sub.add_argument("--jobs", type=int, default=-1, help="processes (default: one a core)")
        sub.add_argument("--scheduler", metavar="ADDRESS", help="run on this Dask cluster instead")
        sub.add_argument("--out", type=Path, default=default, metavar="DIR", help=f"folder for results (default {out})")

    def plugins(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--plugin", type=Path, action="append", default=[], metavar="FILE", help="orders of your own")

    sub = command("list", do_list, "the data sets and orders there are")
    plugins(sub)

    sub = command("freeze", do_freeze, "order the parameters, freeze a share of them, train on")
    sub.add_argument("dataset", metavar="DATASET", help="see `minimal-order list`")
    sub.add_argument("--orders", type=names, metavar="A,B", help="orders to compare (default: all that can be had)")
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
    plugins(sub)
    common(sub, "results/freeze/DATASET")

    sub = command("settings", do_settings, "sweep the settings that the ordering paper does not state, on Synthetic 3")
    sub.add_argument("--runs", type=int, help="independent runs (default 25)")
    sub.add_argument("--few", action="store_true", help="only the settings that decide, as in reproduce")
    common(sub, "results/settings", Path("results/settings"))

    sub = command("cost", do_cost, "what a step costs when some of the parameters are frozen")
    common(sub, "results/cost", Path("results/cost"))

    sub = command("reproduce", do_reproduce, "every figure and claim of the ordering paper")
    sub.add_argument("what", nargs="?", default="ordering", choices=["ordering"], metavar="PAPER", help="ordering")
    plugins(sub)
    common(sub, "results/ordering", Path("results/ordering"))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is 0, or 2 with one line of explanation."""
    parser = build_parser()
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        known = [o for a in subparser(parser, arguments.command)._actions for o in a.option_strings]
        fail(f"{unknown[0]}: expected {nearest(unknown[0].partition('=')[0], known)}")
    try:
        if "jobs" in arguments:
            check_workers(arguments.jobs, arguments.scheduler)
        arguments.run(arguments)
    except (ValueError, OSError, ImportError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        print("minimal-order: interrupted; the same command goes on from the finished parts", file=sys.stderr)
        return 130
    return 0


def check_workers(jobs: int, scheduler: str | None) -> None:
    """Refuse what is no number of processes or no address before a folder is made."""
    from .parallel import run_parts

    run_parts([], jobs, scheduler)


def subparser(parser: argparse.ArgumentParser, command: str) -> argparse.ArgumentParser:
    """The parser of one command."""
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return commands.choices[command]


# --- commands -------------------------------------------------------------------------------------------


def do_list(arguments: argparse.Namespace) -> None:
    """Print what there is."""
    from .data import available
    from .experiments.config import SETTINGS, read_plugins
    from .orders import ORDERS, load_plugin
    from .report import table

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
    from .experiments.config import QUICK, FreezeConfig, read_plugins

    given = {
        name: getattr(arguments, name)
        for name in ("orders", "runs", "levels", "t0", "t1", "batch_size", "rate", "optimizer", "vary", "covariance",
                     "collect_from", "keep", "dtype")
        if getattr(arguments, name) is not None
    }  # fmt: skip
    options: dict[str, Any] = (QUICK if arguments.quick else {}) | given
    plugins = tuple(read_plugins(arguments.plugin))
    return FreezeConfig(arguments.dataset, seed=arguments.seed, data=dict(arguments.set), plugins=plugins, **options)


def do_freeze(arguments: argparse.Namespace) -> None:
    """Run one freezing experiment and print its table and where its files are."""
    from .experiments.run import run_freeze
    from .output import write_freeze
    from .report import summary_table

    config = freeze_config(arguments)
    name = config.dataset
    out = arguments.out or Path("results/freeze") / name
    for _, store, outcome in run_freeze({name: config}, {name: out}, arguments.jobs, arguments.scheduler):
        paths = write_freeze(name, store, outcome)
        runs = f"{config.runs} run" + "s" * (config.runs > 1)
        print(f"{config.model}, t0 = {outcome.t0}, t1 = {config.t1}, {runs}; mean [95 % interval]")
        print(summary_table(outcome))
        print_paths(paths)


def print_paths(paths: Sequence[Path]) -> None:
    """Print the files that were written, grouped by folder."""
    for folder in dict.fromkeys(path.parent for path in paths):
        files = [path.name for path in paths if path.parent == folder]
        print(f"wrote {shown(folder)}/: {', '.join(files)}")


def shown(folder: Path) -> str:
    """The path of a folder as a person here would write it."""
    return str(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder)


def do_settings(arguments: argparse.Namespace) -> None:
    """Sweep the settings that the paper does not state."""
    from .experiments.settings import SettingsConfig, settings_parts
    from .experiments.settings_outcome import SettingsOutcome
    from .output import write_settings
    from .parallel import run_groups
    from .results import Store

    given = {"seed": arguments.seed} | ({} if arguments.runs is None else {"runs": arguments.runs})
    config = SettingsConfig.small(**given) if arguments.quick else SettingsConfig(few=arguments.few, **given)
    store = Store.open(arguments.out, config.as_dict())
    parts = {"settings": settings_parts(config, store)}
    for _, results in run_groups(parts, arguments.jobs, arguments.scheduler, description="settings"):
        text, paths = write_settings(store, SettingsOutcome.assemble(config, results))
        print(text)
        print_paths(paths)


def do_cost(arguments: argparse.Namespace) -> None:
    """Count and measure what a step costs."""
    from .experiments.cost import assemble_cost, cost_claim, cost_parts, write_cost
    from .experiments.cost_config import CostConfig
    from .parallel import run_groups
    from .report import claims_text
    from .results import Store

    config = CostConfig.quick(seed=arguments.seed) if arguments.quick else CostConfig(seed=arguments.seed)
    store = Store.open(arguments.out, config.as_dict())
    parts = {"cost": cost_parts(config, store)}
    for _, results in run_groups(parts, arguments.jobs, arguments.scheduler, description="cost"):
        cost = assemble_cost(config, results)
        print(claims_text([cost_claim(cost)]))
        print_paths(write_cost(store, cost))


def do_reproduce(arguments: argparse.Namespace) -> None:
    """Run everything of the ordering paper."""
    from tqdm import tqdm

    from .experiments.config import read_plugins
    from .report import table
    from .reproduce import reproduce_ordering

    plugins = tuple(read_plugins(arguments.plugin))
    found = reproduce_ordering(
        arguments.out, arguments.quick, arguments.seed, arguments.jobs, arguments.scheduler, plugins
    )
    for name, result, paths in found:
        if name == "report":
            print(table(("", "claim", "verdict"), [(claim.id, claim.text, claim.verdict) for claim in result]))
            if arguments.quick:
                print("From a few runs only: this shows that everything works, and decides nothing.")
            print_paths(paths)
        else:
            tqdm.write(f"wrote {shown(paths[0].parent)}/ ({len(paths)} files)")
