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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..checks import check, check_name
from .percent import Cell

FENCE = re.compile(r"^```\{(code-cell|question)\}[ ]*([^\n]*)\n(.*?)^```[ ]*$", re.M | re.S)
OPTION = re.compile(r"^:([\w-]+):[ ]*(.*)$")
SOLUTION = re.compile(r"^(?P<indent>[ ]*)# BEGIN SOLUTION\n.*?^[ ]*# END SOLUTION *\n?", re.M | re.S)
TAGS = ("given", "teacher", "task", "visible", "hidden", "mistake", "mutant")
ANSWER = "*Your answer.*"
LINK = re.compile(r"\[([^\]]*)\]\((?!http)[^)]*\)")


class Case(NamedTuple):
    """Arguments with which a task's function is called.

    An ``edge`` case has an answer that is easily right by chance, so it counts only for those who have a case right
    that isn't one. Where many answers are right, ``rule`` names what they have in common (``rules``), if need be with
    the answer to another case, whose title is ``beside``.
    """

    title: str
    arguments: dict[str, Any]
    edge: bool = False
    rule: str = ""
    beside: str = ""


def case(title: str, /, *, edge: bool = False, rule: str = "", beside: str = "", **arguments: Any) -> Case:
    """Make a case; the title is what feedback calls it."""
    return Case(title, {name: np.asarray(value) for name, value in arguments.items()}, edge, rule, beside)


def stem(number: str) -> str:
    """Return the name, without ending, of an assignment's files."""
    return f"assignment{number}" if number.isdigit() else number


def number_of(name: str) -> str:
    """Return the assignment whose files have this name."""
    return name.removeprefix("assignment")


def heading(number: str) -> str:
    """Return what an assignment is called in text."""
    return f"Assignment {number}" if number.isdigit() else number.capitalize()


class Mistake(NamedTuple):
    """A wrong implementation that students arrive at."""

    hint: str
    function: Callable[..., Any]
    source: str
    loses: tuple[str, ...]


@dataclass
class Task:
    """One function that students write.

    ``tested`` is the name of the function that it tests, if it is a test. ``mutants`` are wrong implementations of
    that one.
    """

    name: str
    number: int
    points: float
    label: str
    solution: Callable[..., Any]
    tested: str = ""
    visible: list[Case] = field(default_factory=list)
    hidden: Callable[[np.random.Generator], Iterator[Case]] = lambda rng: iter(())
    mistakes: list[Mistake] = field(default_factory=list)
    mutants: list[Mistake] = field(default_factory=list)


class Question(NamedTuple):
    """Something to be answered in words."""

    title: str
    points: float
    text: str
    rubric: str


@dataclass
class Assignment:
    """What a master file says."""

    number: str
    title: str
    about: dict[str, str]
    tasks: list[Task]
    questions: list[Question]
    student: list[Cell]
    solution: list[Cell]

    def task(self, name: str) -> Task:
        """Return the task of that name."""
        check_name("task", name, [task.name for task in self.tasks])
        return next(task for task in self.tasks if task.name == name)


class Block(NamedTuple):
    """A part of a master: ``kind`` is text, question, or the tag of a cell."""

    kind: str
    source: str
    options: dict[str, str] = {}  # noqa: RUF012, never written
    line: int = 0


def is_master(text: str) -> bool:
    """Whether a page is a master: its front matter has a part ``assignment:``."""
    return "\nassignment:\n" in text.partition("\n---\n")[0]


def read_front(text: str) -> tuple[dict[str, str], str]:
    """Split a master into what its front matter says under ``assignment:`` and the rest."""
    match = re.match(r"---\n(.*?)\n---\n", text, re.S)
    check(match is not None, "master", "a file without front matter", "one that begins with ---")
    assert match
    section = re.search(r"^assignment:\n((?:  .*\n?)+)", match[1] + "\n", re.M)
    check(section is not None, "front matter", "without assignment:", "assignment: with number, title, ...")
    assert section
    about = dict(line.strip().split(": ", 1) for line in section[1].splitlines() if ": " in line)
    return {key: value.strip("\"'") for key, value in about.items()}, text[match.end() :]


def blocks(text: str, before: int = 0) -> Iterator[Block]:
    """Cut a master without its front matter, which has so many lines, into text, cells and questions."""
    end = 0
    for match in FENCE.finditer(text):
        if text[end : match.start()].strip():
            yield Block("text", text[end : match.start()].strip("\n"))
        end = match.end()
        line = before + text[: match.start()].count("\n") + 2
        lines, options = match[3].split("\n"), {}
        while lines and ((option := OPTION.match(lines[0])) or not lines[0].strip()):
            if option:
                options[option[1]] = option[2].strip()
            lines.pop(0)
            line += 1
        body = "\n".join(lines).strip("\n")
        if match[1] == "question":
            yield Block("question", body, options | {"title": match[2].strip()}, line)
        else:
            tags = [tag.strip() for tag in options.get("tags", "").strip("[]").split(",")]
            kinds = [tag for tag in tags if tag in TAGS]
            check(len(kinds) == 1, f"cell in line {line}", f"tags {tags}", f"one of {', '.join(TAGS)}")
            yield Block(kinds[0], body, options, line)
    if text[end:].strip():
        yield Block("text", text[end:].strip("\n"))


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


def wrong_versions(assignment: Assignment, task: Task) -> list[Mistake]:
    """Return the wrong implementations that a test ought to find out."""
    return [*assignment.task(task.tested).mistakes, *task.mutants]


def read_master(number: str, folder: Path) -> Assignment:
    """Read the master of that number from a folder of masters, or from one file."""
    return parse(master_path(number, folder).read_text("utf8"))


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


def as_page(text: str) -> str:
    """Write a master as a page of the book in Markdown: links are kept, code is shown and not run.

    Raises
    ------
    ValueError : as ``parse`` does.
    """
    assignment = parse(text, run=False)
    _, rest = read_front(text)
    parts, tasks, questions = [], iter(assignment.tasks), iter(enumerate(assignment.questions, start=1))
    for block in blocks(rest):
        if block.kind == "text":
            parts.append(block.source)
        elif block.kind == "given":
            parts.append(f"```python\n{block.source}\n```")
        elif block.kind == "task":
            task = next(tasks)
            source = stub(block.source, task.number, task.name, task.label, block.options.get("hint", ""))
            parts.append(f"```python\n{source}\n```")
        elif block.kind == "question":
            number, question = next(questions)
            parts.append(f"### Question {number}: {question.title} ({question.points:g} points)\n\n{question.text}")
    command = f"minimal-order course new {assignment.number} my-{stem(assignment.number)}"
    start = f"```{{admonition}} To work on it\n:class: tip\nAs a notebook and as a module: `{command}`\n```"
    head, _, body = parts[0].partition("\n")
    return "\n\n".join([head, start, body.strip("\n"), *parts[1:]]) + "\n"
