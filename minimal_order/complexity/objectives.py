"""Objectives in which lam weighs simplicity against fit: what models of a given complexity are trained for.

All are to be maximised, over the parameters theta of a network for each lam: over q = (mu, ln sigma) for L_1 and L_2,
over the weights w for L_3. The fit is E_q log p(D | w), or log p(D | w), over all N objects. Training descends on
-L_i(lam) / N, with a mini-batch in place of the data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check, check_finite, check_name
from ..data.dataset import Dataset
from ..networks.gradients import Backprop, backprop, mean_gradient
from ..networks.losses import LOSSES
from ..networks.models import MLP
from ..orders.variational import log_relative_density as log_density_at_zero
from ..training.loop import Rng
from ..variational.evidence import log_likelihood, loss_scale
from ..variational.free_energy import draw_from
from ..variational.gaussian import STANDARD, Normal, check_normal, diagonal_kl
from ..variational.sampling import SAMPLINGS, unpack


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


def log_relative_density(mu: NDArray, log_sigma: NDArray | None = None) -> NDArray:
    """`eq:relative-density` ln g = -mu^2 / (2 sigma^2), or of weights w without a sigma -w^2; the largest leaves first.

    Shapes: (..., p) -> (..., p), at most 0, in float64. The talk drops the first minus.
    Source: Grebenkova, Bakhteev, Strijov, generation of models of a given complexity (talk).
    """
    mu = mu.astype(float)
    return -mu * mu if log_sigma is None else log_density_at_zero(mu, log_sigma.astype(float))


def narrowed(prior: Normal, lam: ArrayLike) -> Normal:
    """Return the prior N(m, diag s^2 / lam) of each lam (...): a deviation (..., 1) or (..., p)."""
    return Normal(prior.mean, prior.std / np.sqrt(np.asarray(lam)[..., None]))


def check_lam(lam: ArrayLike) -> NDArray:
    """Return lam as an array; refuse one that is not positive and finite."""
    found = check_finite("lam", lam)
    bad = found[found <= 0]
    if bad.size:
        check(False, "lam", float(bad[0]), "a positive number")
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
    complexity: str  # what stands against the fit, as figures call it

    def n_params(self, model: MLP) -> int:
        """The length of theta."""
        return model.n_params * (1 + self.spread)

    def means(self, theta: NDArray) -> NDArray:
        """The weights (..., p) at which a network predicts: the means of q, or w."""
        return unpack(theta)[0] if self.spread else theta

    def log_density(self, theta: NDArray) -> NDArray:
        """Ln g of every weight, (..., p)."""
        return log_relative_density(*unpack(theta)) if self.spread else log_relative_density(theta)


# fmt: off
FAMILIES = {
    family.name: family
    for family in (
        Family("variational", True, objective_variational,
               lambda q, lam, prior, one: divergence_gradient(q, one * lam, prior, one * lam), "KL(q || p)"),
        Family("reparameterised", True, objective_prior,
               lambda q, lam, prior, one: divergence_gradient(q, one * lam, prior, np.full_like(lam, one)),
               "KL(q || p(w | lam))"),
        Family("base", False, lambda fit, w, lam, prior: objective_penalty(fit, w, lam),
               lambda w, lam, prior, one: np.asarray(2 * one * lam, w.dtype)[..., None] * w, "|w|^2"),
    )
}
# fmt: on


@dataclass(frozen=True, eq=False)
class Regularised:
    """-L_i(lam) / N as a function of theta (..., n): an objective of the loop.

    Parameters
    ----------
    family : "variational" for L_1, "reparameterised" for L_2, "base" for L_3
    model, data : the network, and the objects; their task says what p(y | x, w) is
    lam : the complexity parameter, a number or (...), one a replica
    rng : draws the noise of q, and nothing else: a generator, or one for each run on the first axis of theta
    prior : any diagonal Gaussian; of no consequence for ``base``
    sampling : "local" draws pre-activations, "weights" draws weights
    noise : for regression the standard deviation of y about f(x, w); 1 unless told otherwise

    Raises
    ------
    ValueError : when an argument is out of its range.
    """

    family: str
    model: MLP
    data: Dataset
    lam: ArrayLike
    rng: Rng
    prior: Normal = STANDARD
    sampling: str = "local"
    noise: float | None = None

    def __post_init__(self) -> None:
        check_name("family", self.family, FAMILIES)
        check_lam(self.lam)
        check_normal("prior", self.prior)
        check_name("sampling", self.sampling, SAMPLINGS)
        self.scale  # noqa: B018  (checks the noise now, not at first use)

    @cached_property
    def scale(self) -> NDArray:
        """What makes -log p(y | x, w) of a loss."""
        return loss_scale(self.data.task, self.noise)

    @cached_property
    def kind(self) -> Family:
        """The family."""
        return FAMILIES[self.family]

    @property
    def n_params(self) -> int:
        """The length of theta."""
        return self.kind.n_params(self.model)

    def gradient(self, w: NDArray, X: NDArray, y: NDArray, out: NDArray) -> Backprop:
        """Write the gradient in theta = w (..., n) to ``out``."""
        return self.gradient_at(w, np.asarray(self.lam), X, y, out)

    def gradient_at(self, theta: NDArray, lam: NDArray, X: NDArray, y: NDArray, out: NDArray) -> Backprop:
        """Write the gradient to ``out``, with lam (...) in place of the objective's own."""
        loss = LOSSES[self.data.task]
        if self.kind.spread:
            sample = SAMPLINGS[self.sampling]
            back = sample(self.model, loss, theta, X, y, draw_from(self.rng), out)
        else:
            back = backprop(self.model, loss, theta, X, y)
            mean_gradient(back, out)
        if self.data.task == "regression":
            out *= np.asarray(self.scale, theta.dtype)
        lam = np.broadcast_to(lam, theta.shape[:-1])
        out += self.kind.gradient(theta, lam, self.prior, 1 / self.data.n_train)
        return back


class Terms(NamedTuple):
    """An objective in its two parts, each (...), in nats over all objects."""

    fit: NDArray  # E_q log p(D | w), or log p(D | w)
    complexity: NDArray  # KL(q || p), KL(q || p(w | lam)), or |w|^2
    value: NDArray  # L_i(lam)


def terms(objective: Regularised, theta: NDArray, samples: int = 4) -> Terms:
    """Return L_i(lam) of theta (..., n) on the training part, split in two.

    The complexity is exact; the expectation is the mean over so many draws of the weights, of which ``base`` has none.
    """
    check(isinstance(samples, int | np.integer) and samples >= 1, "samples", samples, "a whole number, 1 or more")
    kind, model, data = objective.kind, objective.model, objective.data
    lam = np.broadcast_to(np.asarray(objective.lam, float), theta.shape[:-1])
    X, y = data.X_train, data.y_train
    if kind.spread:
        draw, (mu, log_sigma) = draw_from(objective.rng), unpack(theta)
        drawn = (mu + np.exp(log_sigma) * draw(mu.shape, mu.dtype) for _ in range(samples))
        fit = sum(log_likelihood(model, w, X, y, data.task, objective.noise) for w in drawn) / samples
        prior = narrowed(objective.prior, lam) if objective.family == "reparameterised" else objective.prior
        complexity = diagonal_kl(mu.astype(float), log_sigma.astype(float), prior)
    else:
        fit = log_likelihood(model, theta, X, y, data.task, objective.noise)
        complexity = np.sum(np.square(theta, dtype=float), axis=-1)
    fit = np.asarray(fit)
    return Terms(fit, complexity, kind.objective(fit, theta.astype(float), lam, objective.prior))
