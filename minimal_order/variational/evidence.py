"""Likelihood and evidence of a structure: which parameters a model should have at all.

A structure A is a mask (..., p) of zeros and ones: 1 = active. For linear regression with a Gaussian prior all of
it has a closed form (``linear_posterior``, ``linear_evidence``), which is what the rest is held against.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check, check_finite
from ..networks.models import MLP
from ..training.train import evaluate
from .gaussian import LOG_2PI, STANDARD, Normal, check_normal, kl_divergence


def in_structure(w: ArrayLike, active: ArrayLike) -> NDArray[np.bool_]:
    """`eq:active-set` whether w lies in W_A = {w : w_j != 0 => j in A}.

    Shapes: w (..., p), active (..., p) with 1 for the members of A -> (...).
    Source: Grabovoy, relevance of the parameters (talk), slide 4.
    """
    return np.all((np.asarray(w) == 0) | (np.asarray(active) != 0), axis=-1)


def loss_scale(task: str, noise: float | NDArray | None = None) -> NDArray:
    """What a loss has to be multiplied by to be -log p(y | x, w) up to a constant: 1 / (2 s^2) for regression, else 1.

    ``noise`` is s, the standard deviation of y about f(x, w), a number or (...); 1 unless told otherwise.
    """
    check(task == "regression" or noise is None, "noise", noise, f"none for {task}: it is that of a regression target")
    s = check_finite("noise", 1.0 if noise is None else noise)
    check(bool(np.all(s > 0)), "noise", noise, "a positive number")
    return 1 / (2 * s * s) if task == "regression" else np.ones(())


def log_likelihood(
    model: MLP, w: NDArray, X: NDArray, y: NDArray, task: str, noise: float | NDArray | None = None
) -> NDArray:
    """`eq:likelihood` L_D(D, A, w) = log p(D | A, w) = sum_i log p(y_i | x_i, w), w in W_A.

    For classes -sum_i l_i, l the cross-entropy or the logistic loss; for regression y ~ N(f(x, w), s^2) and
    -sum_i (y_i - f_i)^2 / (2 s^2) - m/2 ln(2 pi s^2).

    Shapes: w (..., p), X (..., m, n), y (..., m) -> (...), in nats; noise s a number or (...), 1 unless told otherwise.
    Source: Grabovoy, relevance of the parameters (talk), slide 5.
    """
    scale, m = loss_scale(task, noise), X.shape[-2]
    fit = -scale * m * evaluate(model, w, X, y, task)[0]
    return fit - m / 2 * (LOG_2PI - np.log(2 * scale)) if task == "regression" else fit


class Evidence(NamedTuple):
    """The evidence in its three parts, each (...), in nats."""

    L_w: NDArray  # -KL(q || p(w | A))
    L_E: NDArray  # E_q log p(D | A, w)
    gap: NDArray  # KL(q || p(w | D, A)), what the lower bound L_w + L_E falls short

    @property
    def value(self) -> NDArray:
        """Log p(D | A), whatever q is."""
        return self.L_w + self.L_E + self.gap


def linear_posterior(X: NDArray, y: NDArray, noise: float, prior: Normal = STANDARD) -> tuple[NDArray, NDArray]:
    """Mean (p,) and covariance (p, p) of p(w | D) for y ~ N(X w, s^2 I) and a diagonal Gaussian prior.

    The columns of X (m, p) are the active features: leave out the others. Precision X^T X / s^2 + diag(prior)^-1.
    """
    m_0, s_0 = (np.broadcast_to(each, X.shape[-1:]) for each in check_normal("prior", prior))
    cov = np.linalg.inv(X.T @ X / noise**2 + np.diag(s_0**-2.0))
    return cov @ (X.T @ y / noise**2 + m_0 / s_0**2), cov


def linear_evidence(
    mean: NDArray, cov: NDArray, X: NDArray, y: NDArray, noise: float, prior: Normal = STANDARD
) -> Evidence:
    """`eq:evidence` log p(D | A) = L_w + L_E + KL(q || p(w | D, A)).

    L_w = -KL(q || p(w | A)), L_E = E_q log p(D | A, w). Exact for linear regression and any q = N(mean, cov):
    y ~ N(X w, s^2 I), the columns of X (m, p) the active features. E_q |y - X w|^2 = |y - X mean|^2 + tr(X cov X^T).
    Source: Grabovoy, relevance of the parameters (talk), slide 6, where the third part is left out.
    """
    m, p = X.shape
    m_0, s_0 = (np.broadcast_to(each, (p,)) for each in check_normal("prior", prior))
    of_prior = kl_divergence(mean, cov, m_0, np.diag(s_0**2))
    square = np.sum((y - X @ mean) ** 2) + np.sum((X @ cov) * X)
    L_E = -0.5 * (square / noise**2 + m * (LOG_2PI + 2 * np.log(noise)))
    return Evidence(-of_prior, L_E, kl_divergence(mean, cov, *linear_posterior(X, y, noise, prior)))


def select_structure(kl: ArrayLike, log_likelihood: ArrayLike) -> NDArray[np.intp]:
    """`eq:structure-selection` argmin over A, w of KL(q || p(w | A)) - L_D(D, A, w).

    Shapes: both (candidates, ...), each candidate a structure A with its w -> (...), its index; ties to the first.
    With E_q L_D in place of L_D, as the step before it has, it is the largest lower bound on the evidence.
    Source: Grabovoy, relevance of the parameters (talk), slide 7.
    """
    kl, log_likelihood = check_finite("kl", kl), check_finite("log_likelihood", log_likelihood)
    check(kl.ndim > 0 and len(kl) > 0, "kl.shape", kl.shape, "(candidates, ...), at least one")
    return np.argmin(kl - log_likelihood, axis=0)
