"""Master files: one assignment each, with text, stubs, solutions, cases, typical mistakes and rubrics.

A master is a page in MyST Markdown that opens as a notebook and runs from top to bottom. What a cell is for is said by
its tag:

- ``given``: students get it as it is. With ``:run: no`` it isn't run here: it is for where students' files are used.
- ``task``: a function; between ``# BEGIN SOLUTION`` and ``# END SOLUTION`` students get a stub. Options ``:points:``,
  ``:equation:`` (its label), ``:hint:`` (what the stub says). With ``:tests: name`` the function is a student's test
  of the function ``name`` and earns its points by which wrong implementations it finds out.
- ``visible``: ``visible()`` yields the cases that students see; ``hidden``: ``hidden(rng)`` those that count. What the
  solution returns is the right answer, unless a case names a rule that right answers keep.
- ``mistake``: the task's function again, wrong in a typical way; its docstring is the hint for those who make it.
  Option ``:loses:``: the tasks that it fails, when they are more than its own.
- ``teacher``: what the other cells need; students don't get it.
- ``mutant``: after a task with ``:tests:``, a further wrong implementation; its docstring says what is wrong.

A ``{question}`` is answered in words; what follows its line ``---`` is the rubric, which students don't get.

Assignments are known by their number, or one that has none by a word: ``number: project``.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..checks import check
from .assignment import ANSWER, Assignment, Mistake, Question, Task
from .blocks import Block, blocks, read_front
from .percent import Cell

SOLUTION = re.compile(r"^(?P<indent>[ ]*)# BEGIN SOLUTION\n.*?^[ ]*# END SOLUTION *\n?", re.M | re.S)
LINK = re.compile(r"\[([^\]]*)\]\((?!http)[^)]*\)")


def stub(source: str, number: int, name: str, label: str = "", hint: str = "") -> str:
    """Put in place of the solution an error that names the task and its equation."""
    what = f"task {number}, {name}" + f", {label}" * bool(label) + ": " * bool(hint)
    check("# BEGIN SOLUTION" in source, f"task {number}", "no solution", "# BEGIN SOLUTION ... # END SOLUTION")

    def error(match: re.Match) -> str:
        lines = ["raise NotImplementedError(", f'    "{what}"', *[f'    "{hint}"'] * bool(hint), ")"]
        return "".join(f"{match['indent']}{line}\n" for line in lines)

    return SOLUTION.sub(error, source + "\n").rstrip("\n")


def plain_links(text: str) -> str:
    """Leave of links to pages of the book their words: a student's folder has no such pages."""
    return LINK.sub(r"\1", text)


def parse(text: str, run: bool = True) -> Assignment:
    """Read a master; without ``run`` only what students see, and no code is executed.

    Raises
    ------
    ValueError : that says which cell isn't as it should be.
    """
    about, rest = read_front(text)
    for key in ("number", "title"):
        check(key in about, "front matter", "assignment:", f"a line '{key}: ...'")
    result = Assignment(about["number"], about["title"], about, [], [], [], [])
    world: dict[str, Any] = {"__name__": f"assignment_{result.number}", "np": np}
    for block in blocks(rest, text.count("\n") - rest.count("\n")):
        add_student(result, block)
        try:
            if run:
                add_teacher(result, block, world)
        except Exception as error:
            raise ValueError(f"assignment {result.number}, cell in line {block.line}: {error}") from error
        if block.kind == "task" and not run:
            result.tasks.append(new_task(result, block, lambda: None))
    return result


def task_name(source: str) -> str:
    """Return the name of the last function that a cell defines."""
    names = re.findall(r"^def (\w+)\(", source, re.M)
    check(bool(names), "cell", source[:40], "one that defines a function")
    return names[-1]


def new_task(result: Assignment, block: Block, solution: Callable[..., Any]) -> Task:
    """Make the next task."""
    options = block.options
    name, number = task_name(block.source), len(result.tasks) + 1
    return Task(name, number, float(options["points"]), options.get("equation", ""), solution, options.get("tests", ""))


def add_student(result: Assignment, block: Block) -> None:
    """Add what students see of a block; it is called before the block's task is entered."""
    options = block.options
    cells = []
    if block.kind == "text":
        cells = [Cell(plain_links(block.source), text=True)]
    elif block.kind == "given":
        cells = [Cell(block.source)]
    elif block.kind == "task":
        name, number = task_name(block.source), len(result.tasks) + 1
        source = stub(block.source, number, name, options.get("equation", ""), options.get("hint", ""))
        command = f"!minimal-order course check --task {name}"
        result.student += [Cell(source), Cell(command)]
        result.solution += [Cell(re.sub(r" *# (BEGIN|END) SOLUTION\n?", "", block.source)), Cell(command)]
    elif block.kind == "question":
        ask, _, rubric = block.source.partition("\n---\n")
        result.questions.append(Question(options["title"], float(options["points"]), ask.strip(), rubric.strip()))
        number = len(result.questions)
        head = f"### Question {number}: {options['title']} ({options['points']} points, marked by hand)"
        cells = [
            Cell(f"{head}\n\n{plain_links(ask.strip())}", text=True),
            Cell(ANSWER, text=True, tags=(f"answer-{number}",)),
        ]
    result.student += cells
    result.solution += cells


def add_teacher(result: Assignment, block: Block, world: dict[str, Any]) -> None:
    """Run a block's code and keep what it defines."""
    if block.kind in ("text", "question") or block.options.get("run") == "no":
        return
    here = world if block.kind in ("given", "teacher", "task") else dict(world)
    exec(compile("\n" * (block.line - 1) + block.source, f"assignment {result.number}", "exec"), here)
    if block.kind == "task":
        result.tasks.append(new_task(result, block, world[task_name(block.source)]))
    elif block.kind not in ("given", "teacher"):
        check(bool(result.tasks), "cell", block.kind, "a task before it")
        task = result.tasks[-1]
        if block.kind == "visible":
            task.visible = list(here["visible"]())
        elif block.kind == "hidden":
            task.hidden = here["hidden"]
        else:
            name = task_name(block.source)
            wanted = task.name if block.kind == "mistake" else task.tested
            check(name == wanted, block.kind, name, f"the function {wanted}")
            loses = tuple(block.options.get("loses", task.name).replace(",", " ").split())
            hint = " ".join((here[name].__doc__ or "").split())
            check(bool(hint), block.kind, name, "a docstring that is the hint")
            wrong = Mistake(hint, here[name], block.source, loses)
            (task.mistakes if block.kind == "mistake" else task.mutants).append(wrong)


def is_master(text: str) -> bool:
    """Whether a page is a master: its front matter has a part ``assignment:``."""
    return "\nassignment:\n" in text.partition("\n---\n")[0]


def masters(folder: Path) -> dict[str, Path]:
    """Find the masters of a folder, by number."""
    found = {}
    for path in [folder] if folder.is_file() else sorted(folder.glob("*.md")):
        text = path.read_text("utf8")
        if is_master(text):
            found[read_front(text)[0]["number"]] = path
    check(bool(found), "master", folder, "a master file or a folder of them, as book/assignments of a checkout")
    return found


def master_numbers(folder: Path) -> list[str]:
    """List the numbers of the masters in a folder."""
    return sorted(masters(folder))


def master_path(number: str, folder: Path) -> Path:
    """Find the master of that number.

    Raises
    ------
    ValueError : when there is none; names those that there are.
    """
    found = masters(folder)
    check(number in found, "assignment", number, f"one of {', '.join(sorted(found))}")
    return found[number]
