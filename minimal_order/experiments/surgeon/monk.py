"""The MONK's problems: how many weights can go before the network errs on an object that it had learned."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset, stack
from ...data.loading import load
from ...networks.losses import accuracy, logistic
from ...pruning.removal import remove, retraining
from ...training.optim import adam
from ...training.penalty import PenalisedLoss
from .config import CRITERIA, MONKS, WAYS, Monk, SurgeonConfig, criteria
from .training import fit, value

RETRAIN_RATE = 0.01


def monk_data(config: SurgeonConfig, name: str) -> Dataset:
    """Every draw of the training part, (draws, m, 17)."""
    return stack([load(MONKS[name].dataset, seed=config.seed * 1000 + draw) for draw in range(config.draws)])


def trained(config: SurgeonConfig, name: str, data: Dataset) -> NDArray:
    """Train every draw from some starts and keep the lowest loss of each, (draws, p)."""
    setup, number = MONKS[name], list(MONKS).index(name)
    objective = PenalisedLoss(setup.model, logistic, setup.decay)
    rngs = [config.generator(1, number, draw) for draw in range(config.draws)]
    starts = np.stack([setup.model.init(rng, (config.restarts,)) for rng in rngs])
    w = fit(objective, data, starts, rngs, config.monk_steps)
    best = value(objective, w, data).argmin(axis=-1)
    return np.take_along_axis(w, best[:, None, None], axis=1)[:, 0]


def monk_part(config: SurgeonConfig, name: str) -> dict[str, NDArray]:
    """Prune one network by every criterion in every way, down to nothing.

    Returns
    -------
    for each criterion and way the accuracy on the training part and on all objects, (draws, p + 1, 2), after
    0, 1, ..., p removals
    """
    setup, number = MONKS[name], list(MONKS).index(name)
    data = monk_data(config, name)
    w = trained(config, name, data)
    objective = PenalisedLoss(setup.model, logistic, setup.decay)
    found = {}
    for way in WAYS:
        rngs = [config.generator(2, number, draw) for draw in range(config.draws)]
        retrain = retraining(
            setup.model,
            data,
            steps=config.retrain_steps,
            rng=rngs,
            objective=objective,
            rule=adam(RETRAIN_RATE),
            batch_size=data.n_train,
        )
        compared = criteria(setup.model, logistic, data, setup.decay, config.generator(3, number))
        for criterion, rule in compared.items():
            removed = remove(
                w, rule, every=None if way == "once" else 1, retrain=retrain if way == "retrained" else None
            )
            path = [quality(setup, w, data), *(quality(setup, step.w, data) for step in removed)]
            found[f"{criterion}/{way}"] = np.stack(path, axis=1)
    return found


def quality(setup: Monk, w: NDArray, data: Dataset) -> NDArray:
    """Accuracy on the training part and on all objects, (draws, 2)."""
    model = setup.model
    parts = ((data.X_train, data.y_train), (data.X_test, data.y_test))
    return np.stack([accuracy(model.outputs(w, X), y) for X, y in parts], axis=-1)


class MonkOutcome(NamedTuple):
    """What came out for one network: accuracies (draws, p + 1, 2) by (criterion, way)."""

    name: str
    accuracy: dict[tuple[str, str], NDArray]

    @property
    def n_params(self) -> int:
        """The number of weights and biases of the whole network."""
        return MONKS[self.name].model.n_params

    @property
    def whole(self) -> NDArray:
        """Accuracy of the whole networks on the training part and on all objects, (draws, 2)."""
        return next(iter(self.accuracy.values()))[:, 0]

    def removed(self, criterion: str, way: str) -> NDArray:
        """How many weights went before the training accuracy first fell below that of the whole network, (draws,)."""
        train = self.accuracy[criterion, way][..., 0]
        fallen = train < train[:, :1]
        return np.where(fallen.any(axis=-1), fallen.argmax(axis=-1), train.shape[-1]) - 1

    def test_accuracy(self, criterion: str, way: str) -> NDArray:
        """Accuracy on all objects of the network so pruned, (draws,)."""
        k = self.removed(criterion, way)
        return np.take_along_axis(self.accuracy[criterion, way][..., 1], k[:, None], axis=-1)[:, 0]


def monk_outcome(name: str, part: Mapping[str, NDArray]) -> MonkOutcome:
    """Put together what ``monk_part`` found."""
    return MonkOutcome(name, {(c, way): part[f"{c}/{way}"] for way in WAYS for c in CRITERIA})
