"""The order by a variational posterior: how sure the data are that a weight is not 0."""

import numpy as np
from numpy.typing import NDArray

from ..freezing.masks import by_score
from ..training.train import Training
from ..variational.posterior import posterior_of
from ..variational.sampling import unpack
from .table import order


def log_signal_to_noise(mu: NDArray, log_sigma: NDArray) -> NDArray:
    """Return ln(|mu| / sigma) (..., p), which no sigma makes underflow; -inf where mu is 0, even if sigma is too."""
    zero = mu == 0
    return np.where(zero, -np.inf, np.log(np.abs(np.where(zero, 1, mu))) - np.where(zero, 0, log_sigma))


def log_relative_density(mu: NDArray, log_sigma: NDArray) -> NDArray:
    """`eq:variational-relevance` ln [q_j(0) / q_j(mu_j)] = -mu_j^2 / (2 sigma_j^2); the largest leaves first.

    Shapes: (..., p) -> (..., p), at most 0. The logarithm, because to a computer the ratio itself is 0 for weights
    more than 39 sigma from 0. Source: Graves 2011; Grabovoy, relevance of the parameters (talk), slide 8.
    """
    with np.errstate(over="ignore"):
        return -0.5 * np.exp(2 * log_signal_to_noise(mu, log_sigma))


@order("variational", "smallest |mean| / deviation of a variational posterior first", "eq:variational-relevance",
       default=False)  # fmt: skip
def variational(run: Training, rng: np.random.Generator) -> NDArray:
    """Largest relative density at 0 first, of q fitted from the run's weights on; where all are 0, by index.

    Ordered by ln(|mu| / sigma), which falls as the relative density rises and has neither overflow nor ties by
    underflow. q has means of its own, and the order is about these; a run with all weights 0 has nothing to fit.
    """
    if not run.w.any():
        return by_score(run.w)
    return by_score(log_signal_to_noise(*unpack(posterior_of(run, rng))))
