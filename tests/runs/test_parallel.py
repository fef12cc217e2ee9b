"""Parts in one process or in many: the same bytes, one thread each, and errors with their names."""

import json
import os
import subprocess
import sys
import threading
import time
import tracemalloc

import numpy as np
import pytest
from noted_parts import ENVIRONMENT, calls, contents, fail_at_2, parts, results

from minimal_order.runs.parallel import count_jobs, run_groups, run_parts
from minimal_order.runs.part import Part, compute, single_thread
from minimal_order.runs.store import ResultsWarning, Store

# --- the same for any number of jobs


@pytest.mark.parametrize("jobs", [2, None])
def test_any_number_of_jobs_writes_the_same_bytes(tmp_path, jobs):
    one, more = Store.open(tmp_path / "one", {"seed": 0}), Store.open(tmp_path / "more", {"seed": 0})
    here = results(run_parts(parts(one, tmp_path / "log"), jobs=1, progress=False))
    there = results(run_parts(parts(more, tmp_path / "log"), jobs=jobs, progress=False))
    assert here == there
    assert len(here) == 6
    assert contents(one.folder) == contents(more.folder)
    assert len(contents(one.folder)) == 7


def test_results_need_no_store(tmp_path):
    assert results(run_parts(parts(None, tmp_path / "a"), jobs=1, progress=False)) == results(
        run_parts(parts(None, tmp_path / "b"), jobs=2, progress=False)
    )


def test_groups_come_whole_in_the_order_of_their_parts_and_as_early_as_possible(tmp_path):
    log, store = tmp_path / "log", Store.open(tmp_path / "out", {"seed": 0})
    groups = {"none": [], "a": parts(store, log, 3, "a"), "b": parts(store, log, 4, "b")}
    with single_thread():
        expected = {key: [part.function(os.devnull, *part.arguments[1:]) for part in groups[key]] for key in "ab"}
    store.save("a-2", expected["a"][2])  # comes first, being there
    seen = []
    for key, found in run_groups(groups, jobs=1, progress=False):
        seen.append((key, len(calls(log))))
        if found:
            assert [r["w"].tobytes() for r in found] == [r["w"].tobytes() for r in expected[key]]
    assert seen == [("none", 0), ("a", 2), ("b", 6)]


def test_stored_parts_are_not_computed_again_and_damaged_ones_are(tmp_path):
    log, store = tmp_path / "log", Store.open(tmp_path / "out", {"seed": 0})
    first = results(run_parts(parts(store, log), jobs=1, progress=False))
    before = contents(store.folder)
    log.unlink()
    assert results(run_parts(parts(store, log), jobs=2, progress=False)) == first
    assert calls(log) == []
    (store.folder / "parts" / "p-3.npz").write_bytes(before["p-3.npz"][:100])
    with pytest.warns(ResultsWarning, match=r"p-3\.npz is damaged"):
        assert results(run_parts(parts(store, log), jobs=1, progress=False)) == first
    assert [name for name, _ in calls(log)] == ["p-3"]
    assert contents(store.folder) == before


LATE = """
import os, sys
from threadpoolctl import threadpool_info
from minimal_order.runs.parallel import run_parts
from minimal_order.runs.part import Part

def threads():
    import scipy.linalg  # brings its own BLAS
    return {"libraries": [library["num_threads"] for library in threadpool_info()]}

before = {name: value for name, value in os.environ.items() if name.endswith("_THREADS")}
for _, result in run_parts([Part("a", threads), Part("b", threads)], jobs=int(sys.argv[1]), progress=False):
    print(result["libraries"].tolist())
assert {name: value for name, value in os.environ.items() if name.endswith("_THREADS")} == before
"""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_blas_has_one_thread_even_if_it_is_loaded_by_the_part(jobs):
    environment = {k: v for k, v in ENVIRONMENT.items() if not k.endswith("_NUM_THREADS")}
    output = subprocess.run(
        [sys.executable, "-c", LATE, jobs],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    found = [json.loads(line) for line in output.splitlines()]
    assert len(found) == 2
    for threads in found:
        assert len(threads) >= 2
        assert set(threads) == {1}


def test_two_threads_of_one_process_take_turns():
    inside, most = [], []

    def block():
        inside.append(1)
        time.sleep(0.02)
        most.append(len(inside))
        inside.pop()
        return {}

    threads = [threading.Thread(target=compute, args=(Part("one", block),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


def zeros(size):
    return {"a": np.zeros(size, np.int8)}


def test_parent_holds_no_more_than_a_few_results(tmp_path):
    size, store = 4_000_000, Store.open(tmp_path, {"seed": 0})
    many = [Part(f"p-{i}", zeros, (size,), store) for i in range(12)]
    tracemalloc.start()
    try:
        for _, result in run_parts(many, jobs=2, progress=False):
            assert result["a"].nbytes == size
            time.sleep(0.05)  # a slow reader, behind whom results would queue up
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5 * size


# --- bad input and faults


@pytest.mark.parametrize("jobs", [0, -2, 1.5, "two"])
def test_jobs_that_are_no_number_of_processes(jobs):
    with pytest.raises(ValueError, match=f"jobs = {jobs}: expected at least 1, or -1 for every core"):
        run_parts([], jobs=jobs)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no CPU affinity")
def test_every_core_means_every_core_this_process_may_use():
    allowed = os.sched_getaffinity(0)
    assert count_jobs(None) == count_jobs(-1) <= len(allowed)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert count_jobs(-1) == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_two_parts_of_one_name_are_refused_at_once(tmp_path):
    store, other = Store.open(tmp_path / "a", {}), Store.open(tmp_path / "b", {})
    with pytest.raises(ValueError, match="parts = p-0: expected a name that no other part has"):
        run_parts([*parts(store, tmp_path / "log", 2), *parts(store, tmp_path / "log", 1)])
    run_parts([*parts(store, tmp_path / "log", 2), *parts(other, tmp_path / "log", 1)])


@pytest.mark.parametrize("jobs", [1, 2])
def test_error_keeps_its_type_names_its_part_and_leaves_the_finished_ones(tmp_path, jobs):
    store = Store.open(tmp_path / "out", {"seed": 0})
    bad = [part._replace(function=fail_at_2) for part in parts(store, tmp_path / "log")]
    bad = [part._replace(arguments=part.arguments[:3]) for part in bad]
    seen = []
    with pytest.raises(FloatingPointError, match=r"loss is not finite\nin part p-2"):
        for i, _ in run_parts(bad, jobs=jobs, progress=False):
            seen.append(i)
    assert 2 not in seen
    assert {f"p-{i}.npz" for i in seen} <= set(contents(store.folder))
    if jobs == 1:
        assert seen == [0, 1]
