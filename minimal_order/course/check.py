"""A student's own check: the visible cases, and for what is wrong the likely mistake.

It runs the code in a process of its own, as grading does, but without walls and limits other than time: it is the
student's own code on the student's own machine. What the code prints is shown.
"""

import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from .bundle import Bundle, VisibleTask
from .calls import Answer, Outcome, run_cases, run_tests
from .grade import Code
from .judging import judge, likely, right_answers

MOST = 3
"""Wrong cases of a task that are printed."""


class Check(NamedTuple):
    """What a check of one task found."""

    task: VisibleTask
    passed: int
    n_cases: int
    messages: list[str]
    hint: str = ""
    open: bool = False  # not begun
    stops: tuple[str, ...] = ()  # where the code doesn't run

    @property
    def verdict(self) -> str:
        """One word or two."""
        if self.open:
            return "not yet"
        return "pass" if self.passed == self.n_cases else "wrong"


def run_check(bundle: Bundle, code: Code, names: list[str]) -> Iterator[Check]:
    """Check tasks; a loop in one doesn't keep the others from being checked."""
    for task in bundle.tasks:
        if task.name in names:
            found, outcome = check_test(task, code) if task.tested else check_function(bundle, task, code)
            yield found._replace(stops=tuple(outcome.broken.values()))


def check_function(bundle: Bundle, task: VisibleTask, code: Code) -> tuple[Check, Outcome]:
    """Check a function by its visible cases."""
    cases, expected = bundle.cases(task), bundle.expected(task)
    outcome = run_cases(code, task.name, [case.arguments for case in cases], None, False)
    if missing := absent(task, outcome, len(cases)):
        return missing, outcome
    judged = judge(cases, outcome, expected)
    messages = [f"{each.title}: {each.message}" for each in judged if not each.passed]
    hint = likely(outcome, right_answers(cases, outcome, expected, judged), bundle.wrong(task)) if messages else ""
    if len({message.split(": ", 1)[1] for message in messages}) == 1 and len(messages) > 1:
        messages = [f"{len(messages)} cases: {messages[0].split(': ', 1)[1]}"]
    return Check(task, sum(each.passed for each in judged), len(cases), messages, hint), outcome


def check_test(task: VisibleTask, code: Code) -> tuple[Check, Outcome]:
    """Run a student's test with the student's own function: the wrong ones are for the grader."""
    outcome = run_tests(code, task.name, task.tested, [], None, False)
    if missing := absent(task, outcome, 1):
        return missing, outcome
    (answer,) = outcome.answers or (Answer({}, outcome.stopped),)
    if answer.error:
        return Check(task, 0, 1, [f"with your own {task.tested}: {answer.error}"]), outcome
    return Check(task, 1, 1, [f"passes with your own {task.tested}; grading tries it on wrong ones"]), outcome


def absent(task: VisibleTask, outcome: Outcome, n_cases: int) -> Check | None:
    """Tell a task that was not begun, or whose code doesn't run, from a wrong one."""
    if not outcome.loaded:
        return Check(task, 0, n_cases, [f"while your code was loaded: {outcome.stopped}"])
    if not outcome.found:
        return Check(task, 0, n_cases, [f"there is no function {task.name}"])
    if outcome.answers and all(f"NotImplementedError: task {task.number}," in a.error for a in outcome.answers):
        return Check(task, 0, n_cases, [], open=True)
    return None


def as_lines(check: Check, width: int, color: bool) -> Iterator[str]:
    """Write a check for a terminal."""
    paint = {"pass": "32", "wrong": "31", "not yet": "33"}[check.verdict]
    word = f"\033[{paint}m{check.verdict:7}\033[0m" if color else f"{check.verdict:7}"
    task = check.task
    score = f"{check.passed} of {check.n_cases}" if not check.open and not task.tested else ""
    label = f"  ({task.label})" if task.label and check.verdict != "pass" else ""
    yield f"{word}  task {task.number}  {task.name:22}{score:8}{label}".rstrip()
    if check.hint:
        yield from textwrap.wrap(f"likely: {check.hint}", width, initial_indent=" " * 9, subsequent_indent=" " * 17)
    reached = [message for message in check.messages if not message.endswith(": not reached")]
    more = [f"and {len(reached) - MOST} more"] if len(reached) > MOST + 1 else []
    for message in [*reached[:MOST], *more] if more else reached:
        yield from textwrap.wrap(message, width, initial_indent=" " * 9 + "- ", subsequent_indent=" " * 11)
