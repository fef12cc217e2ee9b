"""The nine models, and what each data set and the smaller version have of their own."""

from collections.abc import Callable
from typing import Any, NamedTuple

from ...networks.models import MLP, mlp


class Spec(NamedTuple):
    """One of the nine models: what it is trained for, and how its parameters depend on lam."""

    family: str
    kind: str  # direct: parameters of its own for each lam

    @property
    def is_hypernet(self) -> bool:
        """Whether one map gives the parameters for all lam."""
        return self.kind != "direct"


# fmt: off
MODELS = {
    #                                   L_1, L_2, L_3      G(lam)
    "variational":               Spec("variational",     "direct"),
    "reparameterised":           Spec("reparameterised", "direct"),
    "base":                      Spec("base",            "direct"),
    "variational-linear":        Spec("variational",     "linear"),
    "reparameterised-linear":    Spec("reparameterised", "linear"),
    "base-linear":               Spec("base",            "linear"),
    "variational-piecewise":     Spec("variational",     "piecewise"),
    "reparameterised-piecewise": Spec("reparameterised", "piecewise"),
    "base-piecewise":            Spec("base",            "piecewise"),
}
# fmt: on


class Setting(NamedTuple):
    """What is particular to one data set."""

    model: Callable[[], MLP]
    runs: int
    epochs: int
    hyper_epochs: int
    batch_size: int
    validation: int


# fmt: off
SETTINGS = {
    #                         model                                             runs epochs  hyper batch validation
    "mnist":          Setting(lambda: mlp(784, 50, 10, activation="relu"),        5,    25,    50,  256,  5000),
    "cifar10":        Setting(lambda: mlp(3072, 100, 10, activation="relu"),      3,    25,    50,  256,  5000),
    "digits":         Setting(lambda: mlp(64, 50, 10, activation="relu"),         5,   100,   200,   64,   300),
    "cifar10-subset": Setting(lambda: mlp(3072, 100, 10, activation="relu"),      3,    25,    50,   64,   200),
}
# fmt: on

PIXELS = {"unit": (0.0, 1.0), "symmetric": (-1.0, 1.0)}
"""Between what the features are brought."""

LEVELS = tuple(i / 50 for i in range(50))
"""Shares removed, 0 ... 98 %."""

LAMS = tuple(10.0**power for power in range(-3, 3))

QUICK: dict[str, Any] = {
    "runs": 2,
    "levels": (0.0, 0.2, 0.5, 0.8, 0.9, 0.98),
    "epochs": 30,
    "hyper_epochs": 60,
    "samples": 1,
    "objects": 1000,
    "validation": 200,
    "batch_size": 64,
    "repeats": 3,
}
"""Settings of a smaller version, to see that everything works."""
