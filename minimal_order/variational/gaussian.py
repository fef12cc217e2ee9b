"""Gaussians: the diagonal ones that approximate and that are priors, and the divergence between two."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check, check_finite

LOG_2PI = float(np.log(2 * np.pi))


class Normal(NamedTuple):
    """Independent normal variables: mean and standard deviation, numbers or arrays that broadcast to (..., p)."""

    mean: NDArray | float = 0.0
    std: NDArray | float = 1.0


STANDARD = Normal()
"""N(0, I)."""


def check_normal(argument: str, normal: Normal) -> Normal:
    """Return the Gaussian; refuse a mean that is not finite and a standard deviation that is not positive."""
    check_finite(f"{argument}.mean", normal.mean)
    std = check_finite(f"{argument}.std", normal.std)
    check(bool(np.all(std > 0)), f"{argument}.std", normal.std, "positive: a prior of no width lets nothing be learned")
    return normal


def kl_divergence(mean_q: ArrayLike, cov_q: ArrayLike, mean_p: ArrayLike, cov_p: ArrayLike) -> NDArray:
    """`eq:kl` KL(q || p) = 1/2 [tr(B^-1 A) + (b - a)^T B^-1 (b - a) - k + ln det B - ln det A].

    For q = N(a, A) and p = N(b, B) of k variables. Shapes: means (..., k), covariances (..., k, k) -> (...), in nats.

    Raises
    ------
    ValueError : when a number is not finite, or a covariance is not positive definite.
    """
    a, b = check_finite("mean_q", mean_q), check_finite("mean_p", mean_p)
    A, B = check_finite("cov_q", cov_q), check_finite("cov_p", cov_p)
    root_A, root_B = cholesky("cov_q", A), cholesky("cov_p", B)
    d = np.linalg.solve(root_B, (b - a)[..., None])[..., 0]
    trace = np.sum(np.linalg.solve(root_B, root_A) ** 2, axis=(-2, -1))
    return 0.5 * (trace + np.sum(d * d, axis=-1) - a.shape[-1] + log_det(root_B) - log_det(root_A))


def diagonal_kl(mu: NDArray, log_sigma: NDArray, prior: Normal) -> NDArray:
    """KL(q || p) of diagonal Gaussians: sum_j [ln(s_j / sigma_j) + (sigma_j^2 + (mu_j - m_j)^2) / (2 s_j^2) - 1/2].

    What the divergence of two Gaussians, `kl_divergence`, is for q = N(mu, diag sigma^2) and the prior
    N(m, diag s^2). Finite even where sigma is too small to be represented, since ln sigma is what is given.

    Shapes: mu, log_sigma (..., p) -> (...), in nats.
    """
    m, s = prior
    ratio = np.exp(log_sigma) / s
    terms = np.log(s) - log_sigma + 0.5 * (ratio * ratio + ((mu - m) / s) ** 2 - 1)
    return np.sum(terms, axis=-1)


def diagonal_kl_gradient(mu: NDArray, variance: NDArray, prior: Normal) -> tuple[NDArray, NDArray]:
    """The gradient of ``diagonal_kl`` in mu, (mu - m) / s^2, and in ln sigma, sigma^2 / s^2 - 1.

    Shapes: mu, variance = sigma^2 (..., p) -> both (..., p), in the type of mu.
    """
    mean, precision = (np.asarray(each, mu.dtype) for each in (prior.mean, np.square(1 / np.asarray(prior.std))))
    of_mu, of_log_sigma = mu - mean, variance * precision
    of_mu *= precision
    of_log_sigma -= 1
    return of_mu, of_log_sigma


def cholesky(argument: str, cov: NDArray) -> NDArray:
    """Return the lower triangular root of a covariance; refuse one that is not positive definite."""
    try:
        return np.linalg.cholesky(cov)
    except np.linalg.LinAlgError as error:
        smallest = round(float(np.linalg.eigvalsh(cov).min()), 12) + 0.0
        raise ValueError(f"smallest eigenvalue of {argument} = {smallest}: expected a positive number") from error


def log_det(root: NDArray) -> NDArray:
    """Logarithm of the determinant of the matrix whose Cholesky root is given."""
    return 2 * np.sum(np.log(np.diagonal(root, axis1=-2, axis2=-1)), axis=-1)
