"""The work of experiment ``relevance``: train, order, remove, look at the quality.

The unit is a part: a few runs, side by side. What a part computes depends on the configuration and on which runs it
holds, on nothing else.
"""

import numpy as np
from numpy.typing import NDArray

from ...runs.part import Part
from ...runs.store import Store
from ...training.loop import divergence_allowed
from ...training.train import Training
from ..quality import quality
from .config import PruningConfig, RelevanceConfig
from .moving import COVARIANCES, MOVED, RETRAINED, ZEROED, moved, retrained, ways_of, zeroed
from .runs import order_of, runs_of_parts, trained

Curve = tuple[str, str]
"""An order, and what the rest does."""


def curves_of(config: RelevanceConfig) -> list[Curve]:
    """Every curve of the experiment."""
    return [(order, way) for order in config.orders for way in ways_of(config, order)]


def relevance_parts(config: RelevanceConfig, store: Store | None) -> list[Part]:
    """The parts of one experiment, a few runs each."""
    return [
        Part(f"runs-{runs[0]:03d}-{runs[-1]:03d}", relevance_part, (config, runs), store)
        for runs in runs_of_parts(config)
    ]


@divergence_allowed()
def relevance_part(config: RelevanceConfig, runs: tuple[int, ...]) -> dict[str, NDArray]:
    """Everything the experiment needs of a few runs.

    Returns
    -------
    ``loss``, ``metric`` (runs, curves, levels, 2), train and test, the curves of ``curves_of``; ``order``
    (runs, orders, p); ``steepest`` (runs,), the largest entry of the gradient where the training ended, its decay
    included, and ``size`` (runs,), the largest |w|.
    """
    config.enter_plugins()  # this may be another process
    training, curves = trained(config, runs), curves_of(config)
    order = np.stack([orders_of(config, training.run(i), run) for i, run in enumerate(runs)])
    shape = (len(runs), len(curves), len(config.levels), 2)
    loss, metric = np.empty(shape), np.empty(shape)
    for c, (name, way) in enumerate(curves):
        if way != RETRAINED:
            of_runs = [
                weights(config, training.run(i), name, way, order[i, config.orders.index(name)])
                for i in range(len(runs))
            ]
            loss[:, c], metric[:, c] = quality(config.model, np.stack(of_runs), training.data)
    if config.retrain:
        again = [c for c, (_, way) in enumerate(curves) if way == RETRAINED]
        for level, w in enumerate(retrained(config, training, order, runs)):
            loss[:, again, level], metric[:, again, level] = quality(config.model, w, training.data)
    slope = training.gradient + 2 * config.decay * training.w
    return {
        "loss": loss,
        "metric": metric,
        "order": order.astype(np.int16),
        "steepest": np.abs(slope).max(axis=-1),
        "size": np.abs(training.w).max(axis=-1),
    }


def orders_of(config: PruningConfig, training: Training, run: int) -> NDArray[np.intp]:
    """Every order of one run, (orders, p)."""
    return np.stack([order_of(config, name, training, run) for name in config.orders])


def weights(config: RelevanceConfig, training: Training, name: str, way: str, order: NDArray) -> NDArray:
    """The weights of one run at every level, (levels, p)."""
    if way == ZEROED:
        return zeroed(training.w, order, config.ks)
    assert way == MOVED
    return moved(training.w, order, config.ks, COVARIANCES[name](training))
