"""That all contenders of the sweep do the same work: equal covariances and losses to rounding in float64."""

import numpy as np
import pytest
from conftest import has
from sweep import PROBLEMS, draw, make_problem
from threadpoolctl import threadpool_limits


@pytest.mark.parametrize("name", PROBLEMS)
def bench_same_work(name):
    import ours

    problem, runs, steps = make_problem(name, "float64"), range(3), 30
    draws = draw(problem, runs, steps, steps)
    with threadpool_limits(1):
        expected = ours.sweep(problem, runs, steps, steps)
    results = []
    if has("torch"):
        import peers_torch
        import torch

        torch.set_num_threads(1)
        results += [peers_torch.one_by_one(problem, draws), peers_torch.batched(problem, draws)]
    if has("jax"):
        import jax
        import peers_jax

        jax.config.update("jax_enable_x64", True)
        results.append(peers_jax.batched(problem, draws, peers_jax.compiled(problem, draws)))
    for result in results:
        for ours_, theirs in zip(expected, result, strict=True):
            np.testing.assert_allclose(theirs, ours_, rtol=0, atol=1e-10 * np.abs(ours_).max())
