"""The report of the whole reproduction of the talk on models of a given complexity."""

from collections.abc import Mapping, Sequence

from ..claims.ledger import Claim
from ..experiments.complexity.outcome import ComplexityOutcome
from ..experiments.convergence.outcome import ConvergenceOutcome
from .text import claims_text, table, too_few


def reproduction_report(
    command: str,
    outcomes: Mapping[str, ComplexityOutcome],
    convergence: ConvergenceOutcome,
    claims: Sequence[Claim],
) -> str:
    """The verdicts, then where to find what, then the evidence."""
    fewest = min(outcome.config.runs for outcome in outcomes.values())
    folders: list[tuple] = [
        (f"[{name}]({name}/report.md)", str(o.config.model), o.config.runs, len(o.config.models), len(o.config.lams))
        for name, o in outcomes.items()
    ]
    folders.append(("[convergence](convergence/report.md)", "linear", convergence.config.runs,
                    len(convergence.config.families), len(convergence.config.lams)))  # fmt: skip
    parts = [
        "# Models of a given complexity: a reproduction",
        f"Made by `{command}`.",
        "## Verdicts",
        too_few(fewest, "start", enough=3),
        table(("", "claim", "verdict"), [(claim.id, claim.text, claim.verdict) for claim in claims]),
        "## Experiments",
        table(("folder", "model", "starts", "models", "lam"), folders),
        "## Evidence",
        claims_text(claims),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
