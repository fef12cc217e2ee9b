"""What the experiment ``noise`` is told."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...checks import check
from ..configuration import check_wholes
from ..relevance.config import PruningConfig


@dataclass(frozen=True)
class NoiseConfig(PruningConfig):
    """One experiment on noise; the results depend on this and on nothing else.

    Parameters
    ----------
    noises : standard deviations s of the noise in the input; that without noise is known
    draws : of the noise for each object
    objects : test objects that noise is added to, at most
    others : as in ``PruningConfig``
    """

    levels: tuple[float, ...] = tuple(i / 20 for i in range(21))
    noises: tuple[float, ...] = tuple(i / 10 for i in range(1, 11))
    draws: int = 32
    objects: int = 100

    NAME: ClassVar[str] = "noise"
    QUICK: ClassVar[dict[str, Any]] = {
        "runs": 3,
        "levels": tuple(i / 5 for i in range(6)),
        "noises": (0.1, 0.5, 1.0),
        "steps": 900,
        "draws": 8,
    }

    def _check(self) -> None:
        super()._check()
        check(np.ndim(self.noises) == 1 and len(self.noises) > 0, "noises", self.noises, "one or more")
        good = all(isinstance(s, float | int) and 0 < s < np.inf for s in self.noises)
        check(good, "noises", self.noises, "positive standard deviations")
        object.__setattr__(self, "noises", tuple(sorted(set(map(float, self.noises)))))
        check_wholes(self, {"draws": 2, "objects": 1})
