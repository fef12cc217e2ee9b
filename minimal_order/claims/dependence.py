"""What the talk's illustration says of the claim that Belsley's method finds the dependent parameters."""

import numpy as np

from ..dependence.belsley import variance_proportion
from ..experiments.belsley_toy.outcome import DEPENDENT, Toy
from .ledger import Claim, Finding, decide, finding

CLAIM = "Belsley's method finds the dependent parameters."
RULE = (
    "On the illustration: the proportion of the null space is above .5 for every parameter that stands in an exact "
    "relation and for no other; and by marginalising, as many as there are relations leave first, all of them from "
    "those parameters, after which no exact relation is left. That a single column of the null space names the "
    "same parameter in any basis is shown for comparison."
)


def toy_findings(toy: Toy) -> list[Finding]:
    """The numbers of the illustration, by scale."""
    dependent = np.array(DEPENDENT)
    findings = []
    for scale, found in toy.found.items():
        where, q = f"toy, {scale}", variance_proportion(found)[:, 0]
        null = int((found.values == 0).sum())
        steps = toy.eliminations[scale, "marginalise"]
        exact = int(np.isinf(steps.condition_index).sum())
        right = int(dependent[steps.order[:exact]].sum())
        findings += [
            finding(where, "exact relations (dimension of the null space)", float(null), lambda x: x == 3),
            finding(
                where, "smallest proportion of a dependent parameter", float(q[dependent].min()), lambda x: x > 0.5
            ),
            finding(where, "largest of another", float(q[~dependent].max()), lambda x: x <= 0.5),
            finding(where, "removals until no exact relation is left", float(exact), lambda x: x == 3),
            finding(where, "of these, dependent ones", float(right), lambda x: x == 3),
        ]
    most = float(toy.blamed.max())
    what = "share of bases of the null space in which one column blames the same parameter"
    return [*findings, finding("toy, correlation", what, most, None)]


def toy_claim(toy: Toy) -> Claim:
    """Claim c3 as far as the illustration goes."""
    findings = toy_findings(toy)
    return Claim("c3", CLAIM, RULE, findings, decide(findings))
