import os
from pathlib import Path

import numpy as np
import pytest
from small import small_dataset

from minimal_order.experiments import sharing
from minimal_order.experiments.sharing import ARRAYS, FOLDER, shared, shared_folder


def reader(task="multiclass"):
    """A function that reads a data set, and the list of its calls."""
    calls = []

    def read():
        calls.append(task)
        return small_dataset(task)

    return read, calls


def test_a_large_set_is_read_once_and_mapped_after_that(monkeypatch):
    monkeypatch.setattr(sharing, "LARGE", 1)
    read, calls = reader()
    with shared_folder():
        first, second = shared(read, ("a", 1)), shared(read, ("a", 1))
        assert calls == ["multiclass"]
        for name in ARRAYS:
            for data in (first, second):
                array = getattr(data, name)
                np.testing.assert_array_equal(array, getattr(small_dataset("multiclass"), name))
                assert array.dtype == getattr(small_dataset("multiclass"), name).dtype
        assert isinstance(second.X_train.base, np.memmap) and not second.X_train.flags.writeable
        shared(read, ("a", 2))
        assert len(calls) == 2
    assert FOLDER not in os.environ


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_others_are_read_as_ever(task):
    read, calls = reader(task)
    shared(read, ("a",))
    with shared_folder():
        folder = Path(os.environ[FOLDER])
        shared(read, ("a",)), shared(read, ("a",))
        assert len(calls) == 3 and not list(folder.iterdir())
    assert not folder.exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc to know which processes live")
def test_what_a_killed_run_left_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(sharing.tempfile, "gettempdir", lambda: str(tmp_path))
    dead, alive = tmp_path / f"{sharing.PREFIX}999999999-x", tmp_path / f"{sharing.PREFIX}{os.getpid()}-y"
    dead.mkdir()
    alive.mkdir()
    with shared_folder():
        assert not dead.exists() and alive.exists()
