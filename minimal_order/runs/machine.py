"""Parts in this process, or in several on this machine."""

import os
import threading
import time
import warnings
from collections.abc import Generator, Mapping

from .part import Arrays, Part, compute


def on_this_machine(parts: Mapping[int, Part], n_jobs: int) -> Generator[tuple[int, Arrays | None]]:
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
    result = compute(part)
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
