"""The report of the whole reproduction of the ordering paper."""

from collections.abc import Mapping, Sequence

from ..claims.ledger import Claim
from ..experiments.freeze.outcome import Outcome
from .text import claims_text, table, too_few


def reproduce_report(
    command: str, outcomes: Mapping[str, Outcome], claims: Sequence[Claim], sections: Mapping[str, str]
) -> str:
    """The report of the whole reproduction: the verdicts, then where to find what."""
    rows = [(claim.id, claim.text, claim.verdict) for claim in claims]
    folders = [
        (f"[{name}]({name}/report.md)", str(outcome.config.model), outcome.t0, outcome.config.t1, outcome.config.runs,
         ", ".join(outcome.config.vary), outcome.n_diverged)
        for name, outcome in outcomes.items()
    ]  # fmt: skip
    parts = [
        "# Ordering the set of neural network parameters: a reproduction",
        f"Made by `{command}`.",
        "## Verdicts",
        too_few(min(outcome.config.runs for outcome in outcomes.values()), "run", enough=10),
        table(("", "claim", "verdict"), rows),
        "## Experiments",
        table(("folder", "model", "t0", "t1", "runs", "new in every run", "diverged"), folders),
        *(f"## {title}\n\n{text}" for title, text in sections.items()),
        "## Evidence",
        claims_text(claims),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
