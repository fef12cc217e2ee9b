"""What the claims of the ordering paper rest on: estimates from one freezing experiment.

Numbers are paired over runs. Levels 0 and 1 are the same for all orders and are left out of every mean over levels.
"""

import numpy as np
from numpy.typing import NDArray

from ..estimates import Estimate, mean_interval, variance_ratio_interval
from ..experiments.freeze.outcome import Outcome
from ..freezing.masks import by_score, freeze_mask, live_order
from ..freezing.stability import jackknife_interval, mask_correlation, spearman
from .ledger import UNDEFINED

COVARIANCE, RANDOM = "gradient_covariance", "random"
MARGIN = 0.05
"""How much loss is not significant, as a share."""


def inner(outcome: Outcome) -> NDArray:
    """Which levels are neither 0 nor 1."""
    levels = np.array(outcome.config.levels)
    return (levels > 0) & (levels < 1)


def paired(outcome: Outcome, split: int, *orders: str) -> list[NDArray]:
    """The losses (runs, inner levels) of some orders, of the runs of which none diverged."""
    losses = [outcome.loss(order)[:, inner(outcome), split] for order in orders]
    usable = np.all([np.isfinite(loss).all(axis=1) for loss in losses], axis=0)
    return [loss[usable] for loss in losses]


def excess_over_random(outcome: Outcome, split: int, order: str = COVARIANCE) -> Estimate:
    """Mean over levels of the loss under an order less that under random, over random's mean loss."""
    loss, chance = paired(outcome, split, order, RANDOM)
    if len(loss) < 2:
        return UNDEFINED
    difference = mean_interval((loss - chance).mean(axis=1))
    return Estimate(*(np.asarray(difference) / chance.mean()))


def variance_ratio(outcome: Outcome, split: int, order: str = COVARIANCE) -> Estimate:
    """Variance over runs of the loss under an order, over random's, in the geometric mean over levels."""
    loss, chance = paired(outcome, split, order, RANDOM)
    try:
        return variance_ratio_interval(loss, chance)
    except ValueError:  # fewer than three runs, or a loss that is the same in all
        return UNDEFINED


def mean_mask_correlation(outcome: Outcome, order: str, condition: str) -> Estimate:
    """Mean over levels and pairs of runs of the correlation of the masks, among live parameters."""
    rank = outcome.comparisons[condition][order]
    if len(rank) < 3:
        return UNDEFINED
    levels = np.array(outcome.config.levels)[inner(outcome)]
    alpha = freeze_mask(live_order(by_score(rank), outcome.live), levels)
    return jackknife_interval(mask_correlation(alpha).mean(axis=0))


def frozen_share(outcome: Outcome, order: str) -> float:
    """The largest level up to which the test loss is not significantly above that at level 0; NaN without one."""
    loss, levels = outcome.loss(order)[:, :, 1], outcome.config.levels
    if 0 not in levels or np.isfinite(loss[:, levels.index(0)]).sum() < 2:
        return np.nan
    base = loss[:, levels.index(0)]
    share = 0.0
    for i, level in enumerate(levels):
        usable = np.isfinite(loss[:, i]) & np.isfinite(base)
        if usable.sum() < 2:
            break
        excess = mean_interval(loss[usable, i] - base[usable])
        if excess.high > MARGIN * base[usable].mean():
            break
        share = level
    return share


def agreement_with(outcome: Outcome, order: str, other: str) -> Estimate:
    """Spearman's rho between two orders of the same run, mean over runs."""
    ranks = np.stack([outcome.comparisons[outcome.main][name] for name in (order, other)], axis=1)
    return mean_interval(spearman(ranks)[:, 0, 1]) if len(ranks) >= 2 else UNDEFINED


def early_share(outcome: Outcome) -> Estimate:
    """The share of live parameters that have converged after a fifth of the steps, mean over runs, nothing frozen."""
    early = outcome.converged[outcome.free_runs][:, outcome.live] <= 0.2 * (outcome.t0 + outcome.config.t1)
    return mean_interval(early.mean(axis=1)) if len(early) >= 2 else UNDEFINED
