"""The files of the experiments: tables, arrays, figures, reports."""

from pathlib import Path

from ..experiments.freeze.outcome import (
    LOSS_COLUMNS,
    STABILITY_COLUMNS,
    Outcome,
    agreements,
    alpha_arrays,
    loss_rows,
    stability_rows,
)
from ..experiments.settings.outcome import SettingsOutcome
from ..runs.files import csv_text, npz_bytes
from ..runs.store import Store
from .freeze import freeze_report
from .settings import settings_files, verdict


def write_freeze(name: str, store: Store, outcome: Outcome) -> list[Path]:
    """Write everything that follows from the finished parts; return the paths. Equal parts give equal bytes."""
    from ..plots import figures, save

    table = list(agreements(outcome))
    files: dict[str, bytes | str] = {
        "loss.csv": csv_text(LOSS_COLUMNS, loss_rows(outcome)),
        "stability.csv": csv_text(STABILITY_COLUMNS, stability_rows(table)),
        "alpha.npz": npz_bytes(alpha_arrays(outcome)),
        "report.md": freeze_report(name, outcome),
    }
    for file, content in files.items():
        store.write(file, content)
    paths = [store.folder / file for file in ("config.json", *files)]
    for title, figure in figures(outcome, table):
        paths += map(Path, save(figure, store, title))
    return paths


def write_settings(store: Store, outcome: SettingsOutcome) -> tuple[str, list[Path]]:
    """Write the tables and figures of the sweep of settings; return its verdict and the paths."""
    from ..plots.settings import figures
    from ..plots.style import save

    files = settings_files(outcome)
    for file, content in files.items():
        store.write(file, content)
    paths = [store.folder / file for file in ("config.json", *files)]
    for title, figure in figures(outcome):
        paths += map(Path, save(figure, store, title))
    return verdict(outcome), paths
