"""What is asked of student code: to answer cases, or to test functions that stay in the grader's process."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Arrays, as_text
from .process import Process, StoppedError
from .sandbox import Limits

LARGEST_CALL = 64 << 10
LARGEST_NUMBER = 10_000
"""Of a student's test: what it sends is given to our functions, in this process, and must not fill its memory."""
MOST_CALLS = 2000
"""How often a student's test may call the function that it tests."""


class Answer(NamedTuple):
    """What one case gave: arrays, or an error."""

    arrays: Arrays
    error: str = ""

    @property
    def results(self) -> list[np.ndarray]:
        """The values that the function returned."""
        n = sum(name.startswith("result") for name in self.arrays)
        return [self.arrays[f"result{i}"] for i in range(n) if f"result{i}" in self.arrays]


class Outcome(NamedTuple):
    """What one task of one student gave.

    Attributes
    ----------
    answers : of the cases that were answered; for a test, whether it passed
    stopped : why the rest were not
    found : whether there is a function of that name
    broken : number of a cell and its error
    loaded : whether the code came to its end
    """

    answers: list[Answer]
    stopped: str = ""
    found: bool = True
    broken: dict[int, str] = {}  # noqa: RUF012, never written
    loaded: bool = True


@contextlib.contextmanager
def running(
    code: Sequence[tuple[str, str]],
    kind: str,
    name: str,
    n: int,
    limits: Limits | None,
    sandboxed: bool,
    tested: str = "",
) -> Iterator[tuple[Process, Outcome]]:
    """Start a process, hand it the code, learn what of it ran."""
    process = Process(limits, sandboxed)
    outcome = Outcome([])
    try:
        words = {"kind": kind, "name": name, "tested": tested}
        for i, (title, cell) in enumerate(code):
            words |= {f"title{i}": title, f"cell{i}": cell}
        first = {key: np.frombuffer(word.encode("utf-8", "replace"), np.uint8) for key, word in words.items()}
        try:
            process.start_clock()
            process.send(first | {"n_cells": np.array(len(code)), "n": np.array(n)})
            answer = process.receive()
            found = "callable" in answer and bool(answer["callable"].any())
            broken = {i: as_text(answer[str(i)]) for i in range(len(code)) if str(i) in answer}
            outcome = outcome._replace(found=found, broken=broken)
        except StoppedError as error:
            outcome = outcome._replace(stopped=str(error), loaded=False)
        yield process, outcome
    finally:
        process.close()


def run_cases(
    code: Sequence[tuple[str, str]],
    name: str,
    cases: Sequence[Mapping[str, ArrayLike]],
    limits: Limits | None,
    sandboxed: bool,
) -> Outcome:
    """Call a student's function with each case; what was answered before an end stays answered."""
    with running(code, "cases", name, len(cases), limits, sandboxed) as (process, outcome):
        if not outcome.loaded or not outcome.found:
            return outcome
        try:
            for arguments in cases:
                process.send({f"argument:{key}": np.asarray(value) for key, value in arguments.items()})
                arrays = process.receive()
                outcome.answers.append(Answer(arrays, as_text(arrays["error"]) if "error" in arrays else ""))
        except StoppedError as error:
            return outcome._replace(stopped=str(error))
    return outcome


def run_tests(
    code: Sequence[tuple[str, str]],
    name: str,
    tested: str,
    functions: Sequence[Callable[..., Any]],
    limits: Limits | None,
    sandboxed: bool,
) -> Outcome:
    """Run a student's test with functions that stay in this process; without any, with the student's own."""
    with running(code, "tests", name, len(functions), limits, sandboxed, tested) as (process, outcome):
        if not outcome.loaded or not outcome.found:
            return outcome
        calls = 0
        try:
            wanted: list[Callable[..., Any] | None] = [*functions] if functions else [None]
            for function in wanted:
                while "call" in (arrays := process.receive()):
                    calls += 1
                    if function is None or calls > MOST_CALLS:
                        raise StoppedError(f"more than {MOST_CALLS} calls of the function that is tested")
                    process.send(called(function, arrays))
                error = as_text(arrays["error"]) if "error" in arrays else ""
                outcome.answers.append(Answer(arrays, error))
        except StoppedError as error:
            return outcome._replace(stopped=str(error))
    return outcome


def called(function: Callable[..., Any], arrays: Arrays) -> dict[str, ArrayLike]:
    """Call one of the grader's functions with what a student's test sent."""

    def value(name: str) -> Any:
        return arrays[name] if arrays[name].ndim else arrays[name].item()

    sizes = [8 * array.size for array in arrays.values()]  # an outer product of two has numbers of 8 bytes
    numbers = [abs(float(array)) for array in arrays.values() if not array.ndim]
    if sum(sizes) > LARGEST_CALL or not all(number <= LARGEST_NUMBER for number in numbers if number < np.inf):
        message = f"a test's arguments: expected at most {LARGEST_CALL >> 10} KB, numbers up to {LARGEST_NUMBER}"
        return {"error": np.frombuffer(message.encode(), np.uint8)}
    positional = [value(name) for name in arrays if name.startswith("position:")]
    named = {name.removeprefix("argument:"): value(name) for name in arrays if name.startswith("argument:")}
    try:
        with np.errstate(all="ignore"):
            result = function(*positional, **named)
        results = [np.asarray(each) for each in (result if isinstance(result, tuple) else (result,))]
        if any(array.dtype.kind not in "biuf" for array in results):
            raise TypeError("these arguments have no answer in numbers")
    except Exception as error:
        message = f"{type(error).__name__}: {error}"[:500]
        return {"error": np.frombuffer(message.encode(), np.uint8)}
    return {f"result{i}": array for i, array in enumerate(results)}
