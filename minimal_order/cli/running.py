"""Running the experiment that a command describes."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def run_and_write(
    run: Callable, write: Callable[[str, Any, Any], list[Path]], config: Any, folder: str, arguments: argparse.Namespace
) -> Iterator[tuple[Any, list[Path]]]:
    """Run one experiment on a data set and write its files; yield its outcome and their paths.

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
    for _, store, outcome in run({name: config}, {name: out}, arguments.jobs, arguments.scheduler):
        yield outcome, write(name, store, outcome)
