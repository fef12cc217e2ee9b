"""The report of the whole reproduction of the talk on models of a given complexity."""

from collections.abc import Mapping, Sequence

from ..claims.ledger import Claim
from ..experiments.complexity.outcome import ComplexityOutcome
from ..experiments.convergence.outcome import ConvergenceOutcome
from .reproduction import link, reproduction
from .text import table, too_few


def reproduction_report(
    command: str,
    outcomes: Mapping[str, ComplexityOutcome],
    convergence: ConvergenceOutcome,
    claims: Sequence[Claim],
) -> str:
    """The verdicts, then where to find what, then the evidence."""
    folders: list[tuple] = [
        (link(name), str(o.config.model), o.config.runs, len(o.config.models), len(o.config.lams))
        for name, o in outcomes.items()
    ]
    folders.append((link("convergence"), "linear", convergence.config.runs,
                    len(convergence.config.families), len(convergence.config.lams)))  # fmt: skip
    return reproduction(
        "Models of a given complexity",
        command,
        claims,
        few=too_few(min(outcome.config.runs for outcome in outcomes.values()), "start", enough=3),
        experiments=table(("folder", "model", "starts", "models", "lam"), folders),
    )
