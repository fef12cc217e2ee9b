"""Parts on a Dask cluster, and workers that are killed."""

import os
import signal
import time
from collections import Counter

import numpy as np
import pytest
from noted_parts import calls, contents, fail_at_2, parts, results, until

from minimal_order.runs import cluster as cluster_module
from minimal_order.runs.parallel import run_parts
from minimal_order.runs.part import Part
from minimal_order.runs.store import ResultsError, Store
from minimal_order.runs.versions import versions


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
