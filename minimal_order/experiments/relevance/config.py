"""What the experiments on relevance are told: every setting with its default, checked before any work is done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...checks import check, check_name, check_whole
from ...freezing.masks import n_frozen
from ...networks.models import MLP, linear, mlp
from ...orders import ORDERS
from ...orders.table import is_linear
from ..configuration import OWN, as_plain, check_levels, check_wholes, complete, options_of, without_repeats
from ..plugins import Plugin, as_options, enter_plugins


class Setting(NamedTuple):
    """What is particular to one data set."""

    source: str
    model: Callable[[], MLP]
    decay: float
    options: tuple[tuple[str, Any], ...] = ()
    drawn: bool = False


AS_IS = (("scale_y", False),)

# Networks as in the talk. The decays are those among 0, .0001, .0003, .001, .003, .01 and .03 with the least loss on a
# quarter of the training objects held out. Wine needs one: without it the weights grow for ever, and there is no
# minimum around which a second derivative says anything. The synthetic targets have no noise, and need none.
# fmt: off
SETTINGS = {
    #                           data                   network                decay
    "wine":            Setting("wine",                lambda: mlp(13, 13, 3), 1e-3),
    "boston":          Setting("boston",              lambda: mlp(13, 39, 1), 3e-3),
    "synthetic":       Setting("relevance-synthetic", lambda: linear(100),    0.0, AS_IS),
    "synthetic-drawn": Setting("relevance-synthetic", lambda: linear(100),    0.0, AS_IS, drawn=True),
}
# fmt: on
"""The talk's synthetic set in two readings: a linear model trained on stage two, and one whose parameters are a draw
of stage one, untrained."""

GIVEN = "belsley_given"
"""Belsley's elimination by the covariance that stage one gives, estimated from draws. Of the synthetic set alone."""

TALK = ("random", "obd", "variational", "belsley")
"""The criteria of the talk."""

CRITERIA = (*TALK, GIVEN, "belsley_conditional", "obd_gauss_newton", "obs", "taylor", "magnitude")
FREEZING = ("gradient_covariance", "accumulated_gradient", "full_gradient", "preconditioned_gradient")
"""Orders that were made to say what need not be optimised further."""

OF_TRAINING = {"covariance", "iterates", "adam"}
"""What only a trained network has, as ``NEEDS`` names it."""


@dataclass(frozen=True)
class PruningConfig:
    """What both experiments are told: a network is trained, its parameters are put in order and set to 0.

    Parameters
    ----------
    dataset : a name in ``SETTINGS``
    orders : names in the table of orders, or ``GIVEN``; () for all of ``CRITERIA`` and ``FREEZING`` that can be had
    runs : independent runs, each with its own split, initial parameters and batches
    levels : shares removed, in [0, 1]
    steps : of Adam: a third at ``rate``, a third at a tenth of it, a third at a hundredth
    batch_size, rate : of the training
    decay : weight decay, decay ||w||^2 beside the mean loss; the data set's if None
    seed : of everything random
    plugins : files with more orders

    Raises
    ------
    ValueError : naming argument, value and expectation.
    """

    dataset: str
    orders: tuple[str, ...] = ()
    runs: int = 25
    levels: tuple[float, ...] = tuple(i / 50 for i in range(51))
    steps: int = 4500
    batch_size: int = 64
    rate: float = 1e-2
    decay: float = OWN
    seed: int = 0
    plugins: tuple[Plugin, ...] = field(default=(), repr=False)

    NAME: ClassVar[str] = ""

    def __post_init__(self) -> None:
        setting = SETTINGS[check_name("dataset", self.dataset, SETTINGS)]
        without_repeats(self, "orders", "levels")
        complete(self, setting, "decay")
        self.enter_plugins()
        self._check()
        possible = self.possible_orders
        if not self.orders:
            chosen = (*CRITERIA, *FREEZING, *(name for name, order in ORDERS.items() if order.plugin))
            object.__setattr__(self, "orders", tuple(name for name in chosen if name in possible))
        for name in self.orders:
            check_name("orders", name, [*ORDERS, GIVEN])
            check(name in possible, "orders", name, f"one that can be had here: {', '.join(possible)}")

    def _check(self) -> None:
        check_wholes(self, {"runs": 1, "steps": 3, "batch_size": 2, "seed": 0})
        check_number("rate", self.rate, above=True)
        check_number("decay", self.decay)
        check(len(self.levels) > 0, "levels", self.levels, "shares in [0, 1]")
        check_levels(self)

    def enter_plugins(self) -> None:
        """Enter the user's orders in this process's table."""
        enter_plugins(self.plugins)

    @property
    def setting(self) -> Setting:
        """What is particular to the data set."""
        return SETTINGS[self.dataset]

    @property
    def model(self) -> MLP:
        """The network."""
        return self.setting.model()

    @property
    def possible_orders(self) -> tuple[str, ...]:
        """The orders that can be had on this data set."""
        model, synthetic = self.model, self.setting.source == "relevance-synthetic"
        lacks = (OF_TRAINING if self.setting.drawn else set()) | (set() if synthetic else {"linear", "w_star"})
        lacks |= set() if is_linear(model) else {"linear"}
        return tuple(n for n, order in ORDERS.items() if not lacks & set(order.needs)) + (GIVEN,) * synthetic

    @property
    def ks(self) -> NDArray[np.intp]:
        """How many parameters each level stands for, (levels,)."""
        return n_frozen(self.levels, self.model.n_params)

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values, the plugins by the hash of their text."""
        return as_plain(self)

    def command(self) -> str:
        """The command that makes these results, without where to put them and how many processes to use."""
        options = options_of(self, type(self)(self.dataset, plugins=self.plugins), "dataset", "plugins")
        return " ".join([f"minimal-order {self.NAME}", self.dataset, *options, *as_options(self.plugins)])


def check_number(name: str, value: Any, above: bool = False) -> None:
    """Check that a setting is a finite number, 0 or more, or above 0."""
    good = isinstance(value, float | int | np.number) and np.isfinite(value) and (value > 0 if above else value >= 0)
    check(bool(good), name, value, "a positive finite number" if above else "a finite number, 0 or more")


@dataclass(frozen=True)
class RelevanceConfig(PruningConfig):
    """One experiment on relevance; the results depend on this and on nothing else.

    Parameters
    ----------
    retrain : steps of training after each level before the next is removed, shown as curves of their own; 0 for none
    others : as in ``PruningConfig``
    """

    retrain: int = 0

    NAME: ClassVar[str] = "relevance"
    QUICK: ClassVar[dict[str, Any]] = {"runs": 3, "levels": tuple(i / 10 for i in range(11)), "steps": 900}

    def _check(self) -> None:
        super()._check()
        check_whole("retrain", self.retrain, 0)
