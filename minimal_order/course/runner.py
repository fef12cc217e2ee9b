"""What runs beside student code: a file of its own that needs Python and NumPy and knows nothing to be kept secret.

Frames come on standard input and go to standard output, each 8 bytes of length and an npz without pickle. The first
frame holds the code in cells; what is answered to it are the errors of its cells. Then comes the task:

- ``cases``: one frame of arguments a case; answered by what the function returned, and by its arguments after the call.
- ``tests``: the student's test is called with each of several functions that live in the grader's process: a call
  travels there as arrays, and its result comes back as arrays. The answer is whether the test passed.

Nothing that this process says of itself is believed: all that it can say is arrays, and these are judged elsewhere.
"""

import importlib.abc
import io
import linecache
import os
import struct
import sys
import traceback
import types
from typing import Any

import numpy as np

NAME = "submission"
LINES: dict[str, list[str]] = {}
LONGEST = 2000  # characters of an error
REFUSED = "minimal_order"


class NoReference(importlib.abc.MetaPathFinder):
    """Refuses the package in which the solutions stand."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raise for the reference implementation, know nothing of the rest."""
        if name.partition(".")[0] == REFUSED:
            raise ImportError(f"{name} is the reference implementation: an assignment doesn't use it")


class Channel:
    """The two pipes to the grader."""

    def __init__(self, quiet: bool) -> None:
        self.source, self.sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing if quiet else 2, 1)
        if quiet:
            os.dup2(nothing, 2)
        else:
            sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    def receive(self) -> dict[str, Any]:
        """Read one frame."""
        (length,) = struct.unpack("<Q", self.source.read(8))
        with np.load(io.BytesIO(self.source.read(length)), allow_pickle=False) as arrays:
            return dict(arrays)

    def send(self, arrays: dict[str, Any]) -> None:
        """Write one frame."""
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **arrays)
        self.sink.write(struct.pack("<Q", content.tell()) + content.getvalue())
        self.sink.flush()


def limit(seconds: int, memory: int, user: int) -> None:
    """Become an unprivileged user, if started by root, and accept limits on time, memory, files and processes."""
    import resource

    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: 16 << 20,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_NPROC: 1,  # this one: no fork, no thread
        resource.RLIMIT_CORE: 0,
    }
    for which, most in limits.items():
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))


def as_text(text: str) -> Any:
    """Text as an array of bytes."""
    return np.frombuffer(text[-LONGEST:].encode("utf-8", "replace"), np.uint8)


def explain(error: BaseException) -> dict[str, Any]:
    """Say what went wrong, and where in the student's code."""
    place = ""
    if isinstance(error, SyntaxError) and error.lineno:
        place = f" ({error.filename}, line {error.lineno})"
        message = f"{type(error).__name__}: {error.msg}"
    else:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in LINES]
        if frames:
            line = (frames[-1].line or "").strip()
            place = f" ({frames[-1].filename}, line {frames[-1].lineno}{f': {line}' if line[:5] != 'raise' else ''})"
        message = "".join(traceback.format_exception_only(error)).strip()
    return {"error": as_text(message[: LONGEST // 2] + place)}


def load(cells: list[str], names: list[str]) -> tuple[types.ModuleType, dict[str, Any]]:
    """Run the cells one after the other; a cell that fails is reported, and the others run all the same."""
    module = types.ModuleType(NAME)
    sys.modules[NAME] = module
    errors = {}
    for number, (name, cell) in enumerate(zip(names, cells, strict=True)):
        # the cells of a module share its name, and each begins with as many blank lines as come before it
        known = LINES.setdefault(name, [])
        known += cell.split("\n")[len(known) :]
        linecache.cache[name] = (len(cell), None, [f"{line}\n" for line in known], name)
        try:
            exec(compile(cell, name, "exec", dont_inherit=True), module.__dict__)
        except BaseException as error:
            errors[str(number)] = explain(error)["error"]
    return module, errors


def plain(value: Any, prefix: str) -> dict[str, Any]:
    """Plain arrays from what a function returned: the items of a tuple, or the one value."""
    values = value if type(value) is tuple else (value,)
    arrays = {f"{prefix}{i}": np.array(each, subok=False) for i, each in enumerate(values)}
    for array in arrays.values():
        if array.dtype.kind not in "biuf":
            raise TypeError(f"expected an array of numbers, got {type(value).__name__} ({array.dtype})")
    return arrays


def given(arrays: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Arguments from arrays: numbers for those without axes."""
    found = {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
    return {name: a if a.ndim else a.item() for name, a in found.items()}


def run_cases(channel: Channel, function: Any, n_cases: int) -> None:
    """Answer each case."""
    for _ in range(n_cases):
        arguments = given(channel.receive(), "argument:")
        try:
            answer = plain(function(**arguments), "result")
            for name, value in arguments.items():
                answer |= {f"argument:{name}": each for each in plain(value, "").values()}
        except BaseException as error:
            answer = explain(error)
        channel.send(answer)


def run_tests(channel: Channel, test: Any, own: Any, n_functions: int) -> None:
    """Answer, for each of the grader's functions, whether the test passes; without any, for the student's own."""

    def remote(*positional: Any, **named: Any) -> Any:
        arrays: dict[str, Any] = {"call": np.array(1)}
        for i, value in enumerate(positional):
            arrays |= {f"position:{i}": each for each in plain(np.asarray(value), "").values()}
        for name, value in named.items():
            arrays |= {f"argument:{name}": each for each in plain(np.asarray(value), "").values()}
        channel.send(arrays)
        answer = channel.receive()
        if "error" in answer:
            raise ValueError(answer["error"].tobytes().decode())
        results = [answer[f"result{i}"] for i in range(len(answer))]
        return results[0][()] if len(results) == 1 else tuple(each[()] for each in results)

    for _ in range(max(1, n_functions)):
        try:
            test(remote if n_functions else own)
            answer = {"passed": np.array(True)}
        except BaseException as error:
            answer = {"passed": np.array(False)} | explain(error)
        channel.send(answer)


def main() -> None:
    """Receive the code and a task, answer, end without asking threads or exit handlers."""
    quiet, limits = sys.argv[1] == "quiet", [int(each) for each in sys.argv[2:]]
    channel = Channel(quiet)
    channel.send({})
    first = channel.receive()
    if limits:
        limit(*limits)
    sys.meta_path.insert(0, NoReference())
    cells = [first[f"cell{i}"].tobytes().decode() for i in range(int(first["n_cells"]))]
    names = [first[f"title{i}"].tobytes().decode() for i in range(int(first["n_cells"]))]
    module, errors = load(cells, names)
    kind, name, tested = (first[key].tobytes().decode() for key in ("kind", "name", "tested"))
    function = getattr(module, name, None)
    channel.send({"callable": np.array(callable(function))} | errors)
    if callable(function):
        run = run_cases if kind == "cases" else lambda c, f, n: run_tests(c, f, getattr(module, tested, None), n)
        run(channel, function, int(first["n"]))
    os._exit(0)


if __name__ == "__main__":
    main()
