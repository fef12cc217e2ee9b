"""The report of the experiment ``surgeon``, beside what Hassibi & Stork published."""

from ..experiments.surgeon.config import MONKS, WAYS, XOR_DECAY
from ..experiments.surgeon.monk import MonkOutcome
from ..experiments.surgeon.outcome import Surgeon, against, picked, pruned
from .text import mean_with_interval, percent, table, too_few

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
    return "\n\n".join(part for part in parts if part) + "\n"


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
