"""What a claim is: a text, a decision rule fixed beforehand, the numbers found, and the verdict that follows.

Numbers carry 95 % intervals. A claim holds where its rule is met in every place that it speaks of, and holds
under conditions where in some.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..estimates import Estimate, mean_interval

HOLDS, CONDITIONS, FAILS, UNTESTED = "holds", "holds under conditions", "does not hold", "not tested here"


UNDEFINED = Estimate(np.nan, np.nan, np.nan)
"""Too few runs are left, or nothing varies."""


def interval(x: NDArray) -> Estimate:
    """Student's interval of the finite entries of x (runs,), if there are two."""
    x = x[np.isfinite(x)]
    return mean_interval(x) if len(x) >= 2 else UNDEFINED


Rule = Callable[[Any], Any]
"""Whether an estimate meets the rule of a claim."""


class Finding(NamedTuple):
    """One number behind a verdict, and whether it meets the rule; None: undefined, or only for comparison."""

    where: str
    what: str
    estimate: Estimate | float
    met: bool | None


def finding(where: str, what: str, estimate: Estimate | float, rule: Rule | None) -> Finding:
    """Hold a number against a rule, if there is one and the number is defined."""
    return Finding(where, what, estimate, bool(rule(estimate)) if rule and is_defined(estimate) else None)


def is_defined(estimate: Estimate | float) -> bool:
    """Whether there is a number, with an interval."""
    return bool(np.isfinite(np.asarray(estimate, float)).all())


class Claim(NamedTuple):
    """A claim with what was found."""

    id: str
    text: str
    rule: str
    findings: list[Finding]
    verdict: str


def met_where(findings: list[Finding]) -> dict[str, bool]:
    """Whether the rule is met in each place where that can be told."""
    places: dict[str, list[bool | None]] = {}
    for where, _, estimate, met in findings:
        if met is not None or not is_defined(estimate):
            places.setdefault(where, []).append(met)
    return {where: False not in met for where, met in places.items() if False in met or None not in met}


def decide(findings: list[Finding]) -> str:
    """The verdict from the findings: all, some or none of the places meet the rule."""
    met = met_where(findings).values()
    if not met:
        return UNTESTED
    return HOLDS if all(met) else CONDITIONS if any(met) else FAILS


Find = Callable[[Any], list[Finding]]
"""Looks for the evidence in the outcomes of experiments."""


class Ledger(dict[str, tuple[str, str, Find]]):
    """The claims of one document: id -> the claim, its decision rule, and what looks for the evidence."""

    def claim(self, id: str, text: str, rule: str) -> Callable[[Find], Find]:
        """Enter the decorated function, which looks for the evidence."""

        def enter(find: Find) -> Find:
            self[id] = (text, rule, find)
            return find

        return enter

    def judge(self, outcomes: Any) -> list[Claim]:
        """Every claim with its findings and verdict."""
        found = ((id, text, rule, find(outcomes)) for id, (text, rule, find) in self.items())
        return [Claim(*entry, decide(entry[-1])) for entry in found]
