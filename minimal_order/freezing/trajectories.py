"""What the path of the parameters tells: when each of them has converged."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check


def convergence_time(path: ArrayLike, times: ArrayLike, band: float = 0.1) -> NDArray:
    """First time after which a parameter stays within a band of its end value.

    The band of a parameter is ``band`` times the furthest it ever was from its end value; one that never
    moved has converged at the first time.

    Parameters
    ----------
    path : the parameters at those times, (n_times, ..., p)
    times : (n_times,), increasing
    band : in (0, 1)

    Returns
    -------
    (..., p), each an entry of ``times``
    """
    path, times = np.asarray(path), np.asarray(times)
    check(0 < band < 1, "band", band, "a number in (0, 1)")
    check(times.shape == path.shape[:1], "times.shape", times.shape, f"{path.shape[:1]}, one a row of path")
    away = np.abs(path - path[-1])
    outside = ~(away <= band * away.max(axis=0))  # a path that ends in NaN is outside until its end
    last_outside = len(times) - 1 - outside[::-1].argmax(axis=0)
    return np.where(outside.any(axis=0), times[np.minimum(last_outside + 1, len(times) - 1)], times[0])
