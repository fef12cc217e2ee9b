"""Orders by which parameters depend on each other, from the covariance of their estimate (a Laplace fit)."""

import numpy as np
from numpy.typing import NDArray

from ..dependence.elimination import eliminate
from ..dependence.laplace import laplace_covariance
from ..training.train import Training
from ..variational.posterior import residual_noise
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

    Prior variance: the mean square of w-hat, 1 where all are 0. Noise of a regression: ``residual_noise``. So the
    order doesn't depend on units.
    """
    w, data, noise = run.w.astype(float), run.data, residual_noise(run)
    precision, variance = 1 / (np.mean(w**2) or 1.0), None if noise is None else noise**2
    return laplace_covariance(run.model, w, data.X_train, data.y_train, data.task, precision, variance)
