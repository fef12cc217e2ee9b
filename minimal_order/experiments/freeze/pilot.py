"""When freezing begins: a pilot training finds t0 by its rule."""

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...training.loop import descend
from ...training.train import evaluate
from .config import FreezeConfig, published_multiple
from .runs import RUNS_A_PART, generator, of_runs, prepare

PILOT_EVERY, PILOT_LIMIT = 5, 20_000
"""How often the pilot looks at the training loss, for t0 a tenth late can halve it; and when it gives up waiting."""


def pilot(config: FreezeConfig) -> dict[str, NDArray]:
    """Find t0 by its rule on the mean training loss of the first few runs.

    Their batches are new ones: the runs themselves have no part in the choice.
    """
    if not isinstance(config.t0, str):
        return {"t0": np.array(config.t0), "steps": np.empty(0, int), "loss": np.empty(0)}
    runs = tuple(range(min(config.runs, RUNS_A_PART)))
    group = prepare(config, of_runs(runs, config.vary))
    data = group.data
    rng = [generator(config, "pilot", run, config.vary) for run in runs]
    steps, loss, t0 = [0], [mean_train_loss(config, group.w, data)], None
    for step in descend(config.model, data, group.w, rng=rng, rule=config.rule, batch_size=config.batch_size):
        if step.t % PILOT_EVERY:
            continue
        steps.append(step.t)
        loss.append(mean_train_loss(config, step.w, data))
        t0 = find_t0(np.array(steps), np.array(loss), config)
        if t0 is not None or step.t >= PILOT_LIMIT or np.isnan(loss[-1]):
            break
    return {"t0": np.array(t0 or step.t), "steps": np.array(steps), "loss": np.array(loss)}


def mean_train_loss(config: FreezeConfig, w: NDArray, data: Dataset) -> float:
    """Mean over runs, those that have not diverged, of the loss on the training part; NaN if all have."""
    loss = evaluate(config.model, w, data.X_train, data.y_train, data.task)[0]
    finite = np.isfinite(loss)
    return float(loss[finite].mean()) if finite.any() else np.nan


def find_t0(steps: NDArray, loss: NDArray, config: FreezeConfig) -> int | None:
    """The first step from which the newest point of the curve, t1 or more later, satisfies the rule of t0."""
    start = int(np.searchsorted(steps, steps[-1] - config.t1, side="right")) - 1
    if start < 1:
        return None
    if config.t0 == "plateau":
        reached = loss[start] - loss[-1] <= 0.1 * loss[start]
    else:
        multiple = published_multiple(config.dataset)
        assert multiple is not None, "the configuration refuses this rule for data sets without one"
        reached = loss[start] <= multiple * loss[-1]
    return int(steps[start]) if reached else None
