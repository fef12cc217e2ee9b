"""The claims of the ordering paper: each a text, an estimator, a decision rule fixed beforehand, and a verdict.

Numbers are paired over runs and carry 95 % intervals. Levels 0 and 1 are the same for all orders and are left
out of every mean over levels. A claim holds where its rule is met on every data set that it speaks of, and
holds under conditions where on some.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .estimates import Estimate, mean_interval, variance_ratio_interval
from .experiments.outcome import PANELS, SPLITS, Outcome
from .masks import freeze_mask, live_order
from .stability import jackknife_interval, mask_correlation, spearman

HOLDS, CONDITIONS, FAILS, UNTESTED = "holds", "holds under conditions", "does not hold", "not tested here"
COVARIANCE, RANDOM = "gradient_covariance", "random"
MARGIN = 0.05
"""How much loss is not significant, as a share."""


class Finding(NamedTuple):
    """One number behind a verdict, and whether it meets the rule."""

    where: str
    what: str
    estimate: Estimate | float
    met: bool


class Claim(NamedTuple):
    """A claim with what was found."""

    id: str
    text: str
    rule: str
    findings: list[Finding]
    verdict: str


Outcomes = Mapping[str, Outcome]


def decide(findings: list[Finding]) -> str:
    """The verdict from the findings: all, some or none of the places meet the rule."""
    if not findings:
        return UNTESTED
    places: dict[str, bool] = {}
    for finding in findings:
        places[finding.where] = places.get(finding.where, True) and finding.met
    return HOLDS if all(places.values()) else CONDITIONS if any(places.values()) else FAILS


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
    difference = mean_interval((loss - chance).mean(axis=1))
    return Estimate(*(np.asarray(difference) / chance.mean()))


def variance_ratio(outcome: Outcome, split: int, order: str = COVARIANCE) -> Estimate:
    """Variance over runs of the loss under an order, over random's, in the geometric mean over levels."""
    return variance_ratio_interval(*paired(outcome, split, order, RANDOM))


def mean_mask_correlation(outcome: Outcome, order: str, condition: str) -> Estimate:
    """Mean over levels and pairs of runs of the correlation of the masks, among live parameters."""
    rank = outcome.comparisons[condition][order]
    levels = np.array(outcome.config.levels)[inner(outcome)]
    alpha = freeze_mask(live_order(np.argsort(rank, axis=-1), outcome.live), levels)
    return jackknife_interval(mask_correlation(alpha).mean(axis=0))


def frozen_share(outcome: Outcome, order: str) -> float:
    """The largest level up to which the test loss is not significantly above that at level 0."""
    loss = outcome.loss(order)[:, :, 1]
    levels = np.array(outcome.config.levels)
    base = loss[:, levels.argmin()]
    share = 0.0
    for i in np.argsort(levels):
        usable = np.isfinite(loss[:, i]) & np.isfinite(base)
        excess = mean_interval(loss[usable, i] - base[usable])
        if excess.high > MARGIN * base[usable].mean():
            break
        share = float(levels[i])
    return share


def agreement_with(outcome: Outcome, order: str, other: str) -> Estimate:
    """Spearman's rho between two orders of the same run, mean over runs."""
    ranks = np.stack([outcome.comparisons[outcome.main][name] for name in (order, other)], axis=1)
    return mean_interval(spearman(ranks)[:, 0, 1])


def early_share(outcome: Outcome) -> Estimate:
    """The share of live parameters that have converged after a fifth of the steps, mean over runs."""
    early = outcome.converged <= 0.2 * (outcome.t0 + outcome.config.t1)
    return mean_interval(early[:, outcome.live].mean(axis=1))


# --- the claims -----------------------------------------------------------------------------------------

Find = Callable[[Outcomes], list[Finding]]
CLAIMS: dict[str, tuple[str, str, Find]] = {}
"""id -> the claim, its decision rule, and what looks for the evidence."""


def claim(id: str, text: str, rule: str) -> Callable[[Find], Find]:
    """Enter a function that finds the evidence in the ledger."""

    def enter(find: Find) -> Find:
        CLAIMS[id] = (text, rule, find)
        return find

    return enter


def judge(outcomes: Outcomes) -> list[Claim]:
    """Every claim with its findings and verdict, from the outcomes that hold both orders and three runs or more."""
    usable = {
        name: outcome
        for name, outcome in outcomes.items()
        if {COVARIANCE, RANDOM} <= set(outcome.config.orders) and outcome.config.runs >= 3 and inner(outcome).any()
    }
    judged = []
    for id, (text, rule, find) in CLAIMS.items():
        findings = find(usable)
        judged.append(Claim(id, text, rule, findings, decide(findings)))
    return judged


def of_sets(outcomes: Outcomes, *datasets: str) -> Outcomes:
    """Those outcomes that are of one of the data sets."""
    return {name: outcome for name, outcome in outcomes.items() if outcome.config.dataset in datasets}


def on_both_splits(outcomes: Outcomes, what: str, estimator: Callable, met: Callable[[Estimate], bool]) -> list[Finding]:
    """One finding for train and one for test on each data set."""
    return [
        Finding(name, f"{what}, {split}", estimate, met(estimate))
        for name, outcome in outcomes.items()
        for s, split in enumerate(SPLITS)
        for estimate in [estimator(outcome, s)]
    ]


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
    means = on_both_splits(chosen, EXCESS, excess_over_random, lambda e: -MARGIN < e.low and e.high < MARGIN)
    return means + on_both_splits(chosen, RATIO, variance_ratio, lambda e: 1 / 3 < e.low and e.high < 3)


@claim(
    "a4",
    "The order is stable and does not change from run to run; the random order's alpha_hat is flat.",
    "The mean correlation of two runs' masks, lower end of its interval, is .8 or more; random's covers 0.",
)
def is_stable(outcomes: Outcomes) -> list[Finding]:
    """Evidence for a4."""
    rules: dict[str, Callable[[Estimate], bool]] = {
        COVARIANCE: lambda e: e.low >= 0.8,
        RANDOM: lambda e: bool(e.covers(0)),
    }
    return [
        Finding(f"{name}; new {condition}", f"correlation of two runs' masks, {order}", estimate, met(estimate))
        for name, outcome in outcomes.items()
        for condition in outcome.comparisons
        for order, met in rules.items()
        for estimate in [mean_mask_correlation(outcome, order, condition)]
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
        Finding(name, f"largest level without significant loss, {order}", share, share >= 0.5 or order == RANDOM)
        for name, outcome in outcomes.items()
        for order in (COVARIANCE, RANDOM)
        for share in [frozen_share(outcome, order)]
    ]


@claim(
    "a6",
    "The order on the parameters of a linear model induces an order on the features.",
    "That is so by definition; it says something of the features if two runs' masks correlate and Spearman's rho "
    "with the order of the lasso path is high, both lower ends above .5.",
)
def orders_features(outcomes: Outcomes) -> list[Finding]:
    """Evidence for a6."""
    findings = []
    for name, outcome in of_sets(outcomes, "synthetic2", "synthetic3").items():
        stable = mean_mask_correlation(outcome, COVARIANCE, PANELS)
        findings.append(Finding(name, "correlation of two runs' masks", stable, stable.low > 0.5))
        if "lasso" in outcome.config.orders:
            rho = agreement_with(outcome, COVARIANCE, "lasso")
            findings.append(Finding(name, "Spearman's rho with the lasso path", rho, rho.low > 0.5))
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
        Finding(name, "share converged after a fifth of the steps", share, share.low > 0.5)
        for name, outcome in outcomes.items()
        for share in [early_share(outcome)]
    ]


@claim(
    "a8",
    "C_t0 approximates the covariance C of the gradient.",
    "Spearman's rho with the exact diag C is .9 or more and the median ratio to it within .8 ... 1.25, intervals "
    "included.",
)
def approximates_covariance(outcomes: Outcomes) -> list[Finding]:
    """Evidence for a8."""
    findings = []
    for name, outcome in outcomes.items():
        for kind, values in outcome.estimates.items():
            rho, ratio = (mean_interval(values[np.isfinite(values).all(axis=1), i]) for i in (0, 1))
            where = f"{name}; {kind}"
            findings += [
                Finding(where, "Spearman's rho with the exact diag C", rho, rho.low >= 0.9),
                Finding(where, "median ratio to it", ratio, 0.8 <= ratio.low and ratio.high <= 1.25),
            ]
    return findings
