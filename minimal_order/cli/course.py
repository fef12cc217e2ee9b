"""The commands of the course: for students ``new`` and ``check``; those for teachers are in ``grading``."""

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from ..checks import check, check_name
from . import grading
from .options import command
from .parsing import Parser
from .printing import shown


def add_commands(commands: Any) -> None:
    """Add them to the program."""
    help = "assignments: get one, check your work, grade a class"
    course = commands.add_parser("course", help=help, description=help, allow_abbrev=False)
    actions = course.add_subparsers(dest="action", metavar="action", required=True, parser_class=Parser)

    sub = command(actions, "new", do_new, "write an assignment's notebook and module into a folder")
    sub.add_argument("number", metavar="N", help="which assignment: a number, or project")
    sub.add_argument("folder", type=Path, metavar="DIR", help="where to, made if needed")

    sub = command(actions, "check", do_check, "check your work against the visible cases")
    sub.add_argument(
        "path", type=Path, nargs="?", default=Path(), metavar="PATH", help="file or folder (default: here)"
    )
    sub.add_argument("--task", metavar="NAME", help="only this task")

    grading.add_commands(actions)


def do_new(arguments: argparse.Namespace) -> None:
    """Write a student's folder."""
    from ..course.assignment import heading
    from ..course.bundle import load_bundle
    from ..course.workspace import new_folder

    bundle = load_bundle(arguments.number)
    module, notebook = new_folder(bundle, arguments.folder)
    points = sum(task.points for task in bundle.tasks)
    print(f"{heading(bundle.number)}: {bundle.title}. {len(bundle.tasks)} tasks, {points:g} points for code.")
    print(f"Work in {shown(module)} or in {notebook.name}, whichever you like; save, then")
    print(f"  minimal-order course check {shown(arguments.folder)}")
    print("checks what you have and keeps the two in step. Hand in either file.")


def do_check(arguments: argparse.Namespace) -> None:
    """Check a student's work."""
    from ..course.assignment import number_of
    from ..course.bundle import BUNDLES, available, load_bundle
    from ..course.check import as_lines, run_check
    from ..course.percent import code_of
    from ..course.workspace import read_work

    check(sys.platform != "win32", "platform", sys.platform, "Linux or macOS; on Windows use WSL")
    own = (arguments.path if arguments.path.is_dir() else arguments.path.parent) / ".course"
    bundles = own if own.is_dir() else BUNDLES
    work = read_work(arguments.path, available(bundles))
    bundle = load_bundle(number_of(work.path.stem), bundles)
    names = [task.name for task in bundle.tasks]
    wanted = [check_name("task", arguments.task, names)] if arguments.task else names
    saved = time.strftime("%H:%M:%S", time.localtime(work.path.stat().st_mtime))
    print(f"{work.path.name}, saved at {saved}" + f"; {work.note}" * bool(work.note))
    width, color = min(110, shutil.get_terminal_size().columns), sys.stdout.isatty()
    passed: list[bool] = []
    stops: set[str] = set()
    for each in run_check(bundle, code_of(work.cells, work.path.suffix), wanted):
        for error in each.stops:
            if error not in stops:
                print(f"your code stops: {error}")
        stops.update(each.stops)
        print("\n".join(as_lines(each, width, color)), flush=True)
        passed.append(each.verdict == "pass")
    if len(wanted) > 1:
        print(f"{sum(passed)} of {len(passed)} tasks pass. Grading uses other cases of the same kind.")
