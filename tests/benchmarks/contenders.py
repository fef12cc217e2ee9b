"""Who takes part in the sweep, and how a contender is run: whole processes, from start to end."""

import json
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Contender(NamedTuple):
    """A way to do the sweep.

    ``processes`` share the runs evenly, one core and one thread each; or there is one, with all cores and as
    many threads as its library starts by default. Only ``sample`` of the runs are done if that is set, and
    one in ``shorter`` of the steps, and the seconds of the sweep (not of the start) are multiplied by what is
    left out. These contenders do their runs after each other, so the first scales nothing but noise; the
    second counts the evaluation too often, which is little, and is used to try default threads alone.
    """

    name: str
    package: str
    label: str
    processes: int
    sample: int = 0
    shorter: int = 1


# fmt: off
CONTENDERS = [
    Contender("minimal_order",    "minimal_order", "minimal_order, 2 processes",           2),
    Contender("torch one by one", "torch",         "PyTorch run by run, 2 processes",      2, sample=2),
    Contender("torch one by one", "torch",         "PyTorch run by run, default threads",  1, sample=1, shorter=5),
    Contender("torch batched",    "torch",         "PyTorch batched, 2 processes",         2),
    Contender("torch batched",    "torch",         "PyTorch batched, default threads",     1, sample=12, shorter=5),
    Contender("jax",              "jax",           "JAX jit + scan + vmap, 2 processes",   2),
    Contender("jax",              "jax",           "JAX jit + scan + vmap, default threads", 1),
]
# fmt: on


class Seconds(NamedTuple):
    """What one execution took."""

    sweep: float  # for all runs, without start and compilation
    cpu: float  # the same in processor time, all processes together: less disturbed by what else is running
    compile: float
    whole: float  # from starting the processes to the end of the last, for all runs
    test: float  # mean test loss of the sample


def execute(contender: Contender, problem: str, runs: int, t0: int, t1: int) -> Seconds:
    """Run a contender in fresh processes."""
    sample = min(contender.sample or runs, runs)
    scale = runs / sample * contender.shorter
    steps = [t0 // contender.shorter, t1 // contender.shorter]
    ends = [round(i * sample / contender.processes) for i in range(contender.processes + 1)]
    one_thread = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    env = os.environ | (one_thread if contender.processes > 1 or contender.name == "minimal_order" else {})
    env |= {"PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), *filter(None, [env.get("PYTHONPATH")])])}
    started = time.perf_counter()
    processes = []
    for i in range(contender.processes):
        core = str(sorted(os.sched_getaffinity(0))[i % os.cpu_count()]) if contender.processes > 1 else "any"
        arguments = [contender.name, problem, ends[i], ends[i + 1], *steps, core]
        command = [sys.executable, str(HERE / "worker.py"), *map(str, arguments)]
        processes.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True))
    reports = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
    whole = time.perf_counter() - started
    sweep = max(report["sweep"] for report in reports)
    cpu = sum(report["cpu"] for report in reports) * scale
    rest = sweep * (scale - 1)
    shares = [b - a for a, b in pairwise(ends)]
    test = sum(report["test"] * share for report, share in zip(reports, shares, strict=True)) / sample
    return Seconds(sweep + rest, cpu, max(report.get("compile", 0.0) for report in reports), whole + rest, test)
