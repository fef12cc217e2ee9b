"""The work of experiment ``noise``: train, order, remove, add noise to the input, look at the output."""

import numpy as np
from numpy.typing import NDArray

from ...pruning.noise import noise_first_order, noise_propagation, prediction
from ...runs.part import Part
from ...runs.store import Store
from ...training.loop import divergence_allowed
from ..quality import quality
from ..relevance.moving import zeroed
from ..relevance.parts import orders_of
from ..relevance.runs import generator, runs_of_parts, trained
from .config import NoiseConfig


def noise_parts(config: NoiseConfig, store: Store | None) -> list[Part]:
    """The parts of one experiment, a few runs each."""
    return [
        Part(f"runs-{runs[0]:03d}-{runs[-1]:03d}", noise_part, (config, runs), store) for runs in runs_of_parts(config)
    ]


@divergence_allowed()
def noise_part(config: NoiseConfig, runs: tuple[int, ...]) -> dict[str, NDArray]:
    """Everything the experiment needs of a few runs.

    Returns
    -------
    ``drawn`` (runs, orders, levels, noises), `eq:noise-propagation`; ``first`` (runs, orders, levels),
    `eq:noise-first-order` at s = 1; ``signal`` (runs, orders, levels), the variance of the output over the objects
    without noise; ``metric`` (runs, orders, levels), on the whole test part without noise.
    """
    config.enter_plugins()  # this may be another process
    training, model = trained(config, runs), config.model
    shape = (len(runs), len(config.orders), len(config.levels))
    drawn, first, signal = np.empty((*shape, len(config.noises))), np.empty(shape), np.empty(shape)
    pruned = np.empty((*shape, model.n_params))
    for i, run in enumerate(runs):
        own = training.run(i)
        X, task = own.data.X_test[: config.objects], own.data.task
        for o, order in enumerate(orders_of(config, own, run)):
            w = pruned[i, o] = zeroed(own.w, order, config.ks)
            first[i, o] = noise_first_order(model, w, X, 1.0, task)
            signal[i, o] = prediction(model, w, X, task).var(axis=-1).sum(axis=-1)
            for j, s in enumerate(config.noises):  # the same draws at every s, and for every order
                drawn[i, o, :, j] = noise_propagation(
                    model, w, X, s, task, generator(config, "noise", run), config.draws
                )
    return {
        "drawn": drawn,
        "first": first,
        "signal": signal,
        "metric": quality(model, pruned, training.data)[1][..., 1],
    }
