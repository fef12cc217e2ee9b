"""Experiment ``cost``: whether freezing makes a step cheaper and pays for collecting the covariance.

Operations are counted (`eq:step-cost`): they come out the same on every machine, and the verdict on claim a9
rests on them. Seconds are measured beside them and change from run to run; they stand in files of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...runs.parallel import run_groups
from ...runs.part import Part
from ...runs.store import Store
from .config import CostConfig, covariance_orders, dataset_of, masks_of
from .savings import Counted, Saving, count, savings, verdict
from .stopwatch import Timed, machine, measure


@dataclass(frozen=True)
class Cost:
    """What the experiment found.

    Attributes
    ----------
    config : the settings
    counted : operations of every step, one row a mask
    timed : seconds of some of them
    machine : what the seconds were measured on
    """

    config: CostConfig
    counted: list[Counted]
    timed: list[Timed]
    machine: str

    @property
    def savings(self) -> list[Saving]:
        """Tell what half frozen saves, by model and way."""
        return savings(self.config, self.counted)

    @property
    def verdict(self) -> str:
        """Give the verdict on claim a9."""
        return verdict(self.savings)

    def __repr__(self) -> str:
        return f"Cost({', '.join(self.config.models)}: {self.verdict})"


def run_cost(config: CostConfig | None = None, store: Store | None = None, progress: bool = False) -> Cost:
    """Count and measure the steps of every model of the configuration, one after the other.

    With a store, opened for ``config.as_dict()``, what was counted and measured is kept there: a second run
    reads it, seconds included, instead of measuring again.
    """
    config = config or CostConfig()
    groups = {"cost": cost_parts(config, store)}
    ((_, arrays),) = run_groups(groups, jobs=1, progress=progress, description="cost")
    return assemble_cost(config, arrays)


def cost_parts(config: CostConfig, store: Store | None = None) -> list[Part]:
    """List the units of work, one a model; what else the machine does meanwhile adds noise to the seconds."""
    return [Part(f"cost-{m.replace(' ', '-')}", cost_part, (config, m), store) for m in config.models]


def assemble_cost(config: CostConfig, parts: Sequence[Mapping[str, NDArray]]) -> Cost:
    """Put together what the parts of all models found."""
    counted: list[Counted] = []
    timed: list[Timed] = []
    for part in parts:
        counted += rows_of(Counted, part, "counted")
        timed += rows_of(Timed, part, "timed")
    machines = dict.fromkeys(str(part["machine"]) for part in parts)
    return Cost(config, counted, timed, "; ".join(machines))


def cost_part(config: CostConfig, model: str) -> dict[str, NDArray]:
    """Count and time the steps of one model: the columns of its two tables, and the machine's name."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        data = dataset_of(config, model)
        masks = masks_of(config, model, covariance_orders(config, model, data))
        counted, timed = count(config, masks, data.task), measure(config, masks, data)
    return columns_of(counted, "counted") | columns_of(timed, "timed") | {"machine": np.array(machine())}


def columns_of(rows: Iterable[Any], table: str) -> dict[str, NDArray]:
    """Turn a table of named tuples into one array a column."""
    rows = list(rows)
    columns = zip(rows[0]._fields, zip(*rows, strict=True), strict=True)
    return {f"{table}/{name}": np.array(column) for name, column in columns}


def rows_of(kind: type[Any], part: Mapping[str, NDArray], table: str) -> list[Any]:
    """Put together the table that ``columns_of`` took apart."""
    columns = [part[f"{table}/{name}"].tolist() for name in kind._fields]
    return [kind(*row) for row in zip(*columns, strict=True)]


class Summary(NamedTuple):
    """What freezing half saves, in one line."""

    model: str
    way: str
    share: float
    operations_saved: float  # share of a step's operations
    seconds_saved: float  # share of its seconds, at the measured share nearest to that
    met: bool
    frozen_steps: float  # that pay for one which collects the covariance from first objects


def summary(cost: Cost) -> list[Summary]:
    """Sum up each model and way for the terminal and the report."""
    rows = []
    for saving in cost.savings:
        of_way = [row for row in cost.timed if (row.model, row.way) == (saving.model, saving.way)]
        compacted = [row for row in of_way if row.step == "compacted"]
        near = min(compacted, key=lambda row: abs(row.share - saving.share))
        saved = float(saving.saved.value)
        rows.append(Summary(*saving[:3], saved, 1 - near.relative, saving.met, saving.frozen_steps("running")))
    return rows
