"""The sweep of 25 runs x 11 levels x 2 orders, 1000 + 1000 steps, by the package and its peers."""

from functools import cache, partial
from statistics import median

import pytest
from conftest import has
from contenders import CONTENDERS, Seconds, execute
from sweep import PROBLEMS, replica_steps

COLUMNS = [
    "",
    "measured",
    "sweep s",
    "x ours",
    "cpu us/step",
    "x ours",
    "compile s",
    "whole s",
    "x ours",
    "loss",
]


@pytest.mark.parametrize("problem", PROBLEMS)
def bench_sweep(problem, quick, interleave, table):
    """Sweep: without start and compilation; whole: from starting the processes to the end of the last.

    With default threads once only, in the first round: enough to see that two processes are faster.
    """
    runs, steps, rounds = (4, 50, 1) if quick else (25, 1000, 1 if problem == "784-10-10" else 3)
    chosen = [c for c in CONTENDERS if has(c.package) and (c.processes > 1 or not quick)]
    calls = {c: partial(execute, c, problem, runs, steps, steps) for c in chosen}
    calls = {c: call if c.processes > 1 else cache(call) for c, call in calls.items()}
    seconds = {c: Seconds(*map(median, zip(*s, strict=True))) for c, s in interleave(calls, rounds).items()}
    ours = seconds[CONTENDERS[0]]
    to_step = 1e6 / replica_steps(runs, steps, steps)
    rows = []
    for c, s in seconds.items():
        measured = f"{min(c.sample or runs, runs)} of {runs} runs" + f", 1/{c.shorter} of steps" * (c.shorter > 1)
        speed = [s.sweep, s.sweep / ours.sweep, s.cpu * to_step, s.cpu / ours.cpu]
        rows.append([c.label, measured, *speed, s.compile, s.whole, s.whole / ours.whole, s.test])
    steps_ = f"{steps} + {steps} steps"
    table(f"sweep, {problem}: {runs} runs x 11 levels x 2 orders, {steps_}; medians of {rounds}", COLUMNS, rows)
