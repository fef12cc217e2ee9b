"""The command ``reproduce``: everything of one document, then the verdicts on its claims."""

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..checks import check
from .options import add_common, add_plugins, command
from .printing import print_paths, shown

DOCUMENTS = {
    "ordering": "the paper on ordering parameters: freezing",
    "selection": "the talk on selection: what to optimise",
    "relevance": "the talk on relevance: what to remove",
    "complexity": "the talk on models of a given complexity: hypernetworks",
}
"""What can be reproduced; each by ``reproduce_NAME`` in ``minimal_order/reproduce/NAME.py``."""


def add_commands(commands: Any) -> None:
    """Add it to the program."""
    sub = command(commands, "reproduce", do_reproduce, "every figure and claim of a document")
    listed = "; ".join(f"{name} ({what})" for name, what in DOCUMENTS.items())
    sub.add_argument(
        "what", nargs="?", default="ordering", choices=list(DOCUMENTS), metavar="DOCUMENT", help=f"{listed}"
    )
    sub.add_argument(
        "--cifar10",
        metavar="DIR",
        help="complexity: also CIFAR-10, from its official files in this folder (two hours more)",
    )
    add_plugins(sub)
    add_common(sub, "results/DOCUMENT")


def do_reproduce(arguments: argparse.Namespace) -> None:
    """Run everything of one document; say what is written as soon as it is."""
    from tqdm import tqdm

    from ..experiments.plugins import read_plugins
    from ..reports.text import verdict_table

    name = arguments.what
    reproduce: Callable = getattr(importlib.import_module(f"..reproduce.{name}", __package__), f"reproduce_{name}")
    check(arguments.cifar10 is None or name == "complexity", "--cifar10", arguments.cifar10, "complexity only")
    options = {} if arguments.cifar10 is None else {"cifar10": arguments.cifar10}
    out, plugins = arguments.out or Path("results") / name, tuple(read_plugins(arguments.plugin))
    for part, result, paths in reproduce(
        out, arguments.quick, arguments.seed, arguments.jobs, arguments.scheduler, plugins, **options
    ):
        if part == "report":
            print(verdict_table(result))
            if arguments.quick:
                print("From a few runs only: this shows that everything works, and decides nothing.")
            print_paths(paths)
        else:
            tqdm.write(f"wrote {shown(paths[0].parent)}/ ({len(paths)} files)")
