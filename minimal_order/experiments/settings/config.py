"""What the experiment ``settings`` sweeps: the settings of the ordering paper that are not published.

Steps, step size, batch, sample and noise are each varied around a base, by themselves and some in pairs; and
beside the covariance order stand others that could pass for it: estimates with less noise, and what comes out
if the mean gradient is not taken away.
"""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from ...checks import check
from ...orders import ORDERS
from ..freeze.config import FreezeConfig
from ..published import LEVELS

COMPARED = (
    "random",
    "gradient_covariance",
    "exact_covariance",
    "second_moment",
    "accumulated_gradient",
    "full_gradient",
    "preconditioned_gradient",
    "oracle",
)
"""Orders of the package."""

READINGS = {
    "late_covariance": "(2.6), collected in the second half of the t0 steps",
    "batch_covariance": "(2.6) from all objects of a batch, not the first alone",
    "first_second_moment": "mean of g_1^2: (2.6) without g_S",
    "batch_second_moment": "mean of g_S^2: (2.6) if g_S is added up on top of g_1",
}
"""Other averages along the path than that of (g_1 - g_S)^2. A framework that adds each gradient to the one
before, until told to forget it, makes g_1 - (g_1 + g_S) of (2.6), whose square is the last of these. Adam
keeps such a mean itself: the order ``second_moment``."""


class Setting(NamedTuple):
    """One point of the sweep: the factor it varies, its value, and all that differs from the base."""

    factor: str
    value: float | str
    changes: dict[str, Any]

    @property
    def name(self) -> str:
        """What differs from the base, as a file name."""
        return self.factor if self.value == "" else ",".join(words(self.changes))


def words(changes: dict[str, Any]) -> list[str]:
    """Write changes as ``name=value``."""
    return [f"{k}={v:g}" if isinstance(v, int | float) else f"{k}={v}" for k, v in changes.items()]


def vary(factor: str, *values: float | str, **others: Any) -> list[Setting]:
    """Make settings that differ in the value of one factor, and are alike in others."""
    label = " ".join([factor, *words(others)])
    return [Setting(label, value, {factor: value} | others) for value in values]


# fmt: off
SWEEP = [
    Setting("base", "", {}),
    *vary("batch_size",     512, 16, 2),  # the slowest first: no process waits for it at the end
    *vary("n_train",        50_000, 8000, 1000, 500),
    *vary("t0",             10, 25, 50, 100, 200, 300, 400, "plateau"),
    *vary("rate",           3e-4, 3e-3, 1e-2),
    *vary("rate",           3e-3, 1e-2, 3e-2, scale_y=False),
    *vary("rate",           3e-3, 1e-2, optimizer="sgd"),
    *vary("rate",           1e-3, optimizer="momentum"),
    *vary("batch_size",     256, scale_y=False, rate=1e-2),
    *vary("noise",          0.3, 2, 4),
    *vary("feature_spread", 0.1, 0.25, 0.5, 1),
    *vary("feature_spread", 0.5, 1, scaling="standard"),
    *vary("feature_spread", 0.25, 0.5, 1, t0=25),
    *vary("feature_spread", 0.5, 1, t0=100),
    *vary("feature_spread", 0.5, 1, noise=4),
    *vary("vary",           "data,init,batches"),
]
"""The base: Adam at .001, batches of 64, 2000 objects, noise 1, x ~ N(0, I), y of unit variance, t0 by the
rule "published". Without ``scale_y`` y is as (3.1) has it, and the weights are of size 1 instead of .07."""
# fmt: on

ALL_LEVELS = {"levels": tuple(LEVELS.tolist()), "orders": ("random", "gradient_covariance")}
CURVE = Setting("curve", "", {"rate": 3e-3, "scale_y": False} | ALL_LEVELS)
"""One setting at all levels, to lay whole curves over the published ones. It was chosen from the sweep, as
what comes nearest; so it is run on data that the sweep has not seen, those of the next seed."""

FEW = (
    "base",
    "t0=25",
    "rate=0.01",
    "noise=4",
    "feature_spread=0.5",
    "feature_spread=0.5,t0=25",
    "rate=0.01,optimizer=sgd",
    "batch_size=16",
    "n_train=8000",
)
"""The settings that decide: the base, another time, step size, rule, batch, sample, more noise, unequal features."""

DATA = ("n_train", "noise", "feature_spread", "scaling", "scale_y")
"""Changes that are arguments of the data set."""


@dataclass(frozen=True)
class SettingsConfig:
    """The sweep. The results depend on this and on ``SWEEP``, and on nothing else.

    Parameters
    ----------
    runs, t1, seed, dtype : as in ``FreezeConfig``, of every setting
    few : a few of the settings, those that decide

    Raises
    ------
    ValueError : naming argument, value and expectation.
    """

    runs: int = 25
    t1: int = 1000
    seed: int = 0
    dtype: str = "float32"
    few: bool = False

    def __post_init__(self) -> None:
        self.freeze_config(SWEEP[0])
        check(self.runs >= 3, "runs", self.runs, "3 or more: fewer have no interval")

    @classmethod
    def small(cls, **changes: Any) -> "SettingsConfig":
        """Make a smaller version, to see that everything works."""
        return cls(**({"runs": 3, "t1": 200, "few": True} | changes))

    @property
    def settings(self) -> list[Setting]:
        """What is swept."""
        return [setting for setting in SWEEP if setting.name in FEW or not self.few]

    def freeze_config(self, setting: Setting) -> FreezeConfig:
        """Say what a setting asks of ``freeze``."""
        options: dict[str, Any] = {"t0": "published", "levels": (0.0, 0.5, 1.0), "orders": COMPARED}
        options |= {"runs": self.runs, "t1": self.t1, "dtype": self.dtype}
        options["seed"] = self.seed + (setting == CURVE)
        options |= {name: value for name, value in setting.changes.items() if name not in DATA}
        options["vary"] = tuple(options.get("vary", "init,batches").split(","))
        if options.get("optimizer", "adam") != "adam":
            options["orders"] = tuple(name for name in options["orders"] if "adam" not in ORDERS[name].needs)
        data = {name: value for name, value in setting.changes.items() if name in DATA}
        return FreezeConfig("synthetic3", data=data, **options)

    def as_dict(self) -> dict[str, Any]:
        """All that the results depend on, as plain values."""
        settings = [*self.settings, CURVE]
        return asdict(self) | {"settings": {s.name: self.freeze_config(s).as_dict() for s in settings}}
