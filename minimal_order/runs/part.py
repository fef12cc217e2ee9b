"""A part of an experiment: a pure function of its arguments, computed with BLAS on one thread."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .store import Store

Arrays = dict[str, NDArray]

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

# Neither the number of BLAS threads nor autograd's count of nested traces is kept for each thread apart: two
# parts in two threads of one process (a Dask worker with several threads) could change each other's results.
_ONE_PART_A_PROCESS = threading.RLock()


class Part(NamedTuple):
    """A unit of work: ``function(*arguments)`` returns named arrays and depends on its arguments alone.

    Attributes
    ----------
    name : str
        Name of the part, unique in its store.
    function : callable
        Defined at the top of a module (it travels to other processes); returns a mapping of arrays.
    arguments : tuple
        Small: settings and seeds rather than data.
    store : Store or None
        Where the result is kept; a part that is there already is not computed again.
    """

    name: str
    function: Callable[..., Mapping[str, ArrayLike]]
    arguments: tuple[Any, ...] = ()
    store: Store | None = None


@contextlib.contextmanager
def single_thread() -> Iterator[None]:
    """Hold BLAS and OpenMP of this process to one thread, those loaded in the block included."""
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    # threadpoolctl knows the libraries that are loaded; one that is loaded in the block (SciPy brings its own
    # OpenBLAS) reads these variables.
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def compute(part: Part) -> Arrays:
    """Return a part's result; an exception gets a note that names the part."""
    with _ONE_PART_A_PROCESS, single_thread():
        try:
            return {name: np.asarray(array) for name, array in part.function(*part.arguments).items()}
        except Exception as error:
            error.add_note(f"in part {part.name}")
            raise
