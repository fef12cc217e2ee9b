"""How much each step from a loop to replicas gains. ``--write FOLDER`` keeps the ratios as tidy tables."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ladder import NETWORKS, RUNGS, kernels, make_work
from threadpoolctl import threadpool_limits

from minimal_order.runs.files import csv_text

REPLICAS = (1, 2, 5, 10, 20, 40, 80, 160, 320)
FEW_STEPS = {"object by object": 3, "batch": 30}  # of the other rungs 150


@pytest.fixture
def write(request):
    """Take a file name, columns and rows, and write them to the folder that was asked for, if one was."""
    folder = request.config.getoption("--write")
    return lambda name, columns, rows: folder and (Path(folder) / name).write_text(csv_text(columns, rows), "utf8")


def fastest(calls: dict[str, Callable], rounds: int) -> dict[str, float]:
    """Call all in turns and return the least processor time of each: less disturbed by what else is running."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    with threadpool_limits(1):
        for _ in range(rounds):
            for name, call in calls.items():
                started = time.process_time()
                call()
                seconds[name].append(time.process_time() - started)
    return {name: min(values) for name, values in seconds.items()}


def bench_same_parameters():
    for network in NETWORKS:
        work = make_work(network, 3, 5)
        reached = [rung(work) for rung in RUNGS.values()]
        for w in reached[1:]:
            tolerance = 1e-10 if w.dtype == float else 1e-4
            np.testing.assert_allclose(w, reached[0], atol=tolerance * np.abs(reached[0]).max())


def bench_ladder(quick, table, write):
    rows = []
    for network in NETWORKS:
        replicas, calls, scale = 20, {}, {}
        for name, rung in RUNGS.items():
            steps = min(FEW_STEPS.get(name, 150), 5 if quick else 150)
            alone = 1 if name in FEW_STEPS else replicas  # one network stands for all where they take turns
            work = make_work(network, alone, steps)
            calls[name], scale[name] = (lambda rung=rung, work=work: rung(work)), 1 / (alone * steps)
        each = {name: s * scale[name] for name, s in fastest(calls, 1 if quick else 7).items()}
        for name, s in each.items():
            rows.append((network, name, round(s / each["float32"], 2)))
    write("ladder.csv", ("network", "rung", "times"), rows)
    table("seconds of a step of one of 20 networks, over those of the last rung", ["", "rung", "times"], rows)


def bench_replicas(quick, table, write):
    rows = []
    for network in NETWORKS:
        works = {K: make_work(network, K, 5 if quick else max(20, 2000 // K)) for K in REPLICAS}
        calls = {K: (lambda work=work: RUNGS["float32"](work)) for K, work in works.items()}
        each = {K: s / (K * works[K].steps) for K, s in fastest(calls, 1 if quick else 5).items()}
        rows += [(network, str(K), round(s / min(each.values()), 2)) for K, s in each.items()]
    write("replicas.csv", ("network", "replicas", "times"), rows)
    table("seconds of a step of one network by how many are stacked, over the least", ["", "K", "times"], rows)


def bench_kernels(quick, table, write):
    pairs, rows = kernels(), []
    for name, (slow, fast) in pairs.items():
        np.testing.assert_allclose(slow(), fast(), rtol=1e-3, atol=1e-3)
        repeats = 5 if quick else 200
        found = fastest({"slow": slow, "fast": fast}, repeats)
        rows.append((name, round(found["slow"] / found["fast"], 2)))
    write("kernels.csv", ("operation", "times"), rows)
    table("single operations of 40 networks, the plain way over the package's", ["", "times"], rows)
