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

from ..checks import check, check_finite, check_name, check_whole
from ..data.dataset import Dataset
from ..networks.gradients import Backprop
from ..networks.losses import LOSSES
from ..networks.models import MLP
from ..training.loop import Rng
from .evidence import log_likelihood, loss_scale
from .gaussian import STANDARD, Normal, check_normal, diagonal_kl, diagonal_kl_gradient
from .sampling import SAMPLINGS, Draw, unpack


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


class ExpectedFit:
    """What objectives have in common that weigh the fit 1/N E_q(-log p(D | w)) against something.

    To be inherited by a dataclass with the fields below; it calls ``check_fit`` when it is made.
    """

    model: MLP
    data: Dataset
    rng: Rng
    noise: float | NDArray | None
    sampling: str

    def check_fit(self) -> None:
        """Refuse an unknown sampling, and a noise that is not positive or that the task has not got."""
        check_name("sampling", self.sampling, SAMPLINGS)
        self.scale  # noqa: B018  (checks the noise now, not at first use)

    @cached_property
    def scale(self) -> NDArray:
        """What makes -log p(y | x, w) of a loss, (...) or (): 1 / (2 s^2) of a squared error, 1 of the others."""
        return loss_scale(self.data.task, self.noise)

    @cached_property
    def draw(self) -> Draw:
        """Where the noise of q comes from."""
        return draw_from(self.rng)

    def sampled_gradient(self, q: NDArray, X: NDArray, y: NDArray, out: NDArray) -> Backprop:
        """Write the gradient of the fit in q (..., 2p) to ``out``, from one sample."""
        back = SAMPLINGS[self.sampling](self.model, LOSSES[self.data.task], q, X, y, self.draw, out)
        self.to_likelihood(out)
        return back

    def to_likelihood(self, gradient: NDArray) -> None:
        """Make that of -log p(y | x, w) of the gradient (..., n) of a loss, in place."""
        if self.data.task == "regression":
            gradient *= np.asarray(self.scale, gradient.dtype)[..., None]

    def expected_log_likelihood(self, q: NDArray, samples: int) -> NDArray:
        """E_q log p(D | w) on the training part, the mean over so many drawn weights; q (..., 2p) -> (...)."""
        check_whole("samples", samples, 1)
        mu, log_sigma = unpack(q)
        sigma, total = np.exp(log_sigma), np.zeros(q.shape[:-1])
        for _ in range(samples):
            w = mu + sigma * self.draw(mu.shape, mu.dtype)
            total += log_likelihood(self.model, w, self.data.X_train, self.data.y_train, self.data.task, self.noise)
        return total / samples


@dataclass(frozen=True, eq=False)
class FreeEnergy(ExpectedFit):
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
        self.check_fit()

    @property
    def n_params(self) -> int:
        """The length of q, twice that of w."""
        return 2 * self.model.n_params

    def gradient(self, w: NDArray, X: NDArray, y: NDArray, out: NDArray) -> Backprop:
        """Write the gradient in w = q (..., 2p) to ``out``: sampled for the loss, exact for the divergence."""
        back = self.sampled_gradient(w, X, y, out)
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
    L_E = objective.expected_log_likelihood(q, samples)
    mu, log_sigma = unpack(q)
    prior = objective.prior or fitted_prior(mu, np.exp(log_sigma) ** 2)
    return Bound(-diagonal_kl(mu, log_sigma, prior), L_E)
