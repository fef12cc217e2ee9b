"""The claims of the talk on selection.

Numbers are paired over runs. Levels 0 and 1 are the same for all orders and are left out of every mean over levels.
Quality is the accuracy, or the root mean squared error with its sign changed: more is better.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..estimates import Estimate
from ..experiments.select.outcome import SelectOutcome
from .ledger import UNDEFINED, Claim, Finding, Ledger, finding, interval, is_defined

HG, G, RANDOM = "preconditioned_gradient", "full_gradient", "random"

Outcomes = Mapping[str, SelectOutcome]
LEDGER = Ledger()
claim = LEDGER.claim


def judge(outcomes: Outcomes) -> list[Claim]:
    """Every claim with its findings and verdict, from the outcomes of three runs or more."""
    return LEDGER.judge({name: outcome for name, outcome in outcomes.items() if outcome.config.runs >= 3})


# --- estimators -----------------------------------------------------------------------------------------


def average_rank(x: NDArray) -> NDArray:
    """The rank of each entry of x (n,), equal ones sharing theirs."""
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def rank_correlation(x: NDArray, y: NDArray) -> float:
    """Spearman's rho of x and y (n,), ties sharing a rank; NaN if all entries of one are equal."""
    ranks = np.stack([average_rank(x), average_rank(y)])
    return float(np.corrcoef(ranks)[0, 1]) if np.all(np.ptp(ranks, axis=1) > 0) else np.nan


def spread_of_speeds(outcome: SelectOutcome) -> Estimate:
    """How far apart the first and the last tenth of the parameters converge, as a share of all steps."""
    shares = []
    for times, moved in zip(outcome.converged[:, 0], outcome.moved[:, 0], strict=True):
        first, last = np.percentile(times[moved], [10, 90]) if moved.any() else (np.nan, np.nan)
        shares.append((last - first) / outcome.steps)
    return interval(np.array(shares))


def own_speed(outcome: SelectOutcome) -> Estimate:
    """Spearman's rho of the convergence times in two trainings from one start with different batches."""
    found = []
    for times, moved in zip(outcome.converged, outcome.moved, strict=True):
        both = moved.all(axis=0)
        found.append(rank_correlation(*times[:, both]) if both.sum() > 1 else np.nan)
    return interval(np.array(found))


def lead(outcome: SelectOutcome, order: str, other: str) -> Estimate:
    """Quality on test under one order less that under another, mean over the levels that both have."""
    levels = sorted(set(outcome.config.levels_of(order)) & set(outcome.config.levels_of(other)))
    inner = [level for level in levels if 0 < outcome.config.k(level) < outcome.config.n_selectable]
    known = {order, other} <= set(outcome.config.orders)
    if not known or not inner:
        return UNDEFINED
    apart = [outcome.metric_at(order, level) - outcome.metric_at(other, level) for level in inner]
    return interval((-1 if outcome.is_regression else 1) * np.mean(apart, axis=0))


def accuracy_at(outcome: SelectOutcome, order: str, level: float) -> Estimate:
    """Accuracy on test with a share not optimised."""
    known = order in outcome.config.orders and level in outcome.config.levels_of(order)
    return interval(outcome.metric_at(order, level)) if known else UNDEFINED


def accuracy_zeroed(outcome: SelectOutcome, criterion: str, level: float) -> Estimate:
    """Accuracy on test with all optimised and a share zeroed."""
    levels: Sequence[float] = outcome.config.prune_levels
    return interval(outcome.pruned[criterion][:, levels.index(level)]) if level in levels else UNDEFINED


# --- the claims -----------------------------------------------------------------------------------------


@claim(
    "b1",
    "Parameters of a network converge at different speeds.",
    "With everything optimised the last tenth of the parameters has converged at least a quarter of all steps after "
    "the first tenth; and more than half of the difference is the parameter's own: the convergence times of two "
    "trainings from one start with different batches have a rank correlation above .5; intervals included. "
    "Converged: within a tenth of its way from the end value for good.",
)
def converge_at_different_speeds(outcomes: Outcomes) -> list[Finding]:
    """Evidence for b1."""
    findings = []
    for name, outcome in outcomes.items():
        spread, own = spread_of_speeds(outcome), own_speed(outcome)
        findings.append(finding(name, "from first to last tenth, share of all steps", spread, lambda e: e.low >= 0.25))
        findings.append(finding(name, "Spearman's rho of two trainings' times", own, lambda e: e.low > 0.5))
    return findings


@claim(
    "b2",
    "The choice of what to optimise matters: quality by the preconditioned gradient Hg is above that by the gradient "
    "g, and that above random's.",
    "The intervals of all three mean differences in test quality, paired over runs, lie above 0.",
)
def orders_differ(outcomes: Outcomes) -> list[Finding]:
    """Evidence for b2."""
    pairs = {"Hg less random": (HG, RANDOM), "g less random": (G, RANDOM), "Hg less g": (HG, G)}
    return [
        finding(name, f"{what}, {outcome.metric_name}", lead(outcome, *pair), lambda e: e.low > 0)
        for name, outcome in outcomes.items()
        for what, pair in pairs.items()
    ]


@claim(
    "b3",
    "On MNIST accuracy stays above .96 with 60 % of the parameters not optimised.",
    "Accuracy on test by the preconditioned gradient is above .96, interval included. The other orders are shown for "
    "comparison.",
)
def stays_with_few_optimised(outcomes: Outcomes) -> list[Finding]:
    """Evidence for b3."""
    return [
        finding(name, f"accuracy at 60 % not optimised, {order}", estimate, rule)
        for name, outcome in outcomes.items()
        if outcome.config.dataset == "mnist"
        for order in outcome.config.orders
        for rule in [(lambda e: e.low > 0.96) if order == HG else None]
        for estimate in [accuracy_at(outcome, order, 0.6)]
        if rule or is_defined(estimate)  # what is only for comparison and diverged leaves the verdict alone
    ]


@claim(
    "b4",
    "On MNIST accuracy stays above .95 with 80 % of the weights zeroed.",
    "Accuracy on test with the smallest 80 % zeroed is above .95, interval included. At random for comparison.",
)
def stays_with_few_weights(outcomes: Outcomes) -> list[Finding]:
    """Evidence for b4."""
    return [
        finding(name, f"accuracy at 80 % zeroed, {criterion}", estimate, rule)
        for name, outcome in outcomes.items()
        if outcome.config.dataset == "mnist"
        for criterion in outcome.pruned
        for rule in [(lambda e: e.low > 0.95) if criterion == "magnitude" else None]
        for estimate in [accuracy_zeroed(outcome, criterion, 0.8)]
        if rule or is_defined(estimate)
    ]
