"""What the experiment ``surgeon`` is told: networks, training, and the criteria that it compares."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...checks import check, check_name
from ...data.dataset import Dataset
from ...networks.gradients import value_and_gradient
from ...networks.losses import logistic, squared_error
from ...networks.models import MLP, mlp
from ...pruning.hessian import full_gauss_newton, gauss_newton_diagonal, hessian_diagonal
from ...pruning.removal import Criterion, by_magnitude, by_obd, by_taylor, scored
from ...pruning.surgeon import by_obs
from ..configuration import check_wholes


class Xor(NamedTuple):
    """A network for the exclusive or, and what it minimises."""

    model: MLP
    loss: Callable


class Monk(NamedTuple):
    """A network for one of the MONK's problems, its weight decay, and the share that was published as removed."""

    dataset: str
    model: MLP
    decay: float
    published: float | None


# fmt: off
XORS = {
    "sigmoid, squared error": Xor(mlp(2, 2, 1, activation="sigmoid"), squared_error),
    "sigmoid, logistic loss": Xor(mlp(2, 2, 1, activation="sigmoid"), logistic),
    "tanh, squared error":    Xor(mlp(2, 2, 1),                       squared_error),
    "tanh, logistic loss":    Xor(mlp(2, 2, 1),                       logistic),
}
XOR_DECAY = 1e-4

MONKS = {
    #                     data set  network          decay  published by Hassibi & Stork
    "MONK-1, 17-3-1": Monk("monk1", mlp(17, 3, 1),   1e-3,  0.76),
    "MONK-2, 17-2-1": Monk("monk2", mlp(17, 2, 1),   1e-4,  0.62),
    "MONK-3, 17-2-1": Monk("monk3", mlp(17, 2, 1),   1e-2,  0.90),
    "MONK-3, 17-4-1": Monk("monk3", mlp(17, 4, 1),   1e-2,  None),
}
# fmt: on
"""The sizes are those of Thrun et al. 1991; with weight decay MONK-3 had two hidden units there, without four."""

CRITERIA = ("random", "magnitude", "taylor", "obd", "obd, Gauss-Newton", "obs")
WAYS = ("once", "anew", "retrained")
"""Scored once; scored anew before each removal; and trained a little after each removal, too."""


@dataclass(frozen=True)
class SurgeonConfig:
    """What is trained and pruned.

    Parameters
    ----------
    xors, monks : names in ``XORS`` and ``MONKS``
    starts : initial parameters of each network for the exclusive or
    xor_steps : of each training of it, whole or with one weight removed
    draws : training parts of each MONK's problem
    restarts : initial parameters for each of these, of which the lowest loss is kept
    monk_steps : of each training of them
    retrain_steps : after each removal
    seed : of everything random

    Raises
    ------
    ValueError : naming argument, value and expectation.
    """

    xors: tuple[str, ...] = tuple(XORS)
    monks: tuple[str, ...] = tuple(MONKS)
    starts: int = 20
    xor_steps: int = 20_000
    draws: int = 25
    restarts: int = 5
    monk_steps: int = 6000
    retrain_steps: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        for argument, known in (("xors", XORS), ("monks", MONKS)):
            chosen = getattr(self, argument)
            check(len(chosen) > 0, argument, chosen, "one network or more")
            for name in chosen:
                check_name(argument, name, known)
        steps = {"xor_steps": 6, "monk_steps": 6, "retrain_steps": 1}
        check_wholes(self, steps | {"starts": 1, "draws": 2, "restarts": 1, "seed": 0})

    @classmethod
    def quick(cls, **others: Any) -> "SurgeonConfig":
        """Take two networks for each problem, few draws and short trainings."""
        less: dict[str, Any] = {
            "xors": tuple(XORS)[:2], "monks": ("MONK-1, 17-3-1", "MONK-3, 17-2-1"), "xor_steps": 7200,
            "draws": 4, "restarts": 2, "monk_steps": 1800, "retrain_steps": 20,
        }  # fmt: skip
        return cls(**less | others)

    def generator(self, *purpose: int) -> np.random.Generator:
        """Return a stream of its own for each purpose."""
        return np.random.default_rng([self.seed, *purpose])

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values."""
        return asdict(self)


def criteria(model: MLP, loss: Callable, data: Dataset, decay: float, rng: np.random.Generator) -> dict[str, Criterion]:
    """Make the criteria that are compared, on mean loss + decay ||w||^2 of the training part."""

    def gradient(w: NDArray) -> NDArray:
        return value_and_gradient(model, loss, w, data.X_train, data.y_train)[1] + 2 * decay * w

    def exact(w: NDArray) -> NDArray:
        return hessian_diagonal(model, loss, w, data.X_train, data.y_train) + 2 * decay

    def gauss_newton(w: NDArray) -> NDArray:
        return gauss_newton_diagonal(model, loss, w, data.X_train, data.y_train) + 2 * decay

    def matrix(w: NDArray) -> NDArray:
        return full_gauss_newton(model, loss, w, data.X_train, data.y_train)

    rules = (
        scored("random", lambda w: rng.random(w.shape)),
        by_magnitude(),
        by_taylor(gradient, exact),
        by_obd(exact),
        by_obd(gauss_newton),
        by_obs(matrix, damping=2 * decay),
    )
    return dict(zip(CRITERIA, rules, strict=True))
