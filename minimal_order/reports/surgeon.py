"""Tables, figures and report of the experiment ``surgeon``, beside what Hassibi & Stork published."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..estimates import mean_interval
from ..experiments.surgeon.config import MONKS, WAYS, XOR_DECAY, XORS
from ..experiments.surgeon.monk import MonkOutcome
from ..experiments.surgeon.outcome import Picked, Surgeon, against, picked, pruned
from ..experiments.surgeon.xor import COMPARED, XorOutcome
from ..runs.files import csv_text
from ..runs.store import Store
from .output import write_all
from .text import document, mean_with_interval, percent, table, too_few

WAY_NAMES = dict(
    zip(WAYS, ("scored once", "scored anew before each removal", "and trained a little after each"), strict=True)
)


def surgeon_report(surgeon: Surgeon) -> str:
    """What was run and what came out."""
    config = surgeon.config
    parts = [
        "# Which weight to remove: magnitude, Optimal Brain Damage, Optimal Brain Surgeon",
        f"Made by `minimal-order surgeon{' --quick' * (config == type(config).quick(seed=config.seed))}` "
        f"(seed {config.seed}).",
        too_few(surgeon.config.draws, "draw", enough=10),
        "## The exclusive or",
        xor_text(surgeon),
        "## The MONK's problems",
        monk_text(surgeon),
        *(problem_text(monk) for monk in surgeon.monks),
    ]
    return document(parts)


def xor_text(surgeon: Surgeon) -> str:
    """How often each criterion deleted the right weight."""
    config = surgeon.config
    rows = [
        (row.network, row.criterion, f"{row.learned} of {row.starts}", f"{row.right} of {row.judged}", row.regret)
        for xor in surgeon.xors
        for row in picked(xor)
    ]
    columns = ("network", "criterion", "learned it", "right", "regret: mean [95 % interval]")
    return (
        f"Networks 2-2-1 with 9 weights, trained for {config.xor_steps} steps on mean loss + {XOR_DECAY:g} ||w||^2. "
        "Each weight is deleted in turn and the others are trained on; a criterion is right where no deletion makes "
        "the loss grow less than the one that it picks. The regret is by how much the loss grows more than it had to. "
        "Judged are starts that tell the four objects apart and are at a minimum, where Optimal Brain Damage and "
        "Surgeon are defined.\n\n"
        "Published: of the three, only Optimal Brain Surgeon deletes the correct weights in every case.\n\n"
        + table(columns, rows)
    )


def monk_text(surgeon: Surgeon) -> str:
    """Whole networks, and Optimal Brain Surgeon beside the published shares."""
    config = surgeon.config
    rows = []
    for monk in surgeon.monks:
        setup = MONKS[monk.name]
        by_way = {row.way: row for row in pruned(monk) if row.criterion == "obs"}
        most = max(row.most for row in by_way.values())
        rows.append(
            (monk.name, monk.n_params, f"{setup.decay:g}", *(mean_with_interval(monk.whole[:, i]) for i in range(2)),
             *(by_way[way].removed for way in WAYS[1:]), percent(round(most, 3)),
             "" if setup.published is None else percent(setup.published))
        )  # fmt: skip
    columns = ("problem", "weights", "decay", "training accuracy", "on all objects", "OBS removes", "with training",
               "best draw", "published")  # fmt: skip
    return (
        f"{config.draws} draws of the training part; of {config.restarts} starts the one with the lowest mean loss + "
        f"decay ||w||^2 after {config.monk_steps} steps. Removed is the share of the weights that went before the "
        "training accuracy first fell below that of the whole network. Mean [95 % interval].\n\n"
        + table(columns, rows)
        + "\n\nThe abstract of Hassibi & Stork says 90 %, 76 % and 62 %, from one network each, and not of which "
        "problem. 76 % is no share of 39 weights (29 are 74 %, 30 are 77 %), so it is 44 of the 58 of MONK-1; 90 % and "
        "62 % are then 35 and 24 of 39, and only MONK-3 lets as many as 35 go."
    )


def problem_text(monk: MonkOutcome) -> str:
    """Every criterion and way on one problem, and the paired differences to Optimal Brain Surgeon."""
    rows = []
    for row in pruned(monk):
        more = "" if row.criterion == "obs" else against(monk, ("obs", row.way), (row.criterion, row.way))
        rows.append((row.criterion, WAY_NAMES[row.way], row.removed, more, row.test_accuracy))
    columns = ("criterion", "", "share removed", "OBS removes more by", "accuracy then, all objects")
    untrained = against(monk, ("obs", "anew"), ("magnitude", "retrained"))
    return (
        f"### {monk.name}\n\n{table(columns, rows)}\n\n"
        f"Without any training, scored anew, Optimal Brain Surgeon removes {untrained} of the weights more than "
        "magnitude with training after each removal."
    )


def xor_rows(xor: XorOutcome) -> Iterator[tuple[object, ...]]:
    """Yield one row a start and weight: what it was held worth, and what it was worth."""
    layout = XORS[xor.name].model.layout
    for start, w in enumerate(xor.w):
        for j, w_j in enumerate(w):
            scores = [xor.saliency[criterion][start, j] for criterion in COMPARED]
            judged = (xor.learned[start], xor.minimum[start])
            yield (xor.name, start, *judged, layout.name(j), w_j, xor.price[start, j], *scores)


def path_rows(monk: MonkOutcome) -> Iterator[tuple[object, ...]]:
    """Yield one row a criterion, way and number of removals: accuracy on the training part and on all objects."""
    for (criterion, way), accuracy in monk.accuracy.items():
        estimates = np.stack(mean_interval(accuracy), axis=-1)  # (p + 1, 2, 3)
        for k, numbers in enumerate(estimates.reshape(len(estimates), -1)):
            yield (monk.name, criterion, way, k, k / monk.n_params, *numbers)


def ends(name: str) -> tuple[str, str, str]:
    """Name the columns of an estimate."""
    return name, f"{name}_low", f"{name}_high"


def surgeon_files(surgeon: Surgeon) -> dict[str, str]:
    """Return the tables and the report by file name."""
    xor_columns = ("network", "start", "learned", "minimum", "weight", "value", "price", *COMPARED)
    picks = [(*row[:-1], *row.regret) for xor in surgeon.xors for row in picked(xor)]
    prunings = [(*r[:3], *r.removed, r.most, *r.test_accuracy) for monk in surgeon.monks for r in pruned(monk)]
    path_columns = ("network", "criterion", "way", "removed", "share", *ends("train"), *ends("test"))
    return {
        "xor.csv": csv_text(xor_columns, [row for xor in surgeon.xors for row in xor_rows(xor)]),
        "picks.csv": csv_text((*Picked._fields[:-1], *ends("regret")), picks),
        "monk.csv": csv_text(
            ("network", "criterion", "way", *ends("removed"), "most", *ends("test_accuracy")), prunings
        ),
        "paths.csv": csv_text(path_columns, [row for monk in surgeon.monks for row in path_rows(monk)]),
        "report.md": surgeon_report(surgeon),
    }


def write_surgeon(store: Store, surgeon: Surgeon) -> list[Path]:
    """Write tables, report and figures; return the paths."""
    from ..plots.surgeon import draw_monk, draw_paths, draw_xor

    figures = [("xor", draw_xor(surgeon)), ("monk", draw_monk(surgeon)), ("paths", draw_paths(surgeon))]
    return write_all(store, surgeon_files(surgeon), figures)
