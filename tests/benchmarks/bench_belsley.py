"""Belsley elimination of the 586 parameters of 13-39-1 on Boston, against a whole decomposition at every step.

The goal: 25 runs within 5 minutes on two cores, that is 24 s of a core for one.
"""

import sys
import time
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pytest

import minimal_order as mo
from minimal_order.dependence.elimination import REMOVALS, eliminate
from minimal_order.dependence.laplace import laplace_covariance

sys.path.insert(0, str(Path(__file__).parents[1] / "dependence"))
from belsley_oracles import slow_elimination

RUNS, CORES = 25, 2


def covariance(kind, hidden):
    """The Laplace covariance of a trained network, or that of 100 samples from it, which has a null space."""
    data, model = mo.load("boston"), mo.mlp(13, hidden, 1)
    w = model.init(np.random.default_rng(0))
    run = mo.train(model, data, w, steps=2000, rng=np.random.default_rng(1), rule=mo.adam(3e-3))
    A = laplace_covariance(model, run.w, data.X_train, data.y_train, data.task)
    if kind == "samples":
        A = np.cov(np.random.default_rng(2).multivariate_normal(run.w, A, 100, method="cholesky"), rowvar=False)
    return A


def cpu_seconds(f, orders):
    started = time.process_time()
    orders.append(f())
    return time.process_time() - started


@pytest.mark.parametrize(
    ("kind", "removal"), [*(("laplace", removal) for removal in REMOVALS), ("samples", "marginalise")]
)
def bench_elimination(kind, removal, quick, interleave, table):
    from threadpoolctl import threadpool_limits

    A = covariance(kind, hidden=9 if quick else 39)
    ours, slow = [], []
    contenders = {
        "minimal_order": partial(cpu_seconds, lambda: eliminate(A, removal=removal).order, ours),
        "all eigenvectors, every step": partial(
            cpu_seconds, lambda: slow_elimination(A, "covariance", removal)[0], slow
        ),
    }
    with threadpool_limits(1):
        seconds = {name: median(s) for name, s in interleave(contenders, 1 if quick else 3).items()}
    np.testing.assert_array_equal(ours[0], slow[0])
    table(
        f"elimination, p = {len(A)}, {kind}, {removal}, one thread",
        ["", "s", "x ours", f"min for {RUNS} runs on {CORES} cores"],
        [[name, s, s / seconds["minimal_order"], s * RUNS / CORES / 60] for name, s in seconds.items()],
    )
