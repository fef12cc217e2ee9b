"""The collinearity diagnostic of a table: as text for the terminal, and as files."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..checks import check
from ..data.columns import Columns
from ..dependence.collinearity import collinearity
from ..dependence.collinearity_table import LIMIT, THRESHOLD, Collinearity
from ..dependence.least_squares import least_squares
from ..runs.files import csv_text, write_atomic
from .text import table


class Diagnosis(NamedTuple):
    """A diagnostic with the marks it was asked for, and all of it as text."""

    found: Collinearity
    threshold: float
    limit: float
    text: str


def diagnose(
    columns: Columns,
    target: str | None = None,
    *,
    intercept: bool = True,
    center: bool = False,
    scale: bool = True,
    threshold: float = THRESHOLD,
    limit: float = LIMIT,
    digits: int = 3,
    fuzz: float = 0.0,
    least: float = 0.0,
) -> Diagnosis:
    """Run the diagnostic on the columns of a table; with a target, on the others, and fit it to them.

    Raises
    ------
    ValueError : marks out of range, no such target, and what ``collinearity`` refuses
    """
    check(0 <= threshold <= 1, "threshold", threshold, "a proportion, from 0 to 1")
    check(limit >= 1, "limit", limit, "a condition index, 1 or more")
    check(0 <= digits <= 15, "digits", digits, "0 ... 15 decimal places")
    check(0 <= fuzz <= 1, "fuzz", fuzz, "a proportion, from 0 to 1")
    check(least >= 0, "least", least, "a condition index")
    y = None
    if target is not None:
        check(len(columns.names) >= 2, "target", target, "a column beside others")
        columns, y = columns.split(target)
    found = collinearity(columns, intercept=intercept, center=center, scale=scale)
    parts = [found.table(threshold, limit, digits, fuzz, least)]
    if len(columns.values) < len(found.names):
        parts.append(f"{len(columns.values)} rows, {len(found.names)} columns: there are always exact dependencies")
    if y is not None:
        parts.append(coefficients_text(found, columns, y, str(target), intercept, center, limit))
    return Diagnosis(found, threshold, limit, "\n\n".join(parts))


def coefficients_text(
    found: Collinearity, columns: Columns, y: np.ndarray, target: str, intercept: bool, center: bool, limit: float
) -> str:
    """The least-squares fit, and how much of each coefficient's variance comes from near dependencies."""
    try:
        fitted = least_squares(columns, y, intercept=intercept, center=center)
    except ValueError as error:
        return f"no least-squares fit of {target}: {error}"
    rows = [
        (name, f"{b:.6g}", f"{se:.3g}", f"{share:.0%}")
        for name, b, se, share in zip(*fitted, found.degraded_share(limit), strict=True)
    ]
    heads = (target, "coefficient", "standard error", f"of its variance from indices above {limit:g}")
    return table(heads, rows)


def write_collinearity(folder: Path, name: str, report: Diagnosis) -> list[Path]:
    """Write the table of proportions, the text and the heat-map into a folder; return the paths."""
    from ..plots.belsley import draw_collinearity
    from ..plots.style import save

    found = report.found
    rows = [
        (index, n, *row)
        for index, n, row in zip(
            found.condition_indices.tolist(), found.multiplicity.tolist(), found.proportions.tolist(), strict=True
        )
    ]
    files = {
        "proportions.csv": csv_text(("condition_index", "multiplicity", *found.names), rows),
        "report.md": f"# Collinearity: {name}\n\n```text\n{report.text}\n```\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        write_atomic(folder / file, text)
    figure = draw_collinearity(found, report.threshold, report.limit)
    return [folder / file for file in files] + [Path(path) for path in save(figure, folder, "proportions")]
