"""Large data sets: one memory-mapped copy for all processes of a run on one machine."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..data.dataset import Dataset
from ..runs.files import write_atomic

FOLDER = "MINIMAL_ORDER_SHARED"
"""Environment variable that names the folder of the copies; worker processes inherit it."""

PREFIX = "minimal_order-shared-"
LARGE = 2**26
"""Bytes of X_train from which on a copy is worth its file."""

ARRAYS = ("X_train", "y_train", "X_test", "y_test")


@contextmanager
def shared_folder() -> Iterator[None]:
    """Have a folder for the copies while the block runs; those of runs that were killed are removed."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        if Path("/proc/self").exists() and not Path("/proc", owner).exists():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


def shared(read: Callable[[], Dataset], key: tuple) -> Dataset:
    """Read a data set, or map the copy of it that is there; a large one with classes leaves a copy for the others."""
    folder = Path(os.environ.get(FOLDER, ""))
    if FOLDER not in os.environ or not folder.is_dir():
        return read()
    copy = folder / hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    if not (copy / "complete").exists():
        data = read()
        if data.task != "multiclass" or data.X_train.nbytes < LARGE:
            return data
        copy.mkdir(exist_ok=True)
        for name in ARRAYS:
            own = copy / f"{name}-{os.getpid()}"  # two processes may write at the same time
            with open(own, "wb") as file:
                np.save(file, getattr(data, name), allow_pickle=False)
            os.replace(own, copy / f"{name}.npy")
        write_atomic(copy / "complete", f"{data.name}\n{data.n_classes}\n")
        del data
    name, n_classes = (copy / "complete").read_text("utf-8").split("\n")[:2]
    mapped = {array: np.asarray(np.load(copy / f"{array}.npy", mmap_mode="r")) for array in ARRAYS}
    return Dataset(name, "multiclass", **mapped, n_classes=int(n_classes))
