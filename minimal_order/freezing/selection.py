"""Which parameters to optimise and which to keep: the problem of the selection talk, and its exact solution.

    argmin over ||alpha||_1 = k, ||beta||_1 = l of L(beta * (T|_alpha)^eta1 (T^eta0 (w_0)), D)

Orders answer it approximately for any p: alpha from an order after eta0 free steps, beta from the magnitude of
the weights after eta1 masked ones. For p up to about ten all answers can be tried.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check, check_name
from ..networks.params import Layout
from ..training.loop import divergence_allowed, masked_update
from ..training.optim import StepRule
from ..training.train import Training, evaluate, train
from .masks import by_score, rank_of

GROUPINGS = ("network", "tensor")
"""From what a share is taken: from all parameters together, or from each weight matrix and each bias vector alike."""

LARGEST = 12
"""Most parameters that ``joint_selection`` takes: 12 have 924 subsets of half of them, and 853 776 pairs of such."""

PAIRS_AT_ONCE = 2**14


def gradient_operator(w: NDArray, g: NDArray, rate: float, alpha: NDArray | None = None) -> NDArray:
    """`eq:gradient-operator` T(w) = w - gamma grad L(w, D'); T|_alpha(w) = w - gamma alpha * grad L(w, D).

    Shapes: all (..., p); g is the gradient at w, of a mini-batch D' or of all of D. One step of the loop with the
    rule ``sgd`` is this operator. Source: Muravev, talk.
    """
    return masked_update(w, -rate * g, alpha)


# --- from what a share is taken -------------------------------------------------------------------------


def selectable(layout: Layout, biases: bool = True) -> NDArray[np.bool_]:
    """Which parameters take part in a selection, (p,): all, or all but the biases."""
    return np.ones(layout.n_params, bool) if biases else layout.input >= 0


def order_within(order: ArrayLike, layout: Layout, per: str = "network", biases: bool = True) -> NDArray[np.intp]:
    """Rearrange an order so that every share that leaves is taken from each tensor alike, or spares the biases.

    With ``per="tensor"`` parameters leave by their place among those of their tensor, as a share of its size: the
    first k hold the same share of each tensor, up to rounding, those of its own that stand first in ``order``.
    Without ``biases`` these come last, so that no k up to ``selectable(...).sum()`` reaches them.

    Shapes: order (..., p) -> (..., p).

    Raises
    ------
    ValueError : for another grouping, or an order that is no permutation or does not fit the layout.
    """
    check_name("per", per, GROUPINGS)
    rank = rank_of(order)
    check(rank.shape[-1] == layout.n_params, "order.shape", rank.shape, f"(..., {layout.n_params})")
    score = rank.astype(float)
    if per == "tensor":
        for block in layout.blocks:
            own = rank_of(by_score(rank[..., block.start : block.stop]))
            score[..., block.start : block.stop] = (own - 0.5) / (block.stop - block.start)
    return by_score(np.where(selectable(layout, biases), score, np.inf))


# --- every answer ---------------------------------------------------------------------------------------


def subsets(p: int, k: int) -> NDArray[np.bool_]:
    """Every mask with k ones of p, in the order of ``itertools.combinations``, (p over k, p)."""
    masks = np.zeros((len(list(combinations(range(p), k))), p), bool)
    for mask, chosen in zip(masks, combinations(range(p), k), strict=True):
        mask[list(chosen)] = True
    return masks


class Selection(NamedTuple):
    """Every pair of masks with its loss."""

    alphas: NDArray  # (A, p), each with k ones
    betas: NDArray  # (B, p), each with l ones
    w: NDArray  # (A, p), what is left after the masked steps, nothing pruned
    loss: NDArray  # (A, B), on the training part

    @property
    def best(self) -> tuple[NDArray, NDArray, float]:
        """The masks alpha, beta (p,) with the smallest loss, and that loss; a training that diverged is never it."""
        finite = np.isfinite(self.loss)
        check(bool(finite.any()), "loss", "nan for all pairs", "a training that does not diverge")
        a, b = np.unravel_index(np.where(finite, self.loss, np.inf).argmin(), self.loss.shape)
        return self.alphas[a], self.betas[b], float(self.loss[a, b])

    def of(self, alpha: NDArray, beta: NDArray) -> float:
        """The loss of one pair of masks (p,)."""
        a, b = (np.flatnonzero((all_ == one).all(axis=1)) for all_, one in ((self.alphas, alpha), (self.betas, beta)))
        check(
            a.size == 1 and b.size == 1, "alpha, beta", (alpha, beta), "masks with the k and l ones of this selection"
        )
        return float(self.loss[a[0], b[0]])


def joint_selection(
    start: Training, k: int, kept: int, *, steps: int, rng: np.random.Generator, rule: StepRule, batch_size: int = 0
) -> Selection:
    """`eq:joint-selection` argmin over ||alpha||_1 = k, ||beta||_1 = l of L(beta * (T|_alpha)^eta1 (T^eta0 (w_0)), D).

    By trying them all: every alpha is a replica of one training, all see the same batches, and every beta prunes
    every one of the results. Source: Muravev, talk.

    Parameters
    ----------
    start : the training T^eta0 (w_0), one run of at most ``LARGEST`` parameters
    k, kept : how many parameters stay optimised, and l, how many stay in the network
    steps : eta1
    rng : draws the batches
    rule : the operator T; the talk's is ``sgd``. It starts afresh
    batch_size : objects a step; 0 for all of them, as in the talk's T|_alpha

    Raises
    ------
    ValueError : for too many parameters, or k or kept not in 0 ... p.
    """
    p, data = start.w.shape[-1], start.data
    check(start.w.ndim == 1 and p <= LARGEST, "start.w.shape", start.w.shape, f"(p,), p at most {LARGEST}")
    for name, value in (("k", k), ("kept", kept)):
        check(isinstance(value, int | np.integer) and 0 <= value <= p, name, value, f"a whole number in 0 ... {p}")
    alphas, betas = subsets(p, k), subsets(p, kept)
    w = np.broadcast_to(start.w, alphas.shape)
    size = batch_size or data.n_train
    after = train(start.model, data, w, steps=steps, rng=rng, rule=rule, batch_size=size, alpha=alphas)
    loss = np.empty((len(alphas), len(betas)))
    for rows in pieces(len(alphas), len(betas)):
        with divergence_allowed():
            pruned = after.w[rows, None] * betas
            loss[rows] = evaluate(start.model, pruned, data.X_train, data.y_train, data.task)[0]
    return Selection(alphas, betas, after.w, loss)


def pieces(n_alphas: int, n_betas: int) -> Iterator[slice]:
    """Cut the pairs into pieces that fit into memory, by rows."""
    height = max(1, PAIRS_AT_ONCE // n_betas)
    return (slice(i, i + height) for i in range(0, n_alphas, height))
