"""The claims of the ordering paper.

Numbers are paired over runs. Levels 0 and 1 are the same for all orders and are left out of every mean over levels.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..estimates import Estimate, mean_interval, variance_ratio_interval
from ..experiments.freeze.outcome import PANELS, SPLITS, Outcome
from ..freezing.masks import by_score, freeze_mask, live_order
from ..freezing.stability import jackknife_interval, mask_correlation, spearman
from .ledger import UNDEFINED, Claim, Finding, Ledger, Rule, finding

COVARIANCE, RANDOM = "gradient_covariance", "random"
MARGIN = 0.05
"""How much loss is not significant, as a share."""


Outcomes = Mapping[str, Outcome]


# --- estimators -----------------------------------------------------------------------------------------


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


# --- the claims -----------------------------------------------------------------------------------------

LEDGER = Ledger()
claim = LEDGER.claim


def judge(outcomes: Outcomes) -> list[Claim]:
    """Every claim with its findings and verdict, from the outcomes that hold both orders and three runs or more."""
    usable = {
        name: outcome
        for name, outcome in outcomes.items()
        if {COVARIANCE, RANDOM} <= set(outcome.config.orders) and outcome.config.runs >= 3 and inner(outcome).any()
    }
    return LEDGER.judge(usable)


def of_sets(outcomes: Outcomes, *datasets: str) -> Outcomes:
    """Those outcomes that are of one of the data sets."""
    return {name: outcome for name, outcome in outcomes.items() if outcome.config.dataset in datasets}


def on_both_splits(outcomes: Outcomes, what: str, estimator: Callable, rule: Rule) -> list[Finding]:
    """One finding for train and one for test on each data set."""
    return [
        finding(name, f"{what}, {split}", estimator(outcome, s), rule)
        for name, outcome in outcomes.items()
        for s, split in enumerate(SPLITS)
    ]


CORRELATION = "correlation of two runs' masks"
PAPERS_ESTIMATE = "running"
"""The estimate of the covariance by (2.6), as ``watching.Estimates`` names it."""

EXCESS, RATIO = "loss less random's, over random's", "variance of the loss over random's"


@claim(
    "a1",
    "The loss grows slower than under random freezing (Synthetic 1, Synthetic 3).",
    "The interval of the mean difference of the losses lies below 0, on train and on test.",
)
def grows_slower(outcomes: Outcomes) -> list[Finding]:
    """Evidence for a1."""
    chosen = of_sets(outcomes, "synthetic1", "synthetic3")
    return on_both_splits(chosen, EXCESS, excess_over_random, lambda e: e.high < 0)


@claim(
    "a2",
    "The variance of the loss is significantly smaller than under random freezing (Synthetic 3).",
    "The interval of the ratio of the variances over runs lies below 1, on train and on test.",
)
def varies_less(outcomes: Outcomes) -> list[Finding]:
    """Evidence for a2."""
    return on_both_splits(of_sets(outcomes, "synthetic3"), RATIO, variance_ratio, lambda e: e.high < 1)


@claim(
    "a3",
    "Means and variances of the loss are comparable with random freezing's (Boston, MNIST).",
    f"The interval of the mean difference lies within +-{MARGIN:.0%} of random's loss, that of the ratio of the "
    "variances within 1/3 ... 3, on train and on test.",
)
def is_comparable(outcomes: Outcomes) -> list[Finding]:
    """Evidence for a3."""
    chosen = of_sets(outcomes, "boston", "mnist")
    means = on_both_splits(chosen, EXCESS, excess_over_random, lambda e: e.low > -MARGIN and e.high < MARGIN)
    return means + on_both_splits(chosen, RATIO, variance_ratio, lambda e: e.low > 1 / 3 and e.high < 3)


@claim(
    "a4",
    "The order is stable and does not change from run to run; the random order's alpha_hat is flat.",
    "The mean correlation of two runs' masks, lower end of its interval, is .8 or more; random's covers 0.",
)
def is_stable(outcomes: Outcomes) -> list[Finding]:
    """Evidence for a4."""
    rules: dict[str, Rule] = {
        COVARIANCE: lambda e: e.low >= 0.8,
        RANDOM: lambda e: e.covers(0),
    }
    return [
        finding(where, f"{CORRELATION}, {order}", mean_mask_correlation(outcome, order, condition), rule)
        for name, outcome in outcomes.items()
        for condition in outcome.comparisons
        for where in [f"{name}; new {condition}"]
        for order, rule in rules.items()
    ]


@claim(
    "a5",
    "A significant share of the parameters can be frozen without significant loss of quality.",
    f"The largest level up to which the test loss, its interval included, exceeds that at level 0 by no more "
    f"than {MARGIN:.0%}, is .5 or more. Random's is shown for comparison.",
)
def share_can_be_frozen(outcomes: Outcomes) -> list[Finding]:
    """Evidence for a5."""
    return [
        finding(name, f"largest level without significant loss, {order}", frozen_share(outcome, order), rule)
        for name, outcome in outcomes.items()
        for order, rule in ((COVARIANCE, lambda share: share >= 0.5), (RANDOM, None))
    ]


@claim(
    "a6",
    "The order on the parameters of a linear model induces an order on the features, and one that says something.",
    "That there is one is so by definition. It says something of the features if two runs' masks correlate and "
    "Spearman's rho with the order of the lasso path is high, both lower ends above .5.",
)
def orders_features(outcomes: Outcomes) -> list[Finding]:
    """Evidence for a6."""
    findings = []
    for name, outcome in of_sets(outcomes, "synthetic2", "synthetic3").items():
        if PANELS not in outcome.comparisons:
            continue  # on new data in every run the features do not mean the same
        stable = mean_mask_correlation(outcome, COVARIANCE, PANELS)
        findings.append(finding(name, CORRELATION, stable, lambda e: e.low > 0.5))
        if "lasso" in outcome.config.orders:
            rho = agreement_with(outcome, COVARIANCE, "lasso")
            findings.append(finding(name, "Spearman's rho with the lasso path", rho, lambda e: e.low > 0.5))
    return findings


@claim(
    "a7",
    "Most parameters converge after few iterations.",
    "After a fifth of the steps, with nothing frozen, the share of parameters that stay within a tenth of their "
    "way from their end value is above .5, interval included.",
)
def converges_early(outcomes: Outcomes) -> list[Finding]:
    """Evidence for a7."""
    return [
        finding(name, "share converged after a fifth of the steps", early_share(outcome), lambda e: e.low > 0.5)
        for name, outcome in outcomes.items()
    ]


@claim(
    "a8",
    "C_t0 approximates the covariance C of the gradient.",
    "Spearman's rho of (2.6) with the exact diag C is .9 or more and the median ratio to it within .8 ... 1.25, "
    "intervals included. Other estimates from the same steps are shown for comparison.",
)
def approximates_covariance(outcomes: Outcomes) -> list[Finding]:
    """Evidence for a8."""
    findings = []
    for name, outcome in outcomes.items():
        for kind, values in outcome.estimates.items():
            usable = values[np.isfinite(values).all(axis=1)]
            rho, ratio = (mean_interval(usable[:, i]) if len(usable) >= 2 else UNDEFINED for i in (0, 1))
            judged = kind == PAPERS_ESTIMATE
            rules: tuple[Rule, Rule] = (lambda e: e.low >= 0.9, lambda e: e.low >= 0.8 and e.high <= 1.25)
            findings += [
                finding(name, f"Spearman's rho with the exact diag C, {kind}", rho, rules[0] if judged else None),
                finding(name, f"median ratio to it, {kind}", ratio, rules[1] if judged else None),
            ]
    return findings
