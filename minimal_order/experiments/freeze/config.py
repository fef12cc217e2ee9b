"""What a freezing experiment is told: every setting with its default, checked before any work is done."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ...checks import check, check_name, is_whole
from ...data.loading import available
from ...networks.models import MLP, linear, mlp
from ...orders import NEEDS, ORDERS
from ...orders.table import is_linear
from ...pruning.surgeon import MOST_PARAMS
from ...training.optim import STEP_RULES, StepRule
from ..configuration import as_plain, check_levels, options_of, short, without_repeats
from ..plugins import Plugin, as_options, enter_plugins
from ..published import CURVES

FACTORS = ("data", "split", "init", "batches")
"""What can be new in every run: the data, their split, the initial parameters, the mini-batches."""

NEW_INIT = ("init", "batches")
"""What varies between the runs of the published panels of alpha_hat."""


class Setting(NamedTuple):
    """What is particular to one data set of the ordering paper."""

    model: Callable[[], MLP]
    rate: float
    t0: str | int
    vary: tuple[str, ...]


# fmt: off
SETTINGS = {
    "synthetic3": Setting(lambda: linear(200),       1e-3, "plateau", NEW_INIT),
    "synthetic2": Setting(lambda: linear(200),       1e-3, "plateau", NEW_INIT),
    "synthetic1": Setting(lambda: mlp(200, 20, 1),   1e-3, "plateau", NEW_INIT),
    "boston":     Setting(lambda: mlp(13, 20, 1),    1e-3, "plateau", ("split", *NEW_INIT)),
    "mnist":      Setting(lambda: mlp(784, 10, 10),  3e-3, 1000,      NEW_INIT),
}
# fmt: on


def published_multiple(dataset: str) -> float | None:
    """Training loss with all frozen over that with nothing frozen, in the paper's figure; None without one."""
    curve = CURVES.get((dataset, "train"))
    return None if curve is None else float(curve.covariance[-1] / curve.covariance[0])


QUICK = {"runs": 3, "levels": (0.0, 0.5, 1.0), "t0": 200, "t1": 200}
"""Settings of a smaller version, to see that everything works."""


@dataclass(frozen=True)
class FreezeConfig:
    """One freezing experiment; the results depend on this and on nothing else.

    Parameters
    ----------
    dataset : a name in ``SETTINGS``
    orders : names in the table of orders; () for those that are taken by default and can be had on this data set
    runs : independent runs
    levels : shares frozen, in [0, 1]
    t0 : steps before freezing: a number; "plateau", the first step from which ``t1`` more lower the training
        loss by no more than a tenth; "published", the first at which the training loss is no more than the
        published multiple of what it is ``t1`` steps later
    t1 : steps after freezing
    batch_size, rate, optimizer : of the training; rate None for the data set's default
    vary : what is new in every run, from ``FACTORS``; () for the data set's default
    covariance, collect_from : how the covariance is collected, as in ``train``
    keep : iterates whose full gradients ``accumulated_gradient`` sums
    seed, dtype : of everything random, and of all arithmetic
    data : further arguments of ``load``
    plugins : files with more orders

    Raises
    ------
    ValueError : naming argument, value and expectation.
    """

    dataset: str
    orders: tuple[str, ...] = ()
    runs: int = 25
    levels: tuple[float, ...] = tuple(i / 10 for i in range(11))
    t0: str | int = ""
    t1: int = 1000
    batch_size: int = 64
    rate: float | None = None
    optimizer: str = "adam"
    vary: tuple[str, ...] = ()
    covariance: str = "running"
    collect_from: int = 1
    keep: int = 5
    seed: int = 0
    dtype: str = "float32"
    data: dict[str, Any] = field(default_factory=dict)
    plugins: tuple[Plugin, ...] = ()

    def __post_init__(self) -> None:
        unset = self.dataset in available() and self.dataset not in SETTINGS
        check(not unset, "dataset", repr(self.dataset), f"one that the paper has: {', '.join(SETTINGS)}")
        setting = SETTINGS[check_name("dataset", self.dataset, SETTINGS)]
        without_repeats(self, "orders", "levels", "vary")
        for name in ("rate", "t0", "vary"):
            if getattr(self, name) in (None, "", ()):
                object.__setattr__(self, name, getattr(setting, name))
        self.enter_plugins()
        self._check()
        possible = available_orders(self.dataset, self.optimizer)
        if not self.orders:
            object.__setattr__(self, "orders", tuple(name for name in possible if ORDERS[name].default))
        for name in self.orders:
            needs = ORDERS[check_name("orders", name, ORDERS)].needs
            what = ", ".join(NEEDS[need].what for need in needs)
            check(name in possible, "orders", name, f"one of {', '.join(possible)}: {name} needs {what}")

    def _check(self) -> None:
        whole = {"runs": 1, "t1": 1, "batch_size": 2, "keep": 1, "collect_from": 1, "seed": 0}
        for name, least in whole.items():
            value = getattr(self, name)
            why = ": one object has no covariance" if name == "batch_size" else ""
            check(is_whole(value, least), name, value, f"a whole number, {least} or more{why}")
        if isinstance(self.t0, str):
            check_name("t0", self.t0, ("plateau", "published"))
            known = self.t0 != "published" or published_multiple(self.dataset) is not None
            check(known, "t0", self.t0, f"'plateau' or a number: nothing usable is published for {self.dataset}")
        else:
            check(is_whole(self.t0, 1), "t0", self.t0, "a step, 1 or more, or a rule: plateau, published")
            check(self.collect_from <= self.t0, "collect_from", self.collect_from, f"a step in 1 ... t0 = {self.t0}")
        check(len(self.levels) > 0, "levels", self.levels, "shares in [0, 1]")
        check_levels(self)
        good = isinstance(self.rate, float | int | np.number) and np.isfinite(self.rate) and self.rate > 0
        check(good, "rate", self.rate, "a positive finite number")
        check_name("optimizer", self.optimizer, STEP_RULES)
        check_name("covariance", self.covariance, ("running", "batch"))
        check_name("dtype", self.dtype, ("float32", "float64"))
        for name, value in self.data.items():
            own = name not in ("name", "seed", "split_seed", "dtype")
            check(own, "data", f"{name}={value}", f"an argument of the data set; {name} is one of the experiment")
            check(isinstance(value, str | int | float), f"data[{name!r}]", value, "a number, a word, or true or false")
        for factor in self.vary:
            check_name("vary", factor, FACTORS)
        object.__setattr__(self, "vary", tuple(factor for factor in FACTORS if factor in self.vary))

    def enter_plugins(self) -> None:
        """Enter the user's orders in this process's table."""
        enter_plugins(self.plugins)

    @property
    def model(self) -> MLP:
        """The network."""
        return SETTINGS[self.dataset].model()

    @property
    def rule(self) -> StepRule:
        """The step rule."""
        return STEP_RULES[self.optimizer](self.rate)

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values, the plugins by the hash of their text."""
        return as_plain(self)

    def command(self) -> str:
        """The command that makes these results, without where to put them and how many processes to use."""
        options = options_of(self, FreezeConfig(self.dataset, plugins=self.plugins), "dataset", "plugins", "data")
        data = [f"--set {shlex.quote(f'{name}={short(value)}')}" for name, value in self.data.items()]
        return " ".join(["minimal-order freeze", self.dataset, *options, *as_options(self.plugins), *data])


def available_orders(dataset: str, optimizer: str = "adam") -> tuple[str, ...]:
    """The orders that can be had on a data set: some need a linear model, some the true weights."""
    model = SETTINGS[dataset].model()
    has = {"covariance": True, "iterates": True, "linear": is_linear(model), "adam": optimizer == "adam"}
    has |= {"w_star": is_linear(model) and "synthetic" in dataset, "small": model.n_params <= MOST_PARAMS}
    return tuple(name for name, order in ORDERS.items() if all(has[need] for need in order.needs))
