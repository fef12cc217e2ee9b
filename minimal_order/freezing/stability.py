"""How far independent runs agree on which parameters to freeze, and how sure one can be of that."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check
from ..estimates import Estimate, leave_one_out_interval
from .masks import alpha_hat, only_live, rank_of


def stability(alpha: ArrayLike, live: ArrayLike | None = None) -> NDArray[np.float64]:
    """``eq:stability``: s(k) = Var_j(alpha_hat_j(k)) / (f (1 - f)), f = mean_j alpha_hat_j(k), ddof 0.

    1 if all runs freeze the same parameters, about 1/r if they choose at random: when every run freezes
    equally many, s = 1/r + (1 - 1/r) rho_bar exactly, rho_bar the mean over pairs of
    :func:`mask_correlation`. Report rho_bar, whose chance value is 0 for any number of runs. The seed names
    alpha_hat "stable" from its pictures (Grabovoy, Bakhteev, Strijov 2020, figures 2, 4, 6); s measures that.

    Among live parameters runs may freeze unequal shares 1 - f_i. The formula is kept, with f the mean of
    the f_i: s f (1 - f) = 1/r^2 sum_il rho_il sqrt(f_i (1 - f_i) f_l (1 - f_l)), which is the identity
    above only for equal f_i. Masks of :func:`~minimal_order.freezing.masks.live_order` have equal ones.

    Parameters
    ----------
    alpha : (r, ..., p) masks of r runs
    live : (p,) of booleans, the parameters to look at; None for all

    Returns
    -------
    (...), NaN where s is undefined: all or none of the parameters frozen, f = 0 or 1
    """
    mean = alpha_hat(only_live(alpha, live))
    f = mean.mean(axis=-1)
    return _divide(mean.var(axis=-1), f * (1 - f))


def mask_correlation(alpha: ArrayLike, live: ArrayLike | None = None) -> NDArray[np.float64]:
    """Pearson's correlation, over the parameters, of the masks of each two runs.

    Every run with its own share of optimised parameters f_i, also where these differ among the live ones.

    Parameters
    ----------
    alpha : (r, ..., p) masks of r runs
    live : (p,) of booleans, the parameters to look at; None for all

    Returns
    -------
    (..., r, r), symmetric; NaN where a run freezes all or none, which leaves its correlation undefined
    """
    alpha = np.moveaxis(only_live(alpha, live), 0, -2)  # (..., r, p)
    p = alpha.shape[-1]
    ones = alpha.astype(np.float32 if p < 2**24 else float)  # counts up to 2^24 are exact in float32
    both = (ones @ np.swapaxes(ones, -1, -2)).astype(float) / p
    f = np.diagonal(both, axis1=-2, axis2=-1)
    std = np.sqrt(f * (1 - f))
    return _divide(both - f[..., :, None] * f[..., None, :], std[..., :, None] * std[..., None, :])


def _divide(a: NDArray, b: NDArray) -> NDArray[np.float64]:
    """Return a / b, and NaN where b is 0."""
    return np.divide(a, b, out=np.full(np.shape(b), np.nan), where=b != 0)


def spearman(rank: ArrayLike, live: ArrayLike | None = None) -> NDArray[np.float64]:
    """Spearman's rho of each two runs: Pearson's correlation of their ranks.

    Parameters
    ----------
    rank : (..., r, p) permutations of 1 ... p
    live : (p,) of booleans; the live parameters are ranked anew among themselves. None for all

    Returns
    -------
    (..., r, r)
    """
    order = _order_of(rank, live)
    p = order.shape[-1]
    centred = rank_of(order) - (p + 1) / 2
    return centred @ np.swapaxes(centred, -1, -2) / (p * (p * p - 1) / 12)


def kendall(rank: ArrayLike, live: ArrayLike | None = None) -> NDArray[np.float64]:
    """Kendall's tau of each two runs.

    tau = 1 - 4 d / (p (p - 1)), d the number of pairs of parameters that the two runs put in opposite orders:
    the inversions left in one run's ranks when the parameters are put in the other's order. The inversions
    of a run against all the rest are counted at once, in O(r p log p).

    Parameters
    ----------
    rank : (..., r, p) permutations of 1 ... p
    live : (p,) of booleans; the live parameters are ranked anew among themselves. None for all

    Returns
    -------
    (..., r, r)
    """
    order = _order_of(rank, live)
    *lead, r, p = order.shape
    size = 1 << (p - 1).bit_length()
    # The same last places for all: no new inversion, and every block below has a power of two of elements.
    order = np.concatenate([order, np.broadcast_to(np.arange(p, size), (*lead, r, size - p))], axis=-1)
    place = (rank_of(order) - 1).astype(np.int16 if size <= 2**15 else np.int32)
    tau = np.zeros((*lead, r, r)) + np.eye(r)
    for i in range(r - 1):
        sequences = np.take_along_axis(place[..., i + 1 :, :], order[..., i : i + 1, :], axis=-1)
        tau[..., i, i + 1 :] = tau[..., i + 1 :, i] = 1 - _inversions(sequences) * (4 / (p * (p - 1)))
    return tau


def _order_of(rank: ArrayLike, live: ArrayLike | None) -> NDArray[np.intp]:
    """Find the orders (..., r, n_live) whose ranks these are, among the live parameters."""
    rank = np.asarray(rank)
    check(rank.ndim >= 2, "rank.shape", rank.shape, "(..., runs, p)")
    order = rank_of(rank - 1) - 1  # the inverse of a permutation and, on the way, the check that it is one
    if live is not None:
        order = np.argsort(only_live(rank, live), axis=-1)
    check(order.shape[-1] >= 2, "number of parameters", order.shape[-1], "at least 2 to compare")
    return order


def _inversions(s: NDArray) -> NDArray[np.int64]:
    """How many pairs of each permutation of 0 ... n-1 stand in the wrong order; s (..., n), n a power of two.

    A radix sort from the highest bit down. Invariant: each block of ``size`` holds the values that agree in
    the bits above, in their original sequence. An inversion is first seen at the highest bit in which its
    two values differ, as a one before a zero in their block; exactly half the block are zeros, so the ones
    before them number the sum of the zeros' positions less 0 + 1 + ... + (half - 1).
    """
    *lead, n = s.shape
    total, size = np.zeros(lead, np.int64), n
    while size > 1:
        half = size // 2
        high, flat = (s & half) != 0, s.ravel()
        zeros, ones = np.flatnonzero(~high), np.flatnonzero(high)  # 4 times faster than indexing by booleans
        positions = (zeros & (size - 1)).reshape(*lead, n // 2)
        total += positions.sum(axis=-1) - n // size * (half * (half - 1) // 2)
        blocks = [flat[places].reshape(*lead, n // size, 1, half) for places in (zeros, ones)]
        s, size = np.concatenate(blocks, axis=-2).reshape(*lead, n), half
    return total


def pair_mean(matrix: ArrayLike) -> NDArray[np.float64]:
    """Mean over pairs of different runs of a symmetric matrix (..., r, r); NaN where a pair is undefined."""
    return _row_sums(matrix).mean(axis=-1) / (np.shape(matrix)[-1] - 1)


def _row_sums(matrix: ArrayLike) -> NDArray[np.float64]:
    """Sum over the other runs for each run, (..., r)."""
    matrix = np.asarray(matrix, dtype=float)
    square = matrix.ndim >= 2 and matrix.shape[-1] == matrix.shape[-2] >= 2
    check(square, "matrix.shape", matrix.shape, "(..., runs, runs), at least two runs")
    return matrix.sum(axis=-1) - np.diagonal(matrix, axis1=-2, axis2=-1)


def jackknife_interval(matrix: ArrayLike, confidence: float = 0.95) -> Estimate:
    """Interval for the mean over pairs of runs of a pairwise statistic: drop one run at a time.

    The pairs are not independent, the runs are: each goes with all its pairs. For random orders the mean
    over pairs is a degenerate U-statistic: run by run it has no first-order part, the pairs are
    uncorrelated, and its variance is 2 v / (r (r - 1)), v that of a pair, while the jackknife's estimate
    tends to twice that (Efron and Stein 1981: never too small on average). So its 95 % interval covers
    chance in about 99 % of experiments: it is conservative where a verdict of stability would be false, and
    close to nominal when orders are stable.

    Parameters
    ----------
    matrix : (..., r, r) symmetric, r >= 3; the diagonal is not looked at
    confidence : the coverage aimed at

    Returns
    -------
    Estimate of shape (...)
    """
    row_sums = _row_sums(matrix)
    r = row_sums.shape[-1]
    check(r >= 3, "number of runs", r, "at least 3 for a jackknife interval")
    without = (row_sums.sum(axis=-1, keepdims=True) - 2 * row_sums) / ((r - 1) * (r - 2))
    return leave_one_out_interval(pair_mean(matrix), np.moveaxis(without, -1, 0), confidence)


def bootstrap_interval(
    matrix: ArrayLike, rng: np.random.Generator, confidence: float = 0.95, n_resamples: int = 2000
) -> Estimate:
    """Percentile interval for the same mean from runs drawn anew, pairs of a run with itself dropped.

    Kept, those pairs of perfect agreement make up about 1/r of a resample, which shows random orders as
    stable.

    Parameters
    ----------
    matrix : (..., r, r) symmetric, r >= 3; the diagonal is not looked at
    rng : random generator
    confidence : the coverage aimed at
    n_resamples : number of resamples

    Returns
    -------
    Estimate of shape (...)
    """
    value = pair_mean(matrix)
    matrix = np.asarray(matrix, dtype=float)
    r = matrix.shape[-1]
    check(r >= 3, "number of runs", r, "at least 3 for a bootstrap interval")
    check(0 < confidence < 1, "confidence", confidence, "a number between 0 and 1")
    times = rng.multinomial(r, np.full(r, 1 / r), size=n_resamples)
    times = times[np.count_nonzero(times, axis=-1) > 1]  # one run alone has no pairs
    different = np.where(np.eye(r, dtype=bool), 0.0, matrix)
    sums = np.sum((times @ different) * times, axis=-1)  # (..., resamples)
    means = sums / (r * r - np.sum(times * times, axis=-1))
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2], axis=-1)
    return Estimate(value, low, high)
