"""How relevant a weight is: how dense q, or the weight alone, leaves it at 0."""

import numpy as np
from numpy.typing import NDArray


def log_signal_to_noise(mu: NDArray, log_sigma: NDArray) -> NDArray:
    """Return ln(|mu| / sigma) (..., p), which no sigma makes underflow; -inf where mu is 0, even if sigma is too."""
    zero = mu == 0
    return np.where(zero, -np.inf, np.log(np.abs(np.where(zero, 1, mu))) - np.where(zero, 0, log_sigma))


def log_relative_density(mu: NDArray, log_sigma: NDArray | None = None) -> NDArray:
    """`eq:variational-relevance` ln [q_j(0) / q_j(mu_j)] = -mu_j^2 / (2 sigma_j^2); the largest leaves first.

    Of weights without a q, which have no sigma_j, it is -w_j^2.

    Shapes: (..., p) -> (..., p), at most 0, in float64. The logarithm, because to a computer the ratio itself is 0 for
    weights more than 39 sigma from 0. Source: Graves 2011; Grabovoy, relevance of the parameters (talk), slide 8;
    Grebenkova, Bakhteev, Strijov, generation of models of a given complexity (talk), where the minus is missing.
    """
    mu = mu.astype(float)
    if log_sigma is None:
        return -mu * mu
    with np.errstate(over="ignore"):
        return -0.5 * np.exp(2 * log_signal_to_noise(mu, log_sigma.astype(float)))
