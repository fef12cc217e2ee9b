"""What the other weights do when some are removed: nothing, make up for them, or train on."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ...freezing.masks import prune_mask, rank_of
from ...networks.losses import LOSSES
from ...orders.curvature import DAMPING, of
from ...orders.dependence import covariance_of
from ...pruning.hessian import full_gauss_newton
from ...pruning.removal import remove, retraining
from ...pruning.surgeon import by_obs, invert
from ...training.optim import adam
from ...training.penalty import PenalisedLoss
from ...training.train import Training
from .config import RelevanceConfig
from .runs import generator

ZEROED, MOVED, RETRAINED = "zeroed", "moved", "retrained"


def obs_covariance(run: Training) -> NDArray:
    """The inverse of the Gauss-Newton matrix, as the order ``obs`` has it, (p, p)."""
    G = full_gauss_newton(*of(run))
    return invert(G, np.ones(run.w.shape, bool), DAMPING * float(np.diagonal(G).max()) or 1.0)


COVARIANCES: dict[str, Callable[[Training], NDArray]] = {
    "obs": obs_covariance,
    "belsley": covariance_of,
    "belsley_conditional": covariance_of,
}
"""Orders by whose method the rest can move, and the covariance by which it does."""


def ways_of(config: RelevanceConfig, order: str) -> list[str]:
    """What the rest does under an order, one curve each."""
    moves = order in COVARIANCES and not config.setting.drawn
    return [ZEROED, *[MOVED] * moves, *[RETRAINED] * (config.retrain > 0)]


def zeroed(w: NDArray, order: NDArray, ks: NDArray) -> NDArray:
    """W (p,) with the first k of an order set to 0 for every k, (levels, p)."""
    return w * prune_mask(order, k=ks)


def moved(w: NDArray, order: NDArray, ks: NDArray, covariance: NDArray) -> NDArray:
    """As ``zeroed``, the others where `eq:obs-update` takes them one removal after the other, (levels, p).

    That is the conditional mean given that all of these are 0.
    """
    rank = rank_of(order).astype(float)
    given = by_obs(lambda w: covariance)._replace(
        look=lambda w, beta: covariance, saliency=lambda inverse, w: rank
    )  # its removals in another order
    path = [w, *(removed.w for removed in remove(w, given, every=None))]
    return np.stack([path[k] for k in ks])


def retrained(config: RelevanceConfig, training: Training, orders: NDArray, runs: Sequence[int]) -> Iterator[NDArray]:
    """Remove what each level adds, train the rest a few steps, go on to the next level; yield w after each level.

    Shapes: orders (runs, orders, p) -> (runs, orders, p). At a tenth of the rate, on the loss with its decay.
    """
    data, ks = training.data, config.ks
    objective = PenalisedLoss(config.model, LOSSES[data.task], config.decay)
    train_on = retraining(
        config.model,
        data,
        steps=config.retrain,
        rng=[generator(config, "retraining", run) for run in runs],
        objective=objective,
        rule=adam(config.rate / 10),
        batch_size=config.batch_size,
    )
    beta = prune_mask(orders, k=ks)  # (runs, orders, levels, p)
    w = np.repeat(training.w[:, None], orders.shape[1], axis=1)
    for level, k in enumerate(ks):
        w = w * beta[:, :, level]
        if 0 < k < config.model.n_params:
            w = train_on(w, beta[:, :, level])
        yield w
