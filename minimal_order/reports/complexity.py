"""The reports and files of the complexity experiment and of the one on the theorem."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..claims.complexity import best_over_lam, interval, judge
from ..claims.ledger import Claim
from ..experiments.complexity.config import PIXELS, ComplexityConfig
from ..experiments.complexity.cost import MARGIN, step_cost
from ..experiments.complexity.outcome import (
    ACCURACY_COLUMNS,
    CHOSEN_COLUMNS,
    COST_COLUMNS,
    HISTORY_COLUMNS,
    TERMS_COLUMNS,
    WAYS,
    ComplexityOutcome,
    accuracy_rows,
    chosen_rows,
    cost_rows,
    history_rows,
    terms_rows,
)
from ..experiments.complexity.published import PUBLISHED
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
from .text import claims_text, counted, mean_with_interval, percent, table, too_few

SHOWN = (0.0, 0.2, 0.5, 0.8, 0.9, 0.98)
"""Shares removed of the report's tables."""


def write_complexity(name: str, store: Store, outcome: ComplexityOutcome) -> list[Path]:
    """Write everything that follows from the finished parts; return the paths. Equal parts give equal bytes."""
    from ..plots.complexity import figures
    from ..plots.style import save

    files: dict[str, bytes | str] = {
        "accuracy.csv": csv_text(ACCURACY_COLUMNS, accuracy_rows(outcome)),
        "chosen.csv": csv_text(CHOSEN_COLUMNS, chosen_rows(outcome)),
        "terms.csv": csv_text(TERMS_COLUMNS, terms_rows(outcome)),
        "history.csv": csv_text(HISTORY_COLUMNS, history_rows(outcome)),
        "cost.csv": csv_text(COST_COLUMNS, cost_rows(outcome)),
        **outcome.files(),
        "report.md": complexity_report(name, outcome),
    }
    for file, content in files.items():
        store.write(file, content)
    paths = [store.folder / file for file in ("config.json", *files)]
    for title, figure in figures(outcome):
        paths += map(Path, save(figure, store, title))
    return paths


def complexity_report(name: str, outcome: ComplexityOutcome) -> str:
    """The report of one complexity experiment."""
    config = outcome.config
    starts = counted(config.runs, "start")
    parts = [
        f"# Models of a given complexity: {name}",
        f"Made by `{config.command()}` (seed {config.seed}).",
        settings_text(outcome),
        "## Accuracy when weights are removed",
        f"On test, mean over {starts} (standard deviation); lam is chosen for each share on {config.validation} "
        "training objects held out.",
        pruned_table(outcome),
        published_text(outcome),
        "## The two parts of L(lam)",
        "Fit: E log p(D | w) over all training objects, nats. Complexity: KL(q || p), KL(q || p(w | lam)) or |w|^2.",
        terms_table(outcome),
        "## What it costs",
        *cost_text(outcome),
        "## Claims",
        claims_text(judge({name: outcome})[:3]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def settings_text(outcome: ComplexityOutcome) -> str:
    """What was run, in a few sentences."""
    config = outcome.config
    knots = config.knots if isinstance(config.knots, int) else len(config.knots)
    low, high = PIXELS[config.pixels]
    share = "each weight matrix alike" if config.per == "tensor" else "all together"
    cut = f", gradients cut off at +-{config.clip:g}" if config.clip else ""
    note = ""
    if config.dataset.startswith("cifar10"):
        note = (
            "The authors used a convolutional network; this one has dense layers only, and such a network is right on "
            "about half of the test images of CIFAR-10."
        )
    training = (
        f"{config.model}; inputs in [{low:g}, {high:g}]; batches of {config.batch_size}, shuffled; Adam at "
        f"{config.rate:g}{cut}; {config.dtype}. Direct networks: {config.epochs} epochs for each of {len(config.lams)} "
        f"lam. Hypernetworks: {config.hyper_epochs} epochs, {config.draws} lam a batch, {knots} knots, in the "
        f"coordinate `{config.scale}`."
    )
    pruning = (
        f"Sampling: {config.sampling}; ln sigma starts at {config.log_sigma:g}; prior N({config.prior_mean:g}, "
        f"{config.prior_std:g}^2). A share is taken of {share}, biases {'included' if config.biases else 'left out'}; "
        "networks predict at the means."
    )
    return " ".join([training, pruning, *[note] * bool(note)])


OF_PIXELS = (
    "Pixels in [0, 1] help the networks with a q and not the base network, which is pruned by |w| alone: that is a "
    "measure of what a weight does where all inputs are about as large, as in [-1, 1], but not where a pixel that is "
    "seldom lit counts like any other."
)
"""Why a base network may be below the published one."""


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


def published_text(outcome: ComplexityOutcome) -> str:
    """Ours beside the authors' table, for the only set of which it is known."""
    config = outcome.config
    if config.dataset != "mnist":
        return ""
    rows = []
    for name in config.models:
        for level, theirs in PUBLISHED[name].items():
            if level in config.levels:
                ours, lam = best_over_lam(outcome, name, level)
                rows.append((name, percent(level), f"{ours:.4f}", f"{lam:g}", f"{theirs:.4f}", f"{ours - theirs:+.4f}"))
    head = (
        "Beside the authors' table, which takes the best lam *on test*, and only here ours does so too; elsewhere lam "
        "is chosen on objects held out. The authors trained on all 60 000 objects, in a fixed order, by Adam at .0005, "
        "with pixels in [-1, 1]."
    )
    found = table(("model", "removed", "ours", "at lam", "published", "difference"), rows)
    return "\n\n".join([head, found, *[OF_PIXELS] * (config.pixels == "unit")])


def terms_table(outcome: ComplexityOutcome) -> str:
    """The two parts of L of every model at every lam."""
    rows = []
    for name, values in outcome.terms.items():
        mean = values.mean(axis=0)
        for i, what in enumerate(("fit", "complexity")):
            rows.append([name, what, *(f"{x:.4g}" for x in mean[i])])
    return table(["model", "", *(f"lam = {lam:g}" for lam in outcome.config.lams)], rows)


def cost_text(outcome: ComplexityOutcome) -> list[str]:
    """What a hypernetwork costs against a training for each lam."""
    config = outcome.config
    if not outcome.rivals:
        return ["There is no hypernetwork with direct networks beside it."]
    rows = []
    for name in outcome.rivals:
        reached = outcome.spent(name).reached
        rows.append(
            (name, f"{step_cost(config, name) / step_cost(config, outcome.direct_of(name), 1):.2f}",
             f"{outcome.budget(name):.2f}", f"{reached.mean():.1f} of {len(config.lams)}",
             *(mean_with_interval(outcome.saving(name, what)) for what in WAYS), even_text(outcome.break_even(name)))
        )  # fmt: skip
    heads = ("hypernetwork", "its step, in steps of one direct network", "all epochs: direct / hyper",
             "lam at which it ends equally good", "operations: direct / hyper", "seconds", "seconds, direct together",
             "cheaper from how many lam on")  # fmt: skip
    head = (
        f"Equally good: for every lam within {MARGIN:g} of the accuracy that the direct network ends with, on the "
        f"objects held out, nothing removed. What is spent until then for all {len(config.lams)} lam by direct "
        "networks, over what one hypernetwork spends: above 1 the hypernetwork is cheaper, 0 where it never is as "
        "good. Seconds are steps times the time of a step measured here; *together*: the direct networks of all lam as "
        "replicas of one pass, as this package trains them."
    )
    return [head, table(heads, rows)]


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


# --- the theorem ----------------------------------------------------------------------------------------


def write_convergence(store: Store, outcome: ConvergenceOutcome) -> list[Path]:
    """Write everything that follows from the finished parts; return the paths."""
    from ..plots.convergence import draw_convergence, draw_left
    from ..plots.style import save

    files = {
        "error.csv": csv_text(ERROR_COLUMNS, error_rows(outcome)),
        "left.csv": csv_text(LEFT_COLUMNS, left_rows(outcome)),
        "report.md": convergence_report(outcome),
    }
    for file, content in files.items():
        store.write(file, content)
    paths = [store.folder / file for file in ("config.json", *files)]
    for name, figure in (("error", draw_convergence(outcome)), ("left", draw_left(outcome))):
        paths += map(Path, save(figure, store, name))
    return paths


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
    return "\n\n".join(parts) + "\n"


# --- all of it ------------------------------------------------------------------------------------------


def reproduction_report(
    command: str,
    outcomes: Mapping[str, ComplexityOutcome],
    convergence: ConvergenceOutcome,
    claims: Sequence[Claim],
) -> str:
    """The verdicts, then where to find what, then the evidence."""
    fewest = min([outcome.config.runs for outcome in outcomes.values()])
    few = too_few(fewest, "start")
    folders: list[tuple] = [
        (f"[{name}]({name}/report.md)", str(o.config.model), o.config.runs, len(o.config.models), len(o.config.lams))
        for name, o in outcomes.items()
    ]
    folders.append(("[convergence](convergence/report.md)", "linear", convergence.config.runs,
                    len(convergence.config.families), len(convergence.config.lams)))  # fmt: skip
    parts = [
        "# Models of a given complexity: a reproduction",
        f"Made by `{command}`.",
        "## Verdicts",
        few,
        table(("", "claim", "verdict"), [(claim.id, claim.text, claim.verdict) for claim in claims]),
        "## Experiments",
        table(("folder", "model", "starts", "models", "lam"), folders),
        "## Evidence",
        claims_text(claims),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
