"""Tables and figure of the experiment ``cost``."""

from pathlib import Path
from typing import NamedTuple

from ..experiments.cost.outcome import Cost
from ..experiments.cost.savings import Counted, Saving
from ..experiments.cost.stopwatch import Timed
from ..freezing.operations import COLLECTING
from ..runs.files import csv_text
from ..runs.store import Store
from .output import write_all


class Measured(NamedTuple):
    """Operations and seconds of one step side by side."""

    model: str
    way: str
    share: float
    operations: int
    operations_relative: float
    seconds: float | None
    seconds_relative: float | None


# fmt: off
SAVING_COLUMNS = ("model", "way", "share", "saved", "saved_low", "saved_high", "met", "largest_batch",
                  *(f"{what}_{estimator}" for estimator in COLLECTING
                    for what in ("collecting", "frozen_steps")))
# fmt: on


def side_by_side(cost: Cost) -> list[Measured]:
    """Set the operations of the first run's steps beside the seconds of those that were measured."""
    measured_steps = [row for row in cost.timed if row.step in ("compacted", "collecting")]
    seconds = {(row.model, row.way, row.frozen): row for row in measured_steps}
    ends = {(row.model, row.frozen): row for row in measured_steps if not row.way}  # the same for every way
    rows = []
    for row in cost.counted:
        if row.run == 0:
            timed = seconds.get((row.model, row.way, row.frozen)) or ends.get((row.model, row.frozen))
            measured = (timed.seconds, timed.relative) if timed else (None, None)
            rows.append(Measured(row.model, row.way, row.share, row.operations, row.relative, *measured))
    return rows


def saving_row(cost: Cost, saving: Saving) -> tuple[object, ...]:
    """Write one row of the table of savings."""
    against: list[float] = []
    for estimator in COLLECTING:
        against += [saving.collecting[estimator], saving.frozen_steps(estimator, cost.config.t0)]
    return (*saving[:3], *saving.saved, saving.met, saving.largest_batch, *against)


def cost_files(cost: Cost) -> dict[str, str]:
    """Return the tables by file name; ``operations.csv`` and ``savings.csv`` hold no measurement."""
    return {
        "operations.csv": csv_text(Counted._fields, cost.counted),
        "savings.csv": csv_text(SAVING_COLUMNS, [saving_row(cost, saving) for saving in cost.savings]),
        "seconds.csv": csv_text((*Timed._fields, "machine"), [(*row, cost.machine) for row in cost.timed]),
        "cost.csv": csv_text(Measured._fields, side_by_side(cost)),
    }


def write_cost(store: Store, cost: Cost) -> list[Path]:
    """Write the tables and the figure; return the paths."""
    from ..plots.cost import draw_cost

    return write_all(store, cost_files(cost), [("cost", draw_cost(cost))])
