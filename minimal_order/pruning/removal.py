"""Removing weights one after another: how much each is worth, and the loop that removes them.

A criterion says what it knows of the loss around w, what each weight is worth by that, and what becomes of the
others when one leaves. Magnitude, Taylor and Optimal Brain Damage stand here, Optimal Brain Surgeon in
``surgeon.py``; the loop ``remove`` serves all four, for every replica at once.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import check, check_finite, check_whole, is_whole
from ..data.dataset import Dataset
from ..networks.gradients import Objective
from ..networks.models import MLP
from ..training.loop import Rng, descend
from ..training.optim import StepRule

Curvature = Callable[[NDArray], NDArray]
"""A derivative of the loss as a function of w (..., p): the gradient or the Hessian's diagonal (..., p)."""

# --- what a weight is worth -----------------------------------------------------------------------------


def taylor_change(g: NDArray, h: NDArray, w: NDArray) -> NDArray:
    """`eq:taylor` |dL_j| = |-g_j w_j + h_jj w_j^2 / 2|, what setting w_j to 0 changes the loss by.

    Shapes: gradient g, diagonal h of the Hessian and w (..., p) -> (..., p), in units of the loss. This is the
    expansion dL = sum_j g_j dw_j + 1/2 sum_ij h_ij dw_i dw_j with dw_j = -w_j alone. Source: Grabovoy (talk on
    relevance), "optimal pruning"; LeCun, Denker, Solla 1989, (1).
    """
    return np.abs(-g * w + h * w**2 / 2)


def obd_saliency(h: NDArray, w: NDArray) -> NDArray:
    """`eq:obd` s_j = h_jj w_j^2 / 2, `eq:taylor` at a minimum, where the gradient is 0.

    Shapes: diagonal h of the Hessian, w (..., p) -> (..., p), in units of the loss. Exact where the loss is
    quadratic and its Hessian diagonal. Source: LeCun, Denker, Solla 1989; Grabovoy (talk on relevance).
    """
    return h * w**2 / 2


def keep(h: NDArray) -> NDArray:
    """Leave negative curvature as it is: such weights leave first, the larger the sooner. The talk's reading."""
    return h


def clip(h: NDArray) -> NDArray:
    """Take negative curvature for none: such weights tie at saliency 0 and leave first, by index."""
    return np.maximum(h, 0)


def absolute(h: NDArray) -> NDArray:
    """Take negative curvature for as much positive: such weights leave late if they are large."""
    return np.abs(h)


NEGATIVE: dict[str, Curvature] = {"keep": keep, "clip": clip, "absolute": absolute}
"""What to do with h_jj < 0, which a loss may have anywhere but at a minimum."""

# --- criteria -------------------------------------------------------------------------------------------


class Criterion(NamedTuple):
    """A way to choose the weight that leaves next.

    ``look(w, beta)`` gives a state, what is known of the loss at w, beta true (..., p) where a weight is in the
    network; ``saliency(state, w)`` (..., p), the smallest leaves; ``leave(state, w, j)`` the weights and the
    state once weight j (...) has left.
    """

    name: str
    look: Callable[[NDArray, NDArray], Any]
    saliency: Callable[[Any, NDArray], NDArray]
    leave: Callable[[Any, NDArray, NDArray], tuple[NDArray, Any]]

    def __repr__(self) -> str:
        return f"Criterion({self.name})"


def scored(name: str, score: Callable[[NDArray], NDArray]) -> Criterion:
    """Make a criterion of scores (..., p) that stand until the next look; the other weights stay where they are."""
    return Criterion(
        name,
        look=lambda w, beta: score(w),
        saliency=lambda scores, w: scores,
        leave=lambda scores, w, j: (without(w, j), scores),
    )


def by_magnitude() -> Criterion:
    """The smallest |w_j| leaves."""
    return scored("magnitude", np.abs)


def by_taylor(gradient: Curvature, diagonal: Curvature) -> Criterion:
    """What changes the loss least leaves, by `taylor_change`; gradient and Hessian's diagonal as functions of w."""
    return scored("taylor", lambda w: taylor_change(gradient(w), diagonal(w), w))


def by_obd(diagonal: Curvature, negative: Curvature = keep) -> Criterion:
    """The smallest `obd_saliency` leaves; the exact or the Gauss-Newton diagonal as a function of w."""
    return scored("obd", lambda w: obd_saliency(negative(diagonal(w)), w))


def without(w: NDArray, j: NDArray) -> NDArray:
    """A copy of w (..., p) in which weight j (...) is 0."""
    w = w.copy()
    np.put_along_axis(w, j[..., None], 0, axis=-1)
    return w


# --- the loop -------------------------------------------------------------------------------------------


class Removed(NamedTuple):
    """One removal. Arrays of its own: nothing is written over."""

    k: int  # how many weights have left
    w: NDArray  # (..., p) afterwards
    beta: NDArray  # (..., p) true = in the network
    j: NDArray  # (...) which one left
    saliency: NDArray  # (...) what its criterion held it worth


def remove(
    w: NDArray,
    criterion: Criterion,
    *,
    every: int | None = 1,
    retrain: Callable[[NDArray, NDArray], NDArray] | None = None,
) -> Iterator[Removed]:
    """Remove one weight after another until none is left, yielding each: the caller decides when to stop.

    Ties leave by index. Weights that are 0 have saliency 0 under every criterion, those along which the loss is flat
    under all but the magnitude; only negative curvature that is kept leaves before them.

    Parameters
    ----------
    w : where to begin, (..., p); leading axes are replicas, each with its own sequence
    criterion : which weight leaves, and what the others do
    every : look at the loss anew after so many removals; None: once, before the first
    retrain : (w, beta) -> w, done after every so many removals; see ``retraining``

    Raises
    ------
    ValueError : at once when w is not finite or ``every`` no number of removals; later when a saliency is not
        finite, as after a retraining that diverged.
    """
    w = check_finite("w", w)
    check(w.ndim > 0 and w.dtype.kind == "f", "w", w, "floating-point numbers (..., p)")
    whole = is_whole(every, 1)
    check(whole or every is None, "every", every, "a whole number, 1 or more, or None")
    check(retrain is None or whole, "every", every, "a number of removals after which to retrain")

    def removals(w: NDArray) -> Iterator[Removed]:
        beta = np.ones(w.shape, bool)
        for k in range(1, w.shape[-1] + 1):
            if k == 1 or (every is not None and (k - 1) % every == 0):
                state = criterion.look(w, beta)
            saliency = check_finite(f"saliency ({criterion.name})", criterion.saliency(state, w))
            j = np.where(beta, saliency, np.inf).argmin(axis=-1)
            w, state = criterion.leave(state, w, j)
            beta = without(beta, j)
            if retrain is not None and every is not None and k % every == 0:
                w = retrain(w, beta)
            yield Removed(k, w, beta, j, np.take_along_axis(saliency, j[..., None], axis=-1)[..., 0])

    return removals(w)


def removal_order(w: NDArray, criterion: Criterion, *, every: int | None = 1) -> NDArray:
    """The order in which all weights leave without retraining: a permutation (..., p)."""
    return np.stack([removed.j for removed in remove(w, criterion, every=every)], axis=-1)


def retraining(
    model: MLP,
    data: Dataset,
    *,
    steps: int,
    rng: Rng,
    objective: Objective | None = None,
    rule: StepRule | None = None,
    batch_size: int = 64,
) -> Callable[[NDArray, NDArray], NDArray]:
    """Make what ``remove`` calls between removals: so many steps of the loop on the weights that are still there.

    Arguments as in ``descend``; (w, beta) -> w, both (..., p).
    """
    check_whole("steps", steps, 1)

    def retrain(w: NDArray, beta: NDArray) -> NDArray:
        options: dict[str, Any] = {"objective": objective, "rule": rule, "batch_size": batch_size}
        loop = descend(model, data, w, rng=rng, beta=beta.astype(w.dtype), **options)
        return next(islice(loop, steps - 1, None)).w

    return retrain
