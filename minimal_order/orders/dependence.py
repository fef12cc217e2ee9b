"""Orders by which parameters depend on each other, from the covariance of their estimate (a Laplace fit)."""

import numpy as np
from numpy.typing import NDArray

from ..elimination import eliminate
from ..laplace import laplace_covariance, residual_variance
from ..training import Training
from .table import order


@order("belsley", "most dependent of those left first, by Belsley's proportions", "eq:belsley-elimination", ("small",),
       default=False)  # fmt: skip
def belsley(run: Training, rng: np.random.Generator) -> NDArray:
    """As the talk reads: what leaves is dropped from the covariance; Grabovoy, talk on relevance."""
    return eliminate(covariance_of(run), removal="marginalise").order


@order("belsley_conditional", "as belsley, given that those which have left are 0", "eq:belsley-elimination",
       ("small",), default=False)  # fmt: skip
def belsley_conditional(run: Training, rng: np.random.Generator) -> NDArray:
    """What pruning does: what leaves is known to be 0 from then on."""
    return eliminate(covariance_of(run), removal="condition").order


def covariance_of(run: Training) -> NDArray:
    """The Laplace covariance at the end of a run with the prior and the noise that the run itself shows, (p, p).

    Prior variance: the mean square of w-hat. Noise: the mean squared residual. So the order doesn't depend on
    units; where one of them is 0, it is taken for 1.
    """
    w, data = run.w.astype(float), run.data
    noise = 1.0
    if data.task == "regression":
        noise = float(residual_variance(run.model, w, data.X_train, data.y_train)) or 1.0
    precision = 1 / (np.mean(w**2) or 1.0)
    return laplace_covariance(run.model, w, data.X_train, data.y_train, data.task, precision, noise)
