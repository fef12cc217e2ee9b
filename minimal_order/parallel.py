"""Parts of experiments, run in this process, in several, or on a Dask cluster, always with the same bits.

A part is a fixed group of runs: a pure function of its arguments. Which part runs where, beside what and
after which interruption is chance. For results not to depend on it, no part knows of another, BLAS has one
thread everywhere (sums over two threads round differently), and a group's results come in its parts' order.
"""

import contextlib
import os
import re
import socket
import threading
import time
import warnings
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import check
from .results import ResultsError, Store, versions

Arrays = dict[str, NDArray]
Key = TypeVar("Key", bound=Hashable)

ADDRESS = re.compile(r"((tcp|tls|ws|wss|ucx)://)?[^/]+:[0-9]+|inproc://.+")
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


def run_groups(
    groups: Mapping[Key, Sequence[Part]],
    jobs: int | None = 1,
    scheduler: str | None = None,
    progress: bool = True,
    description: str = "parts",
) -> Generator[tuple[Key, list[Arrays]]]:
    """Run the parts of several groups in one queue and yield each group as soon as its last part is there.

    While the reader draws one group's figures the workers are busy with the next, and no worker waits for
    another at the end of a group. Groups start in the order given; parameters as in ``run_parts``.

    Yields
    ------
    key, results
        The group's key and its parts' results in the order of its parts, whatever the order they came in.
    """
    place = [(key, number) for key, parts in groups.items() for number in range(len(parts))]
    waiting: dict[Key, dict[int, Arrays]] = {key: {} for key in groups}
    all_parts = [part for parts in groups.values() for part in parts]
    finished = run_parts(all_parts, jobs, scheduler, progress, description)

    def complete() -> Generator[tuple[Key, list[Arrays]]]:
        yield from ((key, []) for key, parts in groups.items() if not parts)
        with contextlib.closing(finished):
            for index, result in finished:
                key, number = place[index]
                waiting[key][number] = result
                if len(waiting[key]) == len(groups[key]):
                    results = waiting.pop(key)
                    yield key, [results.pop(number) for number in sorted(results)]

    return complete()


def run_parts(
    parts: Iterable[Part],
    jobs: int | None = 1,
    scheduler: str | None = None,
    progress: bool = True,
    description: str = "parts",
) -> Generator[tuple[int, Arrays]]:
    """Run the parts that are not stored yet and yield every part's result as soon as it is there.

    Parameters
    ----------
    parts : iterable of Part
        Started in this order.
    jobs : int or None
        Number of processes on this machine; 1 is this process, None or -1 one for each core it may use.
    scheduler : str or None
        Address of a Dask scheduler, for instance ``tcp://10.0.0.1:8786``: the parts run on its workers and
        ``jobs`` has no say. The results have the same bits where the processors are of the same kind.
    progress : bool
        Whether to show a bar with the share of parts done, those of an earlier run included.
    description : str
        What the bar says in front.

    Yields
    ------
    index, arrays
        Index of the part and its result; stored ones first, then in the order in which they finish.

    Raises
    ------
    ValueError
        At once for ``jobs`` that is no number of processes, ``scheduler`` that is no address and two parts of
        one name in one store; before the first part is computed for a scheduler that does not answer or has
        no workers.
    Exception
        What a part raised, with a note that names the part. Finished parts stay stored.
    """
    parts = list(parts)
    n_jobs = count_jobs(jobs)
    if scheduler is not None:
        known = ADDRESS.fullmatch(scheduler) is not None
        check(known, "scheduler", scheduler, "an address such as tcp://10.0.0.1:8786")
    seen = set()
    for part in parts:
        if part.store is not None:
            check((part.store, part.name) not in seen, "parts", part.name, "a name that no other part has")
            seen.add((part.store, part.name))
    return _run(parts, n_jobs, scheduler, progress, description)


def count_jobs(jobs: int | None) -> int:
    """Return the number of processes; None and -1 stand for the cores that this process may use."""
    if jobs is None or jobs == -1:
        from joblib import cpu_count

        return int(cpu_count())  # knows of CPU affinity and container limits
    check(isinstance(jobs, int | np.integer) and jobs >= 1, "jobs", jobs, "at least 1, or -1 for every core")
    return int(jobs)


@contextlib.contextmanager
def single_thread() -> Iterator[None]:
    """Hold BLAS and OpenMP of this process to one thread, those loaded in the block included."""
    from threadpoolctl import threadpool_limits

    with _ONE_PART_A_PROCESS:
        before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
        # threadpoolctl knows the libraries that are loaded; one that a part loads (SciPy brings its own
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


def _run(
    parts: list[Part], n_jobs: int, scheduler: str | None, progress: bool, description: str
) -> Generator[tuple[int, Arrays]]:
    from tqdm import tqdm

    stored = [i for i, part in enumerate(parts) if part.store and part.store.load(part.name) is not None]
    missing = dict(enumerate(parts))
    for i in stored:
        del missing[i]
    with contextlib.ExitStack() as stack:
        # Workers start here, before the reader is handed the first stored part and draws from it.
        if scheduler is None or not missing:
            computed = _on_this_machine(missing, n_jobs)
        else:
            computed = _on_cluster(missing, stack.enter_context(_connect(scheduler)))
        stack.enter_context(contextlib.closing(computed))
        bar = tqdm(total=len(parts), initial=len(stored), desc=description, unit="part", disable=not progress)
        stack.enter_context(bar)
        for i in stored:
            yield i, _load(parts[i])
        for i, result in computed:
            bar.update()
            yield i, _load(parts[i]) if result is None else result


def _load(part: Part) -> Arrays:
    """Return a part's result as it stands in its store."""
    assert part.store is not None
    result = part.store.load(part.name)
    if result is None:
        raise ResultsError(f"{part.store.folder}: part {part.name} was lost while the run was going on")
    return result


def _compute(part: Part) -> Arrays:
    """Return a part's result; an exception gets a note that names the part."""
    with single_thread():
        try:
            return {name: np.asarray(array) for name, array in part.function(*part.arguments).items()}
        except Exception as error:
            error.add_note(f"in part {part.name}")
            raise


def _on_this_machine(parts: Mapping[int, Part], n_jobs: int) -> Generator[tuple[int, Arrays | None]]:
    """Run the parts here, or in ``n_jobs`` processes; a result that is in its store already comes as None."""
    from joblib import Parallel, delayed

    tasks = (delayed(_compute_and_save)(i, part, os.getpid()) for i, part in parts.items())
    processes = max(1, min(n_jobs, len(parts)))
    # loky takes 300 MB more than after the first part for a leak and starts the process anew, which is harmless;
    # MNIST alone is 220.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given to the executor")
    return Parallel(processes, backend="loky", return_as="generator_unordered", batch_size=1)(tasks)


def _compute_and_save(i: int, part: Part, parent: int) -> tuple[int, Arrays | None]:
    if os.getpid() != parent:
        _end_with(parent)
    result = _compute(part)
    if part.store is None:
        return i, result
    # Stored by the process that computed it: at once, even while the parent draws figures for seconds, and
    # without results that queue up in the parent's memory meanwhile.
    part.store.save(part.name, result)
    return i, None


def _end_with(parent: int) -> None:
    """Let this worker process end once its parent is killed: loky's would work on, then wait five minutes."""
    name = "end with the parent"
    if any(thread.name == name for thread in threading.enumerate()):
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=watch, name=name, daemon=True).start()


def _on_cluster(parts: Mapping[int, Part], client: Any) -> Generator[tuple[int, Arrays | None]]:
    """Run the parts on a Dask cluster; this process stores them, as its folder may not be there.

    Not through joblib's Dask backend: a part whose workers were killed as often as Dask tolerates
    (``distributed.scheduler.allowed-failures``) fails there without a call back, and ``generator_unordered``
    waits for it for ever (joblib 1.6). Dask itself gives the parts of a killed worker to the others.
    """
    from distributed import as_completed

    run = os.urandom(8).hex()  # keys never seen: for a known one the scheduler would repeat an old error
    futures = {
        client.submit(
            _compute_on_worker,
            part._replace(store=None),
            versions(),
            key=(f"part-{run}", i),
            priority=-i,
            pure=False,
        ): i
        for i, part in parts.items()
    }

    def collect() -> Generator[tuple[int, Arrays | None]]:
        for future in as_completed(list(futures), loop=client.loop):
            i = futures.pop(future)
            try:
                result = future.result()
            except Exception as error:
                note = f"in part {parts[i].name}"
                if note not in getattr(error, "__notes__", ()):
                    error.add_note(note)
                raise
            future.release()
            store = parts[i].store
            if store is None:
                yield i, result
            else:
                store.save(parts[i].name, result)
                yield i, None

    return collect()


def check_scheduler(scheduler: str) -> None:
    """Refuse a scheduler that does not answer or has no workers."""
    _connect(scheduler).close()


def _connect(scheduler: str) -> Any:
    """Return a client of the Dask cluster at this address, once it has a worker."""
    try:
        from distributed import Client
    except ImportError:
        raise ValueError(f"scheduler = {scheduler}: expected minimal-order[distributed] installed") from None
    try:
        client = Client(scheduler, timeout=10, set_as_default=False)
    except OSError as error:
        raise ValueError(f"scheduler = {scheduler}: expected a Dask scheduler at this address") from error
    try:
        client.wait_for_workers(1, timeout=30)
    except TimeoutError:
        client.close()
        raise ValueError(f"scheduler = {scheduler}: expected at least one worker within 30 seconds") from None
    if max(client.nthreads().values()) > 1:
        warnings.warn(
            "a Dask worker runs one part at a time, whatever its threads: start workers with --nthreads 1 and"
            " as many --nworkers as there are cores",
            stacklevel=2,
        )
    return client


def _compute_on_worker(part: Part, expected: dict[str, str]) -> Arrays:
    here = versions()
    if here != expected:
        differ = "; ".join(f"{key}: {here[key]} for {expected[key]}" for key in here if here[key] != expected[key])
        raise ResultsError(f"a Dask worker on {socket.gethostname()} has other versions ({differ})")
    return _compute(part)
