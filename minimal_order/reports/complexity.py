"""The report and files of the complexity experiment."""

from pathlib import Path

from ..claims.complexity import judge
from ..experiments.complexity.cost import MARGIN
from ..experiments.complexity.models import MODELS, PIXELS
from ..experiments.complexity.outcome import (
    ACCURACY_COLUMNS,
    CHOSEN_COLUMNS,
    COST_COLUMNS,
    HISTORY_COLUMNS,
    TERMS_COLUMNS,
    ComplexityOutcome,
    accuracy_rows,
    chosen_rows,
    cost_rows,
    history_rows,
    terms_rows,
)
from ..runs.files import csv_text
from ..runs.store import Store
from .complexity_tables import cost_table, following_table, pruned_table, published_rows, published_table, terms_table
from .output import write_all
from .text import claims_text, counted, document, percent, too_few


def write_complexity(name: str, store: Store, outcome: ComplexityOutcome) -> list[Path]:
    """Write everything that follows from the finished parts; return the paths."""
    from ..plots.complexity import figures

    files: dict[str, bytes | str] = {
        "accuracy.csv": csv_text(ACCURACY_COLUMNS, accuracy_rows(outcome)),
        "chosen.csv": csv_text(CHOSEN_COLUMNS, chosen_rows(outcome)),
        "terms.csv": csv_text(TERMS_COLUMNS, terms_rows(outcome)),
        "history.csv": csv_text(HISTORY_COLUMNS, history_rows(outcome)),
        "cost.csv": csv_text(COST_COLUMNS, cost_rows(outcome)),
        **outcome.files(),
        "report.md": complexity_report(name, outcome),
    }
    return write_all(store, files, figures(outcome))


def complexity_report(name: str, outcome: ComplexityOutcome) -> str:
    """The report of one complexity experiment."""
    config = outcome.config
    starts = counted(config.runs, "start")
    parts = [
        f"# Models of a given complexity: {name}",
        f"Made by `{config.command()}` (seed {config.seed}).",
        settings_text(outcome),
        too_few(config.runs, "start", enough=3),
        "## Accuracy when weights are removed",
        f"On test, mean over {starts} (standard deviation); lam is chosen for each share on {config.validation} "
        "training objects held out.",
        pruned_table(outcome),
        published_text(outcome),
        "## The two parts of L(lam)",
        "Fit: E log p(D | w) over all training objects, nats. Complexity: KL(q || p), KL(q || p(w | lam)) or |w|^2.",
        terms_table(outcome),
        *following_text(outcome),
        "## What it costs",
        *cost_text(outcome),
        "## Claims",
        claims_text(judge({name: outcome})[:3]),
    ]
    return document(parts)


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


def published_text(outcome: ComplexityOutcome) -> str:
    """Ours beside the authors' table, for the only set of which it is known."""
    if outcome.config.dataset != "mnist":
        return ""
    head = (
        "Beside the authors' table, which takes the best lam *on test*, and only here ours does so too; elsewhere lam "
        "is chosen on objects held out. The authors trained on all 60 000 objects, in a fixed order, by Adam at .0005, "
        "with pixels in [-1, 1]."
    )
    below = [(name, level) for name, level, ours, _, theirs in published_rows(outcome) if ours < theirs]
    listed = ", ".join(f"{name} at {percent(level)}" for name, level in below)
    reason = outcome.config.pixels == "unit" and any(MODELS[name].family == "base" for name, _ in below)
    found = f"Below theirs: {listed}." if below else "None is below theirs."
    return "\n\n".join([head, published_table(outcome), " ".join([found, *[OF_PIXELS] * reason])])


def following_text(outcome: ComplexityOutcome) -> list[str]:
    """How far the networks of a model follow lam."""
    if 0.0 not in outcome.config.levels:
        return []
    head = (
        "How far the networks follow lam. Accuracy: on test, nothing removed, between the best lam and the worst. "
        "Complexity: that of the smallest lam over that of the largest. And L(lam) at both ends of the range, where a "
        "map that is too simple fails first: that of a hypernetwork less that of the direct networks, nats over all "
        "training objects; below 0 the hypernetwork falls short."
    )
    return [head, following_table(outcome)]


def cost_text(outcome: ComplexityOutcome) -> list[str]:
    """What a hypernetwork costs against a training for each lam."""
    if not outcome.rivals:
        return ["There is no hypernetwork with direct networks beside it."]
    head = (
        f"Equally good: for every lam within {MARGIN:g} of the accuracy that the direct network ends with, on the "
        f"objects held out, nothing removed. What is spent until then for all {len(outcome.config.lams)} lam by direct "
        "networks, over what one hypernetwork spends: above 1 the hypernetwork is cheaper, 0 where it never is as "
        "good. Seconds are steps times the time of a step measured here; *together*: the direct networks of all lam as "
        "replicas of one pass, as this package trains them."
    )
    return [head, cost_table(outcome), together_text(outcome)]


def together_text(outcome: ComplexityOutcome) -> str:
    """What is left of the seconds that hypernetworks save when direct networks are trained together."""
    both = {name: [outcome.saving(name, what).mean() for what in ("seconds", "seconds together")]
            for name in outcome.rivals}  # fmt: skip
    left = [f"{name} from {one:.2f} to {all_:.2f}" for name, (one, all_) in both.items() if one > 1]
    if not left:
        return ""
    return (
        "By the clock these hypernetworks are cheaper than direct networks trained one by one, but against the same "
        f"trained together less is left: {', '.join(left)} times a hypernetwork's seconds."
    )
