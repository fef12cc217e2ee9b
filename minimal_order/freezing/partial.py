"""The step that does no work for frozen parameters, as far as dense products allow.

What can be left out: everything on the way back below the lowest layer that still learns; in a layer's weight
gradient delta a^T the rows of units and the columns of inputs without a live parameter; and the step rule on
frozen parameters. A single frozen weight in a live row and a live column is computed all the same, because a
product of matrices has no cheaper form without it. The forward pass is needed whole.

One replica only: replicas freeze different rows, and a product over all of them has to keep the rows of each.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import check
from ..data.dataset import Dataset
from ..networks.gradients import backprop
from ..networks.layers import activate, outer_sum
from ..networks.losses import LOSSES
from ..networks.models import MLP
from ..networks.params import Layout
from ..training.loop import check_fit, divergence_allowed, draw_batches, masked_update
from ..training.optim import StepRule, adam, map_state

GATHER = 8
"""Moving one number costs about as much time as this many multiply-adds of a product."""

MOSTLY = 0.5
"""Share of live parameters above which the step rule on all is faster than picking the live ones out."""

LONG_RUN = 100
"""Consecutive numbers from which on copying them as a slice is faster than by index."""

Places = NDArray | list[slice]
"""Where numbers stand in a vector: their indices, or slices where they form long runs."""


class LivePart(NamedTuple):
    """The smallest part of a layer's delta a^T that holds the gradients of all its live parameters."""

    rows: NDArray  # units with a live weight or bias
    columns: NDArray  # inputs that a live weight reads


def live_parts(layout: Layout, alpha: NDArray) -> list[LivePart]:
    """Find the live part of every layer, input layer first; alpha (p,)."""
    tensors = layout.views(np.asarray(alpha, bool))
    parts = []
    for layer in range(1, layout.n_layers + 1):
        W = tensors[f"W{layer}"]
        in_row = W.any(axis=1) | tensors[f"b{layer}"] if layout.bias else W.any(axis=1)
        parts.append(LivePart(np.flatnonzero(in_row), np.flatnonzero(W.any(axis=0))))
    return parts


def lowest_live(parts: list[LivePart]) -> int:
    """Return the lowest layer with a live parameter, 1-based; one more than there are layers if none has."""
    return next((layer for layer, part in enumerate(parts, start=1) if part.rows.size), len(parts) + 1)


class Plan(NamedTuple):
    """What a step with a given mask has to do, found once before the steps."""

    model: MLP
    lowest: int  # the lowest layer with a live parameter
    parts: list[LivePart]  # of it and those above; all rows or columns where leaving some out costs more
    kept: NDArray | None  # which numbers of the parts' gradients the step rule is given; None for all
    places: Places  # where these stand in w
    alpha: NDArray | None  # which of these are live; None for all


def plan_step(model: MLP, alpha: NDArray) -> Plan:
    """Plan the steps of one replica under a mask alpha (p,)."""
    layout = model.layout
    one_replica = np.shape(alpha) == (layout.n_params,)
    check(one_replica, "alpha.shape", np.shape(alpha), f"({layout.n_params},): one replica")
    parts = live_parts(layout, alpha)
    lowest = lowest_live(parts)
    computed, places = [], []
    index = layout.views(np.arange(layout.n_params))
    for layer, part in enumerate(parts[lowest - 1 :], start=lowest):
        n_out, n_in = index[f"W{layer}"].shape
        rows = worth_gathering(part.rows, n_out, n_in)
        columns = worth_gathering(part.columns, n_in, len(rows))
        computed.append(LivePart(rows, columns))
        places.append(index[f"W{layer}"][np.ix_(rows, columns)].ravel())
        if layout.bias:
            places.append(index[f"b{layer}"][rows])
    place = np.concatenate(places) if places else np.empty(0, int)
    live = np.asarray(alpha, bool)[place]
    if live.all():
        return Plan(model, lowest, computed, None, as_runs(place), None)
    if live.mean() > MOSTLY:
        return Plan(model, lowest, computed, None, as_runs(place), live)
    return Plan(model, lowest, computed, np.flatnonzero(live), as_runs(place[live]), None)


def worth_gathering(kept: NDArray, n: int, length: int) -> NDArray:
    """Return the kept ones of n rows (or columns), or all n where the copy would cost more than it saves."""
    return kept if GATHER * len(kept) < (n - len(kept)) * length else np.arange(n)


def as_runs(index: NDArray) -> Places:
    """Turn ascending indices into slices if they form long runs."""
    first = np.flatnonzero(np.diff(index, prepend=-2) != 1)
    if not index.size or index.size < LONG_RUN * first.size:
        return index
    last = np.append(first[1:], index.size) - 1
    return [slice(index[i], index[j] + 1) for i, j in zip(first, last, strict=True)]


def take(w: NDArray, places: Places) -> NDArray:
    """Copy the numbers of w (p,) at the places."""
    return np.concatenate([w[run] for run in places]) if isinstance(places, list) else w[places]


def put(w: NDArray, places: Places, values: NDArray) -> None:
    """Write the values into w (p,) at the places."""
    if not isinstance(places, list):
        w[places] = values
        return
    start = 0
    for run in places:
        w[run] = values[start : (start := start + run.stop - run.start)]


def live_gradient(plan: Plan, loss: Callable, w: NDArray, X: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
    """Compute each object's loss and the mean gradient with respect to the parameters at ``plan.places``.

    Shapes: w (p,), X (S, n), y (S,) -> (S,), (n_places,). The frozen layers at the bottom are a fixed map of
    the objects: only the network above them is differentiated.
    """
    model, lowest = plan.model, plan.lowest
    if lowest > model.layout.n_layers:
        return loss(model.outputs(w, X), y), np.empty(0, w.dtype)
    a, head, w_head = X, model, w
    if lowest > 1:
        below = MLP(model.sizes[:lowest], model.activation, model.bias)
        a = activate(below.outputs(w[: below.n_params], X), model.activation).T
        head, w_head = MLP(model.sizes[lowest - 1 :], model.activation, model.bias), w[below.n_params :]
    back = backprop(head, loss, w_head, a, y)
    scale = 1 / len(y)
    pieces = []
    for delta, a, part in zip(back.deltas, back.inputs, plan.parts, strict=True):
        delta = scale * (delta if len(part.rows) == len(delta) else delta[part.rows])
        pieces.append(outer_sum(delta, a if len(part.columns) == len(a) else a[part.columns]).ravel())
        if model.bias:
            pieces.append(delta @ np.ones(delta.shape[-1], delta.dtype))
    g = np.concatenate(pieces)
    return back.loss, g if plan.kept is None else g[plan.kept]


def descend_live(
    model: MLP,
    data: Dataset,
    w: NDArray,
    alpha: NDArray,
    *,
    rng: np.random.Generator,
    rule: StepRule | None = None,
    state: Any = None,
    batch_size: int = 64,
) -> Iterator[tuple[NDArray, NDArray]]:
    """Take the steps of ``descend`` under one fixed mask, without the work that the mask makes needless.

    Yields w (p,) after each step and the losses (S,) of its batch before it; w is written over by the next
    step. Equal to ``descend`` up to rounding: frozen parameters keep their bits. With everything frozen only
    the forward pass is left.

    Parameters
    ----------
    model, data, rng, rule, batch_size : as in ``descend``
    w : where to begin, (p,): one replica; a copy is taken
    alpha : (p,) 1 = live, 0 = frozen
    state : the rule's state for all parameters, as a training left it; that of the live ones is copied

    Raises
    ------
    ValueError : at once, not at the first step, when the shapes do not fit, or batch_size is not in 2 ... m.
    """
    check(w.ndim == 1, "w.shape", w.shape, f"({model.n_params},): one replica")
    check_fit(model, data, w)
    plan = plan_step(model, alpha)
    drawn = draw_batches(data, rng, batch_size)
    rule = rule or adam()
    loss = LOSSES[data.task]

    mask = None if plan.alpha is None else plan.alpha.astype(w.dtype)

    def steps(w: NDArray, part: NDArray, state: Any) -> Iterator[tuple[NDArray, NDArray]]:
        for X, y in drawn:
            with divergence_allowed():
                losses, g = live_gradient(plan, loss, w, X, y)
                if part.size:
                    update, state = rule.step(state, g, part)
                    masked_update(part, update, mask, out=part)
                    put(w, plan.places, part)
            yield w, losses

    part = take(w, plan.places)
    of_part = rule.init(part) if state is None else map_state(lambda a: take(a, plan.places), state)
    return steps(w.copy(), part, of_part)
