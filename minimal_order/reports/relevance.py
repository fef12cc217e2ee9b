"""The report and the files of one experiment on relevance."""

from pathlib import Path

import numpy as np

from ..claims.relevance import (
    Evidence,
    free_share,
    interval_of_all,
    judge,
    kept,
    standing,
)
from ..experiments.published import REMOVAL
from ..experiments.relevance.config import GIVEN, PruningConfig
from ..experiments.relevance.moving import ZEROED
from ..experiments.relevance.outcome import (
    MEAN_COLUMNS,
    QUALITY_COLUMNS,
    RelevanceOutcome,
    inner_levels,
    mean_rows,
    quality_rows,
)
from ..runs.files import csv_text
from ..runs.store import Store
from .output import write_all
from .text import claims_text, counted, document, mean_with_interval, percent, table, too_few


def write_relevance(name: str, store: Store, outcome: RelevanceOutcome) -> list[Path]:
    """Write everything that follows from the finished parts; return the paths."""
    from ..plots.relevance import figures

    files = {
        "quality.csv": csv_text(QUALITY_COLUMNS, quality_rows(outcome)),
        "means.csv": csv_text(MEAN_COLUMNS, mean_rows(outcome)),
        "report.md": relevance_report(name, outcome),
    }
    return write_all(store, files, figures(outcome))


def relevance_report(name: str, outcome: RelevanceOutcome) -> str:
    """The report of one experiment on relevance."""
    config = outcome.config
    parts = [
        f"# Which parameters a network can do without: {name}",
        f"Made by `{config.command()}` (seed {config.seed}).",
        settings_text(config, outcome),
        too_few(config.runs, "run"),
        "## Quality against the share removed",
        f"Mean {outcome.metric_name} on test over {counted(config.runs, 'run')}. What is removed is 0, the rest stays.",
        quality_table(outcome),
        "## Which keeps quality longest",
        standing_text(outcome),
        rest_text(outcome),
        published_text(outcome),
        "## Claims",
        claims_text(
            [claim for claim in judge(Evidence(relevance={name: outcome})) if claim.id == "c1" or claim.findings]
        ),
    ]
    return document(parts)


def settings_text(config: PruningConfig, outcome: RelevanceOutcome | None = None) -> str:
    """What was run, and how good the networks were."""
    if config.setting.drawn:
        text = (
            f"{config.model}. Its parameters are not trained: they are one draw of stage one, w ~ N(m, A), in every "
            "run. That is the other reading of the talk's synthetic set."
        )
    else:
        decay = f", with the penalty {config.decay:g} ||w||^2" if config.decay else ", without a penalty"
        text = (
            f"{config.model}; {config.steps} steps of Adam{decay}: a third at the rate {config.rate:g}, a third at a "
            f"tenth of it, a third at a hundredth; batches of {config.batch_size}."
        )
    text += f" Runs: {config.runs}; new in every run: split, parameters, batches."
    if outcome is not None and not config.setting.drawn:
        text += (
            f" The largest entry of the gradient at the end, penalty included, is {np.median(outcome.steepest):.2g} in "
            f"the median run; the largest weight {np.median(outcome.size):.2g}."
        )
    if outcome is not None and outcome.config.levels[0] == 0:
        first = outcome.config.orders[0]
        train, test = (mean_with_interval(outcome.metric(first)[:, 0, s]) for s in (0, 1))
        text += f" With nothing removed the {outcome.metric_name} is {train} on train, {test} on test."
    if GIVEN in config.orders:
        text += f" `{GIVEN}` eliminates by the covariance of 10 000 draws of stage one, the others look at the network."
    return text


def shown_levels(config: PruningConfig) -> list[int]:
    """About ten of the levels, those at full tenths if they are there."""
    tenths = [i for i, level in enumerate(config.levels) if abs(10 * level - round(10 * level)) < 1e-9]
    return tenths if len(tenths) > 2 else list(range(len(config.levels)))[:: max(1, len(config.levels) // 10)]


def cell(outcome: RelevanceOutcome, x: np.ndarray) -> str:
    """A mean in digits that tell orders apart."""
    return f"{x.mean():.2f}" if outcome.is_regression else f"{x.mean():.3f}"


def quality_table(outcome: RelevanceOutcome) -> str:
    """The test metric of every order at some levels."""
    config, shown = outcome.config, shown_levels(outcome.config)
    rows = [[order, *(cell(outcome, outcome.metric(order)[:, i, 1]) for i in shown)] for order in config.orders]
    return table(["order", *(percent(config.levels[i]) for i in shown)], rows)


def standing_text(outcome: RelevanceOutcome) -> str:
    """Every order by the quality that it keeps, with its difference from the best."""
    if not inner_levels(outcome.config).any():
        return ""
    sign, ranked = -1 if outcome.is_regression else 1, standing(outcome)
    best = kept(outcome, ranked[0])
    rows = []
    for order in ranked:
        own = kept(outcome, order)
        behind = "" if order == ranked[0] else str(interval_of_all(best - own))
        rows.append((order, str(interval_of_all(sign * own)), behind, free(outcome, order)))
    heads = (
        f"mean {outcome.metric_name} over levels",
        "behind the best by",
        "removed without significant loss",
    )
    head = (
        "Means over the levels between nothing and everything removed, differences paired over runs, with 95 % "
        "intervals. Without significant loss: up to there the loss of quality, its interval included, is below "
        + ("5 % of the error with nothing removed." if outcome.is_regression else ".05.")
    )
    return f"{head}\n\n{table(('order', *heads), rows)}"


def free(outcome: RelevanceOutcome, order: str, way: str = ZEROED) -> str:
    """The share that can be removed without significant loss, as text."""
    share = free_share(outcome, order, way)
    return percent(share) if np.isfinite(share) else "undefined"


def rest_text(outcome: RelevanceOutcome) -> str:
    """What it changes if the rest moves or is trained on."""
    others = [(order, way) for order, way in outcome.curves if way != ZEROED]
    if not others or not inner_levels(outcome.config).any():
        return ""
    rows = []
    for order, way in others:
        gain = interval_of_all(kept(outcome, order, way) - kept(outcome, order))
        rows.append((order, way, str(gain), free(outcome, order, way)))
    head = (
        "## If the rest does not stay\n\n*moved*: to where the order's covariance expects the others, given that those "
        "removed are 0. "
    )
    if outcome.config.retrain:
        head += f"*retrained*: {outcome.config.retrain} steps after each level. "
    columns = ("order", "rest", f"{outcome.metric_name} better by", "removed without significant loss")
    return head + "Mean over levels, against the rest as it is.\n\n" + table(columns, rows)


def published_text(outcome: RelevanceOutcome) -> str:
    """Ours beside the talk's."""
    config = outcome.config
    if config.dataset not in REMOVAL:
        return ""
    known = REMOVAL[config.dataset]
    rows = []
    for order, curve in known.curves.items():
        for level, theirs in zip(known.levels, curve, strict=True):
            if order in config.orders and level in config.levels:
                ours = outcome.metric(order)[:, config.levels.index(level), 1]
                rows.append((order, percent(level), mean_with_interval(ours), f"{theirs:g}"))
    head = (
        f"## Beside the talk\n\nMean {outcome.metric_name} on test; the talk's is of one split, read off its figure. "
        "How its networks were trained is not stated."
    )
    return f"{head}\n\n{table(('order', 'removed', 'ours [95 % interval]', 'published'), rows)}" if rows else ""


def relevance_summary(outcome: RelevanceOutcome) -> str:
    """A short table for the terminal: every order at four levels."""
    levels = outcome.config.levels
    shown = sorted({round(i * (len(levels) - 1) / 5) for i in range(1, 5)})
    rows = [
        [order, *(mean_with_interval(outcome.metric(order)[:, i, 1]) for i in shown)] for order in outcome.config.orders
    ]
    return table(["order", *(f"{outcome.metric_name}, {percent(levels[i])} removed" for i in shown)], rows)
