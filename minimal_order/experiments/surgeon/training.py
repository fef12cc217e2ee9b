"""How the networks of the experiment are trained: on all objects at once, to the bottom of the valley."""

from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...networks.losses import mean_loss
from ...training.loop import descend, spread_runs
from ...training.optim import adam
from ...training.penalty import PenalisedLoss

RATES = (0.05, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
"""Of Adam, each for an equal part of the steps: around a minimum it does not come to rest by itself."""


def fit(
    objective: PenalisedLoss,
    data: Dataset,
    w: NDArray,
    rng: np.random.Generator | Sequence[np.random.Generator],
    steps: int,
    beta: NDArray | None = None,
) -> NDArray:
    """Train all replicas w (..., p) side by side, with all objects in every step; beta prunes."""
    for rate in RATES:
        rule, m = adam(rate), data.n_train
        loop = descend(objective.model, data, w, rng=rng, objective=objective, rule=rule, batch_size=m, beta=beta)
        w = next(islice(loop, steps // len(RATES) - 1, None)).w
    return w


def value(objective: PenalisedLoss, w: NDArray, data: Dataset) -> NDArray:
    """Mean loss + decay ||w||^2 of every replica, (...)."""
    X, y = spread_runs(data.X_train, 2, w), spread_runs(data.y_train, 1, w)
    losses = objective.loss(objective.model.outputs(w, X), y)
    return mean_loss(losses) + objective.decay * np.sum(w**2, axis=-1)


def steepest(objective: PenalisedLoss, w: NDArray, data: Dataset) -> NDArray:
    """Return the largest component of the gradient of every replica, (...): 0 at a minimum."""
    X, y = spread_runs(data.X_train, 2, w), spread_runs(data.y_train, 1, w)
    g = np.empty_like(w)
    objective.gradient(w, X, y, g)
    return np.abs(g).max(axis=-1)
