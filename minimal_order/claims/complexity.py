"""The claims of the talk on models of a given complexity.

Numbers are paired over starts. Accuracy is that on test, lam chosen on training objects held out, unless said so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..estimates import Estimate
from ..experiments.complexity.outcome import TEST, ComplexityOutcome
from ..experiments.convergence.config import DIRECT, INSIDE
from ..experiments.convergence.outcome import ConvergenceOutcome
from .ledger import UNDEFINED, Claim, Finding, Ledger, finding, interval

SIMILAR = 0.02
"""Accuracy by which two networks may differ and count as similar."""

LITTLE = 0.02
"""Accuracy that a network may lose and count as pruned without loss."""

CONVEX = "convex problem"


@dataclass(frozen=True)
class Evidence:
    """What the claims are judged by: experiments ``complexity`` by name, and ``convergence`` if it was run."""

    complexity: Mapping[str, ComplexityOutcome]
    convergence: ConvergenceOutcome | None = None


LEDGER = Ledger()
claim = LEDGER.claim


def judge(complexity: Mapping[str, ComplexityOutcome], convergence: ConvergenceOutcome | None = None) -> list[Claim]:
    """Every claim with its findings and verdict, from the outcomes of three starts or more."""
    usable = {name: outcome for name, outcome in complexity.items() if outcome.config.runs >= 3}
    return LEDGER.judge(Evidence(usable, convergence))


# --- estimators -----------------------------------------------------------------------------------------


def test_at(outcome: ComplexityOutcome, name: str, level: float) -> NDArray:
    """Accuracy (runs,) of a model with a share removed; NaN where the experiment has not got that."""
    if name not in outcome.accuracy or level not in outcome.config.levels:
        return np.full(outcome.config.runs, np.nan)
    return outcome.test_at_chosen(name)[:, outcome.config.levels.index(level)]


def lost(outcome: ComplexityOutcome, name: str, level: float) -> Estimate:
    """Accuracy with nothing removed less that with a share removed."""
    return interval(test_at(outcome, name, 0.0) - test_at(outcome, name, level))


def lead(outcome: ComplexityOutcome, name: str, other: str, level: float) -> Estimate:
    """Accuracy of one model less that of another, the same share removed from both."""
    return interval(test_at(outcome, name, level) - test_at(outcome, other, level))


def dense_difference(outcome: ComplexityOutcome, name: str) -> Estimate:
    """Accuracy of a hypernetwork less its direct network's, nothing removed, mean over lam."""
    return interval(outcome.dense(name) - outcome.dense(outcome.direct_of(name)))


def pruned_difference(outcome: ComplexityOutcome, name: str) -> Estimate:
    """Accuracy of a hypernetwork less its direct network's, mean over the shares removed."""
    apart = outcome.test_at_chosen(name) - outcome.test_at_chosen(outcome.direct_of(name))
    inner = [i for i, level in enumerate(outcome.config.levels) if 0 < level < 1]
    return interval(apart[:, inner].mean(axis=1)) if inner else UNDEFINED


# --- the claims -----------------------------------------------------------------------------------------


@claim(
    "d1",
    "Variational methods make it possible to prune deep models.",
    f"With half of the weights removed the variational network loses less than {LITTLE:g} of its accuracy, and with "
    "80 % removed it is above the base network; both intervals included. Other models for comparison.",
)
def variational_prunes(evidence: Evidence) -> list[Finding]:
    """Evidence for d1."""
    findings = []
    for name, outcome in evidence.complexity.items():
        for model in outcome.config.models:
            rule = (lambda e: e.high < LITTLE) if model == "variational" else None
            findings.append(finding(name, f"lost at 50 % removed, {model}", lost(outcome, model, 0.5), rule))
        for model in ("variational", "reparameterised"):
            rule = (lambda e: e.low > 0) if model == "variational" else None
            findings.append(
                finding(name, f"above base at 80 % removed, {model}", lead(outcome, model, "base", 0.8), rule)
            )
    return findings


@claim(
    "d2",
    "Hypernetworks give results similar to those of ordinary models at lower cost.",
    f"Nothing removed, the accuracy of a hypernetwork, mean over lam, is not more than {SIMILAR:g} below that of "
    "direct networks; and the operations of a training for each of the lam are more than those of one hypernetwork "
    "that is equally good for each lam; both intervals included. A hypernetwork that never is so counts as 0. "
    "For comparison seconds, each direct network for itself, and all of them as replicas of one pass; and L(lam) at "
    "both ends of the range, because accuracy with nothing removed hardly asks of a network that it follow lam.",
)
def hypernets_are_cheaper(evidence: Evidence) -> list[Finding]:
    """Evidence for d2."""
    findings = []
    for name, outcome in evidence.complexity.items():
        for model in outcome.rivals:
            where = f"{name}; {model}"
            similar = dense_difference(outcome, model)
            findings += [
                finding(where, "accuracy less the direct networks'", similar, lambda e: e.low > -SIMILAR),
                finding(where, "direct operations over its own", interval(outcome.saving(model)), lambda e: e.low > 1),
                finding(where, "direct seconds over its own", interval(outcome.saving(model, "seconds")), None),
                finding(where, "the same, direct networks together",
                        interval(outcome.saving(model, "seconds together")), None),
                *(finding(where, f"L less the direct networks', lam = {outcome.config.lams[i]:g}",
                          interval(outcome.gain(model)[:, i]), None) for i in (0, -1)),
            ]  # fmt: skip
    return findings


@claim(
    "d3",
    "Models from hypernetworks keep their properties, such as accuracy, when they are pruned.",
    f"The accuracy of a hypernetwork, mean over the shares removed, is not more than {SIMILAR:g} below that of the "
    "direct networks, interval included.",
)
def hypernets_prune_alike(evidence: Evidence) -> list[Finding]:
    """Evidence for d3."""
    return [
        finding(f"{name}; {model}", "accuracy less the direct networks', mean over shares removed",
                pruned_difference(outcome, model), lambda e: e.low > -SIMILAR)
        for name, outcome in evidence.complexity.items()
        for model in outcome.rivals
    ]  # fmt: skip


@claim(
    "d4",
    "The criterion of the models that training yields tends to that of the best ones, g(w_n(lam)) -> g(w*(lam)).",
    "On a convex problem, error of the criterion after the longest training over that after the shortest, mean over "
    "lam: below .1 for direct networks and for a hypernetwork whose family holds w*, intervals included. Those whose "
    "families do not hold it cannot meet the theorem's condition: for comparison, with their error over the one that "
    "theory leaves them.",
)
def criterion_converges(evidence: Evidence) -> list[Finding]:
    """Evidence for d4."""
    outcome = evidence.convergence
    if outcome is None:
        return []
    findings = []
    for family in outcome.config.families:
        error = outcome.error(family).mean(axis=-1)
        holds = family in (DIRECT, INSIDE)
        rule = (lambda e: e.high < 0.1) if holds else None
        findings.append(finding(CONVEX, f"last error over first, {family}", interval(error[-1] / error[0]), rule))
        if not holds:
            left = interval(error[-1] / outcome.floor(family).mean())
            findings.append(finding(CONVEX, f"last error over what the family leaves, {family}", left, None))
    return findings


def best_over_lam(outcome: ComplexityOutcome, name: str, level: float) -> tuple[float, float]:
    """The largest mean accuracy on test of any lam, and for which: only to be held against the authors' table."""
    i = outcome.config.levels.index(level)
    mean = outcome.accuracy[name][:, TEST, :, i].mean(axis=0)
    best = int(np.argmax(np.nan_to_num(mean)))
    return float(mean[best]), outcome.config.lams[best]
