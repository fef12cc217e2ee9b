"""The one loop: batch, gradient, update, masks. Everything that learns in this package goes through it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import check
from ..data.dataset import Dataset
from ..data.loading import batches
from ..networks.gradients import Backprop, MeanLoss, Objective
from ..networks.losses import LOSSES
from ..networks.models import MLP
from .optim import StepRule, adam, spread_state

Mask = NDArray | Callable[[int], NDArray] | None
"""A mask (..., p) of zeros and ones; or a schedule t -> mask; or None for all ones."""

Rng = np.random.Generator | Sequence[np.random.Generator]
"""One generator: all replicas share its batches. A sequence: one for each run on the first axis of w."""


def masked_update(w: NDArray, update: NDArray, alpha: NDArray | None, out: NDArray | None = None) -> NDArray:
    """`eq:masked-update` w_t = w_{t-1} + alpha * update.

    Shapes: all (..., p). Where alpha is 0 the parameter is frozen: it keeps its bits. The mask is on the
    update, not on the gradient, because momentum and Adam move on past gradients.
    Source: Grabovoy, Bakhteev, Strijov, (2.8).
    """
    return np.add(w, update if alpha is None else alpha * update, out=out)


def freeze_and_prune(
    w: NDArray, update: NDArray, alpha: NDArray | None, beta: NDArray | None, out: NDArray | None = None
) -> NDArray:
    """`eq:freeze-and-prune` w'_t = beta(t) * (w'_{t-1} + alpha(t) * update).

    Shapes: all (..., p). alpha = 0 freezes, beta = 0 prunes to exactly 0; None stands for all ones.
    Source: Grabovoy, the problem of ordering the parameters (talk), slide 2.
    """
    moved = masked_update(w, update, alpha, out)
    return moved if beta is None else np.multiply(moved, beta, out=out)


class Step(NamedTuple):
    """What one step of the loop did. The arrays are written over by the next step: copy what you keep."""

    t: int  # 1, 2, ...
    w: NDArray  # w_t (..., p)
    g: NDArray  # the gradient on the mini-batch at w_{t-1} (..., p)
    back: Backprop  # the backward pass at w_{t-1}: losses, inputs and deltas of every layer
    state: Any  # of the step rule


def draw_batches(data: Dataset, rng: Rng, batch_size: int) -> Iterator[tuple[NDArray, NDArray]]:
    """Mini-batches X (S, n), y (S,), or with one generator a run X (runs, S, n), y (runs, S)."""
    X, y, drawn = data.X_train, data.y_train, batches(rng, data.n_train, batch_size)
    if X.ndim == 2 or isinstance(rng, np.random.Generator):
        return ((X.take(rows, axis=-2), y.take(rows, axis=-1)) for rows in drawn)
    in_one = data.n_train * np.arange(len(rng))[:, None]  # where each run's objects begin if all stand in one table
    X, y = X.reshape(-1, X.shape[-1]), y.reshape(-1)
    return ((X.take(rows, axis=0), y.take(rows)) for rows in (in_one + own for own in drawn))


def descend(
    model: MLP,
    data: Dataset,
    w: NDArray,
    *,
    rng: Rng,
    objective: Objective | None = None,
    rule: StepRule | None = None,
    state: Any = None,
    batch_size: int = 64,
    alpha: Mask = None,
    beta: Mask = None,
) -> Iterator[Step]:
    """Take steps of `eq:freeze-and-prune` without end, yielding each: the caller decides when to stop.

    Parameters
    ----------
    model, data : the network, and the objects whose training part it learns from
    w : where to begin, (..., p); leading axes are replicas; a copy is taken
    rng : a generator, or one for each run on the first axis of w
    objective : what to descend on, and so what w are the parameters of; unless told otherwise the mean loss of the
        data's task, and w those of the network
    rule : how a gradient becomes an update; Adam unless told otherwise
    state : the rule's state to go on from, as a training left it; a copy is taken
    batch_size : objects a step
    alpha, beta : masks that freeze and prune, or schedules t -> mask

    Raises
    ------
    ValueError : at once, not at the first step, when model, data, w, rng and masks do not fit together, or
        batch_size is not in 2 ... m.
    """
    w = np.asarray(w)
    check(w.dtype.kind == "f", "w.dtype", w.dtype, "floating-point numbers")
    objective = MeanLoss(model, LOSSES[data.task]) if objective is None else objective
    check_fit(model, data, w, objective)
    check_mask("alpha", alpha, w)
    check_mask("beta", beta, w)
    if not isinstance(rng, np.random.Generator):
        check(isinstance(rng, Sequence), "rng", rng, "a numpy.random.Generator, or a list of one for each run")
        check(w.shape[:-1][:1] == (len(rng),), "len(rng)", len(rng), f"the runs of w, {w.shape[:-1]}")
    drawn = draw_batches(data, rng, batch_size)
    rule = rule or adam()

    def steps(w: NDArray, state: Any) -> Iterator[Step]:
        g = np.empty_like(w)
        for t, (X, y) in enumerate(drawn, start=1):
            X, y = spread_runs(X, 2, w), spread_runs(y, 1, w)
            with divergence_allowed():
                back = objective.gradient(w, X, y, g)
                update, state = rule.step(state, g, w)
                freeze_and_prune(w, update, mask_at(alpha, t), mask_at(beta, t), out=w)
            yield Step(t, w, g, back, state)

    return steps(w.copy(), rule.init(w) if state is None else spread_state(state, w.shape))


def divergence_allowed() -> np.errstate:
    """No warnings of overflow: a run that diverges is reported instead."""
    return np.errstate(over="ignore", invalid="ignore")


def mask_at(mask: Mask, t: int) -> NDArray | None:
    """The mask of step t."""
    return mask(t) if callable(mask) else mask


def check_mask(argument: str, mask: Mask, w: NDArray) -> None:
    """Refuse a mask that would not broadcast to w; a schedule cannot be known beforehand."""
    shape = () if mask is None or callable(mask) else np.shape(mask)
    fits = len(shape) <= w.ndim and all(n in (1, N) for n, N in zip(shape[::-1], w.shape[::-1], strict=False))
    check(fits, f"{argument}.shape", shape, f"one that broadcasts to that of w, {w.shape}")


def spread_runs(a: NDArray, n_own: int, w: NDArray) -> NDArray:
    """Set data (runs, ...) with ``n_own`` axes of their own against w (runs, ..., p); shared data stay as they are."""
    if a.ndim == n_own:
        return a
    return a.reshape(a.shape[:1] + (1,) * (w.ndim - 2) + a.shape[1:])


def check_fit(model: MLP, data: Dataset, w: NDArray, objective: Objective | None = None) -> None:
    """Refuse a model whose inputs, outputs or parameters do not fit the data or w, and runs that do not.

    Where the parameters are those of another objective than the mean loss, their number is that of its own.
    """
    n_params = model.n_params if objective is None else objective.n_params
    runs = data.X_train.shape[:-2]
    n_outputs = data.n_classes if data.task == "multiclass" else 1
    check(model.sizes[0] == data.n_features, "model.sizes[0]", model.sizes[0], f"the data's {data.n_features} features")
    check(model.sizes[-1] == n_outputs, "model.sizes[-1]", model.sizes[-1], f"{n_outputs} for {data.task}, {data.name}")
    check(w.shape[-1:] == (n_params,), "w.shape", w.shape, f"(..., {n_params}) for {model}")
    if runs:
        check(w.shape[:-1][:1] == runs, "w.shape", w.shape, f"the runs of the data, {runs}, on the first axis")
