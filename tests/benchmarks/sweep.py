"""The sweep that all contenders do: the same data, starts, batches, orders and levels for each.

A run trains t0 steps from its own start on its own batches and collects diag C_t by `eq:covariance-update`.
Then every (order, level) goes on for t1 steps from w_t0 and the Adam state of t0 with the first
round(level p) parameters of the order frozen, all branches of a run on the same batches, and its loss is
taken on train and test. Level 0 is one branch for both orders; level 1 moves nothing and needs no step.
So 19 branches a run are trained and 20 are evaluated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVELS = np.arange(11) / 10
N_ORDERS = 2  # gradient covariance and random
N_TRAINED = 1 + N_ORDERS * (len(LEVELS) - 2)
BATCH_SIZE = 64
B1, B2, EPS = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Problem:
    """One of the four models with its data; ``classes`` is 0 for the squared error."""

    name: str
    sizes: tuple[int, ...]
    classes: int
    rate: float
    data: tuple[NDArray, ...]  # X_train (m, d), y_train (m,), X_test, y_test

    @cached_property
    def shapes(self) -> list[tuple[int, ...]]:
        """The tensors W1, b1, W2, b2 as they stand in the flat vector; the linear model has W1 alone."""
        if len(self.sizes) == 2:
            return [(1, self.sizes[0])]
        d, h, o = self.sizes
        return [(h, d), (h,), (o, h), (o,)]

    @cached_property
    def n_params(self) -> int:
        """The number of parameters p."""
        return sum(int(np.prod(shape)) for shape in self.shapes)

    def split(self, w: Any) -> list[Any]:
        """Cut flat vectors (..., p), of any array library, into tensors (..., *shape)."""
        tensors, start = [], 0
        for shape in self.shapes:
            stop = start + int(np.prod(shape))
            tensors.append(w[..., start:stop].reshape(w.shape[:-1] + shape))
            start = stop
        return tensors


class Draws(NamedTuple):
    """Everything random; the peers are given it ready-made, free of charge."""

    w: NDArray  # starting points (runs, p)
    rows: NDArray  # batches (runs, t0 + t1, S)
    random: NDArray  # the random orders (runs, p)
    t0: int


class Result(NamedTuple):
    """What a sweep gives back; branches: level 0, the inner levels order by order, level 1."""

    C: NDArray  # diag C_t0 (runs, p)
    train: NDArray  # (runs, branches)
    test: NDArray  # (runs, branches)


# fmt: off
PROBLEMS = {
    #              data set      sizes          classes rate
    "linear 200": ("synthetic3", (200, 1),      0,      1e-3),
    "13-20-1":    ("boston",     (13, 20, 1),   0,      1e-3),
    "200-20-1":   ("synthetic1", (200, 20, 1),  0,      1e-3),
    "784-10-10":  ("mnist",      (784, 10, 10), 10,     3e-3),
}
# fmt: on


def make_problem(name: str, dtype: str = "float32") -> Problem:
    """Load the data of one of ``PROBLEMS``."""
    from minimal_order.data.loading import load

    dataset, sizes, classes, rate = PROBLEMS[name]
    data = load(dataset, dtype=dtype)
    return Problem(name, sizes, classes, rate, (data.X_train, data.y_train, data.X_test, data.y_test))


def generator(run: int, purpose: int) -> np.random.Generator:
    """The stream of one run for one purpose: 0 start and order, 1 batches before freezing, 2 after."""
    return np.random.default_rng([7, purpose, run])


def epochs(rng: np.random.Generator, n_objects: int) -> Iterator[NDArray]:
    """Batches (S,) without end, epoch by epoch in a new order, as the package draws them."""
    n_batches = n_objects // BATCH_SIZE
    while True:
        yield from rng.permutation(n_objects)[: n_batches * BATCH_SIZE].reshape(n_batches, BATCH_SIZE)


def draw(problem: Problem, runs: range, t0: int, t1: int) -> Draws:
    """Draw starts, batches and random orders; those of run i do not depend on the other runs."""
    w, rows, orders = [], [], []
    m, dtype = len(problem.data[0]), problem.data[0].dtype
    for run in runs:
        rng = generator(run, 0)
        fan_in = np.repeat(problem.sizes[:-1], 1 if len(problem.sizes) == 2 else 2)
        start = [rng.uniform(-1, 1, shape).ravel() / d**0.5 for shape, d in zip(problem.shapes, fan_in, strict=True)]
        w.append(np.concatenate(start))
        orders.append(rng.permutation(problem.n_params))
        rows.append([b for phase, t in ((1, t0), (2, t1)) for b in islice(epochs(generator(run, phase), m), t)])
    return Draws(np.array(w, dtype), np.array(rows), np.array(orders), t0)


def covariance_order(C: NDArray) -> NDArray:
    """Smallest variance first, ties by index."""
    return np.argsort(C, axis=-1, kind="stable")


def branch_masks(*orders: NDArray) -> NDArray:
    """The masks alpha of the branches that are trained: level 0, then order by order levels .1 ... .9.

    Shapes: orders (..., p) -> bool (..., branches, p).
    """
    p = orders[0].shape[-1]
    masks = [np.ones(orders[0].shape, bool)]
    for order in orders:
        rank = np.argsort(order, axis=-1)
        masks += [rank >= round(level * p) for level in LEVELS[1:-1]]
    return np.stack(masks, axis=-2)


def replica_steps(runs: int, t0: int, t1: int) -> int:
    """How many steps of a single network the sweep is."""
    return runs * (t0 + t1 * N_TRAINED)
