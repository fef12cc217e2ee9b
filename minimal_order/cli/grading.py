"""The commands of the course for teachers: ``grade`` and ``build``."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from ..checks import check
from .options import command
from .printing import print_paths, shown

MASTERS = Path(__file__).resolve().parents[2] / "book" / "assignments"


def add_commands(actions: Any) -> None:
    """Add them to the actions of ``course``."""
    sub = command(actions, "grade", do_grade, "grade a folder of submissions")
    sub.add_argument("number", metavar="N", help="which assignment")
    sub.add_argument("submissions", type=Path, metavar="SUBMISSIONS", help="a file or a folder for each student")
    sub.add_argument("--seed", type=int, required=True, help="of the hidden cases: keep it to yourself")
    sub.add_argument("--jobs", dest="n_jobs", type=int, default=-1, help="submissions at a time (default: one a core)")
    sub.add_argument("--out", type=Path, default=Path("grades"), metavar="DIR", help="default: grades")
    sub.add_argument("--seconds", type=int, default=10, help="for each task of each student (default 10)")
    sub.add_argument("--memory", type=float, default=2, metavar="GB", help="for each task (default 2)")
    sub.add_argument("--unsandboxed", action="store_true", help="do without bubblewrap; says what that costs")
    sub.add_argument("--gradescope", type=Path, metavar="FILE", help="results.json of the one submission")
    add_master(sub)

    sub = command(actions, "build", do_build, "make what students, teachers and Gradescope get")
    sub.add_argument("numbers", nargs="*", metavar="N", help="which assignments (default: all)")
    sub.add_argument("--out", type=Path, default=Path("course"), metavar="DIR", help="default: course")
    sub.add_argument("--seed", type=int, help="of the hidden cases on Gradescope; without it, no adapter is made")
    sub.add_argument("--unsandboxed", action="store_true", help="let the adapter grade where bubblewrap doesn't work")
    sub.add_argument("--package", action="store_true", help="renew the students' files that the package carries")
    add_master(sub)


def add_master(sub: argparse.ArgumentParser) -> None:
    """Add where masters are."""
    help = "a master file or a folder of them (default: book/assignments of the checkout)"
    sub.add_argument("--master", type=Path, default=MASTERS, metavar="PATH", help=help)


def do_grade(arguments: argparse.Namespace) -> None:
    """Grade a class."""
    from ..course.batch import file_names, grade_all
    from ..course.grade import Walls
    from ..course.master import master_path, parse
    from ..course.percent import fingerprint
    from ..course.report import feedback_page, grades_csv, gradescope_json, written_answers
    from ..course.sandbox import Limits, check_sandbox, unprotected
    from ..course.submissions import find_submissions
    from ..runs.files import write_atomic
    from ..runs.parallel import count_jobs

    check(arguments.seed >= 0, "seed", arguments.seed, "0 or more")
    check(arguments.seconds >= 1, "seconds", arguments.seconds, "1 or more")
    check(arguments.memory >= 0.25, "memory", arguments.memory, "0.25 GB or more")
    jobs = count_jobs(arguments.n_jobs)
    path = master_path(arguments.number, arguments.master)
    text = path.read_text("utf8")
    assignment = parse(text)
    submissions = find_submissions(arguments.submissions, assignment.number, fingerprint(assignment.student))
    one = arguments.gradescope is None or len(submissions) == 1
    check(one, "submissions", len(submissions), "one, for Gradescope's results.json")
    check_sandbox(not arguments.unsandboxed)
    if arguments.unsandboxed:
        print(unprotected(), file=sys.stderr)
    walls = Walls(Limits(arguments.seconds, int(arguments.memory * 2**30)), not arguments.unsandboxed)
    start, results, kept = time.monotonic(), [], 0
    graded = grade_all(assignment, text, submissions, arguments.seed, walls, jobs, arguments.out)
    for result, before in graded:
        results.append(result)
        kept += before
        if sys.stderr.isatty():
            print(f"\r{len(results)} of {len(submissions)} graded ", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    names = file_names(results)
    files = {"grades.csv": grades_csv(assignment, results, names)}
    for result in results:
        files[f"feedback/{names[result.name]}.html"] = feedback_page(assignment, result)
        files[f"gradescope/{names[result.name]}/results.json"] = gradescope_json(assignment, result)
    if assignment.questions:
        files["written.md"] = written_answers(assignment, results)
    for name, content in files.items():
        write_atomic(arguments.out / name, content)
    if arguments.gradescope:
        write_atomic(arguments.gradescope, gradescope_json(assignment, results[0]))
    summarise(assignment, results, kept, time.monotonic() - start, arguments.out)


def summarise(assignment: Any, results: list, kept: int, seconds: float, out: Path) -> None:
    """Print how the class did, and what to look at."""
    from ..course.assignment import heading

    total = sum(task.points for task in assignment.tasks)
    n = len(results)
    print(f"{heading(assignment.number)}: {n} submissions in {seconds:.0f} s, {kept} of them unchanged since before")
    for i, task in enumerate(assignment.tasks):
        full = sum(result.tasks[i].earned == task.points for result in results)
        none = sum(result.tasks[i].earned == 0 for result in results)
        mean = sum(result.tasks[i].earned for result in results) / n
        print(f"  {task.name:24} mean {mean:5.2f} of {task.points:g}; all points {full:4}, none {none:4}")
    print(f"  {'sum':24} mean {sum(result.earned for result in results) / n:5.2f} of {total:g}")
    noted = [result for result in results if result.notes]
    if noted:
        print(f"{len(noted)} with something to look at (column notes):")
        for result in noted[:10]:
            print(f"  {' '.join(result.name.split())[:40]}: {' '.join(result.notes[0].split())[:100]}")
        if len(noted) > 10:
            print(f"  and {len(noted) - 10} more")
    failed = sum(not result.key for result in results)
    if failed:
        print(f"{failed} could not be graded for reasons that aren't theirs: the same command tries them again")
    pages = ["feedback/", "gradescope/"] + ["written.md"] * bool(assignment.questions)
    print(f"wrote {shown(out)}/: grades.csv, {', '.join(pages)}")


def do_build(arguments: argparse.Namespace) -> None:
    """Make bundles."""
    from ..course.adapter import adapter_zip
    from ..course.assignment import stem
    from ..course.bundle import BUNDLES, bundle_files, make_bundle, teacher_cells
    from ..course.master import master_numbers, master_path, parse
    from ..course.percent import to_notebook, to_percent
    from ..runs.files import write_atomic

    numbers = arguments.numbers or master_numbers(arguments.master)
    paths = []
    for number in numbers:
        path = master_path(number, arguments.master)
        assignment = parse(path.read_text("utf8"))
        bundle, name = make_bundle(assignment), stem(assignment.number)
        solved = teacher_cells(assignment)
        files: dict[str, bytes | str] = {
            f"student/{name}.py": to_percent(bundle.cells),
            f"student/{name}.ipynb": to_notebook(bundle.cells),
            f"teacher/{name}-solution.py": to_percent(solved),
            f"teacher/{name}-solution.ipynb": to_notebook(solved),
        }
        students = bundle_files(bundle)
        files |= {f"student/.course/{file}": content for file, content in students.items()}
        if arguments.seed is not None:
            zipped = adapter_zip(assignment.number, path, arguments.seed, arguments.unsandboxed)
            files[f"teacher/{name}-gradescope.zip"] = zipped
        for file, content in files.items():
            write_atomic(arguments.out / name / file, content)
            paths.append(arguments.out / name / file)
        if arguments.package:
            for file, content in students.items():
                write_atomic(BUNDLES / file, content)
                paths.append(BUNDLES / file)
    print_paths(paths)
