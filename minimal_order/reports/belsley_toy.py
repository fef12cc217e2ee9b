"""The report of ``belsley-toy``."""

from pathlib import Path

import numpy as np

from ..claims.dependence import toy_claim
from ..dependence.elimination import REMOVALS
from ..experiments.belsley_toy.outcome import (
    NAMES,
    ProportionRow,
    StepRow,
    Toy,
    first_choice,
    proportion_rows,
    step_rows,
)
from ..runs.files import csv_text
from ..runs.store import Store
from .claims import claims_csv
from .output import write_all
from .text import claims_text, document, table


def proportions_text(toy: Toy, scale: str) -> str:
    """The groups of one scale as a table, the largest condition index first."""
    rows = [row for row in proportion_rows(toy) if row.scale == scale]
    lines = []
    for start in range(0, len(rows), len(NAMES)):
        group = rows[start : start + len(NAMES)]
        index = f"{group[0].condition_index:.5g}" + f", {group[0].multiplicity} times" * (group[0].multiplicity > 1)
        lines.append((index, *(f"{row.proportion:.3f}" for row in group)))
        if start == 0:
            lines.append(("part of it in the null space", *(f"{row.loading:.3f}" for row in group)))
    return table(("condition index", *NAMES), lines)


def elimination_text(toy: Toy) -> str:
    """The order of every elimination, those of which an exact relation was the reason marked."""
    rows = []
    for (scale, removal), found in toy.eliminations.items():
        steps = zip(found.order, found.condition_index, strict=True)
        rows.append((scale, removal, *(NAMES[j] + " (exact)" * bool(np.isinf(index)) for j, index in steps)))
    return table(("scale", "removal", *(f"{k}." for k in range(1, len(NAMES) + 1))), rows)


def toy_report(toy: Toy) -> str:
    """All that was found, in Markdown."""
    config = toy.config
    correlation = f"First to go is `{first_choice(toy, 'correlation')}`, that which lies most in the null space."
    covariance = (
        f"First to go is `{first_choice(toy, 'covariance')}`: it has a tie with others, which the index breaks."
    )
    parts = [
        "# Belsley's method on the talk's illustration",
        f"Made by `minimal-order belsley-toy --seed {config.seed}`: {len(toy.x)} values of x in 0 ... {config.stop:g}.",
        "Five of the six stand in three exact relations up to constants, so three eigenvalues of the covariance are 0 "
        "and their condition index is infinite. They are one group: its proportions are joint. They are 1 for every "
        "parameter that has a part in the null space, however small, so that part is what tells them apart.",
        "## Correlations",
        f"{proportions_text(toy, 'correlation')}\n\n{correlation}",
        "## Covariances",
        f"{proportions_text(toy, 'covariance')}\n\n{covariance}",
        "## One column for each eigenvalue",
        f"That is what the talk shows. Of {config.turns} orthonormal bases of the null space, drawn at random, the "
        "first vector blames, by the largest of its proportions:",
        table(("parameter", "share of bases"), [(n, f"{s:.3f}") for n, s in zip(NAMES, toy.blamed, strict=True)]),
        "## Elimination",
        f"One parameter after the other, by {' or '.join(REMOVALS)}; *exact*: while a null space was left.",
        elimination_text(toy),
        "## Claims",
        claims_text([toy_claim(toy)]),
    ]
    return document(parts)


def write_toy(store: Store, toy: Toy) -> list[Path]:
    """Write the tables, the report and the figure; return the paths."""
    from ..plots.belsley import draw_toy

    files = {
        "proportions.csv": csv_text(ProportionRow._fields, proportion_rows(toy)),
        "elimination.csv": csv_text(StepRow._fields, step_rows(toy)),
        "blamed.csv": csv_text(("parameter", "share"), zip(NAMES, toy.blamed.tolist(), strict=True)),
        "claims.csv": claims_csv([toy_claim(toy)]),
        "report.md": toy_report(toy),
    }
    return write_all(store, files, [("belsley-toy", draw_toy(toy))])
