"""The command ``minimal-order``."""

import argparse
import os
import sys
from collections.abc import Sequence

from .. import __version__
from . import belsley, complexity, course, ordering, relevance, reproduce, select, surgeon
from .parsing import Parser, fail, nearest


def build_parser() -> Parser:
    """All commands and options."""
    parser = Parser(prog="minimal-order", description="Orders on the parameters of a network.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"minimal-order {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True, parser_class=Parser)

    ordering.add_commands(commands)
    select.add_commands(commands)
    belsley.add_commands(commands)
    complexity.add_commands(commands)
    relevance.add_commands(commands)
    surgeon.add_commands(commands)
    reproduce.add_commands(commands)
    course.add_commands(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is 0, or 2 with one line of explanation."""
    parser = build_parser()
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        known = [o for a in innermost(parser, arguments)._actions for o in a.option_strings]
        fail(f"{unknown[0]}: expected {nearest(unknown[0].partition('=')[0], known)}")
    try:
        execute(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output, such as ``head``, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more as it ends
        return 141
    except (ValueError, OSError, ImportError) as error:
        fail(" ".join([str(error), *getattr(error, "__notes__", ())]))
    except KeyboardInterrupt:
        print("minimal-order: interrupted; the same command goes on from the finished parts", file=sys.stderr)
        return 130
    return 0


def execute(arguments: argparse.Namespace) -> None:
    """Run the command. Beside an experiment's workers a second thread of BLAS here would only be in their way."""
    if "jobs" not in arguments:
        arguments.run(arguments)
        return
    check_workers(arguments.jobs, arguments.scheduler)
    from ..runs.part import single_thread

    with single_thread():
        arguments.run(arguments)


def check_workers(jobs: int, scheduler: str | None) -> None:
    """Refuse what is no number of processes or no address before a folder is made."""
    from ..runs.parallel import run_parts

    run_parts([], jobs, scheduler)


def innermost(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> argparse.ArgumentParser:
    """The parser of the command that was given, or of the command within it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return innermost(action.choices[getattr(arguments, action.dest)], arguments)
    return parser
