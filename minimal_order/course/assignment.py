"""An assignment: tasks, cases, typical mistakes, questions; what it and its files are called."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..checks import check_name
from .percent import Cell

ANSWER = "*Your answer.*"


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


def wrong_versions(assignment: Assignment, task: Task) -> list[Mistake]:
    """Return the wrong implementations that a test ought to find out."""
    return [*assignment.task(task.tested).mistakes, *task.mutants]
