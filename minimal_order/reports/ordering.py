"""The report of the whole reproduction of the ordering paper."""

from collections.abc import Mapping, Sequence

from ..claims.ledger import Claim
from ..experiments.freeze.outcome import Outcome
from .reproduction import link, reproduction
from .text import table, too_few


def reproduce_report(
    command: str, outcomes: Mapping[str, Outcome], claims: Sequence[Claim], sections: Mapping[str, str]
) -> str:
    """The report of the whole reproduction: the verdicts, then where to find what."""
    folders = [
        (link(name), str(outcome.config.model), outcome.t0, outcome.config.t1, outcome.config.runs,
         ", ".join(outcome.config.vary), outcome.n_diverged)
        for name, outcome in outcomes.items()
    ]  # fmt: skip
    return reproduction(
        "Ordering the set of neural network parameters",
        command,
        claims,
        few=too_few(min(outcome.config.runs for outcome in outcomes.values()), "run", enough=10),
        experiments=table(("folder", "model", "t0", "t1", "runs", "new in every run", "diverged"), folders),
        sections=[f"## {title}\n\n{text}" for title, text in sections.items()],
    )
