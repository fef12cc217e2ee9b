"""Operations of the steps of the experiment ``cost``, what half frozen saves of them, and the verdict."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...estimates import Estimate, mean_interval
from ...freezing.masks import n_frozen
from ...freezing.operations import COLLECTING, Operations, collecting_operations, step_operations
from ...networks.models import MLP
from .config import SETUPS, WAYS, CostConfig, Masked


class Counted(NamedTuple):
    """Operations of one step; ``collecting`` is what the covariance takes on top."""

    model: str
    way: str
    run: int
    frozen: int
    share: float
    forward: int
    deltas: int
    gradient: int
    update: int
    collecting: int
    operations: int
    relative: float  # to the step with nothing frozen


def count(config: CostConfig, masks: list[Masked], task: str) -> list[Counted]:
    """Count the operations of one model's steps under each mask, and of those that collect the covariance."""
    name = masks[0].model
    model = SETUPS[name].model

    def operations(alpha: NDArray) -> Operations:
        return step_operations(model, alpha, config.batch_size, task, config.optimizer)

    plain = operations(np.ones(model.n_params))
    rows = []
    for _, way, run, alpha in masks:
        cost = operations(alpha)
        frozen = int(np.count_nonzero(~alpha))
        share = frozen / model.n_params
        rows.append(Counted(name, way, run, frozen, share, *cost, 0, cost.total, cost.total / plain.total))
    for estimator in COLLECTING:
        extra = collecting_operations(model, estimator, config.batch_size)
        total = plain.total + extra
        way = f"collecting, {estimator}"
        rows.append(Counted(name, way, 0, 0, 0.0, *plain, extra, total, total / plain.total))
    return rows


# --- the verdict ----------------------------------------------------------------------------------------

ENOUGH = 0.10
JUDGED = "weights, covariance order"
CLAIM = "Freezing lowers the cost of optimisation."
RULE = (
    "Freezing half of the single weights, by the covariance order, takes at least a tenth off the operations "
    "of a step, the lower end of the interval over runs included. Counted is a step that leaves out every row and "
    "column of a product that no live weight needs; the masked step that the experiments take leaves out nothing. "
    "Seconds stand in cost/seconds.csv; they are not the same twice and decide nothing, so the claim can hold no "
    "better than under the condition that operations are what is counted."
)
HOLDS, STRUCTURE, FAILS = "holds", "holds for units or layers only", "does not hold"


class Saving(NamedTuple):
    """What freezing half of the parameters saves of a step, against what the covariance costs."""

    model: str
    way: str
    share: float  # of the parameters that is frozen, mean over runs
    saved: Estimate  # share of the operations
    met: bool  # whether that is enough
    largest_batch: float  # up to which it is enough; 0 if at none, infinite if at any
    collecting: dict[str, float]  # what each estimator adds to a step, as a share of its operations

    def frozen_steps(self, estimator: str, t0: int = 1) -> float:
        """Return after how many frozen steps t0 steps of collecting are paid back; infinite if never."""
        saved = float(self.saved.value)
        return t0 * self.collecting[estimator] / saved if saved > 0 else float("inf")


def savings(config: CostConfig, rows: list[Counted]) -> list[Saving]:
    """Tell what half saves on each model in each way that can freeze half or more, but not all."""
    found = []
    for model in config.models:
        of_model = [row for row in rows if row.model == model]
        plain = next(row for row in of_model if row.frozen == 0 and row.collecting == 0)
        added = {row.way: row.relative - 1 for row in of_model if row.collecting}
        collecting = {estimator: added[f"collecting, {estimator}"] for estimator in COLLECTING}
        for way in WAYS:
            halves = halves_of(SETUPS[model].model, [row for row in of_model if row.way == way])
            if halves:
                values = [1 - row.relative for row in halves]
                saved = mean_interval(values) if len(values) > 1 else Estimate(*values * 3)
                share = float(np.mean([row.share for row in halves]))
                batch = largest_batch(plain, halves, config.batch_size)
                found.append(Saving(model, way, share, saved, bool(saved.low >= ENOUGH), batch, collecting))
    return found


def halves_of(model: MLP, rows: list[Counted]) -> list[Counted]:
    """Pick from each run the row with the fewest frozen of those with half or more, but not all, frozen."""
    p = model.n_params
    enough = [row for row in rows if n_frozen(0.5, p) <= row.frozen < p]
    runs = dict.fromkeys(row.run for row in enough)
    return [min((row for row in enough if row.run == run), key=lambda row: row.frozen) for run in runs]


def largest_batch(plain: Counted, halves: list[Counted], batch_size: int) -> float:
    """Return the batch size up to which half saves ``ENOUGH`` on average over runs.

    All operations but the step rule's grow with the batch, so a step takes a S + u of them and the condition
    mean(a S + u) <= (1 - ENOUGH) (a_plain S + u_plain) is linear in S.
    """
    a = float(np.mean([row.operations - row.update for row in halves])) / batch_size
    u = float(np.mean([row.update for row in halves]))
    too_many = a - (1 - ENOUGH) * (plain.operations - plain.update) / batch_size  # for each object
    allowed = (1 - ENOUGH) * plain.update - u
    return float("inf") if too_many <= 0 else max(0.0, allowed // too_many)


def judge(found: list[Saving]) -> dict[str, str]:
    """Give the verdict on claim a9 for each model."""
    verdicts = {}
    for model in dict.fromkeys(saving.model for saving in found):
        met = {saving.way: saving.met for saving in found if saving.model == model}
        by_structure = any(met[way] for way in met if not way.startswith("weights"))
        verdicts[model] = HOLDS if met.get(JUDGED) else STRUCTURE if by_structure else FAILS
    return verdicts


def verdict(found: list[Saving]) -> str:
    """Give the verdict on claim a9 over all models: theirs if they agree, else which holds where."""
    verdicts = judge(found)
    kinds = dict.fromkeys(verdicts.values())
    if len(kinds) == 1:
        return next(iter(kinds))
    where = {kind: ", ".join(model for model in verdicts if verdicts[model] == kind) for kind in kinds}
    return "holds under conditions: " + "; ".join(f"{kind} on {models}" for kind, models in where.items())
