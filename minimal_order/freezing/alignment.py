"""The hidden units of independent runs put into the sequence of a reference run's.

Hidden units can be permuted without changing the network; with tanh each can also change the sign of all
its weights, with relu its incoming weights can grow by a factor by which the outgoing ones shrink. So
parameter j of two runs that started differently need not be the same parameter. Units are matched by
weights or by activations alone, never by variances or masks: orders that agree only by chance still do so
afterwards.

Ranks of runs (r, p) move to the reference's coordinates by ``aligned(rank, index)`` with the index of
:func:`aligned_index`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check, check_finite, check_name
from ..networks.layers import ACTIVATIONS
from ..networks.params import Layout


class UnitMap(NamedTuple):
    """Which unit of a run stands for each unit of the reference, in one hidden layer.

    unit : (..., h), the run's unit for the reference's unit 0, 1, ...
    sign : (..., h), -1 where that unit computes the negative
    """

    unit: NDArray[np.intp]
    sign: NDArray[np.float64]


def match_units(w: ArrayLike, w_ref: ArrayLike, layout: Layout, activation: str) -> tuple[UnitMap, ...]:
    """Match hidden units by their weights: incoming, bias and outgoing.

    Minimises the squared distance between the weights of the run and the reference over permutations of the
    hidden units, for tanh over their signs too; for relu after every unit is scaled to incoming weights of
    length 1. With one hidden layer that is one assignment problem, solved exactly. With more, each layer is
    matched given the others until nothing improves, from the input on: then a local minimum, but still the
    exact answer for a run that is the reference with its units permuted. For sigmoid and identity only
    permutations are searched.

    Parameters
    ----------
    w : (..., p) weights of the runs
    w_ref : (p,) weights of the reference
    layout : where the weights lie
    activation : "tanh", "relu", "sigmoid" or "identity"

    Returns
    -------
    One map (..., h) a hidden layer
    """
    check_name("activation", activation, ACTIVATIONS)
    w, w_ref = check_finite("w", w), check_finite("w_ref", w_ref)
    check(w.shape[-1:] == (layout.n_params,), "w.shape", w.shape, f"(..., {layout.n_params})")
    check(w_ref.shape == (layout.n_params,), "w_ref.shape", w_ref.shape, f"({layout.n_params},)")
    reference = _tensors(w_ref, layout, activation)
    runs = [_tensors(run, layout, activation) for run in w.reshape(-1, layout.n_params)]
    return _stack([_match_run(run, reference, layout, activation == "tanh") for run in runs], w.shape[:-1])


def _tensors(w: NDArray, layout: Layout, activation: str) -> dict[str, NDArray]:
    """W1, b1, W2, ... of one network as a copy; relu units are scaled to incoming weights of length 1."""
    tensors = {name: np.array(view, dtype=float) for name, view in layout.views(w).items()}
    if activation == "relu":
        for layer in range(1, layout.n_layers):
            names = [name for name in (f"W{layer}", f"b{layer}") if name in tensors]
            incoming = [tensors[name].reshape(layout.sizes[layer], -1) for name in names]
            length = np.sqrt(sum(np.sum(t * t, axis=1) for t in incoming))
            length[length == 0] = 1
            for t in incoming:
                t /= length[:, None]
            tensors[f"W{layer + 1}"] *= length
    return tensors


def _match_run(run: dict[str, NDArray], reference: dict[str, NDArray], layout: Layout, flips: bool) -> list[UnitMap]:
    """One run's maps; ``run`` is brought into the reference's coordinates on the way."""
    hidden = range(1, layout.n_layers)
    maps = [UnitMap(np.arange(h), np.ones(h)) for h in layout.sizes[1:-1]]

    def rematch(layer: int, with_outgoing: bool) -> float:
        similarity = _similarity(run, reference, layer, with_outgoing)
        now = np.trace(similarity)
        step = _assign(similarity, flips)
        gain = float(np.sum(step.sign * similarity[np.arange(len(step.unit)), step.unit]) - now)
        if gain > 1e-9 * np.abs(similarity).max():  # rounding must not keep equally good matches taking turns
            _permute(run, layer, step)
            unit, sign = maps[layer - 1]
            maps[layer - 1] = UnitMap(unit[step.unit], sign[step.unit] * step.sign)
            return gain
        return 0.0

    for layer in hidden:
        # The units that a layer feeds are matched after it, so that at first only the outputs can be trusted.
        rematch(layer, with_outgoing=layer == layout.n_layers - 1)
    while len(hidden) > 1 and sum([rematch(layer, with_outgoing=True) for layer in hidden]) > 0:
        pass
    return maps


def _similarity(
    run: dict[str, NDArray], reference: dict[str, NDArray], layer: int, with_outgoing: bool
) -> NDArray[np.float64]:
    """Inner products of the weights of the reference's units (rows) and the run's (columns), (h, h)."""
    total = reference[f"W{layer}"] @ run[f"W{layer}"].T
    if f"b{layer}" in run:
        total += np.outer(reference[f"b{layer}"], run[f"b{layer}"])
    if with_outgoing:
        total += reference[f"W{layer + 1}"].T @ run[f"W{layer + 1}"]
    return total


def _assign(similarity: NDArray, flips: bool) -> UnitMap:
    """Match one to one for the largest total similarity; signs are free if ``flips``."""
    from scipy.optimize import linear_sum_assignment

    rows, unit = linear_sum_assignment(np.abs(similarity) if flips else similarity, maximize=True)
    negative = flips & (similarity[rows, unit] < 0)
    return UnitMap(unit, np.where(negative, -1.0, 1.0))


def _permute(tensors: dict[str, NDArray], layer: int, step: UnitMap) -> None:
    """Put the hidden units of a layer, with their incoming and outgoing weights, into the map's sequence."""
    unit, sign = step
    W_in, W_out = f"W{layer}", f"W{layer + 1}"
    tensors[W_in] = np.take_along_axis(tensors[W_in], unit[..., None], -2) * sign[..., None]
    if f"b{layer}" in tensors:
        tensors[f"b{layer}"] = np.take_along_axis(tensors[f"b{layer}"], unit, -1) * sign
    tensors[W_out] = np.take_along_axis(tensors[W_out], unit[..., None, :], -1) * sign[..., None, :]


def _stack(runs: Sequence[Sequence[UnitMap]], lead: tuple[int, ...]) -> tuple[UnitMap, ...]:
    """Join the maps of all runs into one a layer, with the runs' axes in front."""
    return tuple(
        UnitMap(*(np.stack(parts).reshape(*lead, -1) for parts in zip(*layer, strict=True)))
        for layer in zip(*runs, strict=True)
    )


def match_activations(a: Sequence[ArrayLike], a_ref: Sequence[ArrayLike], activation: str) -> tuple[UnitMap, ...]:
    """Match hidden units by the correlation of what they compute on the same objects, each layer by itself.

    For tanh by its absolute value, a negative one meaning a unit of the other sign. Correlation does not
    see the scale of a relu unit. A unit that is the same on all objects has none; 0 is put for it.

    Parameters
    ----------
    a : the activations (..., h, m) of the runs' hidden layers, units by objects
    a_ref : those of the reference (h, m), of the same objects
    activation : "tanh", "relu", "sigmoid" or "identity"

    Returns
    -------
    One map (..., h) a hidden layer
    """
    check_name("activation", activation, ACTIVATIONS)
    check(len(a) == len(a_ref), "len(a), len(a_ref)", (len(a), len(a_ref)), "as many layers")
    flips = activation == "tanh"
    maps: list[UnitMap] = []
    for layer, layer_ref in zip(a, a_ref, strict=True):
        units, units_ref = check_finite("a", layer), check_finite("a_ref", layer_ref)
        fits = units_ref.ndim == 2 and units.shape[-2:] == units_ref.shape
        check(fits, "a.shape, a_ref.shape", (units.shape, units_ref.shape), "(..., h, m), (h, m)")
        similarity = _standardised(units_ref) @ np.swapaxes(_standardised(units), -1, -2)
        runs = [[_assign(run, flips)] for run in similarity.reshape(-1, *similarity.shape[-2:])]
        maps += _stack(runs, units.shape[:-2])
    return tuple(maps)


def _standardised(a: NDArray) -> NDArray[np.float64]:
    """Each row centred and of length 1, or 0 if it is constant up to rounding."""
    a = a.astype(float)
    size = np.linalg.norm(a, axis=-1, keepdims=True)
    a -= a.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(a, axis=-1, keepdims=True)
    return np.divide(a, length, out=np.zeros(a.shape), where=length > 1e-12 * size)


def aligned_index(layout: Layout, maps: Sequence[UnitMap]) -> NDArray[np.intp]:
    """Which parameter of the run stands for each parameter of the reference.

    Parameters
    ----------
    layout : where the weights lie
    maps : one (..., h) a hidden layer; none for a linear model, whose parameters stay where they are

    Returns
    -------
    (..., p): ``rank[..., index]`` of one run is its rank in the reference's coordinates
    """
    return _carried(np.arange(layout.n_params), layout, [UnitMap(u, np.ones_like(u)) for u, _ in maps])


def aligned(array: ArrayLike, index: NDArray[np.intp]) -> NDArray:
    """Return the columns of an array in the reference's sequence: ranks (r, p), masks (r, levels, p).

    Parameters
    ----------
    array : (r, ..., p), or (..., p) with one index for all
    index : (r, p) or (p,), from :func:`aligned_index`
    """
    array = np.asarray(array)
    fits = index.ndim <= array.ndim and index.shape[-1] == array.shape[-1]
    check(fits, "array.shape, index.shape", (array.shape, index.shape), "(runs, ..., p), (runs, p)")
    between = (1,) * (array.ndim - index.ndim)
    index = index.reshape(*index.shape[:-1], *between, index.shape[-1])
    return np.take_along_axis(array, np.broadcast_to(index, array.shape), axis=-1)


def aligned_weights(w: ArrayLike, layout: Layout, maps: Sequence[UnitMap]) -> NDArray:
    """Return weights (..., p) in the reference's sequence and signs: the network computes the same with them.

    Parameters
    ----------
    w : (..., p)
    layout : where the weights lie
    maps : one (..., h) a hidden layer
    """
    return aligned(w, aligned_index(layout, maps)) * _carried(np.ones(layout.n_params), layout, maps)


def _carried(flat: NDArray, layout: Layout, maps: Sequence[UnitMap]) -> NDArray:
    """Apply the maps of all layers to one flat vector (p,), giving (..., p)."""
    hidden = layout.sizes[1:-1]
    fits = [m.unit.shape[-1] for m in maps] == list(hidden)
    check(fits, "units of the maps", [m.unit.shape for m in maps], f"(..., h) with h = {hidden}")
    lead = maps[0].unit.shape[:-1] if maps else ()
    tensors = layout.views(np.broadcast_to(flat, (*lead, len(flat))))
    for layer, step in enumerate(maps, start=1):
        _permute(tensors, layer, step)
    return layout.pack(tensors)
