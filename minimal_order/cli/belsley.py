"""The commands of Belsley's method: the diagnostic of a table of one's own, and the talk's illustration."""

import argparse
from pathlib import Path
from typing import Any

from .options import command
from .printing import print_paths


def add_commands(commands: Any) -> None:
    """Add them to the program."""
    help = "which columns of a CSV file nearly depend on each other: condition indices and variance proportions"
    sub = command(commands, "belsley", do_belsley, help)
    sub.add_argument("file", type=Path, metavar="FILE.csv", help="a line of names, then numbers; , ; or tab between")
    sub.add_argument("--target", metavar="COLUMN", help="leave it out of the design, and fit it by least squares")
    sub.add_argument("--no-intercept", dest="intercept", action="store_false", help="no column of ones")
    sub.add_argument("--center", action="store_true", help="take the mean from every column; no intercept then")
    sub.add_argument("--no-scale", dest="scale", action="store_false", help="leave columns at their length")
    sub.add_argument("--threshold", type=float, default=0.5, help="a proportion above it is marked (default .5)")
    sub.add_argument("--limit", type=float, default=30, help="a condition index above it is marked (default 30)")
    sub.add_argument("--digits", type=int, default=3, help="decimal places (default 3)")
    sub.add_argument("--fuzz", type=float, default=0, help="smaller proportions are shown as a dot (default 0)")
    sub.add_argument("--least", type=float, default=0, help="rows with a smaller index are not shown (default 0)")
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder for the table and the heat-map (default: none)")

    sub = command(commands, "belsley-toy", do_toy, "the talk's illustration of Belsley's method")
    sub.add_argument("--seed", type=int, default=0, help="of everything random (default 0)")
    out = Path("results/belsley-toy")
    sub.add_argument("--out", type=Path, default=out, metavar="DIR", help=f"folder for results (default {out})")


def do_belsley(arguments: argparse.Namespace) -> None:
    """Print the table of a file, and write it if a folder is named."""
    from ..data.columns import read_csv
    from ..reports.collinearity import diagnose, write_collinearity

    asked = ("intercept", "center", "scale", "threshold", "limit", "digits", "fuzz", "least")
    options = {name: getattr(arguments, name) for name in asked}
    report = diagnose(read_csv(arguments.file), arguments.target, **options)
    print(report.text)
    if arguments.out is not None:
        print_paths(write_collinearity(arguments.out, arguments.file.name, report))


def do_toy(arguments: argparse.Namespace) -> None:
    """Run the illustration and print its tables and where its files are."""
    from ..experiments.belsley_toy.outcome import ToyConfig, run_toy
    from ..reports.belsley_toy import elimination_text, proportions_text, write_toy
    from ..runs.store import Store

    config = ToyConfig(seed=arguments.seed)
    store = Store.open(arguments.out, config.as_dict())
    toy = run_toy(config)
    print(f"By correlations:\n\n{proportions_text(toy, 'correlation')}\n\n{elimination_text(toy)}")
    print_paths(write_toy(store, toy))
