"""A few runs made ready: their data, their trained networks, the orders of these."""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...checks import check
from ...data.dataset import Dataset, stack
from ...data.loading import batches
from ...data.synthetic import weight_samples
from ...dependence.elimination import eliminate
from ...dependence.laplace import sample_covariance
from ...orders import compute_order
from ...training.loop import check_fit
from ...training.optim import StepRule, adam
from ...training.train import Training, train
from ..freeze.runs import RUNS_A_PART, load_cached
from .config import GIVEN, PruningConfig

STAGES = (1.0, 0.1, 0.01)
"""Of the rate, each for an equal part of the steps: around a minimum Adam does not come to rest by itself."""

KEEP = 5
"""Last iterates that ``accumulated_gradient`` sums."""


def generator(config: PruningConfig, purpose: str, run: int) -> np.random.Generator:
    """The generator of one run for one purpose: a new purpose leaves the others as they were."""
    return np.random.default_rng([config.seed, zlib.crc32(purpose.encode()), run])


def runs_of_parts(config: PruningConfig) -> list[tuple[int, ...]]:
    """The runs of each part."""
    runs = range(config.runs)
    return [tuple(runs[i : i + RUNS_A_PART]) for i in range(0, config.runs, RUNS_A_PART)]


def dataset_of(config: PruningConfig, run: int) -> Dataset:
    """The data of one run, split anew; what is generated is the same in all."""
    split_seed = int(generator(config, "split", run).integers(2**31))
    data = load_cached(config.setting.source, config.seed, split_seed, "float64", config.setting.options)
    return check_classes(data)


def check_classes(data: Dataset) -> Dataset:
    """Refuse a split whose training part holds objects of one class alone, from which nothing can be told."""
    n = 2 if data.task == "regression" else len(np.unique(data.y_train))
    check(n >= 2, "y_train", f"of one class, {data.y_train.flat[0]}", "objects of two classes or more")
    return data


def check_data(config: PruningConfig) -> None:
    """Refuse a batch larger than the training part before any work is done."""
    data = dataset_of(config, 0)
    check_fit(config.model, data, np.empty(config.model.n_params))
    batches(np.random.default_rng(0), data.n_train, config.batch_size)


def with_decay(rule: StepRule, decay: float) -> StepRule:
    """Let a rule descend on the loss + decay ||w||^2; the covariance of the gradient stays that of the loss."""
    if decay == 0:
        return rule
    return StepRule(rule.name, rule.init, lambda state, g, w: rule.step(state, g + 2 * decay * w, w))


def trained(config: PruningConfig, runs: Sequence[int]) -> Training:
    """The networks of some runs side by side, w (runs, p): trained, or drawn if the setting says so.

    Raises
    ------
    ValueError : when a training diverges.
    """
    data = stack([dataset_of(config, run) for run in runs])
    model = config.model
    if config.setting.drawn:
        w = np.concatenate([weight_samples(generator(config, "weights", run), 1, model.n_params) for run in runs])
        nothing = np.empty((0, *w.shape))
        return Training(model, data, w, w, np.zeros((1, len(runs))), None, nothing, config.batch_size)
    w = np.stack([model.init(generator(config, "init", run)) for run in runs])
    rngs = [generator(config, "batches", run) for run in runs]
    state = None
    for stage, share in enumerate(STAGES, start=1):
        last = stage == len(STAGES)
        training = train(
            model,
            data,
            w,
            steps=config.steps // len(STAGES),
            rng=rngs,
            rule=with_decay(adam(share * config.rate), config.decay),
            state=state,
            batch_size=config.batch_size,
            covariance="batch" if last else None,
            keep=min(KEEP, config.steps // len(STAGES)),
        )
        check(not training.diverged.any(), "rate", config.rate, "a smaller one: the training diverged")
        w, state = training.w, training.state
    return training


def order_of(config: PruningConfig, name: str, training: Training, run: int) -> NDArray[np.intp]:
    """One order of one run, (p,)."""
    if name == GIVEN:
        samples = weight_samples(generator(config, "given", run), n_features=config.model.n_params)
        return eliminate(sample_covariance(samples)).order
    return compute_order(name, training, generator(config, f"order {name}", run))
