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
from collections.abc import Mapping
from pathlib import Path

from numpy.typing import ArrayLike

from .arrays import LARGEST, Arrays, BadFrameError, frame, read_arrays
from .sandbox import ENVIRONMENT, Limits, call_filter, command

ALLOWANCE = 60.0
"""Seconds for Python and NumPy to start, on a machine that is busy; student code has not begun by then."""

MOST_FILES = 10_000
"""In the scratch directory, whose size is limited: empty files have none and still take the kernel's memory."""
WATCH = 0.25
"""Seconds between two looks at them."""


class StoppedError(Exception):
    """The process won't answer any more; the message says why, to its author."""


class Process:
    """Student code behind its walls, and the two pipes that lead there."""

    def __init__(self, limits: Limits | None, sandboxed: bool) -> None:
        self.sandboxed, self.watched = sandboxed, False
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
        self.watched = self.sandboxed  # before that the scratch directory may not be there yet
        self.allowed = self.seconds
        self.deadline = time.monotonic() + self.allowed

    def wait(self, read: list[int], write: list[int]) -> None:
        """Wait until a pipe is ready; one that always is doesn't put off the end."""
        while (left := self.deadline - time.monotonic()) > 0:
            ready = any(select.select(read, write, [], min(left, WATCH)))
            if self.watched and self.count_files() > MOST_FILES:
                raise StoppedError(f"more than {MOST_FILES} files")
            if ready:
                return
        raise StoppedError(f"not finished after {self.allowed:g} seconds")

    def count_files(self) -> int:
        """Count what was made in the scratch directory; 0 where the system doesn't tell."""
        pid = self.process.pid
        try:
            inside = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
            about = os.statvfs(f"/proc/{inside}/root/scratch")
        except (OSError, IndexError):
            return 0
        return about.f_files - about.f_ffree

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
