"""Parts on the workers of a Dask cluster."""

import os
import re
import socket
import warnings
from collections.abc import Generator, Mapping
from typing import Any

from .part import Arrays, Part, compute
from .store import ResultsError
from .versions import versions

ADDRESS = re.compile(r"((tcp|tls|ws|wss|ucx)://)?[^/]+:[0-9]+|inproc://.+")


def on_cluster(parts: Mapping[int, Part], client: Any) -> Generator[tuple[int, Arrays | None]]:
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
    connect(scheduler).close()


def connect(scheduler: str) -> Any:
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
    return compute(part)
