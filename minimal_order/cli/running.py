"""Running what a command describes."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run_one(
    run: Callable, write: Callable[[str, Any, Any], list[Path]], config: Any, folder: str, arguments: argparse.Namespace
) -> tuple[Any, list[Path]]:
    """Run one experiment on a data set and write its files; return its outcome and their paths.

    Parameters
    ----------
    run : ``run_experiments`` of its kind
    write : (name, store, outcome) -> paths
    config : what to run
    folder : where it goes unless the user says otherwise, ``results/FOLDER/DATASET``
    arguments : with ``out``, ``jobs`` and ``scheduler``
    """
    name = config.dataset
    out = arguments.out or Path("results") / folder / name
    ((_, store, outcome),) = run({name: config}, {name: out}, arguments.jobs, arguments.scheduler)
    return outcome, write(name, store, outcome)
