import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import minimal_order
from minimal_order.runs import cluster as cluster_module
from minimal_order.runs.parallel import count_jobs, run_groups, run_parts
from minimal_order.runs.part import Part, single_thread
from minimal_order.runs.store import ResultsError, ResultsWarning, Store
from minimal_order.runs.versions import versions

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
        with single_thread():
            inside.append(1)
            time.sleep(0.02)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=block) for _ in range(4)]
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


SCRIPT = """
import sys
from minimal_order.runs.parallel import run_parts
from minimal_order.runs.store import Store
from test_parallel import parts

out, log, jobs, seconds = sys.argv[1:]
for i, _ in run_parts(parts(Store.open(out, {"seed": 0}), log, 8, seconds=float(seconds)), int(jobs)):
    print(i, flush=True)
"""


def start(out, log, jobs, seconds):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(out), str(log), str(jobs), str(seconds)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore Ctrl-C
    )


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def ended(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{process}/stat").exists() and ") Z " in Path(f"/proc/{process}/stat").read_text()


@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_at_any_moment_and_started_again(tmp_path, jobs):
    rng, out, log = random.Random(jobs), tmp_path / "out", tmp_path / "log"
    for _ in range(3):
        finished = {path.stem for path in out.glob("parts/[!.]*.npz")}
        before = len(calls(log))
        process = start(out, log, jobs, 0.15)
        until(lambda: len(calls(log)) > before or process.poll() is not None)  # noqa: B023
        time.sleep(rng.uniform(0, 0.35))
        process.kill()
        process.wait()
        process.stdout.close()
        until(lambda: all(ended(worker) for _, worker in calls(log)), 5)  # workers end with their parent
        assert not finished & {name for name, _ in calls(log)[before:]}
    finished = {path.stem for path in out.glob("parts/[!.]*.npz")}
    assert finished, "the kills should have let some parts through"
    before = len(calls(log))
    output, _ = start(out, log, jobs, 0).communicate(timeout=60)
    assert sorted(output.split()) == [str(i) for i in range(8)]
    assert sorted(name for name, _ in calls(log)[before:]) == sorted({f"p-{i}" for i in range(8)} - finished)
    straight = Store.open(tmp_path / "straight", {"seed": 0})
    for _ in run_parts(parts(straight, tmp_path / "other", 8), jobs=1, progress=False):
        pass
    assert contents(out) == contents(straight.folder)


@pytest.mark.parametrize("jobs", [1, 2])
def test_interrupt_ends_the_workers_at_once_and_leaves_finished_parts(tmp_path, jobs):
    out, log = tmp_path / "out", tmp_path / "log"
    process = start(out, log, jobs, 0.5)
    assert process.stdout.readline()
    until(lambda: len(calls(log)) > len(list(out.glob("parts/[!.]*.npz"))))
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C in a terminal does
    process.communicate(timeout=20)
    assert process.returncode != 0
    until(lambda: all(ended(worker) for _, worker in calls(log)), 5)
    assert time.monotonic() - began < 10
    assert 1 <= len(list(out.glob("parts/[!.]*.npz"))) < 8


@pytest.mark.filterwarnings("ignore:.*tasks:UserWarning")  # joblib's, of the parts left
def test_reader_that_stops_early_stops_the_workers(tmp_path):
    log = tmp_path / "log"
    generator = run_parts(parts(None, log, 12, seconds=0.3), jobs=2, progress=False)
    next(generator)
    began = time.monotonic()
    generator.close()
    assert time.monotonic() - began < 10
    done = len(calls(log))
    time.sleep(0.7)
    assert len(calls(log)) == done < 8


# --- a Dask cluster


@pytest.fixture
def cluster(tmp_path):
    """Start a scheduler and two worker processes as the README says; yield its address and the processes."""
    pytest.importorskip("distributed")
    file, processes = tmp_path / "scheduler.json", []

    def dask(*arguments):
        command = [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(file), "--no-dashboard"]
        processes.append(
            subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )

    try:
        dask("scheduler", "--host", "127.0.0.1", "--port", "0")
        until(file.exists)
        for _ in range(2):
            # Without a nanny, which would start a killed worker again.
            dask("worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path))
        yield json.loads(file.read_text())["address"], processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_cluster_gives_the_same_bytes_though_a_worker_is_killed(tmp_path, cluster):
    address, workers = cluster
    log, lonely = tmp_path / "log", Store.open(tmp_path / "one", {"seed": 0})
    expected = results(run_parts(parts(lonely, os.devnull, 10), jobs=1, progress=False))
    store = Store.open(tmp_path / "many", {"seed": 0})
    found, generator = [], run_parts(parts(store, log, 10, seconds=0.4), scheduler=address, progress=False)
    for result in generator:
        found.append(result)
        assert len(contents(store.folder)) >= 1 + len(found)  # stored before it is handed on
        if len(found) == 2:
            until(lambda: {worker for _, worker in calls(log)} == {worker.pid for worker in workers})
            time.sleep(0.1)
            workers[0].kill()
    assert results(found) == expected
    assert contents(store.folder) == contents(lonely.folder)
    runs = Counter(name for name, _ in calls(log))
    assert len(runs) == 10
    assert sum(runs.values()) > 10, "the worker should have been killed while it had a part"


def test_cluster_names_the_part_that_raised_drops_the_rest_and_refuses_other_versions(tmp_path, cluster, monkeypatch):
    address, _ = cluster
    bad = [part._replace(function=fail_at_2, arguments=part.arguments[:3]) for part in parts(None, os.devnull)]
    with pytest.raises(FloatingPointError, match=r"loss is not finite\nin part p-2"):
        list(run_parts(bad, scheduler=address, progress=False))
    log = tmp_path / "log"
    generator = run_parts(parts(None, log, 12, seconds=0.3), scheduler=address, progress=False)
    next(generator)
    generator.close()
    time.sleep(0.5)
    assert len(calls(log)) < 8, "the cluster should have dropped the parts nobody waits for"
    monkeypatch.setattr(cluster_module, "versions", lambda: {**versions(), "numpy": "1.26"})
    with pytest.raises(ResultsError, match=rf"other versions \(numpy: {np.__version__} for 1.26\)"):
        list(run_parts(parts(None, os.devnull), scheduler=address, progress=False))


def kill_worker(name):
    os.kill(os.getpid(), signal.SIGKILL)


def test_part_that_kills_every_worker_is_an_error_with_its_name():
    distributed = pytest.importorskip("distributed")
    dask = pytest.importorskip("dask")
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        pytest.raises(distributed.KilledWorker, match="in part deadly"),
    ):
        list(run_parts([Part("deadly", kill_worker, ("",))], scheduler=cluster.scheduler_address, progress=False))


@pytest.mark.parametrize("scheduler", ["nonsense", "", "tcp://", "10.0.0.1", "http://10.0.0.1:8786"])
def test_scheduler_that_is_no_address_is_refused_at_once(scheduler):
    with pytest.raises(ValueError, match=f"scheduler = {scheduler}: expected an address such as"):
        run_parts([], scheduler=scheduler)


def test_scheduler_that_does_not_answer(monkeypatch):
    distributed = pytest.importorskip("distributed")
    client = distributed.Client
    monkeypatch.setattr(distributed, "Client", lambda *a, timeout, **k: client(*a, timeout=0.5, **k))
    with pytest.raises(ValueError, match=r"scheduler = tcp://127.0.0.1:9: expected a Dask scheduler at this address"):
        list(run_parts(parts(None, os.devnull), scheduler="tcp://127.0.0.1:9", progress=False))
