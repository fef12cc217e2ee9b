"""One process of student code: arrays go in, arrays come out, until an hour strikes or it says too much."""

import contextlib
import os
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .arrays import LARGEST, Arrays, BadFrameError, as_text, frame, read_arrays
from .sandbox import ENVIRONMENT, Limits, call_filter, command

ALLOWANCE = 60.0
"""Seconds for Python and NumPy to start, on a machine that is busy; student code has not begun by then."""
LARGEST_CALL = 64 << 10
LARGEST_NUMBER = 10_000
"""Of a student's test: what it sends is given to our functions, in this process, and must not fill its memory."""
MOST_CALLS = 2000
"""How often a student's test may call the function that it tests."""


class StoppedError(Exception):
    """The process won't answer any more; the message says why, to its author."""


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


class Process:
    """Student code behind its walls, and the two pipes that lead there."""

    def __init__(self, limits: Limits | None, sandboxed: bool) -> None:
        self.folder = tempfile.mkdtemp(prefix="course-")
        self.graded = graded = limits is not None
        program = call_filter() if sandboxed else b""
        with tempfile.TemporaryFile() as file:
            file.write(program)
            file.seek(0)
            self.process = subprocess.Popen(
                command(limits, sandboxed, file.fileno() if program else -1),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if graded else None,
                env=ENVIRONMENT if graded else None, cwd=self.folder, start_new_session=graded, bufsize=0,
                pass_fds=[file.fileno()] if program else [],
            )  # fmt: skip
        assert self.process.stdin and self.process.stdout
        self.sink, self.source = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self.sink, False)
        self.seconds = (limits or Limits()).seconds
        self.allowed = ALLOWANCE
        self.deadline = time.monotonic() + self.allowed

    def start_clock(self) -> None:
        """Count the time from when the interpreter has started.

        Raises
        ------
        RuntimeError : when it hasn't, which is no student's fault: their code has not been sent yet.
        """
        try:
            self.receive()
        except StoppedError as error:
            raise RuntimeError(f"Python did not start beside the grader: {error}") from None
        self.allowed = self.seconds
        self.deadline = time.monotonic() + self.allowed

    def wait(self, read: list[int], write: list[int]) -> None:
        """Wait until a pipe is ready; one that always is doesn't put off the end."""
        left = self.deadline - time.monotonic()
        if left <= 0 or not any(select.select(read, write, [], left)):
            raise StoppedError(f"not finished after {self.allowed:g} seconds")

    def send(self, arrays: Mapping[str, ArrayLike]) -> None:
        """Send one frame."""
        content = memoryview(frame(arrays))
        while content:
            self.wait([], [self.sink])
            try:
                content = content[os.write(self.sink, content) :]
            except BrokenPipeError:
                raise StoppedError(self.ending()) from None

    def read(self, size: int) -> bytes:
        """Read so many bytes."""
        parts = []
        while size:
            self.wait([self.source], [])
            part = os.read(self.source, min(size, 1 << 16))
            if not part:
                raise StoppedError(self.ending())
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def receive(self) -> Arrays:
        """Receive one frame."""
        (length,) = struct.unpack("<Q", self.read(8))
        if length > LARGEST:
            raise StoppedError(f"an answer of {length / 2**20:.3g} MB: expected at most {LARGEST >> 20}")
        try:
            return read_arrays(self.read(length))
        except BadFrameError as error:
            raise StoppedError(f"an answer that is no arrays of numbers ({error})") from None

    def ending(self) -> str:
        """Say how the process ended by itself."""
        try:
            code = self.process.wait(1)
        except subprocess.TimeoutExpired:
            return "closed its output"
        number = -code if code < 0 else code - 128  # bubblewrap gives 128 + the signal
        if number == signal.SIGXCPU or number == signal.SIGKILL:
            return f"ended by force: more than {self.seconds:g} seconds, or too much memory"
        if number in set(signal.Signals):
            return f"the interpreter crashed ({signal.Signals(number).name})"
        return f"the process ended by itself before it had answered (exit code {code})"

    def close(self) -> None:
        """End the process and everything that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.graded:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            with contextlib.suppress(OSError):
                pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)


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
    except Exception as error:
        message = f"{type(error).__name__}: {error}"[:500]
        return {"error": np.frombuffer(message.encode(), np.uint8)}
    results = result if isinstance(result, tuple) else (result,)
    return {f"result{i}": np.asarray(each) for i, each in enumerate(results)}
