"""Runs that are killed, interrupted or left by their reader."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from noted_parts import ENVIRONMENT, calls, contents, parts, until

from minimal_order.runs.parallel import run_parts
from minimal_order.runs.store import Store

SCRIPT = """
import sys
from minimal_order.runs.parallel import run_parts
from minimal_order.runs.store import Store
from noted_parts import parts

out, log, jobs, seconds = sys.argv[1:]
for i, _ in run_parts(parts(Store.open(out, {"seed": 0}), log, 8, seconds=float(seconds)), int(jobs)):
    print(i, flush=True)
"""


def start(out, log, jobs, seconds):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(out), str(log), str(jobs), str(seconds)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore Ctrl-C
    )


def ended(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{process}/stat").exists() and ") Z " in Path(f"/proc/{process}/stat").read_text()


@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_at_any_moment_and_started_again(tmp_path, jobs):
    rng, out, log = random.Random(jobs), tmp_path / "out", tmp_path / "log"
    for _ in range(3):
        finished = {path.stem for path in out.glob("parts/[!.]*.npz")}
        before = len(calls(log))
        process = start(out, log, jobs, 0.15)
        until(lambda: len(calls(log)) > before or process.poll() is not None)  # noqa: B023
        time.sleep(rng.uniform(0, 0.35))
        process.kill()
        process.wait()
        process.stdout.close()
        until(lambda: all(ended(worker) for _, worker in calls(log)), 5)  # workers end with their parent
        assert not finished & {name for name, _ in calls(log)[before:]}
    finished = {path.stem for path in out.glob("parts/[!.]*.npz")}
    assert finished, "the kills should have let some parts through"
    before = len(calls(log))
    output, _ = start(out, log, jobs, 0).communicate(timeout=60)
    assert sorted(output.split()) == [str(i) for i in range(8)]
    assert sorted(name for name, _ in calls(log)[before:]) == sorted({f"p-{i}" for i in range(8)} - finished)
    straight = Store.open(tmp_path / "straight", {"seed": 0})
    for _ in run_parts(parts(straight, tmp_path / "other", 8), jobs=1, progress=False):
        pass
    assert contents(out) == contents(straight.folder)


@pytest.mark.parametrize("jobs", [1, 2])
def test_interrupt_ends_the_workers_at_once_and_leaves_finished_parts(tmp_path, jobs):
    out, log = tmp_path / "out", tmp_path / "log"
    process = start(out, log, jobs, 0.5)
    assert process.stdout.readline()
    until(lambda: len(calls(log)) > len(list(out.glob("parts/[!.]*.npz"))))
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C in a terminal does
    process.communicate(timeout=20)
    assert process.returncode != 0
    until(lambda: all(ended(worker) for _, worker in calls(log)), 5)
    assert time.monotonic() - began < 10
    assert 1 <= len(list(out.glob("parts/[!.]*.npz"))) < 8


@pytest.mark.filterwarnings("ignore:.*tasks:UserWarning")  # joblib's, of the parts left
def test_reader_that_stops_early_stops_the_workers(tmp_path):
    log = tmp_path / "log"
    generator = run_parts(parts(None, log, 12, seconds=0.3), jobs=2, progress=False)
    next(generator)
    began = time.monotonic()
    generator.close()
    assert time.monotonic() - began < 10
    done = len(calls(log))
    time.sleep(0.7)
    assert len(calls(log)) == done < 8
