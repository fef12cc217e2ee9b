"""The report and files of the experiment on the theorem."""

from pathlib import Path

import numpy as np

from ..claims.complexity import judge
from ..claims.ledger import interval
from ..experiments.convergence.outcome import (
    ABOVE,
    ERROR_COLUMNS,
    LEFT_COLUMNS,
    ConvergenceOutcome,
    error_rows,
    left_rows,
)
from ..runs.files import csv_text
from ..runs.store import Store
from .output import write_all
from .text import claims_text, document, table


def write_convergence(store: Store, outcome: ConvergenceOutcome) -> list[Path]:
    """Write everything that follows from the finished parts; return the paths."""
    from ..plots.convergence import draw_convergence, draw_left

    files = {
        "error.csv": csv_text(ERROR_COLUMNS, error_rows(outcome)),
        "left.csv": csv_text(LEFT_COLUMNS, left_rows(outcome)),
        "report.md": convergence_report(outcome),
    }
    return write_all(store, files, [("error", draw_convergence(outcome)), ("left", draw_left(outcome))])


def convergence_table(outcome: ConvergenceOutcome) -> str:
    """The error of each family after the shortest and the longest training, and what theory leaves."""
    looks = outcome.config.looks
    rows = []
    for family in outcome.config.families:
        error = outcome.error(family).mean(axis=-1)
        above = np.mean(outcome.error(family)[-1] > ABOVE)
        floor = outcome.floor(family).mean()
        rows.append((family, str(interval(error[0])), str(interval(error[-1])), f"{floor:.2g}", f"{above:.2f}"))
    heads = ("family", f"after {looks[0]} steps", f"after {looks[-1]}", "left by theory", f"P(error > {ABOVE:g})")
    return table(heads, rows)


def convergence_report(outcome: ConvergenceOutcome) -> str:
    """The report of the experiment on the theorem."""
    config = outcome.config
    left = table(("knots", "error"), [(k, f"{e:.3g}") for k, e in zip(config.knots, outcome.left, strict=True)])
    parts = [
        "# The theorem: the criterion tends to that of the best model",
        f"Made by `minimal-order convergence` (seed {config.seed}).",
        f"Linear regression with {config.n_features} orthonormal features on {config.n_objects} objects, L_3; "
        f"{config.runs} starts; stochastic gradient descent with batches of {config.batch_size} and steps that fall "
        f"as {config.rate:g} / (1 + t / {config.offset:g}). Error: the largest |g(w_n(lam)) - g(w*(lam))| over "
        f"parameters, g = exp(-w^2), mean over lam = {', '.join(f'{lam:g}' for lam in config.lams)}.",
        convergence_table(outcome),
        "## What a family leaves",
        "Root of the mean over lam of |g(G(lam)) - g(w*(lam))|^2 where training tends to, from theory.",
        left,
        "## Claims",
        claims_text(judge({}, outcome)[3:]),
    ]
    return document(parts)
