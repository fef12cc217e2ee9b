"""Objectives in which lam weighs simplicity against fit: what models of a given complexity are trained for.

All are to be maximised, over the parameters theta of a network for each lam: over q = (mu, ln sigma) for L_1 and L_2,
over the weights w for L_3. The fit is E_q log p(D | w), or log p(D | w), over all N objects. Training descends on
-L_i(lam) / N, with a mini-batch in place of the data.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check, check_finite
from ..networks.models import MLP
from ..variational.gaussian import STANDARD, Normal, diagonal_kl
from ..variational.relevance import log_relative_density
from ..variational.sampling import unpack


def objective_variational(fit: NDArray | float, q: NDArray, lam: NDArray | float, prior: Normal = STANDARD) -> NDArray:
    """`eq:objective-variational` L_1(lam) = E_q log p(D | w) - lam KL(q || p).

    Shapes: fit, lam (...), q (..., 2p), prior p = N(m, diag s^2) -> (...), in nats.
    Source: Grebenkova, Bakhteev, Strijov, generation of models of a given complexity (talk), (1).
    """
    return fit - lam * diagonal_kl(*unpack(q), prior)


def objective_prior(fit: NDArray | float, q: NDArray, lam: NDArray | float, prior: Normal = STANDARD) -> NDArray:
    """`eq:objective-prior` L_2(lam) = E_q log p(D | w) - KL(q || p(w | lam)), p(w | lam) = N(m, diag s^2 / lam).

    Shapes: fit, lam (...), q (..., 2p), prior N(m, diag s^2) -> (...), in nats.
    Source: Grebenkova, Bakhteev, Strijov, generation of models of a given complexity (talk), (2).
    """
    return fit - diagonal_kl(*unpack(q), narrowed(prior, lam))


def objective_penalty(fit: NDArray | float, w: NDArray, lam: NDArray | float) -> NDArray:
    """`eq:objective-penalty` L_3(lam) = log p(D | w) - lam |w|^2.

    Shapes: fit, lam (...), w (..., p) -> (...), in nats. The talk prints a plus, which would have no maximum.
    Source: Grebenkova, Bakhteev, Strijov, generation of models of a given complexity (talk), (3).
    """
    return fit - lam * np.sum(w * w, axis=-1)


def narrowed(prior: Normal, lam: ArrayLike) -> Normal:
    """Return the prior N(m, diag s^2 / lam) of each lam (...): a deviation (..., 1) or (..., p)."""
    return Normal(prior.mean, prior.std / np.sqrt(np.asarray(lam)[..., None]))


def check_lam(lam: ArrayLike, argument: str = "lam") -> NDArray:
    """Return lam as an array; refuse one that is not positive and finite."""
    found = check_finite(argument, lam)
    bad = found[found <= 0]
    if bad.size:
        check(False, argument, float(bad[0]), "a positive number")
    return found


# --- gradients ------------------------------------------------------------------------------------------


def divergence_gradient(q: NDArray, lam: NDArray, prior: Normal, width: NDArray) -> NDArray:
    """Return the gradient lam (mu - m) / s^2 in mu, lam sigma^2 / s^2 - width in ln sigma.

    With width = lam that of lam KL(q || p), with width = 1 that of KL(q || p(w | lam)).
    Shapes: q (..., 2p), lam and width (...) -> (..., 2p), in the type of q.
    """
    mean, variance = (np.asarray(each, q.dtype) for each in (prior.mean, np.square(prior.std)))
    pull = np.asarray(lam, q.dtype)[..., None] / variance
    out = np.empty_like(q)
    (mu, log_sigma), (of_mu, of_log_sigma) = unpack(q), unpack(out)
    np.subtract(mu, mean, out=of_mu)
    of_mu *= pull
    np.add(log_sigma, log_sigma, out=of_log_sigma)
    np.exp(of_log_sigma, out=of_log_sigma)
    of_log_sigma *= pull
    of_log_sigma -= np.asarray(width, q.dtype)[..., None]
    return out


class Family(NamedTuple):
    """A kind of network: what it is trained for, and what its parameters theta are."""

    name: str
    spread: bool  # whether theta is q = (mu, ln sigma), (..., 2p), or w, (..., p)
    objective: Callable[[NDArray, NDArray, NDArray, Normal], NDArray]  # fit, theta, lam, prior -> L(lam)
    gradient: Callable[[NDArray, NDArray, Normal, float], NDArray]  # theta, lam, prior, 1/N -> of (fit - L) / N

    def n_params(self, model: MLP) -> int:
        """The length of theta."""
        return model.n_params * (1 + self.spread)

    def means(self, theta: NDArray) -> NDArray:
        """The weights (..., p) at which a network predicts: the means of q, or w."""
        return unpack(theta)[0] if self.spread else theta

    def log_density(self, theta: NDArray) -> NDArray:
        """Ln g of every weight, (..., p)."""
        return log_relative_density(*(unpack(theta) if self.spread else (theta,)))


# fmt: off
FAMILIES = {
    family.name: family
    for family in (
        Family("variational", True, objective_variational,
               lambda q, lam, prior, one: divergence_gradient(q, one * lam, prior, one * lam)),
        Family("reparameterised", True, objective_prior,
               lambda q, lam, prior, one: divergence_gradient(q, one * lam, prior, np.full_like(lam, one))),
        Family("base", False, lambda fit, w, lam, prior: objective_penalty(fit, w, lam),
               lambda w, lam, prior, one: np.asarray(2 * one * lam, w.dtype)[..., None] * w),
    )
}
# fmt: on
