"""Answers judged: each case right or not and how, what that earns, which mistake explains it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .assignment import Case
from .calls import Outcome
from .compare import changed, difference, equal
from .rules import REFUSED, broken_rule, not_refused

LONGEST = 10_000
"""Characters of feedback that come from student code, at most."""


@dataclass
class CaseResult:
    """One case: whether it was right, and if not, how."""

    title: str
    passed: bool
    message: str = ""
    edge: bool = False


def values_of(function: Callable[..., Any], case: Case) -> list[NDArray]:
    """Return what one of our functions gives for a case; nothing if it raises."""
    arguments = {name: a.copy() if a.ndim else a.item() for name, a in case.arguments.items()}
    try:
        with np.errstate(all="ignore"):
            result = function(**arguments)
    except Exception:
        return []
    return [np.asarray(each) for each in (result if isinstance(result, tuple) else (result,))]


def judge(
    cases: Sequence[Case], outcome: Outcome, expected: Sequence[Sequence[NDArray]], tell: bool = True
) -> list[CaseResult]:
    """Judge all cases of a task; without ``tell`` messages don't name what was expected."""
    judged = []
    for i, case in enumerate(cases):
        if i >= len(outcome.answers):
            message = outcome.stopped if i == len(outcome.answers) else "not reached"
        elif case.rule == REFUSED:
            message = not_refused(outcome.answers[i])
        elif outcome.answers[i].error:
            message = outcome.answers[i].error
        else:
            got = outcome.answers[i].results
            message = broken_rule(cases, outcome.answers, i) if case.rule else difference(got, expected[i], tell)
            spoiled = changed(case.arguments, outcome.answers[i].arrays)
            if not message and spoiled:
                message = f"changes its argument {', '.join(spoiled)}: return a new array"
        judged.append(CaseResult(case.title, not message, message[:LONGEST], case.edge))
    return judged


def right_answers(
    cases: Sequence[Case], outcome: Outcome, expected: Sequence[Sequence[NDArray]], judged: Sequence[CaseResult]
) -> list[bool]:
    """Whether each answer is right, whatever became of the arguments."""
    return [
        judged[i].passed if cases[i].rule else not answer.error and equal(answer.results, expected[i])
        for i, answer in enumerate(outcome.answers)
    ]


def credit(points: float, cases: Sequence[CaseResult]) -> float:
    """Return the share of the cases that are right; edge cases count if any other case is right."""
    if not any(case.passed for case in cases if not case.edge):
        return 0.0
    return round(points * sum(case.passed for case in cases) / len(cases), 2)


def likely(outcome: Outcome, right: Sequence[bool], wrong: Sequence[tuple[str, Sequence[Sequence[NDArray]]]]) -> str:
    """Return the hint of the mistake whose answers these are: it has to explain most of the wrong ones."""
    got = [answer.results if not answer.error else [] for answer in outcome.answers]
    failed = [i for i in range(len(got)) if not right[i]]
    explained = {
        hint: sum(bool(got[i]) and bool(answers[i]) and equal(got[i], answers[i]) for i in failed)
        for hint, answers in wrong
        if all(equal(got[i], answers[i]) for i in range(len(got)) if i not in failed)
    }
    best = max(explained, key=lambda hint: explained[hint], default="")
    return best if best and 2 * explained[best] > len(failed) else ""
