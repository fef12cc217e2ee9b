"""The report and the files of one experiment on noise."""

from pathlib import Path

import numpy as np

from ..claims.relevance import Evidence, interval_of_all, judge, noise_to_signal, passed_on
from ..experiments.noise.outcome import NOISE_COLUMNS, NoiseOutcome, noise_rows
from ..experiments.relevance.outcome import inner_levels
from ..runs.files import csv_text
from ..runs.store import Store
from .output import write_all
from .relevance import settings_text
from .text import claims_text, document, number, percent, table, too_few


def write_noise(name: str, store: Store, outcome: NoiseOutcome) -> list[Path]:
    """As ``write_relevance``."""
    from ..plots.noise import figures

    files = {
        "noise.csv": csv_text(NOISE_COLUMNS, noise_rows(outcome)),
        "report.md": noise_report(name, outcome),
    }
    return write_all(store, files, figures(outcome))


def noise_report(name: str, outcome: NoiseOutcome) -> str:
    """The report of one experiment on noise."""
    config = outcome.config
    parts = [
        f"# Noise in, noise out: {name}",
        f"Made by `{config.command()}` (seed {config.seed}).",
        settings_text(config),
        too_few(config.runs, "run"),
        f"Noise of every standard deviation in {config.noises[0]:g} ... {config.noises[-1]:g} is added to the "
        f"features of at most {config.objects} test objects, {config.draws} times each.",
        "## Which passes least on",
        noise_summary(outcome),
        "## Drawn noise against its first order",
        first_order_text(outcome),
        "## Claims",
        claims_text([claim for claim in judge(Evidence(noise={name: outcome})) if claim.id == "c2"]),
    ]
    return document(parts)


def noise_summary(outcome: NoiseOutcome) -> str:
    """Every order by the noise that it passes on."""
    if not inner_levels(outcome.config).any():
        return ""
    orders = sorted(outcome.config.orders, key=lambda order: float(passed_on(outcome, order).mean()))
    rows = [
        (
            order,
            str(interval_of_all(passed_on(outcome, order))),
            str(interval_of_all(noise_to_signal(outcome, order))),
            str(interval_of_all(outcome.metric[:, outcome.place(order)][:, inner_levels(outcome.config)].mean(axis=1))),
        )
        for order in orders
    ]
    head = f"variance of the output ({outcome.unit})"
    text = (
        "Means over the noises and over the levels between nothing and everything removed, with 95 % intervals. Beside "
        "them the quality without noise: a network that is spoiled has little noise to pass on."
    )
    metric = "RMSE" if outcome.is_regression else "accuracy"
    return f"{text}\n\n{table(('order', head, 'over that between objects', f'{metric} on test'), rows)}"


def first_order_text(outcome: NoiseOutcome) -> str:
    """How far s^2 ||df/dx||^2 goes."""
    config = outcome.config
    shown = sorted({0, len(config.levels) // 2, (4 * len(config.levels)) // 5})
    rows = []
    for i in (i for i in shown if config.ks[i] < config.model.n_params):
        drawn, first = (found[:, :, i].mean(axis=(0, 1)) for found in (outcome.drawn, outcome.first_orders))
        with np.errstate(divide="ignore", invalid="ignore"):
            rows.append((percent(config.levels[i]), *(number(float(x)) for x in drawn / first)))
    head = "Variance from draws over that to first order, means over runs and orders, by the noise's deviation s:"
    return f"{head}\n\n{table(('removed', *(f's = {s:g}' for s in config.noises)), rows)}"
