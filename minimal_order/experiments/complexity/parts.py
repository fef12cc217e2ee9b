"""The work of experiment ``complexity``: train one of the nine models from one start, then remove weights from it."""

from collections import deque
from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ...complexity.hypernet_file import prune
from ...complexity.regularised import Regularised, terms
from ...data.dataset import Dataset
from ...training.loop import descend, divergence_allowed
from ...training.train import evaluate
from ..cost.stopwatch import take_turns
from .config import ComplexityConfig
from .models import MODELS
from .runs import Data, Start, data_of, generator, start_of, steps_of

LOOKS = 40
"""How many times accuracy is looked at on the way."""

FLOATS_AT_ONCE = 4_000_000
"""Parameters of the pruned networks evaluated together."""


def looks_of(config: ComplexityConfig, name: str, n_train: int) -> NDArray:
    """The steps after which accuracy is looked at: from a quarter of an epoch to the end, evenly in the logarithm."""
    first, last = max(1, n_train // config.batch_size // 4), steps_of(config, name, n_train)
    return np.unique(np.geomspace(first, last, LOOKS).round().astype(int))


@divergence_allowed()
def model_part(config: ComplexityConfig, name: str, run: int) -> dict[str, NDArray]:
    """Train and prune one model from one start.

    Returns
    -------
    ``accuracy`` (2, lams, levels), held out and test; ``terms`` (3, lams), fit, complexity and value of L(lam) on the
    training part; ``looks`` (looks,), the steps at which ``history`` (looks, lams) holds the accuracy held out, nothing
    removed; of the first run ``w``, what was trained.
    """
    data = data_of(config)
    start = start_of(config, name, run, data.of)
    looks = looks_of(config, name, data.of.n_train)
    history = np.empty((len(looks), len(config.lams)))
    w = start.w
    for i, w_now in enumerate(training(config, start, data.of, run, looks)):
        w = w_now
        means = config.family(name).means(start.parameters(w, config.lams))
        history[i] = evaluate(config.model, means, data.X_valid, data.y_valid, data.of.task)[1]
    theta = start.parameters(w, config.lams)
    found = {"accuracy": pruned_accuracy(config, name, theta, data), "looks": looks, "history": history}
    noise = generator(config, "terms", run)
    objective = Regularised(MODELS[name].family, config.model, data.of, config.lams, noise, config.prior)
    found["terms"] = np.stack(terms(objective, theta, config.samples))
    return found | ({"w": w} if run == 0 else {})


def training(config: ComplexityConfig, start: Start, data: Dataset, run: int, looks: NDArray) -> Iterator[NDArray]:
    """Train by the loop, yielding w at each of the steps ``looks``."""
    loop = descend(
        config.model,
        data,
        start.w,
        rng=generator(config, "batches", run),
        objective=start.objective,
        rule=config.rule,
        batch_size=config.batch_size,
    )
    before = 0
    for step in looks:
        (last,) = deque(islice(loop, step - before), maxlen=1)  # the steps between are not kept
        before = step
        yield last.w.copy()


def pruned_accuracy(config: ComplexityConfig, name: str, theta: NDArray, data: Data) -> NDArray:
    """The accuracy (2, lams, levels), held out and test, with a share of the weights removed; NaN where not finite."""
    family, levels = config.family(name), np.array(config.levels)
    found = np.full((2, len(theta), len(levels)), np.nan)
    at_once = max(1, FLOATS_AT_ONCE // config.model.n_params)
    for i, one in enumerate(theta):
        if not np.isfinite(one).all():
            continue  # it has diverged
        for first in range(0, len(levels), at_once):
            some = slice(first, first + at_once)
            w = prune(family, config.model, one, levels[some], config.per, config.biases).w
            sides = (data.X_valid, data.y_valid), (data.of.X_test, data.of.y_test)
            found[:, i, some] = [evaluate(config.model, w, X, y, data.of.task)[1] for X, y in sides]
    return found


def kinds_of(config: ComplexityConfig) -> list[tuple[str, int]]:
    """What steps are timed: each model, and each direct one for one lam alone; with the number of its networks."""
    each = [(name, 0) for name in config.models]
    return each + [(name, 1) for name in config.models if not MODELS[name].is_hypernet]


def seconds_part(config: ComplexityConfig) -> dict[str, NDArray]:
    """Seconds of one step of each of ``kinds_of``, the median over repeats in which all take turns."""
    data = data_of(config).of
    steps = {}
    for name, networks in kinds_of(config):
        start = start_of(config, name, 0, data)
        objective, w = start.objective, start.w
        if networks:
            objective = Regularised(MODELS[name].family, config.model, data, config.lams[0],
                                    np.random.default_rng(0), config.prior, config.sampling)  # fmt: skip
            w = w[:1]
        steps[name, networks] = descend(config.model, data, w, rng=np.random.default_rng(0), objective=objective,
                                        rule=config.rule, batch_size=config.batch_size)  # fmt: skip
    seconds = take_turns(steps, config.repeats, 0.1)
    return {"seconds": np.array([np.median(seconds[kind]) for kind in kinds_of(config)])}
