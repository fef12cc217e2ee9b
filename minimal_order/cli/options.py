"""Options that several commands share."""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Run = Callable[[argparse.Namespace], None]


def command(commands: Any, name: str, run: Run, help: str) -> argparse.ArgumentParser:
    """Add a command to the program."""
    sub = commands.add_parser(name, help=help, description=help, allow_abbrev=False)
    sub.set_defaults(run=run)
    return sub


def add_common(sub: argparse.ArgumentParser, out: str, default: Path | None = None) -> None:
    """Add what every experiment is told."""
    sub.add_argument("--quick", action="store_true", help="a smaller version, to see that it works")
    sub.add_argument("--seed", type=int, default=0, help="of everything random (default 0)")
    sub.add_argument("--jobs", type=int, default=-1, help="processes (default: one a core)")
    sub.add_argument("--scheduler", metavar="ADDRESS", help="run on this Dask cluster instead")
    sub.add_argument("--out", type=Path, default=default, metavar="DIR", help=f"folder for results (default {out})")


def add_plugins(sub: argparse.ArgumentParser) -> None:
    """Add the user's own orders."""
    sub.add_argument("--plugin", type=Path, action="append", default=[], metavar="FILE", help="orders of your own")


def given(arguments: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Those of some options that the user gave; the rest is left to the experiment."""
    return {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
