"""The exact variance of the objects' gradients against BackPACK's Variance extension, one thread each."""

import time
from functools import partial
from statistics import median

import numpy as np
import pytest
from sweep import Problem

from minimal_order.networks.losses import cross_entropy, squared_error
from minimal_order.networks.models import mlp
from minimal_order.training.covariance import exact_covariance

CASES = {"301 x 506": ((13, 20, 1), 0, 506), "7960 x 10 000": ((784, 10, 10), 10, 10_000)}


def seconds_a_call(f, calls):
    started = time.perf_counter()
    for _ in range(calls):
        f()
    return (time.perf_counter() - started) / calls


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def bench_variance(case, dtype, quick, interleave, table):
    torch = pytest.importorskip("torch")
    pytest.importorskip("backpack")
    from peers_backpack import GradientVariance
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    sizes, classes, m = CASES[case]
    rng = np.random.default_rng(0)
    X = rng.standard_normal((m, sizes[0])).astype(dtype)
    y = rng.integers(0, classes, m) if classes else rng.standard_normal(m).astype(dtype)
    model = mlp(*sizes)
    w = model.init(rng).astype(dtype)
    ours = partial(exact_covariance, model, cross_entropy if classes else squared_error, w, X, y)
    peer = GradientVariance(Problem(case, sizes, classes, 0.0, (X, y, X, y)), w)
    tolerance = {"float32": 1e-5, "float64": 1e-12}[dtype]
    calls = 1 if m > 1000 else 20
    contenders = {name: partial(seconds_a_call, f, calls) for name, f in (("minimal_order", ours), ("BackPACK", peer))}
    with threadpool_limits(1):
        expected = peer.covariance_diagonal()
        np.testing.assert_allclose(ours(), expected, rtol=0, atol=tolerance * expected.max())
        seconds = {name: median(s) for name, s in interleave(contenders, 3 if quick else 25).items()}
    table(
        f"gradient variance, {case}, {dtype}, one thread",
        ["", "ms", "x ours"],
        [[name, s * 1e3, s / seconds["minimal_order"]] for name, s in seconds.items()],
    )
