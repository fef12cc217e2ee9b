"""Grading one submission: run each task behind walls, then compute what was expected, compare, and add up."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from .assignment import Assignment, Mistake, Task, wrong_versions
from .calls import Outcome, run_cases, run_tests
from .judging import LONGEST, CaseResult, credit, judge, likely, right_answers, values_of
from .sandbox import Limits

Code = Sequence[tuple[str, str]]
ACCEPTED = 4
"""How often a student's test has to accept the right function: one that decides by lot doesn't."""
UNCOUNTED = "right, but easily so: it counts for those who have another case right"


@dataclass
class TaskResult:
    """One task: points, cases, the likely mistake."""

    name: str
    number: int
    points: float
    earned: float
    cases: list[CaseResult]
    note: str = ""
    hint: str = ""
    tested: str = ""


@dataclass
class Result:
    """One submission."""

    name: str
    file: str
    tasks: list[TaskResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    key: str = ""

    @property
    def earned(self) -> float:
        """The sum of the tasks."""
        return round(sum(task.earned for task in self.tasks), 2)

    def as_json(self) -> dict[str, Any]:
        """What is kept to be read again."""
        return asdict(self)


def result_from(saved: Mapping[str, Any]) -> Result:
    """Read a result again."""
    tasks = [TaskResult(**(task | {"cases": [CaseResult(**c) for c in task["cases"]]})) for task in saved["tasks"]]
    return Result(**(dict(saved) | {"tasks": tasks}))


class Walls:
    """How student code is run for a grade."""

    def __init__(self, limits: Limits, sandboxed: bool = True) -> None:
        self.limits, self.sandboxed = limits, sandboxed

    def cases(self, code: Code, name: str, cases: Sequence[Mapping[str, Any]]) -> Outcome:
        """Call a function."""
        return run_cases(code, name, cases, self.limits, self.sandboxed)

    def tests(self, code: Code, name: str, tested: str, functions: Sequence[Callable]) -> Outcome:
        """Run a test."""
        return run_tests(code, name, tested, functions, self.limits, self.sandboxed)


def grade_code(assignment: Assignment, code: Code, seed: int, walls: Any) -> tuple[list[TaskResult], list[str]]:
    """Grade the code of one submission; return its tasks and what the teacher should know.

    Each task has a process of its own. Code that doesn't come to its end even before a task is asked for (a loop, a
    crash when it is loaded) isn't started again for the other tasks: it would not come further.
    """
    tasks: list[TaskResult] = []
    notes = mentions(code, assignment)
    stopped = ""
    for task in assignment.tasks:
        if stopped:
            tasks.append(lost(task, stopped))
            continue
        rng = np.random.default_rng([seed, task.number])
        grader = grade_test if task.tested else grade_function
        result, outcome = grader(assignment, task, code, rng, walls)
        tasks.append(result)
        if not outcome.loaded:
            stopped = result.note
        for cell, error in outcome.broken.items():
            title = code[cell][0] if cell < len(code) else "code"
            note = f"{title} stops: {error}"
            if note not in notes:
                notes.append(note[:LONGEST])
    return tasks, notes


def mentions(code: Code, assignment: Assignment) -> list[str]:
    """Report the reference implementation where the code names it; to import it fails, whatever it is called by.

    Lines that were handed out are not the student's.
    """
    handed_out = {line.strip() for cell in assignment.student for line in cell.source.split("\n")}
    found = [
        f"{title}: names the reference implementation: {line.strip()[:120]}"
        for title, source in code
        for line in source.split("\n")
        if re.search(r"\bminimal_order\b", line.partition("#")[0]) and line.strip() not in handed_out
    ]
    return found[:5]


def lost(task: Task, note: str) -> TaskResult:
    """Return a task without points."""
    return TaskResult(task.name, task.number, task.points, 0.0, [], note, "", task.tested)


def absent(task: Task, outcome: Outcome) -> str:
    """Say why there is nothing to grade; nothing if there is."""
    if not outcome.loaded:
        return f"while your code was loaded: {outcome.stopped}"
    if not outcome.found:
        return f"there is no function {task.name}" + ": a cell before it may have stopped" * bool(outcome.broken)
    return ""


def grade_function(
    assignment: Assignment, task: Task, code: Code, rng: np.random.Generator, walls: Any
) -> tuple[TaskResult, Outcome]:
    """Grade a function by the cases that it gets right."""
    cases = list(task.hidden(rng))
    outcome = walls.cases(code, task.name, [case.arguments for case in cases])
    # from here on, student code has ended
    why = absent(task, outcome)
    if why:
        return lost(task, why), outcome
    expected = [values_of(task.solution, case) for case in cases]
    judged = judge(cases, outcome, expected, tell=False)
    if credit(task.points, judged) == 0:
        judged = [replace(each, message=UNCOUNTED) if each.passed else each for each in judged]
    result = TaskResult(task.name, task.number, task.points, credit(task.points, judged), judged, outcome.stopped)
    if not all(each.passed for each in judged):
        wrong = [(each.hint, [values_of(each.function, case) for case in cases]) for each in task.mistakes]
        result.hint = likely(outcome, right_answers(cases, outcome, expected, judged), wrong)
    return result, outcome


def grade_test(
    assignment: Assignment, task: Task, code: Code, rng: np.random.Generator, walls: Any
) -> tuple[TaskResult, Outcome]:
    """Grade a student's test by the wrong implementations that it finds out, if it accepts the right one."""
    wrong = wrong_versions(assignment, task)
    right = assignment.task(task.tested).solution
    plan: list[Mistake | None] = [*wrong, *[None] * ACCEPTED]
    order = rng.permutation(len(plan))
    functions = [right if (one := plan[i]) is None else one.function for i in order]
    outcome = walls.tests(code, task.name, task.tested, functions)
    why = absent(task, outcome)
    if why:
        return lost(task, why), outcome
    verdict: dict[int, bool | None] = dict.fromkeys(range(len(plan)))
    for i, answer in zip(order, outcome.answers, strict=False):
        verdict[int(i)] = bool(answer.arrays["passed"].any()) if "passed" in answer.arrays else None
    cases = [CaseResult(f"finds out: {each.hint}", verdict[i] is False) for i, each in enumerate(wrong)]
    accepts = all(verdict[i] is True for i in range(len(wrong), len(plan)))
    result = TaskResult(task.name, task.number, task.points, 0.0, cases, outcome.stopped, "", task.tested)
    if accepts:
        result.earned = round(task.points * sum(case.passed for case in cases) / len(cases), 2)
    else:
        refused = [a.error for i, a in zip(order, outcome.answers, strict=False) if i >= len(wrong) and a.error]
        what = ": ".join(["the test refuses a right function", *refused[:1]])
        result.note = result.note or what[:LONGEST]
        # what else it refuses tells nothing
        result.cases = [CaseResult(f"accepts a right {task.tested}", False, result.note)]
    found = (accepts, *(each.passed for each in cases))
    if not all(found):
        result.hint = next((hint for hint, pattern in test_patterns(task, right, wrong) if pattern == found), "")
    return result, outcome


def test_patterns(task: Task, right: Callable, wrong: Sequence[Mistake]) -> list[tuple[str, tuple[bool, ...]]]:
    """Return for each typical bad test what it accepts and finds out."""

    def passes(test: Callable, function: Callable) -> bool:
        try:
            test(function)
        except Exception:
            return False
        return True

    return [
        (bad.hint, (passes(bad.function, right), *(not passes(bad.function, each.function) for each in wrong)))
        for bad in task.mistakes
    ]
