"""Walls around student code: bubblewrap, an unprivileged user, limits; nothing to read but Python and its packages."""

import errno
import functools
import os
import platform
import shutil
import site
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..checks import check
from ..runs.part import THREAD_VARIABLES

RUNNER = Path(__file__).with_name("runner.py")
ENVIRONMENT = {"PATH": "/usr/bin", "HOME": "/scratch", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "MPLBACKEND": "agg"}
ENVIRONMENT |= dict.fromkeys(THREAD_VARIABLES, "1")
SCRATCH = 32 << 20
NOBODY = 61_000
"""An unprivileged user that owns nothing on any machine; what student code runs as when root grades."""

FORBIDDEN = {
    # system calls that an assignment never needs: processes, threads, sockets, memory that no limit counts, the kernel
    "x86_64": (
        0xC000003E,
        [56, 57, 58, 435, 41, 53, 29, 68, 319, 272, 308, 155, 161, 165, 428, 429, 442, 101, 310, 311, 248, 249, 250,
         321, 298, 425, 323, 304, 246, 320, 175, 313, 64, 240, 447, 222, 206, 253, 294, 300],
    ),
    "aarch64": (
        0xC00000B7,
        [220, 435, 198, 199, 194, 186, 279, 97, 268, 41, 51, 40, 428, 429, 442, 117, 270, 271, 217, 218, 219, 280, 241,
         425, 282, 265, 104, 294, 105, 273, 190, 180, 447, 107, 0, 26, 262],
    ),
}  # fmt: skip
UNPROTECTED = """\
Without bubblewrap a submission may
  - read every file that you may read: solutions, other submissions
  - change or delete every file that you may change: the grades too
  - use the network
  - see and end your other processes, and leave processes behind
  - import the reference implementation in ways that aren't noticed
What still holds: a process of its own, limits on time, memory and the size of files, only arrays come back, and
expected values are computed after student code has ended."""
UNLIMITED = "You are root, for whom the number of processes isn't limited either: a fork bomb stops this machine."


@dataclass(frozen=True)
class Limits:
    """Of one task of one student."""

    seconds: int = 10
    memory: int = 2 << 30


@functools.cache
def why_not() -> str:
    """Return what keeps bubblewrap from working here; nothing if it works."""
    if sys.platform != "linux":
        return f"bubblewrap is for Linux, and this is {sys.platform}"
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (apt install bubblewrap)"
    command = [*walls(), sys.executable, "-I", "-B", "-c", "import numpy"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=ENVIRONMENT)
    return f"bubblewrap does not work here: {done.stderr.strip()[-300:]}" if done.returncode else ""


def check_sandbox(sandboxed: bool) -> None:
    """Refuse to go on without walls, unless asked to."""
    if sandboxed:
        reason = why_not()
        check(not reason, "sandbox", reason, "bubblewrap, or the option --unsandboxed, which says what it costs")


def unprotected() -> str:
    """Say what holds no longer without the sandbox."""
    return UNPROTECTED + (f"\n{UNLIMITED}" if os.geteuid() == 0 else "")


def command(limits: Limits | None, sandboxed: bool, filter_file: int = -1) -> list[str]:
    """Return the command that runs the runner: for a grade, or (without limits) for a student's own check.

    ``filter_file`` is the open file from which bubblewrap reads the program of ``call_filter``.
    """
    if limits is None:
        return [sys.executable, "-I", "-B", str(RUNNER), "loud"]
    user = NOBODY if sandboxed and os.geteuid() == 0 else 0
    what = ["-I", "-B", "/runner.py" if sandboxed else str(RUNNER), "quiet", limits.seconds + 2, limits.memory, user]
    program = ["--seccomp", str(filter_file)] if filter_file >= 0 else []
    return [*([*walls(), *program] if sandboxed else []), sys.executable, *map(str, what)]


def call_filter() -> bytes:
    """Return a seccomp program that lets the forbidden system calls fail; empty for a processor it isn't made for.

    clone, fork, vfork, clone3, socket, socketpair, shmget, msgget, memfd_create, unshare, setns, pivot_root, chroot,
    mount and its successors, ptrace, process_vm_readv and _writev, the keyring, bpf, perf_event_open, io_uring_setup,
    userfaultfd, open_by_handle_at, kexec, modules: a second line, most of them fail for other reasons too. And semget,
    mq_open, memfd_secret, timer_create, io_setup, inotify_init, fanotify_init: memory of the kernel's that counts for
    no limit of a process, by the gigabyte with semget.
    """
    audit, numbers = FORBIDDEN.get(platform.machine(), (0, []))
    if not numbers:
        return b""
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    fail, kill, allow = 0x0005_0000 | errno.EPERM, 0x8000_0000, 0x7FFF_0000
    n = len(numbers)
    program = [
        (load, 0, 0, 4),
        (equal, 1, 0, audit),
        (give, 0, 0, kill),
        (load, 0, 0, 0),
        (at_least, n + 1, 0, 1 << 30),
    ]
    program += [(equal, n - i, 0, number) for i, number in enumerate(numbers)]
    # the jumps of the list reach the last instruction, that of the check for the other numbering (x32) too
    program += [(give, 0, 0, allow), (give, 0, 0, fail)]
    return b"".join(struct.pack("=HBBI", *each) for each in program)


@functools.cache
def walls() -> tuple[str, ...]:
    """Return bubblewrap's part of the command."""
    shown = [path for path in ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache") if os.path.exists(path)]
    shown += dict.fromkeys(map(os.path.realpath, (sys.base_prefix, sys.base_exec_prefix)))
    shown += dict.fromkeys((sys.prefix, sys.base_prefix))
    options = ["--unshare-ipc", "--unshare-net", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"]
    if os.geteuid() == 0:  # in a user namespace root would stay root, for whom processes aren't counted
        options += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        options += ["--unshare-user", "--uid", "65534", "--gid", "65534", "--disable-userns"]
    options += ["--die-with-parent", "--new-session", "--hostname", "sandbox"]
    made: set[Path] = {Path("/")}
    for path in shown:
        for folder in reversed(Path(path).parents):
            if folder not in made and not any(Path(other) in (folder, *folder.parents) for other in shown):
                options += ["--perms", "0755", "--dir", str(folder)]
                made.add(folder)
        options += ["--ro-bind", path, path]
    for path in masked():
        options += ["--perms", "0000", "--tmpfs", path, "--remount-ro", path]
    options += ["--proc", "/proc", "--dev", "/dev", "--size", str(SCRATCH), "--perms", "1777", "--tmpfs", "/scratch"]
    options += ["--ro-bind", str(RUNNER), "/runner.py", "--remount-ro", "/dev", "--remount-ro", "/"]
    return ("bwrap", *options, "--chdir", "/scratch")


def masked() -> list[str]:
    """Return the folders that lie among what is shown and must not be seen: the reference implementation."""
    places = {Path(place) for place in site.getsitepackages()}
    for prefix in {sys.prefix, sys.base_prefix}:
        for pattern in ("lib/python3*/*-packages", "local/lib/python3*/*-packages"):
            places.update(Path(prefix).glob(pattern))
    return sorted(str(place / "minimal_order") for place in places if (place / "minimal_order").is_dir())
