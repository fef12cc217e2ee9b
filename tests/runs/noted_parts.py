"""Parts that note who computed them, for this process, for others and for workers of a cluster."""

import os
import time
from pathlib import Path

import numpy as np

import minimal_order
from minimal_order.runs.part import Part

ROOT = Path(minimal_order.__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}


def note(log, name):
    """Note a call in a side file: who, where, when."""
    with open(log, "a") as file:
        file.write(f"{name} {os.getpid()}\n")


def calls(log):
    """Return the calls noted so far as (name, process)."""
    lines = Path(log).read_text().splitlines() if Path(log).exists() else []
    return [(name, int(process)) for name, process in map(str.split, lines)]


def train(log, name, seed, seconds=0.0):
    """Gradient descent on a least-squares problem large enough for BLAS to divide it among threads."""
    note(log, name)
    rng = np.random.default_rng(seed)
    X, y, w = rng.standard_normal((20_000, 8)), rng.standard_normal(20_000), np.zeros(8)
    for _ in range(20):
        r = X @ w - y
        w = w - 0.1 * (X.T @ r) / len(y)
    time.sleep(seconds)
    return {"w": w, "loss": r @ r}


def fail_at_2(log, name, seed):
    if seed == 2:
        raise FloatingPointError("loss is not finite")
    return train(log, name, seed)


def parts(store, log, number=6, group="p", seconds=0.0):
    names = [f"{group}-{i}" for i in range(number)]
    return [Part(name, train, (str(log), name, i, seconds), store) for i, name in enumerate(names)]


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def results(generator):
    """Return the results of all parts, sorted by index, as bytes."""
    return [(i, result["w"].tobytes(), result["loss"].tobytes()) for i, result in sorted(generator, key=lambda r: r[0])]


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)
