"""The tables of the complexity experiment: accuracy, the two parts of L, cost."""

import numpy as np

from ..claims.complexity import best_over_lam
from ..experiments.complexity.config import ComplexityConfig
from ..experiments.complexity.cost import step_cost
from ..experiments.complexity.outcome import WAYS, ComplexityOutcome
from ..experiments.complexity.published import PUBLISHED
from .text import mean_with_interval, percent, table

SHOWN = (0.0, 0.2, 0.5, 0.8, 0.9, 0.98)
"""Shares removed of the tables."""


def shown_levels(config: ComplexityConfig) -> list[int]:
    """Which of the levels are in the tables."""
    return [i for i, level in enumerate(config.levels) if level in SHOWN]


def cell(x: np.ndarray) -> str:
    """The mean of the finite entries of x (runs,) and their standard deviation."""
    x = x[np.isfinite(x)]
    if not len(x):
        return "diverged"
    return f"{x.mean():.4f}" + (f" ({x.std(ddof=1):.4f})" if len(x) > 1 else "")


def pruned_table(outcome: ComplexityOutcome) -> str:
    """Accuracy on test of every model at some shares removed."""
    shown = shown_levels(outcome.config)
    rows = [[name, *(cell(outcome.test_at_chosen(name)[:, i]) for i in shown)] for name in outcome.config.models]
    return table(["model", *(percent(outcome.config.levels[i]) for i in shown)], rows)


def published_rows(outcome: ComplexityOutcome) -> list[tuple[str, float, float, float, float]]:
    """Model, share removed, best accuracy on test of any lam, that lam, and what the authors publish."""
    config = outcome.config
    return [
        (name, level, *best_over_lam(outcome, name, level), theirs)
        for name in config.models
        for level, theirs in PUBLISHED[name].items()
        if level in config.levels
    ]


def published_table(outcome: ComplexityOutcome) -> str:
    """Ours beside the authors' numbers."""
    rows = [
        (name, percent(level), f"{ours:.4f}", f"{lam:g}", f"{theirs:.4f}", f"{ours - theirs:+.4f}")
        for name, level, ours, lam, theirs in published_rows(outcome)
    ]
    return table(("model", "removed", "ours", "at lam", "published", "difference"), rows)


def finite_mean(x: np.ndarray) -> float:
    """The mean of the finite entries; NaN if there is none."""
    x = x[np.isfinite(x)]
    return float(x.mean()) if len(x) else np.nan


def plain(x: float, form: str = ".4g") -> str:
    """Format a number."""
    return format(x, form) if np.isfinite(x) else "diverged"


def terms_table(outcome: ComplexityOutcome) -> str:
    """The two parts of L of every model at every lam."""
    rows = [
        [name, what, *(plain(finite_mean(x)) for x in values[:, part].T)]
        for name, values in outcome.terms.items()
        for part, what in enumerate(("fit", "complexity"))
    ]
    return table(["model", "", *(f"lam = {lam:g}" for lam in outcome.config.lams)], rows)


def following_table(outcome: ComplexityOutcome) -> str:
    """How far the networks of a model differ between lam, and what a hypernetwork's L falls short of."""
    lams = outcome.config.lams
    rows = []
    for name, values in outcome.terms.items():
        complexity = [finite_mean(x) for x in values[:, 1].T]
        apart = np.ptp([finite_mean(x) for x in outcome.dense_at_each(name).T])
        short = ["", ""]
        if name in outcome.rivals:
            behind = outcome.gain(name)
            short = [mean_with_interval(behind[:, i]) for i in (0, -1)]
        rows.append((name, plain(apart, ".4f"), plain(complexity[0] / complexity[-1], ".3g"), *short))
    ends = f"lam = {lams[0]:g}", f"lam = {lams[-1]:g}"
    heads = ("model", "accuracy: highest less lowest", "complexity: first over last",
             *(f"L less the direct networks', {end}" for end in ends))  # fmt: skip
    return table(heads, rows)


def cost_table(outcome: ComplexityOutcome) -> str:
    """What a hypernetwork costs against a training for each lam."""
    config = outcome.config
    rows = [
        (name, f"{step_cost(config, name) / step_cost(config, outcome.direct_of(name), 1):.2f}",
         f"{outcome.budget(name):.2f}", f"{outcome.spent(name).reached.mean():.1f} of {len(config.lams)}",
         *(mean_with_interval(outcome.saving(name, what)) for what in WAYS), even_text(outcome.break_even(name)))
        for name in outcome.rivals
    ]  # fmt: skip
    heads = ("hypernetwork", "its step, in steps of one direct network", "all epochs: direct / hyper",
             "lam at which it ends equally good", "operations: direct / hyper", "seconds", "seconds, direct together",
             "cheaper from how many lam on")  # fmt: skip
    return table(heads, rows)


def even_text(even: np.ndarray) -> str:
    """From how many lam on it is cheaper, median over starts."""
    middle = float(np.median(even))
    return f"{np.ceil(middle):.0f}" if np.isfinite(middle) else "never"


def summary_table(outcome: ComplexityOutcome) -> str:
    """A short table for the terminal."""
    levels = [i for i in shown_levels(outcome.config) if outcome.config.levels[i] in (0.0, 0.5, 0.8, 0.9)]
    rows = [
        [name, *(mean_with_interval(outcome.test_at_chosen(name)[:, i]) for i in levels)]
        for name in outcome.config.models
    ]
    return table(["model", *(f"{percent(outcome.config.levels[i])} removed" for i in levels)], rows)
