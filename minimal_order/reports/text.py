"""Tables and numbers as text."""

from collections.abc import Iterable, Sequence

import numpy as np

from ..claims.ledger import CONDITIONS, Claim, met_where
from ..estimates import mean_interval


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a Markdown table, its columns padded so that it also reads as plain text."""
    cells = [list(map(str, row)) for row in (columns, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in cells]
    lines = [f"| {' | '.join(row)} |" for row in padded]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def document(parts: Iterable[str]) -> str:
    """Put the parts of a report together, a blank line between them; those that are empty are left out."""
    return "\n\n".join(part for part in parts if part) + "\n"


def percent(level: float) -> str:
    """Format a share: 50%, 12.5%."""
    return f"{100 * level:.4g}%"


def counted(n: int, what: str) -> str:
    """Count things: 1 run, 2 runs."""
    return f"{n} {what}{'s' * (n != 1)}"


def too_few(n: int, what: str, enough: int = 5) -> str:
    """Say so if there are too few to decide anything; the talk on selection has five."""
    few = n < enough
    return f"From {counted(n, what)} only: this shows that everything works, and decides nothing." if few else ""


def mean_and_deviation(x: np.ndarray) -> str:
    """Format the mean of the finite entries and their standard deviation."""
    x = x[np.isfinite(x)]
    if not len(x):
        return "diverged"
    return f"{x.mean():.3g}" + (f" ({x.std(ddof=1):.1g})" if len(x) > 1 else "")


def verdict_table(claims: Sequence[Claim]) -> str:
    """Every claim with its verdict, as a table."""
    return table(("", "claim", "verdict"), [(claim.id, claim.text, claim.verdict) for claim in claims])


def claims_text(claims: Sequence[Claim]) -> str:
    """Every claim with its rule, verdict and numbers."""
    parts = [[f"### {claim.id}: {claim.verdict}", verdict_text(claim), evidence_table(claim)] for claim in claims]
    return "\n\n".join(part for each in parts for part in each if part)


def verdict_text(claim: Claim) -> str:
    """What is claimed, the rule, and for a claim that holds under conditions where the rule is met."""
    parts = [claim.text, f"Rule: {claim.rule}"]
    if claim.verdict == CONDITIONS:
        met = [where for where, answer in met_where(claim.findings).items() if answer]
        parts.append(f"The rule is met on {places(met)}, and nowhere else.")
    return "\n\n".join(parts)


def evidence_table(claim: Claim) -> str:
    """The numbers behind a verdict; nothing where there are none."""
    answer = {True: "yes", False: "no", None: ""}
    rows = [(f.where, f.what, number(f.estimate), answer[f.met]) for f in claim.findings]
    return table(("where", "what", "value [95 % interval]", "meets the rule"), rows) if rows else ""


def places(names: Iterable[str]) -> str:
    """List places of findings, what stands before a semicolon only once: *mnist* (linear, piecewise), *boston*."""
    found: dict[str, list[str]] = {}
    for name in names:
        place, _, part = name.partition("; ")
        found.setdefault(place, []).extend([part] if part else [])
    return ", ".join(f"*{place}*" + f" ({', '.join(parts)})" * bool(parts) for place, parts in found.items())


def number(value: object) -> str:
    """Format a plain number or an estimate."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3g}" if np.isfinite(value) else "undefined"


def mean_with_interval(x: np.ndarray) -> str:
    """Format the mean of the finite entries with its interval."""
    x = x[np.isfinite(x)]
    return str(mean_interval(x)) if len(x) > 1 else f"{x[0]:.3g}" if len(x) else "diverged"
