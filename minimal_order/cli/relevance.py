"""The commands of the talk on relevance."""

import argparse
from typing import Any

from .options import add_common, add_plugins, command, given
from .parsing import names, numbers
from .printing import print_paths
from .running import run_and_write

TRAINING = ("orders", "runs", "levels", "steps", "batch_size", "rate", "decay")
"""Options that both commands have, as the configurations name them."""


def add_commands(commands: Any) -> None:
    """Add them to the program."""
    help = "train, put the parameters in order, remove them one after the other"
    sub = command(commands, "relevance", do_relevance, help)
    add_options(sub)
    sub.add_argument("--retrain", type=int, metavar="STEPS", help="train the rest so long after each level (default 0)")
    add_common(sub, "results/relevance/DATASET")

    help = "variance of the output under noise in the input, against the share removed"
    sub = command(commands, "noise", do_noise, help)
    add_options(sub)
    sub.add_argument("--noises", type=numbers, metavar="S,S", help="deviations of the noise (default .1, .2, ..., 1)")
    sub.add_argument("--draws", type=int, help="of the noise for each object (default 32)")
    sub.add_argument("--objects", type=int, help="test objects that get noise, at most (default 100)")
    add_common(sub, "results/noise/DATASET")


def add_options(sub: argparse.ArgumentParser) -> None:
    """Add what both are told."""
    sub.add_argument("dataset", metavar="DATASET", help="wine, boston, synthetic or synthetic-drawn")
    sub.add_argument(
        "--orders",
        type=names,
        metavar="A,B",
        help="orders to compare (default: those of pruning, and four of freezing)",
    )
    sub.add_argument("--runs", type=int, help="independent runs (default 25)")
    sub.add_argument("--levels", type=numbers, metavar="0,.5,1", help="shares to remove")
    sub.add_argument("--steps", type=int, help="of the training (default 4500)")
    sub.add_argument("--batch-size", type=int, help="objects a step (default 64)")
    sub.add_argument("--rate", type=float, help="step size at first (default .01)")
    sub.add_argument("--decay", type=float, help="weight decay (default .001 on wine, .003 on boston, else 0)")
    add_plugins(sub)


def options(arguments: argparse.Namespace, quick: dict[str, Any], *own: str) -> dict[str, Any]:
    """The settings that the options describe."""
    from ..experiments.plugins import read_plugins

    plugins = tuple(read_plugins(arguments.plugin))
    common = {"seed": arguments.seed, "plugins": plugins} | (quick if arguments.quick else {})
    return common | given(arguments, (*TRAINING, *own))


def do_relevance(arguments: argparse.Namespace) -> None:
    """Run one experiment on relevance and print its table and where its files are."""
    from ..experiments.relevance.config import RelevanceConfig
    from ..experiments.relevance.run import run_relevance
    from ..reports.relevance import relevance_summary, write_relevance
    from ..reports.text import counted

    config = RelevanceConfig(arguments.dataset, **options(arguments, RelevanceConfig.QUICK, "retrain"))
    for outcome, paths in run_and_write(run_relevance, write_relevance, config, "relevance", arguments):
        print(f"{config.model}, {counted(config.runs, 'run')}; test, mean [95 % interval]")
        print(relevance_summary(outcome))
        print_paths(paths)


def do_noise(arguments: argparse.Namespace) -> None:
    """Run one experiment on noise and print its table and where its files are."""
    from ..experiments.noise.config import NoiseConfig
    from ..experiments.noise.run import run_noise
    from ..reports.noise import noise_summary, write_noise
    from ..reports.text import counted

    config = NoiseConfig(arguments.dataset, **options(arguments, NoiseConfig.QUICK, "noises", "draws", "objects"))
    for outcome, paths in run_and_write(run_noise, write_noise, config, "noise", arguments):
        print(f"{config.model}, {counted(config.runs, 'run')}")
        print(noise_summary(outcome))
        print_paths(paths)
