"""The report and the files of one freezing experiment: what was run, what came out, what was published, verdicts."""

from pathlib import Path

import numpy as np

from ..claims.cost import cost_claim
from ..claims.ordering import judge
from ..experiments.freeze.config import FreezeConfig
from ..experiments.freeze.outcome import (
    LOSS_COLUMNS,
    PANELS,
    SPLITS,
    STABILITY_COLUMNS,
    Outcome,
    agreements,
    alpha_arrays,
    loss_rows,
    stability_rows,
)
from ..experiments.freeze.pilot import PILOT_LIMIT
from ..experiments.freeze.runs import dataset_of
from ..experiments.published import CURVES, STABILITY
from ..freezing.masks import by_score, freeze_mask
from ..freezing.stability import mask_correlation, pair_mean, stability
from ..networks.layers import sigmoid
from ..runs.files import csv_text, npz_bytes
from ..runs.store import Store
from .output import write_all
from .text import claims_text, document, mean_and_deviation, mean_with_interval, percent, table

REQUIRED = {
    # data set: what of the model at t0, on test, must be how large or small for its results to mean anything
    "boston": ("RMSE", "<=", 4.0),
    "mnist": ("accuracy", ">=", 0.90),
    "synthetic2": ("accuracy", ">=", 0.90),
}
"""The quality that each data set must have reached at t0, on test."""


def write_freeze(name: str, store: Store, outcome: Outcome) -> list[Path]:
    """Write everything that follows from the finished parts; return the paths."""
    from ..plots import figures

    found = list(agreements(outcome))
    files: dict[str, bytes | str] = {
        "loss.csv": csv_text(LOSS_COLUMNS, loss_rows(outcome)),
        "stability.csv": csv_text(STABILITY_COLUMNS, stability_rows(found)),
        "alpha.npz": npz_bytes(alpha_arrays(outcome)),
        "report.md": freeze_report(name, outcome),
    }
    return write_all(store, files, figures(outcome, found))


def freeze_report(name: str, outcome: Outcome) -> str:
    """The report of one freezing experiment."""
    config = outcome.config
    parts = [
        f"# Freezing in order: {name}",
        f"Made by `{config.command()}` (seed {config.seed}).",
        settings_text(outcome),
        "## Quality at t0",
        quality_text(outcome),
        "## Loss against the share frozen",
        f"Mean over {config.runs} runs (standard deviation)." + diverged_text(outcome),
        *(f"{split.capitalize()}:\n\n{loss_table(outcome, s)}" for s, split in enumerate(SPLITS)),
        published_text(outcome),
        published_stability_text(outcome),
        "## Claims",
        claims_text([*judge({name: outcome}), cost_claim()]),
    ]
    return document(parts)


def settings_text(outcome: Outcome) -> str:
    """What was run, in a sentence or two."""
    config = outcome.config
    rule = f"by the rule `{config.t0}`" if isinstance(config.t0, str) else "as given"
    if isinstance(config.t0, str) and outcome.t0 >= PILOT_LIMIT:
        rule = f"the last step tried: the rule `{config.t0}` was met at none"
    return (
        f"{config.model}; batches of {config.batch_size}, {config.optimizer} at rate {config.rate:g}, {config.dtype}. "
        f"Freezing begins after t0 = {outcome.t0} steps ({rule}) and training goes on for t1 = {config.t1}. "
        f"Runs: {config.runs}; new in every run: {', '.join(config.vary)}. Covariance: {config.covariance}, "
        f"collected from step {min(config.collect_from, outcome.t0)}."
    )


def quality_text(outcome: Outcome) -> str:
    """Loss and metric at t0, and whether they are what the data set asks for."""
    finite = np.isfinite(outcome.start_loss).all(axis=1)
    if not finite.any():
        return "All runs had diverged."
    loss, metric = outcome.start_loss[finite].mean(axis=0), outcome.start_metric[finite].mean(axis=0)
    rows = [(split, f"{loss[s]:.4g}", f"{metric[s]:.4g}") for s, split in enumerate(SPLITS)]
    text = table(("", "loss", outcome.metric_name), rows)
    if outcome.config.dataset in REQUIRED:
        name, relation, bound = REQUIRED[outcome.config.dataset]
        reached = metric[1] <= bound if relation == "<=" else metric[1] >= bound
        text += f"\n\nRequired on test: {name} {relation} {bound:g}: {'reached' if reached else 'NOT REACHED'}."
    if outcome.config.dataset == "synthetic2":
        text += f" The true weights, which nobody can beat, have {bayes_accuracy(outcome.config):.3f} there."
    return text


def bayes_accuracy(config: FreezeConfig) -> float:
    """The expected accuracy of the true weights on the test part of the first run, of a logistic model."""
    data = dataset_of(config, 0, config.vary)
    p = sigmoid(data.X_test @ data.w_star)
    return float(np.maximum(p, 1 - p).mean())


def diverged_text(outcome: Outcome) -> str:
    """How many runs diverged, if any."""
    if not outcome.n_diverged:
        return ""
    return (
        f" {outcome.n_diverged} of {outcome.config.runs} runs diverged in some branch; they are left out of its mean, "
        "and `loss.csv` names the step."
    )


def loss_table(outcome: Outcome, split: int) -> str:
    """Mean and standard deviation of the loss for every order and level."""
    rows = []
    for order in outcome.config.orders:
        loss = outcome.loss(order)[:, :, split]
        rows.append([order, *(mean_and_deviation(loss[:, i]) for i in range(loss.shape[1]))])
    return table(["order", *map(percent, outcome.config.levels)], rows)


def published_text(outcome: Outcome) -> str:
    """Ours beside the published ratio of the covariance order's curve to random's, where there is one."""
    config = outcome.config
    orders = ("gradient_covariance", "random")
    if not set(orders) <= set(config.orders):
        return ""
    rows = []
    for s, split in enumerate(SPLITS):
        curve = CURVES.get((config.dataset, split))
        levels = np.array(config.levels)
        if curve is None or len(levels) != len(curve.random) or not np.allclose(levels, np.arange(11) / 10):
            continue
        table_of = outcome.loss if curve.quantity == "loss" else outcome.metric
        values = np.stack([table_of(order)[:, :, s] for order in orders])
        usable = np.isfinite(values).all(axis=(0, 2))
        if not usable.any():
            continue
        covariance, random = values[:, usable].mean(axis=1)
        rows += [
            (f"{split} {curve.quantity}", "ours", *(f"{x:.2f}" for x in covariance / random)),
            (f"{split} {curve.quantity}", "published", *(f"{x:.2f}" for x in curve.covariance / curve.random)),
        ]
    if not rows:
        return ""
    head = "Covariance order over random, ours and as digitised from the paper's figure:"
    return head + "\n\n" + table(["", "", *map(percent, config.levels)], rows)


def published_stability_text(outcome: Outcome) -> str:
    """Ours beside the published stability of the covariance order, s(k) and the correlation that it stands for."""
    ranks, published = outcome.comparisons.get(PANELS, {}), STABILITY.get(outcome.config.dataset)
    rank = ranks.get("gradient_covariance", np.empty(0))
    if published is None or len(rank) < 2:
        return ""
    levels = np.arange(1, 10) / 10
    alpha = freeze_mask(by_score(rank), levels)
    rows = [
        ("s(k)", f"ours, {len(rank)} runs", *(f"{x:.2f}" for x in stability(alpha))),
        ("s(k)", f"published, {published.runs} runs", *(f"{x:.2f}" for x in published.s)),
        ("rho", "ours", *(f"{x:.2f}" for x in pair_mean(mask_correlation(alpha)))),
        ("rho", "published", *(f"{x:.2f}" for x in published.rho)),
    ]
    head = (
        "Stability of the covariance order with new initial parameters and batches, all parameters: "
        "s(k), whose chance level is 1 / runs, and rho, the mean correlation of two runs' masks, whose is 0."
    )
    return head + "\n\n" + table(["", "", *map(percent, levels)], rows)


def summary_table(outcome: Outcome) -> str:
    """A short table for the terminal: every order with the test loss at its lowest, middle and highest level."""
    levels = np.array(outcome.config.levels)
    chosen = sorted({int(levels.argmin()), int(np.abs(levels - 0.5).argmin()), int(levels.argmax())})
    middle = chosen[len(chosen) // 2]
    rows = []
    for order in outcome.config.orders:
        loss, metric = outcome.loss(order)[:, :, 1], outcome.metric(order)[:, :, 1]
        rows.append([order, *(mean_with_interval(loss[:, i]) for i in chosen), mean_and_deviation(metric[:, middle])])
    heads = [f"test loss at {percent(levels[i])}" for i in chosen]
    return table(["order", *heads, f"{outcome.metric_name} at {percent(levels[middle])}"], rows)
