"""The claims of the talk on relevance.

Which criterion keeps quality longest, which passes least noise on, does Belsley's method find the dependent
parameters? The talk asks "which" and puts Belsley's method forward, so that is what the rules judge: Belsley's
against its three others. All orders stand beside it for comparison. Numbers are paired over runs, means over the
levels at which some of the parameters are removed, but not all.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..estimates import Estimate, mean_interval
from ..experiments.belsley_toy.outcome import Toy
from ..experiments.noise.outcome import NoiseOutcome
from ..experiments.relevance.config import GIVEN, TALK
from ..experiments.relevance.moving import ZEROED
from ..experiments.relevance.outcome import RelevanceOutcome, inner_levels
from .dependence import CLAIM, RULE, toy_findings
from .ledger import UNDEFINED, Claim, Finding, Ledger, finding

MARGIN = 0.05
"""How much quality is not significant: as a share of the error, or of all objects."""


class Evidence(NamedTuple):
    """What was found: experiments by name, and the illustration."""

    relevance: Mapping[str, RelevanceOutcome] = {}
    noise: Mapping[str, NoiseOutcome] = {}
    toy: Toy | None = None


LEDGER = Ledger()
claim = LEDGER.claim


def judge(evidence: Evidence) -> list[Claim]:
    """Every claim with its findings and verdict, from experiments of three runs or more."""
    relevance = {name: found for name, found in evidence.relevance.items() if found.config.runs >= 3}
    noise = {name: found for name, found in evidence.noise.items() if found.config.runs >= 3}
    return LEDGER.judge(Evidence(relevance, noise, evidence.toy))


# --- estimators -----------------------------------------------------------------------------------------


def interval_of_all(x: NDArray) -> Estimate:
    """Student's interval of x (runs,), if there are two and all are finite."""
    return mean_interval(x) if len(x) >= 2 and np.isfinite(x).all() else UNDEFINED


def belsleys(orders: Sequence[str]) -> str:
    """Belsley's criterion: by the covariance that is given, where one is, as the talk has it."""
    return GIVEN if GIVEN in orders else "belsley"


def rivals(orders: Sequence[str]) -> list[str]:
    """The talk's other criteria, as far as they are there."""
    return [name for name in TALK if name in orders and name != "belsley"]


def quality(outcome: RelevanceOutcome, order: str, way: str = ZEROED) -> NDArray:
    """Quality on test (runs, levels), rounded: a model of targets without noise errs by 1e-16, by any order."""
    return np.round(outcome.quality(order, way), 9)


def kept(outcome: RelevanceOutcome, order: str, way: str = ZEROED) -> NDArray:
    """Quality on test, mean over the inner levels (runs,)."""
    return quality(outcome, order, way)[:, inner_levels(outcome.config)].mean(axis=1)


def lead(outcome: RelevanceOutcome, order: str, other: str) -> Estimate:
    """By how much one order keeps more quality than another."""
    known = {order, other} <= set(outcome.config.orders) and inner_levels(outcome.config).any()
    return interval_of_all(kept(outcome, order) - kept(outcome, other)) if known else UNDEFINED


def standing(outcome: RelevanceOutcome) -> list[str]:
    """All orders, the one that keeps most quality first; ties as in the configuration."""
    orders = outcome.config.orders
    if not inner_levels(outcome.config).any():
        return list(orders)
    return sorted(orders, key=lambda order: -float(kept(outcome, order).mean()))


def free_share(outcome: RelevanceOutcome, order: str, way: str = ZEROED) -> float:
    """The largest level up to which nothing significant is lost on test, its interval included; NaN without level 0.

    Significant: ``MARGIN`` of the error with nothing removed, or of all objects.
    """
    found, levels = quality(outcome, order, way), outcome.config.levels
    if levels[0] != 0 or len(found) < 2:
        return np.nan
    margin = MARGIN * abs(found[:, 0].mean()) if outcome.is_regression else MARGIN
    share = 0.0
    for i, level in enumerate(levels):
        if mean_interval(found[:, 0] - found[:, i]).high > margin:
            break
        share = level
    return share


def passed_on(outcome: NoiseOutcome, order: str) -> NDArray:
    """Variance of the output, mean over inner levels and noises (runs,)."""
    return outcome.variance(order)[:, inner_levels(outcome.config)].mean(axis=(1, 2))


def noise_to_signal(outcome: NoiseOutcome, order: str) -> NDArray:
    """The same over the variance of the output between objects, mean over inner levels (runs,)."""
    signal = outcome.signal[:, outcome.place(order)][:, inner_levels(outcome.config)].mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return passed_on(outcome, order) / signal


def ratio(x: NDArray, y: NDArray) -> Estimate:
    """Ratio of x to y (runs,), in the geometric mean; rounding errors are no difference."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log = interval_of_all(np.round(np.log(x) - np.log(y), 9))
    return Estimate(*(np.exp(each) for each in log))


def outlived(outcome: RelevanceOutcome, order: str) -> Estimate:
    """Which share of the dependent parameters of the synthetic set leaves before the independent one, the first."""
    rank = outcome.rank(order)
    return interval_of_all((rank[:, 0] - 1) / (rank.shape[1] - 1))


# --- the claims -----------------------------------------------------------------------------------------


@claim(
    "c1",
    "Belsley's method keeps quality longest.",
    "Quality on test, mean over all levels between nothing and everything removed: the interval of the difference "
    "from each of the talk's other criteria lies above 0. Weights removed are set to 0, the rest stays. On the "
    "synthetic set the covariance is the given one. For comparison: the order that does best of all that were run, "
    "less the next.",
)
def keeps_quality(evidence: Evidence) -> list[Finding]:
    """Evidence for c1."""
    findings = []
    for name, outcome in evidence.relevance.items():
        own = belsleys(outcome.config.orders)
        for other in rivals(outcome.config.orders):
            what = f"{outcome.metric_name}: {own} better than {other} by"
            findings.append(finding(name, what, lead(outcome, own, other), lambda e: e.low > 0))
        first, *others = standing(outcome)
        if others:
            what = f"{outcome.metric_name}: {first} is best, and better than {others[0]} by"
            findings.append(finding(name, what, lead(outcome, first, others[0]), None))
    return findings


@claim(
    "c2",
    "Belsley's method passes least noise on.",
    "Variance of the output under noise in the input, mean over levels and noises: the interval of its ratio to that "
    "under each of the talk's other criteria lies below 1; and so does that of the variance over the output's own "
    "between objects, for a network that says the same of all objects passes no noise on either.",
)
def passes_least_noise(evidence: Evidence) -> list[Finding]:
    """Evidence for c2."""
    findings = []
    for name, outcome in evidence.noise.items():
        own = belsleys(outcome.config.orders)
        if own not in outcome.config.orders or not inner_levels(outcome.config).any():
            continue
        for what, measure in (("noise", passed_on), ("noise over signal", noise_to_signal)):
            for other in rivals(outcome.config.orders):
                found = ratio(measure(outcome, own), measure(outcome, other))
                findings.append(finding(name, f"{what}: {own} over {other}", found, lambda e: e.high < 1))
            least = min(outcome.config.orders, key=lambda order: float(measure(outcome, order).mean()))
            found = ratio(measure(outcome, least), measure(outcome, own))
            if least != own:
                findings.append(finding(name, f"{what}: {least} has least; over {own}", found, None))
    return findings


@claim(
    "c3",
    CLAIM,
    f"{RULE} On the synthetic set, 99 of whose parameters depend on each other and one does not: by the given "
    "covariance at least .95 of the 99 leave before the one, interval included; chance is .5. By other orders for "
    "comparison.",
)
def finds_dependent(evidence: Evidence) -> list[Finding]:
    """Evidence for c3."""
    findings = [] if evidence.toy is None else toy_findings(evidence.toy)
    for name, outcome in evidence.relevance.items():
        if GIVEN in outcome.config.orders:
            for order in outcome.config.orders:
                if order == GIVEN or order in (*TALK, "magnitude"):
                    rule = (lambda e: e.low >= 0.95) if order == GIVEN else None
                    what = f"share of the dependent ones that leave before the other, {order}"
                    findings.append(finding(name, what, outlived(outcome, order), rule))
    return findings
