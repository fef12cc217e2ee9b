"""The claim on the cost of optimisation."""

from ..experiments.cost.outcome import Cost, summary
from ..experiments.cost.savings import CLAIM, ENOUGH, JUDGED, RULE
from .ledger import CONDITIONS, HOLDS, UNTESTED, Claim, finding


def cost_claim(cost: Cost | None = None) -> Claim:
    """Judge claim a9 by operations; what half of the units or layers save stands for comparison.

    Seconds have no say: they are not the same twice. Without a cost the claim stands untested.
    """
    findings = []
    for saving, row in zip(cost.savings, summary(cost), strict=True) if cost else ():
        rule = (lambda e: e.low >= ENOUGH) if saving.way == JUDGED else None
        what = f"operations saved; {saving.way}, {saving.share:.0%} frozen"
        findings.append(finding(saving.model, what, saving.saved, rule))
        if saving.way == JUDGED:
            payback = "frozen steps that pay for one which collects C, in operations"
            findings.append(finding(saving.model, payback, row.frozen_steps, None))
    verdict = UNTESTED if cost is None else CONDITIONS if cost.verdict == HOLDS else cost.verdict
    return Claim("a9", CLAIM, RULE, findings, verdict)
