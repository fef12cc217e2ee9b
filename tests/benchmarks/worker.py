"""One process of one contender: ``worker.py CONTENDER PROBLEM FIRST LAST T0 T1 CORE`` prints its seconds."""

import json
import os
import sys
import time


def main(contender: str, problem_name: str, first: int, last: int, t0: int, t1: int) -> dict[str, float]:
    """Get ready and sweep runs first ... last - 1; seconds of compiling and of the sweep; mean test loss."""
    seconds = {}
    from sweep import draw, make_problem

    runs = range(first, last)
    if contender == "minimal_order":
        import ours

        problem = make_problem(problem_name)
        ours.sweep(problem, runs[:1], 2, 2)
        ready, cpu = time.perf_counter(), time.process_time()
        result = ours.sweep(problem, runs, t0, t1)
    elif contender == "jax":
        import peers_jax

        problem = make_problem(problem_name)
        draws = draw(problem, runs, t0, t1)
        compiling = time.perf_counter()
        phases = peers_jax.compiled(problem, draws)
        ready, cpu = time.perf_counter(), time.process_time()
        seconds["compile"] = ready - compiling
        result = peers_jax.batched(problem, draws, phases)
    else:
        import peers_torch
        import torch

        if "OMP_NUM_THREADS" in os.environ:
            torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        problem = make_problem(problem_name)
        draws = draw(problem, runs, t0, t1)
        sweep = {"torch one by one": peers_torch.one_by_one, "torch batched": peers_torch.batched}[contender]
        sweep(problem, draw(problem, runs[:1], 2, 2))
        ready, cpu = time.perf_counter(), time.process_time()
        result = sweep(problem, draws)
    seconds |= {"sweep": time.perf_counter() - ready, "cpu": time.process_time() - cpu}
    return seconds | {"test": float(result.test.mean())}


if __name__ == "__main__":
    *names, first, last, t0, t1, core = sys.argv[1:]
    if core != "any":
        os.sched_setaffinity(0, {int(core)})
    print(json.dumps(main(*names, int(first), int(last), int(t0), int(t1))))
