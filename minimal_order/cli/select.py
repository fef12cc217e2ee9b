"""The command of the talk on selection."""

import argparse
from typing import Any

from .options import add_common, add_plugins, command, given
from .parsing import names, numbers
from .printing import print_paths
from .running import run_and_write

OPTIONS = ("orders", "prune_by", "runs", "levels", "eta0", "eta1", "batch_size", "rate", "optimizer", "per", "biases",
           "covariance", "keep", "dtype")  # fmt: skip
"""Options of the command, as the configuration names them."""


def add_commands(commands: Any) -> None:
    """Add it to the program."""
    help = "optimise all parameters, then only some of them, then set some to 0"
    sub = command(commands, "select", do_select, help)
    sub.add_argument("dataset", metavar="DATASET", help="mnist, digits, boston, wine or synthetic1 to 3")
    sub.add_argument("--orders", type=names, metavar="A,B", help="orders by which parameters cease to be optimised")
    sub.add_argument("--prune-by", type=names, metavar="A,B", help="orders to zero by (default magnitude,random)")
    sub.add_argument("--runs", type=int, help="independent runs (default 25; mnist 5)")
    sub.add_argument("--levels", type=numbers, metavar="0,.5,1", help="shares not optimised and shares zeroed")
    sub.add_argument("--eta0", type=int, help="steps before the parameters are ordered (default 100)")
    sub.add_argument("--eta1", type=int, help="steps after (default 500)")
    sub.add_argument("--batch-size", type=int, help="objects a step (default 64; mnist 512)")
    sub.add_argument("--rate", type=float, help="step size")
    sub.add_argument("--optimizer", help="adam (default), sgd, momentum, sgld, psgld, preconditioned_sgd")
    sub.add_argument("--per", help="from what a share is taken: network (default) or tensor")
    sub.add_argument("--no-biases", dest="biases", action="store_false", default=None, help="leave the biases out")
    sub.add_argument("--covariance", help="how to estimate it: batch (default) or running")
    sub.add_argument("--keep", type=int, help="iterates that accumulated_gradient sums (default 5)")
    sub.add_argument("--dtype", help="float32 (default) or float64")
    add_plugins(sub)
    add_common(sub, "results/select/DATASET")


def do_select(arguments: argparse.Namespace) -> None:
    """Run one selection experiment and print its table and where its files are."""
    from ..experiments.plugins import read_plugins
    from ..experiments.select.config import QUICK, SelectConfig
    from ..experiments.select.run import run_select
    from ..reports.select import summary_table, write_select
    from ..reports.text import counted

    options = (QUICK if arguments.quick else {}) | given(arguments, OPTIONS)
    plugins = tuple(read_plugins(arguments.plugin))
    config = SelectConfig(arguments.dataset, seed=arguments.seed, plugins=plugins, **options)
    for outcome, paths in run_and_write(run_select, write_select, config, "select", arguments):
        runs = counted(config.runs, "run")
        print(f"{config.model}, eta0 = {config.eta0}, eta1 = {config.eta1}, {runs}; test, mean [95 % interval]")
        print(summary_table(outcome))
        print_paths(paths)
