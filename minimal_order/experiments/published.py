"""Numbers that the authors published, to stand beside ours.

Source: Grabovoy, Bakhteev, Strijov 2020, "Ordering the set of neural network parameters", which prints no
tables of results: digitised from its vector figures, so that the last digit is uncertain. Sample size, step
size, t0 and the scaling of y are not stated there: compare shapes and ratios, not losses.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVELS = np.arange(11) / 10
"""Shares frozen of ``CURVES``; those of ``STABILITY`` are the inner ones."""


class Curve(NamedTuple):
    """One panel of the paper's figures of quality against the share frozen."""

    quantity: str  # loss or accuracy
    covariance: NDArray  # (11,), smallest variance of the gradient frozen first
    random: NDArray  # (11,)


class Stability(NamedTuple):
    """s(k) of one of the paper's images of alpha_hat, and how many runs the image shows."""

    runs: int
    s: NDArray  # (9,), at 10 ... 90 % frozen

    @property
    def rho(self) -> NDArray:
        """The mean correlation of two runs' masks, from s = 1/r + (1 - 1/r) rho_bar; chance is 0."""
        return (self.s - 1 / self.runs) / (1 - 1 / self.runs)


def _row(text: str) -> NDArray:
    return np.array(text.split(), float)


CURVES = {
    ("synthetic3", "train"): Curve(
        "loss",
        _row(".268 .339 .433 .538 .644 .772 .913 .990 1.171 1.411 2.789"),
        _row(".269 .587 .914 1.147 1.434 1.691 1.952 2.150 2.371 2.548 2.758"),
    ),
    ("synthetic3", "test"): Curve(
        "loss",
        _row(".348 .448 .581 .736 .887 1.067 1.265 1.361 1.646 2.126 4.093"),
        _row(".349 .756 1.184 1.504 1.918 2.318 2.737 3.053 3.362 3.685 4.047"),
    ),
    ("synthetic1", "train"): Curve(
        "loss",
        _row(".217 .227 .230 .234 .242 .252 .262 .269 .293 .310 .453"),
        _row(".213 .224 .245 .255 .284 .301 .334 .366 .399 .428 .447"),
    ),
    ("synthetic1", "test"): Curve(
        "loss",
        _row(".783 .783 .769 .769 .778 .780 .771 .781 .818 .848 1.056"),
        _row(".774 .783 .804 .819 .857 .865 .913 .948 1.004 1.037 1.064"),
    ),
    ("synthetic2", "test"): Curve(
        "accuracy",
        _row(".793 .795 .793 .790 .798 .791 .797 .796 .799 .791 .777"),
        _row(".786 .788 .791 .794 .793 .783 .786 .784 .777 .778 .778"),
    ),
}
"""Curves by data set and split. Those of Boston and MNIST carry no signal and are left out: their inputs were
not scaled, and the networks had not learned (worse than predicting the mean; accuracy below .77)."""

STABILITY = {
    "synthetic3": Stability(25, _row(".43 .62 .69 .75 .83 .85 .90 .93 .92")),
    "synthetic2": Stability(25, _row(".35 .41 .47 .54 .59 .63 .59 .63 .52")),
    "synthetic1": Stability(25, _row(".08 .07 .08 .07 .12 .11 .14 .16 .24")),
    "mnist": Stability(5, _row(".30 .50 .67 .69 .71 .67 .61 .53 .34")),
    "boston": Stability(50, _row(".03 .05 .09 .13 .26 .26 .35 .35 .39")),
}
"""Stability of the covariance order by data set."""


# --- the talk on selection ------------------------------------------------------------------------------

# Muravev's code and results for MNIST, 784-200-10 tanh, rate .1, batches of 512, 100 + 500 steps, 5 repeats; his
# network applies softmax twice.

SELECTION_MEAN = {"preconditioned_gradient": 0.96380, "full_gradient": 0.96275, "random": 0.96107}
"""Validation accuracy by order, mean over 51 levels of the share not optimised: exact, stored by the author."""

SELECTION_CURVE = {
    0.4: {"preconditioned_gradient": 0.969, "full_gradient": 0.969, "random": 0.969},
    0.8: {"preconditioned_gradient": 0.961, "full_gradient": 0.958, "random": 0.955},
    0.9: {"preconditioned_gradient": 0.953, "full_gradient": 0.948, "random": 0.945},
    1.0: {"preconditioned_gradient": 0.926, "full_gradient": 0.926, "random": 0.926},
}
"""The same by level and order, read off his figure."""

PRUNING_LEAD = 0.0045
"""Magnitude pruning's accuracy less random pruning's, mean over the levels: exact."""

PRUNING_CURVE = {0.98: {"magnitude": 0.746, "random": 0.678}}
"""Accuracy by share zeroed, read off; by magnitude it is still .95 or more at 80-90 %."""


# --- the talk on relevance ------------------------------------------------------------------------------

# Read off Grabovoy's figures. tanh networks, Wine 13-13-3, Boston 13-39-1; one split 80/20, so that on Wine one
# object is .03; training and penalties are not stated.


class Removal(NamedTuple):
    """A curve of the talk: quality on test against the share removed."""

    levels: tuple[float, ...]
    curves: dict[str, tuple[float, ...]]  # by order


REMOVAL = {
    "wine": Removal(
        (0.0, 0.5, 0.8, 0.9),
        {
            "random": (0.971, 0.824, 0.471, 0.265),
            "obd": (0.971, 0.971, 0.912, 0.853),
            "variational": (0.971, 0.971, 0.941, 0.677),
            "belsley": (0.971, 0.941, 0.971, 0.618),
        },
    ),
    "boston": Removal(
        (0.0, 0.3, 0.5, 0.8),
        {
            "random": (3.40, 9.64, 11.3, 8.5),
            "obd": (3.40, 8.12, 9.54, 9.0),
            "variational": (3.40, 3.40, 3.62, 9.01),
            "belsley": (3.40, 3.31, 3.14, 4.10),
        },
    ),
}
"""Accuracy on Wine, RMSE in 1000 dollars on Boston. There the curve of optimal brain damage falls at once, at 2 %:
negative second derivatives were not handled."""
