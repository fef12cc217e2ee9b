"""When each parameter has converged: the other work of experiment ``select``, in parts of a few runs."""

import numpy as np
from numpy.typing import NDArray

from ...freezing.trajectories import convergence_time
from ...training.loop import Step, divergence_allowed
from ...training.train import train
from .config import SelectConfig
from .rules import first_rule
from .runs import data_of, generator, start_of

SNAPSHOTS = 60
"""How many times the path of the parameters is recorded."""


@divergence_allowed()
def speed_part(config: SelectConfig, runs: tuple[int, ...]) -> dict[str, NDArray]:
    """When each parameter converges with nothing frozen, twice from the same start, with other batches.

    Returns
    -------
    ``converged`` (runs, 2, p), the step from which on a parameter stays near its end value, and ``moved``, whether
    it ever moved: the weights of a pixel that is always black do not.
    """
    twins = tuple(run for run in runs for _ in (0, 1))
    data, w = data_of(config, twins), start_of(config, twins)
    rng = [generator(config, f"batches of twin {i % 2}", run) for i, run in enumerate(twins)]
    steps = config.eta0 + config.eta1
    times = sorted({0, *range(0, steps, max(1, steps // SNAPSHOTS)), steps})
    place = {time: i for i, time in enumerate(times)}
    path = np.empty((len(times), *w.shape), w.dtype)
    path[0] = w

    def look(step: Step) -> None:
        if step.t in place:
            path[place[step.t]] = step.w

    rule = first_rule(config, data.n_train, generator(config, "noise", runs[0]))
    train(config.model, data, w, steps=steps, rng=rng, rule=rule, batch_size=config.batch_size, watch=look)
    shape = (len(runs), 2, -1)
    converged = np.stack([convergence_time(path[:, i], times) for i in range(len(twins))]).astype(np.int32)
    return {"converged": converged.reshape(shape), "moved": (path[-1] != path[0]).reshape(shape)}
