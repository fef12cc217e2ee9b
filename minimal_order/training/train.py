"""A training: what the loop leaves, and how good a model is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import check, check_name
from ..data.dataset import Dataset
from ..networks.gradients import chunks_of, first_gradient, value_and_gradient
from ..networks.losses import LOSSES, accuracy, mean_loss
from ..networks.models import MLP
from .covariance import batch_covariance, covariance_update
from .loop import Mask, Rng, Step, descend, divergence_allowed, spread_runs
from .optim import StepRule, map_state


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
    def variance(self) -> NDArray | None:
        """The diagonal of C, (..., p), or None if it was not collected."""
        if self.C is None or self.C.ndim == self.w.ndim:
            return self.C
        return np.diagonal(self.C, axis1=-2, axis2=-1)

    @property
    def diverged(self) -> NDArray:
        """The step at which a replica's loss, or at the end its w, was no longer finite; 0 if they stayed so."""
        bad = ~np.isfinite(self.losses)
        bad[-1] |= ~np.isfinite(self.w).all(axis=-1)
        return np.where(bad.any(axis=0), bad.argmax(axis=0) + 1, 0)

    def run(self, i: int | slice) -> "Training":
        """Run i alone, without the axis of runs; or with a slice some of the runs."""
        data = self.data if self.data.X_train.ndim == 2 else self.data.run(i)
        C = None if self.C is None else self.C[i]
        parts: dict[str, Any] = {"w": self.w[i], "w_start": self.w_start[i], "losses": self.losses[:, i]}
        state = map_state(lambda a: a[i], self.state)
        run = replace(self, data=data, C=C, iterates=self.iterates[:, i], state=state, **parts)
        if "gradient" in vars(self):
            vars(run)["gradient"] = self.gradient[i]
        return run

    def full_gradient(self, w: NDArray) -> NDArray:
        """The gradient of the loss on the whole training part at w, of the shape of ``self.w`` or (..., that)."""
        X, y = spread_runs(self.data.X_train, 2, self.w), spread_runs(self.data.y_train, 1, self.w)
        return value_and_gradient(self.model, LOSSES[self.data.task], w, X, y)[1]

    @cached_property
    def gradient(self) -> NDArray:
        """The gradient of the loss on the whole training part at the end, (..., p).

        Once it is known of all runs, ``run`` hands each its own: for many at once it takes less than half as long.
        """
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
    w = np.asarray(w)
    check(isinstance(steps, int | np.integer) and bool(steps >= 1), "steps", steps, "a whole number, 1 or more")
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
