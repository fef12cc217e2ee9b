"""Parts of experiments, run in this process, in several, or on a Dask cluster, always with the same bits.

A part is a fixed group of runs: a pure function of its arguments. Which part runs where, beside what and
after which interruption is chance. For results not to depend on it, no part knows of another, BLAS has one
thread everywhere (sums over two threads round differently), and a group's results come in its parts' order.
"""

import contextlib
from collections.abc import Generator, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from ..checks import check
from .cluster import ADDRESS, connect, on_cluster
from .machine import on_this_machine
from .part import Arrays, Part
from .store import ResultsError

Key = TypeVar("Key", bound=Hashable)


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
            computed = on_this_machine(missing, n_jobs)
        else:
            computed = on_cluster(missing, stack.enter_context(connect(scheduler)))
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
