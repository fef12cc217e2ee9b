"""From scores to orders, ranks and masks: which parameters are frozen or pruned at which level."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check


def by_score(score: ArrayLike) -> NDArray[np.intp]:
    """``eq:order``: the order J = argsort of the scores, the smallest first, ties by index.

    The paper's score is diag C, the variance of each component of the stochastic gradient: the parameter
    whose gradient varies least is frozen first (Grabovoy, Bakhteev, Strijov 2020).

    Parameters
    ----------
    score : (..., p), infinities allowed

    Returns
    -------
    (..., p) permutations of 0 ... p-1; ``order[..., 0]`` leaves first

    Raises
    ------
    ValueError
        If a score is NaN: it has no place in an order.
    """
    score = np.asarray(score)
    check(score.ndim > 0, "score", score, "an array (..., p)")
    bad = np.argwhere(np.isnan(score))
    if len(bad):
        check(False, f"score[{', '.join(map(str, bad[0]))}]", np.nan, "a number that can be ordered")
    return np.argsort(score, axis=-1, kind="stable")


def rank_of(order: ArrayLike) -> NDArray[np.intp]:
    """``eq:rank``: the place of each parameter in the order, rank[order[i]] = i + 1.

    The paper's example: diag C = (.3, .2, .25) has the rank (3, 1, 2); its order is (1, 2, 0), counted from
    zero (Grabovoy, Bakhteev, Strijov 2020, section 2.1).

    Parameters
    ----------
    order : (..., p) permutations of 0 ... p-1

    Returns
    -------
    (..., p) permutations of 1 ... p

    Raises
    ------
    ValueError
        If the order is not a permutation along its last axis.
    """
    order = np.asarray(order)
    check(order.ndim > 0, "order", order, "an array (..., p)")
    check(np.issubdtype(order.dtype, np.integer), "order.dtype", order.dtype, "whole numbers")
    p = order.shape[-1]
    expected = f"a permutation of 0 ... {p - 1} along the last axis"
    outside = order[(order < 0) | (order >= p)]
    if outside.size:
        check(False, "order", f"[... {outside[0]} ...]", expected)
    rank = np.zeros(order.shape, np.intp)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(1, p + 1), order.shape), -1)
    absent = np.argwhere(rank == 0)
    if len(absent):
        check(False, "order", f"one without {absent[0][-1]}", expected)
    return rank


def n_frozen(level: ArrayLike, n_params: int, argument: str = "level") -> NDArray[np.intp]:
    """How many of p parameters the level stands for: k = round(level p), halves to even as Python rounds.

    Level 0 gives 0 and level 1 gives p.

    Parameters
    ----------
    level : shares in [0, 1], any shape
    n_params : p
    argument : what an error calls the level

    Returns
    -------
    k of the shape of ``level``
    """
    level = np.asarray(level, dtype=float)
    outside = level[~((level >= 0) & (level <= 1))]
    if outside.size:
        check(False, argument, outside[0], "shares from 0 to 1")
    return np.rint(level * n_params).astype(np.intp)


def freeze_mask(order: ArrayLike, level: ArrayLike | None = None, *, k: ArrayLike | None = None) -> NDArray[np.bool_]:
    """``eq:freeze-mask``: alpha_i(k) = 0 if rank_i <= k, else 1: the first k of the order are frozen.

    Grabovoy, Bakhteev, Strijov 2020, (2.7). The paper prints the opposite case there, but multiplies the
    step by alpha in (2.8), freezes the smallest variance first in its text, and its figures fall from 1.

    Parameters
    ----------
    order : (..., p) permutations of 0 ... p-1
    level : share of the parameters that is frozen, a number or (levels,)
    k : number of parameters that are frozen, a number or (levels,); either this or ``level``

    Returns
    -------
    (..., p) for one level, (..., levels, p) for an array of them; true = still optimised, false = frozen.
    The masks are nested: what is frozen at one level is frozen at every higher one.
    """
    rank = rank_of(order)
    p = rank.shape[-1]
    check((level is None) != (k is None), "level, k", (level, k), "exactly one of the two")
    if level is not None:
        k = n_frozen(level, p)
    k = np.asarray(k)
    whole = np.issubdtype(k.dtype, np.integer) and bool(np.all((k >= 0) & (k <= p)))
    check(whole, "k", k, f"whole numbers from 0 to {p}")
    check(k.ndim <= 1, "level.shape" if level is not None else "k.shape", k.shape, "() or (levels,)")
    return rank > k if k.ndim == 0 else rank[..., None, :] > k[:, None]


def prune_mask(order: ArrayLike, level: ArrayLike | None = None, *, k: ArrayLike | None = None) -> NDArray[np.bool_]:
    """beta(k) by the rule of :func:`freeze_mask`: true = in the network, false = pruned, the order's first k.

    Parameters
    ----------
    order : (..., p) permutations of 0 ... p-1
    level : share of the parameters that is pruned, a number or (levels,)
    k : number of parameters that are pruned, a number or (levels,); either this or ``level``

    Returns
    -------
    (..., p) for one level, (..., levels, p) for an array of them
    """
    return freeze_mask(order, level, k=k)


def alpha_hat(alpha: ArrayLike) -> NDArray[np.float64]:
    """``eq:alpha-hat``: alpha_hat(k) = 1/r sum_i alpha^i(k), the share of runs that optimise a parameter.

    Grabovoy, Bakhteev, Strijov 2020, section 3: what its panels of alpha_hat show.

    Parameters
    ----------
    alpha : (r, ..., p), the runs on the first axis

    Returns
    -------
    (..., p)
    """
    alpha = np.asarray(alpha)
    check(alpha.ndim >= 2 and len(alpha) > 0, "alpha.shape", alpha.shape, "(runs, ..., p)")
    return alpha.mean(axis=0, dtype=float)


def only_live(array: ArrayLike, live: ArrayLike | None) -> NDArray:
    """Return the columns (..., n_live) of an array (..., p) that belong to live parameters.

    A parameter is live if its gradient varies: the weights of MNIST's 67 always-black pixels never get a
    gradient, tie at variance 0, and would count as perfect agreement between runs.

    Parameters
    ----------
    array : (..., p)
    live : (p,) of booleans, or None
    """
    array = np.asarray(array)
    if live is None:
        return array
    live = np.asarray(live)
    check(live.dtype == bool, "live.dtype", live.dtype, "booleans")
    check(live.shape == array.shape[-1:], "live.shape", live.shape, f"{array.shape[-1:]}")
    check(bool(live.any()), "live", "all false", "at least one live parameter")
    return array[..., live]


def live_order(order: ArrayLike, live: ArrayLike | None) -> NDArray[np.intp]:
    """Return the order among the live parameters alone, numbered 0 ... n_live-1 in their original sequence.

    Masks made from it freeze a share of the live parameters, the same number of them in every run.

    Parameters
    ----------
    order : (..., p) permutations of 0 ... p-1
    live : (p,) of booleans, or None for all

    Returns
    -------
    (..., n_live) permutations of 0 ... n_live-1
    """
    if live is None:
        return np.asarray(order)
    return by_score(only_live(rank_of(order), live))
