"""The report and the files of one selection experiment."""

from pathlib import Path

import numpy as np

from ..claims.ledger import interval
from ..claims.selection import HG, RANDOM, judge, lead
from ..experiments.published import PRUNING_CURVE, PRUNING_LEAD, SELECTION_CURVE, SELECTION_MEAN
from ..experiments.select.config import CRITERIA, FINE
from ..experiments.select.outcome import (
    JOINT_COLUMNS,
    PRUNED_COLUMNS,
    QUALITY_COLUMNS,
    SPEED_COLUMNS,
    SelectOutcome,
    joint_rows,
    pruned_rows,
    quality_rows,
    speed_rows,
)
from ..runs.files import csv_text, npz_bytes
from ..runs.store import Store
from .output import write_all
from .text import claims_text, counted, document, mean_with_interval, percent, table, too_few


def write_select(name: str, store: Store, outcome: SelectOutcome) -> list[Path]:
    """Write everything that follows from the finished parts; return the paths."""
    from ..plots.select import figures

    files: dict[str, bytes | str] = {
        "quality.csv": csv_text(QUALITY_COLUMNS, quality_rows(outcome)),
        "pruned.csv": csv_text(PRUNED_COLUMNS, pruned_rows(outcome)),
        "joint.csv": csv_text(JOINT_COLUMNS, joint_rows(outcome)),
        "speed.csv": csv_text(SPEED_COLUMNS, speed_rows(outcome)),
        "select.npz": npz_bytes(arrays(outcome)),
        "report.md": select_report(name, outcome),
    }
    return write_all(store, files, figures(outcome))


def arrays(outcome: SelectOutcome) -> dict[str, np.ndarray]:
    """Content of ``select.npz``, test metrics: by order (runs, levels) and the joint surface (runs, levels, levels)."""
    config = outcome.config
    found = {"prune_levels": np.array(config.prune_levels), "joint_levels": np.array(config.joint_levels)}
    for order in config.orders:
        found[f"levels/{order}"] = np.array(config.levels_of(order))
        found[f"metric/{order}"] = outcome.metric(order)
        found[f"joint/{order}"] = outcome.joint(order)
    return found | {f"pruned/{criterion}": values for criterion, values in outcome.pruned.items()}


def select_report(name: str, outcome: SelectOutcome) -> str:
    """The report of one selection experiment."""
    config = outcome.config
    spread = " (standard deviation)" * (config.runs > 1)
    parts = [
        f"# Which parameters to optimise: {name}",
        f"Made by `{config.command()}` (seed {config.seed}).",
        settings_text(outcome),
        too_few(config.runs, "run"),
        "## Quality against the share not optimised",
        f"{outcome.metric_name} on test, mean over {counted(config.runs, 'run')}{spread}. {start_text(outcome)}",
        quality_table(outcome),
        lead_text(outcome),
        published_text(outcome),
        "## Quality against the share zeroed",
        f"{outcome.metric_name} on test with all parameters optimised, then a share set to 0.",
        pruned_table(outcome),
        published_pruning_text(outcome),
        "## Both together",
        *joint_text(outcome),
        "## Claims",
        claims_text(judge({name: outcome})),
    ]
    return document(parts)


def settings_text(outcome: SelectOutcome) -> str:
    """What was run, in a sentence or two."""
    config = outcome.config
    of = "all parameters together" if config.per == "network" else "each tensor"
    without = "" if config.biases else ", biases left out: they stay optimised and in the network"
    diverged = f" In {outcome.n_diverged} of the runs a branch diverged: left out there." if outcome.n_diverged else ""
    return (
        f"{config.model}; eta0 = {config.eta0} steps with everything optimised, then eta1 = {config.eta1} with a share "
        f"of {of} left alone{without}. Batches of {config.batch_size}, {config.optimizer} at rate {config.rate:g}, "
        f"{config.dtype}; covariance: {config.covariance}, from all of the first {config.eta0} steps. "
        f"Runs: {config.runs}; new in every run: {', '.join(config.vary)}." + diverged
    )


def start_text(outcome: SelectOutcome) -> str:
    """The quality when the parameters are ordered."""
    return f"After the first {outcome.config.eta0} steps it is {mean_with_interval(outcome.start[:, 1])}."


def cell(outcome: SelectOutcome, x: np.ndarray) -> str:
    """The mean of the finite entries of x (runs,) and their standard deviation, in digits that tell orders apart."""
    x = x[np.isfinite(x)]
    if not len(x):
        return "diverged"
    digits = 2 if outcome.is_regression else 4
    return f"{x.mean():.{digits}f}" + (f" ({x.std(ddof=1):.{digits}f})" if len(x) > 1 else "")


def quality_table(outcome: SelectOutcome) -> str:
    """The test metric of every order at the levels that all have."""
    levels = outcome.config.joint_levels
    rows = [
        [order, *(cell(outcome, outcome.metric_at(order, level)) for level in levels)]
        for order in outcome.config.orders
    ]
    return table(["order", *map(percent, levels)], rows)


def lead_text(outcome: SelectOutcome) -> str:
    """How much better than random every order is, in the mean over its levels."""
    rivals = [order for order in outcome.config.orders if order != RANDOM]
    if RANDOM not in outcome.config.orders or not rivals:
        return ""
    rows = [(order, lead(outcome, order, RANDOM)) for order in rivals]
    head = (
        f"{outcome.metric_name} by which an order is better than random, mean over the inner levels of both, paired "
        "over runs:"
    )
    return head + "\n\n" + table(("order", "better by [95 % interval]"), rows)


def published_text(outcome: SelectOutcome) -> str:
    """Ours beside the talk's numbers for MNIST."""
    config = outcome.config
    if config.dataset != "mnist":
        return ""
    rows = []
    for order, mean in SELECTION_MEAN.items():
        if order in config.orders:
            if config.levels_of(order) == FINE:
                ours = outcome.metric(order)[..., 1].mean(axis=1)
                rows.append((order, f"mean over {len(FINE)} levels", str(interval(ours)), f"{mean:.5f}"))
            for level, row in SELECTION_CURVE.items():
                if level in config.levels_of(order):
                    text = mean_with_interval(outcome.metric_at(order, level))
                    rows.append((order, f"{percent(level)} not optimised", text, f"{row[order]:.3f}"))
    head = "Accuracy, ours on test and the talk's on its validation part, of a network that applies softmax twice:"
    return head + "\n\n" + table(("order", "", "ours [95 % interval]", "published"), rows) if rows else ""


def pruned_table(outcome: SelectOutcome) -> str:
    """The test metric by both criteria, at levels of the joint surface and the highest below all."""
    levels = outcome.config.prune_levels
    shown = [i for i, level in enumerate(levels) if level in outcome.config.joint_levels or level in (0.94, 0.98)]
    rows = [[criterion, *(cell(outcome, values[:, i]) for i in shown)] for criterion, values in outcome.pruned.items()]
    return table(["zeroed", *(percent(levels[i]) for i in shown)], rows)


def published_pruning_text(outcome: SelectOutcome) -> str:
    """Ours beside the talk's numbers on pruning."""
    if outcome.config.dataset != "mnist" or not set(CRITERIA) <= set(outcome.pruned):
        return ""
    ours = outcome.pruned["magnitude"] - outcome.pruned["random"]
    rows = [("magnitude less random, mean over levels", str(interval(ours.mean(axis=1))), f"{PRUNING_LEAD:.4f}")]
    for level, row in PRUNING_CURVE.items():
        if level in outcome.config.prune_levels:
            i = outcome.config.prune_levels.index(level)
            for name, value in row.items():
                rows.append((f"{name}, {percent(level)} zeroed", str(interval(outcome.pruned[name][:, i])), f"{value}"))
    return table(("accuracy", "ours [95 % interval]", "published"), rows)


def joint_text(outcome: SelectOutcome) -> list[str]:
    """The joint surface of the talk's order, or of the first one."""
    config = outcome.config
    order = HG if HG in config.orders else config.orders[0]
    surface = outcome.joint(order)
    rows = [
        [percent(level), *(cell(outcome, surface[:, i, j]).split()[0] for j in range(len(config.joint_levels)))]
        for i, level in enumerate(config.joint_levels)
    ]
    head = (
        f"Mean {outcome.metric_name} on test, a share left alone by `{order}` (rows), then the smallest weights set to "
        "0 (columns). The other orders: `joint.csv`."
    )
    return [head, table(["not optimised \\ zeroed", *map(percent, config.joint_levels)], rows)]


def summary_table(outcome: SelectOutcome) -> str:
    """A short table for the terminal: every order at four levels that all have."""
    levels = outcome.config.joint_levels
    shown = [levels[i] for i in sorted({round(i * (len(levels) - 1) / 3) for i in range(4)})]
    rows = [
        [order, *(mean_with_interval(outcome.metric_at(order, level)) for level in shown)]
        for order in outcome.config.orders
    ]
    heads = [f"{outcome.metric_name}, {percent(level)} not optimised" for level in shown]
    return table(["order", *heads], rows)
