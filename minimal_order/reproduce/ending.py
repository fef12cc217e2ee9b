"""What every reproduction ends with: the command that makes it again, its report, and the table of its claims."""

from collections.abc import Iterable
from pathlib import Path

from ..claims.ledger import Claim
from ..reports.claims import claims_csv
from ..runs.files import write_atomic


def command_of(document: str, quick: bool, seed: int, more: Iterable[str] = ()) -> str:
    """The command that makes a reproduction, without where to put it; no document is the default one."""
    words = ["minimal-order reproduce", *[document] * bool(document), *["--quick"] * quick, f"--seed {seed}", *more]
    return " ".join(words)


def write_verdicts(out: Path, report: str, claims: list[Claim]) -> tuple[str, list[Claim], list[Path]]:
    """Write ``report.md`` and ``claims.csv``; return what a reproduction yields last."""
    write_atomic(out / "report.md", report)
    write_atomic(out / "claims.csv", claims_csv(claims))
    return "report", claims, [out / "claims.csv", out / "report.md"]
