"""The one loop: batch, gradient, update, masks. Everything that learns in this package goes through it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .checks import check, check_name
from .covariance import batch_covariance, covariance_update
from .data import batches
from .dataset import Dataset
from .gradients import Backprop, backprop, chunks_of, first_gradient, mean_gradient, value_and_gradient
from .losses import LOSSES, accuracy, mean_loss
from .models import MLP
from .optim import StepRule, adam, map_state, spread_state

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
    g: NDArray  # the mini-batch gradient at w_{t-1} (..., p)
    back: Backprop  # the backward pass at w_{t-1}: losses, inputs and deltas of every layer
    state: Any  # of the step rule


def draw_batches(data: Dataset, rng: Rng, batch_size: int) -> Iterator[tuple[NDArray, NDArray]]:
    """Mini-batches X (S, n), y (S,), or with one generator a run X (runs, S, n), y (runs, S)."""
    X, y = data.X_train, data.y_train
    if isinstance(rng, np.random.Generator):
        shared = batches(rng, data.n_train, batch_size)
        return ((X.take(rows, axis=-2), y.take(rows, axis=-1)) for rows in shared)
    of_runs = map(np.stack, zip(*(batches(one, data.n_train, batch_size) for one in rng), strict=True))
    if X.ndim == 2:
        return ((X.take(rows, axis=0), y.take(rows)) for rows in of_runs)
    run = np.arange(len(rng))[:, None]
    return ((X[run, rows], y[run, rows]) for rows in of_runs)


def descend(
    model: MLP,
    data: Dataset,
    w: NDArray,
    *,
    rng: Rng,
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
    rule : how a gradient becomes an update; Adam unless told otherwise
    state : the rule's state to go on from, as a training left it; a copy is taken
    batch_size : objects a step
    alpha, beta : masks that freeze and prune, or schedules t -> mask

    Raises
    ------
    ValueError : at once, not at the first step, when model, data, w, rng and masks do not fit together, or
        batch_size is not in 2 ... m.
    """
    check_fit(model, data, w)
    check_mask("alpha", alpha, w)
    check_mask("beta", beta, w)
    if not isinstance(rng, np.random.Generator):
        check(w.shape[:-1][:1] == (len(rng),), "len(rng)", len(rng), f"the runs of w, {w.shape[:-1]}")
    drawn = draw_batches(data, rng, batch_size)
    rule = rule or adam()
    loss = LOSSES[data.task]

    def steps(w: NDArray, state: Any) -> Iterator[Step]:
        g = np.empty_like(w)
        for t, (X, y) in enumerate(drawn, start=1):
            X, y = spread_runs(X, 2, w), spread_runs(y, 1, w)
            with divergence_allowed():
                back = backprop(model, loss, w, X, y)
                mean_gradient(back, out=g)
                update, state = rule.step(state, g)
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


def check_fit(model: MLP, data: Dataset, w: NDArray) -> None:
    """Refuse a model whose inputs, outputs or parameters do not fit the data or w, and runs that do not."""
    runs = data.X_train.shape[:-2]
    n_outputs = data.n_classes if data.task == "multiclass" else 1
    check(model.sizes[0] == data.n_features, "model.sizes[0]", model.sizes[0], f"the data's {data.n_features} features")
    check(model.sizes[-1] == n_outputs, "model.sizes[-1]", model.sizes[-1], f"{n_outputs} for {data.task}, {data.name}")
    check(w.shape[-1:] == (model.n_params,), "w.shape", w.shape, f"(..., {model.n_params}) for {model}")
    if runs:
        check(w.shape[:-1][:1] == runs, "w.shape", w.shape, f"the runs of the data, {runs}, on the first axis")


@dataclass(frozen=True, eq=False)
class Training:
    """What a training leaves: plain arrays. Leading axes are replicas.

    Attributes
    ----------
    model, data : what was trained on what
    w, w_start : the parameters at the end and at the start (..., p)
    losses : the loss of each step's batch, at the parameters before the step (steps, ...)
    C : the diagonal (or, if asked for, the whole) of the gradient's covariance, or None
    iterates : the last parameters, the newest last (kept, ..., p)
    batch_size : objects a step
    state : of the step rule: hand it on to go on as if there had been no stop
    """

    model: MLP
    data: Dataset
    w: NDArray
    w_start: NDArray
    losses: NDArray
    C: NDArray | None
    iterates: NDArray
    batch_size: int
    state: Any = None

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.losses)

    @property
    def diverged(self) -> NDArray:
        """The step at which a replica's loss, or at the end its w, was no longer finite; 0 if they stayed so."""
        bad = ~np.isfinite(self.losses)
        bad[-1] |= ~np.isfinite(self.w).all(axis=-1)
        return np.where(bad.any(axis=0), bad.argmax(axis=0) + 1, 0)

    def run(self, i: int) -> "Training":
        """Run i alone, without the axis of runs."""
        data = self.data if self.data.X_train.ndim == 2 else self.data.run(i)
        C = None if self.C is None else self.C[i]
        parts = {"w": self.w[i], "w_start": self.w_start[i], "losses": self.losses[:, i]}
        state = map_state(lambda a: a[i], self.state)
        return replace(self, data=data, C=C, iterates=self.iterates[:, i], state=state, **parts)

    def full_gradient(self, w: NDArray) -> NDArray:
        """The gradient of the loss on the whole training part at w, of the shape of ``self.w`` or (..., that)."""
        X, y = spread_runs(self.data.X_train, 2, self.w), spread_runs(self.data.y_train, 1, self.w)
        return value_and_gradient(self.model, LOSSES[self.data.task], w, X, y)[1]

    @cached_property
    def gradient(self) -> NDArray:
        """The gradient of the loss on the whole training part at the end, (..., p)."""
        return self.full_gradient(self.w)

    def __repr__(self) -> str:
        last = ", ".join(f"{x:.4g}" for x in np.ravel(self.losses[-1])[:4]) + ", ..." * (self.losses[-1].size > 4)
        return f"Training({self.model}, {self.data.name}, {self.steps} steps, last batch loss {last})"


def train(
    model: MLP,
    data: Dataset,
    w: NDArray,
    *,
    steps: int,
    rng: Rng,
    rule: StepRule | None = None,
    state: Any = None,
    batch_size: int = 64,
    alpha: Mask = None,
    beta: Mask = None,
    covariance: str | None = None,
    collect_from: int = 1,
    full: bool = False,
    keep: int = 0,
    watch: Callable[[Step], None] | None = None,
    progress: bool = False,
) -> Training:
    """Take ``steps`` steps of the loop and keep what orders need.

    Parameters
    ----------
    model, data, w, rng, rule, state, batch_size, alpha, beta : as in ``descend``
    covariance : None, or how to estimate the covariance of the gradient: "running", `eq:covariance-update`
        from the first object of each batch, or "batch", the mean over steps of `eq:covariance-batch`
    collect_from : the step from which on the covariance is collected
    full : collect the whole covariance matrix, not its diagonal
    keep : how many of the last iterates to keep
    watch : called with every step, to look or to collect
    progress : show a progress bar

    Raises
    ------
    ValueError : when an argument is out of its range or the parts do not fit together.
    """
    check(steps >= 1, "steps", steps, "1 or more")
    check(1 <= collect_from <= steps, "collect_from", collect_from, f"a step in 1 ... {steps}")
    check(keep >= 0, "keep", keep, "0 or more")
    if covariance is not None:
        check_name("covariance", covariance, ("running", "batch"))
    C = None if covariance is None else np.zeros(w.shape + w.shape[-1:] * full, w.dtype)
    losses = np.empty((steps, *w.shape[:-1]), w.dtype)
    iterates = []
    loop = descend(model, data, w, rng=rng, rule=rule, state=state, batch_size=batch_size, alpha=alpha, beta=beta)
    for step in progress_bar(islice(loop, steps), steps, progress):
        with divergence_allowed():
            losses[step.t - 1] = mean_loss(step.back.loss)
            if C is not None and step.t >= collect_from:
                t = int(step.t - collect_from + 1)
                if covariance == "running":
                    C = covariance_update(C, first_gradient(step.back), step.g, t)
                else:
                    C = C + (batch_covariance(step.back, full) - C) / t
        if step.t > steps - keep:
            iterates.append(step.w.copy())
        if watch is not None:
            watch(step)
    kept = np.array(iterates, w.dtype).reshape(len(iterates), *w.shape)
    return Training(model, data, step.w, w.copy(), losses, C, kept, batch_size, step.state)


def progress_bar(steps: Iterator[Step], total: int, show: bool) -> Iterator[Step]:
    """Pass the steps through a tqdm bar if wanted."""
    if not show:
        return steps
    from tqdm.auto import tqdm

    return iter(tqdm(steps, total=total, unit="step"))


def evaluate(
    model: MLP, w: NDArray, X: NDArray, y: NDArray, task: str, entries: int = 2**20
) -> tuple[NDArray, NDArray]:
    """Mean loss and accuracy (NaN for regression) of every replica on all objects; w (..., p) -> (...), (...).

    Objects are taken so many at a time that the widest layer of all replicas holds about ``entries`` numbers.
    """
    X, y = spread_runs(X, 2, w), spread_runs(y, 1, w)
    loss, correct = np.zeros(()), np.zeros(())
    for rows in chunks_of(X.shape[-2], entries // (max(model.sizes[1:]) * int(np.prod(w.shape[:-1])))):
        with divergence_allowed():
            h = model.outputs(w, X[..., rows, :])
            loss = loss + LOSSES[task](h, y[..., rows]).sum(axis=-1, dtype=float)
        if task != "regression":
            correct = correct + accuracy(h, y[..., rows]) * h.shape[-1]
    m = X.shape[-2]
    return loss / m, np.full(w.shape[:-1], np.nan) if task == "regression" else correct / m
