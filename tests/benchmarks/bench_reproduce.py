"""``minimal-order reproduce`` as a user runs it: wall time, time to the first figure, peak memory."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import psutil

GOALS = {False: (120.0, 15.0), True: (20.0, 15.0)}


def look_at_tree(process, cpu):
    """Proportional set size in bytes of a process and its descendants: memory they share counts once.

    The processor seconds of each go into ``cpu`` by process.
    """
    total = 0
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            total += one.memory_full_info().pss
            times = one.cpu_times()
            cpu[one.pid] = times.user + times.system
    return total


def watch(command, folder, every=0.1):
    """Run a command; seconds, cpu seconds, seconds to the first figure in the folder, peak MiB, exit code."""
    started = time.perf_counter()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak, to_figure, cpu = 0, float("nan"), {}
    while process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            peak = max(peak, look_at_tree(process, cpu))
        if to_figure != to_figure and any(Path(folder).rglob("*.png")):
            to_figure = time.perf_counter() - started
        time.sleep(every)
    seconds = time.perf_counter() - started
    return seconds, sum(cpu.values()), to_figure, peak / 2**20, process.wait()


def bench_reproduce(quick, benchmark, table, tmp_path):
    modes = [True] if quick else [True, False]
    rows = []

    def run():
        for is_quick in modes:
            folder = tmp_path / ("quick" if is_quick else "full")
            command = ["minimal_order", "reproduce", *["--quick"] * is_quick]
            options = ["--jobs", "2", "--out", str(folder)]
            seconds, cpu, to_figure, peak, code = watch([sys.executable, "-m", *command, *options], folder)
            assert code == 0, f"reproduce ended with exit code {code}"
            goal, figure_goal = GOALS[is_quick]
            rows.append([" ".join(command), seconds, goal, cpu, to_figure, figure_goal, peak, 1024.0])

    benchmark.pedantic(run, rounds=1)
    columns = ["", "seconds", "goal", "cpu seconds", "to first figure", "goal", "peak PSS, MiB", "goal"]
    table("reproduce on 2 processes, start-up included", columns, rows)
