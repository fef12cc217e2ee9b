"""Settings of short trainings, and the paths that they take."""

import numpy as np
from small import small_dataset, small_model

from minimal_order.training.optim import STEP_RULES, map_state
from minimal_order.training.train import train

CLOSE = {"rtol": 1e-12, "atol": 1e-13}
RULES = {name: rule(0.05) for name, rule in STEP_RULES.items()}


def generator(seed=23):
    return np.random.default_rng(seed)


def generators(n_runs):
    return [np.random.default_rng([24, run]) for run in range(n_runs)]


def problem(task="multiclass", shape=(), hidden=(4,), dtype=np.float64, **options):
    """A model, data and where to begin; by name, for ``train``."""
    model = small_model(task, hidden)
    data = small_dataset(task, dtype=dtype, **options)
    return {"model": model, "data": data, "w": model.init(generator(), shape).astype(dtype), "batch_size": 6}


def path_of(model, data, w, rng, batch_size, steps, **options):
    """All the parameters w_0 ... w_T of a training."""
    path = [w.copy()]
    train(model, data, w, rng=rng, batch_size=batch_size, steps=steps,
          watch=lambda step: path.append(step.w.copy()), **options)  # fmt: skip
    return np.array(path)


def arrays_of(state):
    found = []
    map_state(lambda a: found.append(a) or a, state)
    return found
