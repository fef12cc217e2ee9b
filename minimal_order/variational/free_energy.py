"""Mean-field variational inference: what q(w) = N(mu, diag sigma^2) is fitted by.

The posterior of the weights of a network is p(w | D) ~ p(D | w) p(w). The loop brings q near to it by descending on

    1/N [E_q(-log p(D | w)) + lam KL(q || p)],

minus the evidence lower bound, for each of the N objects; lam = 1 is inference. A mini-batch gives the mean over its
objects of -log p(y | x, w), so the divergence, which the data share once, enters with the weight lam / N.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import check, check_finite, check_name
from ..data.dataset import Dataset
from ..networks.gradients import Backprop
from ..networks.losses import LOSSES
from ..networks.models import MLP
from ..training.loop import Rng
from .evidence import log_likelihood, loss_scale
from .gaussian import STANDARD, Normal, check_normal, diagonal_kl, diagonal_kl_gradient
from .sampling import SAMPLINGS, Draw, Sampling, unpack


def draw_from(rng: Rng) -> Draw:
    """Standard normal numbers from one generator, or for each run, the first axis of a shape, from its own."""
    if isinstance(rng, np.random.Generator):
        return rng.standard_normal
    return lambda shape, dtype: np.stack([one.standard_normal(shape[1:], dtype) for one in rng])


def fitted_prior(mu: NDArray, variance: NDArray) -> Normal:
    """Return the prior N(0, s^2) under which the bound for q is largest: s^2 is the mean of mu_j^2 + sigma_j^2.

    Shapes: (..., p), a deviation (..., 1) of each replica. Source: Graves 2011, section 4.2, with the mean held at 0.
    """
    return Normal(0.0, np.sqrt(np.mean(mu * mu + variance, axis=-1, keepdims=True)))


@dataclass(frozen=True, eq=False)
class FreeEnergy:
    """1/N [E_q(-log p(D | w)) + lam KL(q || p)] as a function of q = (mu, ln sigma) (..., 2p): the loop's objective.

    Parameters
    ----------
    model, data : the network, and the objects; their task says what p(y | x, w) is
    rng : draws the noise, and nothing else: a generator, or one for each run on the first axis of q
    prior : p(w), any diagonal Gaussian, its mean and deviation numbers or arrays that broadcast to (..., p); None for
        ``fitted_prior``, found anew at every step
    lam : weight of the divergence, a number or (...), one a replica
    noise : for regression the standard deviation of y about f(x, w), in units of y, a number or (...); 1 unless told
        otherwise. Classes have none
    sampling : "local" draws pre-activations, "weights" draws weights

    Raises
    ------
    ValueError : when prior, lam, noise or sampling are out of their range.
    """

    model: MLP
    data: Dataset
    rng: Rng
    prior: Normal | None = STANDARD
    lam: float | NDArray = 1.0
    noise: float | NDArray | None = None
    sampling: str = "local"

    def __post_init__(self) -> None:
        if self.prior is not None:
            check_normal("prior", self.prior)
        check(bool(np.all(check_finite("lam", self.lam) >= 0)), "lam", self.lam, "0 or more")
        check_name("sampling", self.sampling, SAMPLINGS)
        self.scale  # noqa: B018  (checks the noise now, not at first use)

    @cached_property
    def scale(self) -> NDArray:
        """What makes -log p(y | x, w) of a loss, (...) or (): 1 / (2 s^2) of a squared error, 1 of the others."""
        return loss_scale(self.data.task, self.noise)

    @cached_property
    def sample(self) -> Sampling:
        """How the gradient of the expected loss is sampled."""
        return SAMPLINGS[self.sampling]

    @cached_property
    def draw(self) -> Draw:
        """Where the noise comes from."""
        return draw_from(self.rng)

    @property
    def n_params(self) -> int:
        """The length of q, twice that of w."""
        return 2 * self.model.n_params

    def gradient(self, w: NDArray, X: NDArray, y: NDArray, out: NDArray) -> Backprop:
        """Write the gradient in w = q (..., 2p) to ``out``: sampled for the loss, exact for the divergence."""
        back = self.sample(self.model, LOSSES[self.data.task], w, X, y, self.draw, out)
        if self.data.task == "regression":
            out *= np.asarray(self.scale, w.dtype)[..., None]
        mu, log_sigma = unpack(w)
        variance = np.exp(2 * log_sigma)
        weight = np.asarray(np.divide(self.lam, self.data.n_train), w.dtype)[..., None]
        of_kl = diagonal_kl_gradient(mu, variance, self.prior or fitted_prior(mu, variance))
        for part, each in zip(unpack(out), of_kl, strict=True):
            part += np.multiply(weight, each, out=each)
        return back


class Bound(NamedTuple):
    """The evidence lower bound in its two parts, each (...), in nats over all objects."""

    L_w: NDArray  # -KL(q || p)
    L_E: NDArray  # E_q log p(D | w)

    @property
    def value(self) -> NDArray:
        """L_w + L_E."""
        return self.L_w + self.L_E


def lower_bound(objective: FreeEnergy, q: NDArray, samples: int = 16) -> Bound:
    """Evidence lower bound on the training part: the divergence exact, E_q log p(D | w) the mean of drawn weights.

    Shapes: q (..., 2p) -> (...). Every replica draws ``samples`` times, with the objective's generator; its ``lam``
    has no say.
    """
    check(isinstance(samples, int | np.integer) and samples >= 1, "samples", samples, "a whole number, 1 or more")
    model, data = objective.model, objective.data
    mu, log_sigma = unpack(q)
    sigma = np.exp(log_sigma)
    L_E = np.zeros(q.shape[:-1])
    for _ in range(samples):
        w = mu + sigma * objective.draw(mu.shape, mu.dtype)
        L_E += log_likelihood(model, w, data.X_train, data.y_train, data.task, objective.noise) / samples
    prior = objective.prior or fitted_prior(mu, sigma**2)
    return Bound(-diagonal_kl(mu, log_sigma, prior), L_E)
