"""The report of the whole reproduction of the talk on relevance."""

from collections.abc import Sequence

from ..claims.ledger import Claim
from ..claims.relevance import Evidence
from ..experiments.noise.outcome import NoiseOutcome
from ..experiments.relevance.outcome import RelevanceOutcome
from .relevance import standing_text
from .reproduction import link, reproduction
from .text import table, too_few


def whole_report(command: str, evidence: Evidence, claims: Sequence[Claim], also: Sequence[tuple[str, str]]) -> str:
    """The verdicts, then where to find what, then the evidence; ``also`` names further folders."""
    found: list[tuple[str, RelevanceOutcome | NoiseOutcome]] = [*evidence.relevance.items(), *evidence.noise.items()]
    folders: list[tuple[object, ...]] = [(link(name), str(o.config.model), o.config.runs) for name, o in found]
    folders += [(link(name), what, "") for name, what in also]
    return reproduction(
        "Relevance of parameters",
        command,
        claims,
        few=too_few(min(outcome.config.runs for _, outcome in found), "run"),
        experiments=table(("folder", "what", "runs"), folders),
        sections=[
            "## Which keeps quality longest",
            *(f"### {name}\n\n{standing_text(outcome)}" for name, outcome in evidence.relevance.items()),
        ],
    )
