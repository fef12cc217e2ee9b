"""The exact diagonal of the Hessian, closed form and autograd, against BackPACK's DiagHessian, one thread each."""

from functools import partial
from statistics import median

import numpy as np
import pytest
from bench_variance import CASES, seconds_a_call
from sweep import Problem

from minimal_order.networks.losses import cross_entropy, squared_error
from minimal_order.networks.models import mlp
from minimal_order.pruning.hessian import hessian_diagonal, hessian_diagonal_by_units


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def bench_hessian(case, dtype, quick, interleave, table):
    torch = pytest.importorskip("torch")
    pytest.importorskip("backpack")
    from peers_backpack import HessianDiagonal
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    sizes, classes, m = CASES[case]
    rng = np.random.default_rng(0)
    X = rng.standard_normal((m, sizes[0])).astype(dtype)
    y = rng.integers(0, classes, m) if classes else rng.standard_normal(m).astype(dtype)
    model = mlp(*sizes)
    w = model.init(rng).astype(dtype)
    arguments = model, cross_entropy if classes else squared_error, w, X, y
    peer = HessianDiagonal(Problem(case, sizes, classes, 0.0, (X, y, X, y)), w)
    ours = {f.__name__: partial(f, *arguments) for f in (hessian_diagonal, hessian_diagonal_by_units)}
    tolerance = {"float32": 1e-5, "float64": 1e-12}[dtype]
    calls = 1 if m > 1000 else 20
    contenders = {name: partial(seconds_a_call, f, calls) for name, f in {**ours, "BackPACK": peer}.items()}
    with threadpool_limits(1):
        expected = torch.cat([part.ravel() for part in peer()]).numpy()
        for f in ours.values():
            np.testing.assert_allclose(f(), expected, rtol=0, atol=tolerance * np.abs(expected).max())
        seconds = {name: median(s) for name, s in interleave(contenders, 3 if quick else 25).items()}
    table(
        f"diagonal of the Hessian, {case}, {dtype}, one thread",
        ["", "ms", "x closed form"],
        [[name, s * 1e3, s / seconds["hessian_diagonal"]] for name, s in seconds.items()],
    )
