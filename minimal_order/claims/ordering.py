"""The claims of the ordering paper, judged by the estimates of ``freezing``."""

from collections.abc import Callable, Mapping

import numpy as np

from ..estimates import mean_interval
from ..experiments.freeze.outcome import PANELS, SPLITS, Outcome
from .freezing import (
    COVARIANCE,
    MARGIN,
    RANDOM,
    agreement_with,
    early_share,
    excess_over_random,
    frozen_share,
    inner,
    mean_mask_correlation,
    variance_ratio,
)
from .ledger import UNDEFINED, Claim, Finding, Ledger, Rule, finding

Outcomes = Mapping[str, Outcome]
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
