"""The order without a criterion, against which all others are held."""

import numpy as np
from numpy.typing import NDArray

from ..training.train import Training
from .table import order


@order("random", "any order is as good as another: the chance level", equation="eq:random-order")
def random(run: Training, rng: np.random.Generator) -> NDArray:
    """`eq:random-order` xi ~ U(A): parameters leave in random order."""
    return rng.permutation(run.w.size)
