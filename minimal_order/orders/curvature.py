"""Orders by what the loss would change if a weight were removed, from its second derivatives at the end.

All of the mean loss on the whole training part, and all scored once: what recomputes, retrains or moves the other
weights is in ``pruning/removal.py``.
"""

import numpy as np
from numpy.typing import NDArray

from ..freezing.masks import by_score
from ..networks.gradients import value_and_gradient
from ..networks.losses import LOSSES
from ..pruning.hessian import full_gauss_newton, gauss_newton_diagonal, hessian_diagonal
from ..pruning.removal import obd_saliency, removal_order, taylor_change
from ..pruning.surgeon import by_obs
from ..training.train import Training
from .table import order

DAMPING = 1e-6
"""Of Optimal Brain Surgeon, relative to the largest curvature: dead weights leave the Gauss-Newton matrix singular."""


@order("taylor", "smallest |change of the loss| to second order first", "eq:taylor", default=False)
def taylor(run: Training, rng: np.random.Generator) -> NDArray:
    """With the gradient at the end, which is not 0, and the exact diagonal; Grabovoy, talk on relevance."""
    return by_score(taylor_change(value_and_gradient(*of(run))[1], hessian_diagonal(*of(run)), run.w))


@order("obd", "smallest curvature times w^2 first, negative ones foremost", "eq:obd", default=False)
def obd(run: Training, rng: np.random.Generator) -> NDArray:
    """With the exact diagonal as it is, negative where it is; Grabovoy, talk on relevance."""
    return by_score(obd_saliency(hessian_diagonal(*of(run)), run.w))


@order("obd_gauss_newton", "as obd, with the Gauss-Newton diagonal, never negative", "eq:obd", default=False)
def obd_gauss_newton(run: Training, rng: np.random.Generator) -> NDArray:
    """The common cure for negative curvature: the part of the diagonal that cannot be."""
    return by_score(obd_saliency(gauss_newton_diagonal(*of(run)), run.w))


@order("obs", "least loss first, if the other weights make up for it", "eq:obs", ("small",), default=False)
def obs(run: Training, rng: np.random.Generator) -> NDArray:
    """Of the Gauss-Newton matrix at the end, the others moved after each removal; Hassibi, Stork 1992."""
    G = full_gauss_newton(*of(run))
    largest = float(np.diagonal(G).max())
    damping = DAMPING * largest if largest > 0 else 1.0
    return removal_order(run.w.astype(float), by_obs(lambda w: G, damping), every=None)


def of(run: Training) -> tuple:
    """What the derivatives are of: model, loss, w, X, y; in double precision, in which small curvature is not noise."""
    return run.model, LOSSES[run.data.task], run.w.astype(float), run.data.X_train, run.data.y_train
