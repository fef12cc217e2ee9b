"""What the reports of all reproductions have in common: the verdicts, where to find what, the evidence."""

from collections.abc import Sequence

from ..claims.ledger import Claim
from .text import claims_text, document, verdict_table


def link(name: str) -> str:
    """Link to the report of one experiment."""
    return f"[{name}]({name}/report.md)"


def reproduction(
    title: str, command: str, claims: Sequence[Claim], *, few: str, experiments: str, sections: Sequence[str] = ()
) -> str:
    """The report of a whole reproduction.

    Parameters
    ----------
    title, command : of what it is a reproduction, and what makes it again
    claims : of the document
    few : what ``too_few`` says of the runs
    experiments : a table of the folders
    sections : what else there is to say, each with its heading
    """
    parts = [
        f"# {title}: a reproduction",
        f"Made by `{command}`.",
        "## Verdicts",
        few,
        verdict_table(claims),
        "## Experiments",
        experiments,
        *sections,
        "## Evidence",
        claims_text(claims),
    ]
    return document(parts)
