"""The objectives L_i(lam) of one network and data set: what the loop descends on, and their two parts."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check_name
from ..data.dataset import Dataset
from ..networks.gradients import Backprop, backprop, mean_gradient
from ..networks.losses import LOSSES
from ..networks.models import MLP
from ..training.loop import Rng
from ..variational.evidence import log_likelihood
from ..variational.free_energy import ExpectedFit
from ..variational.gaussian import STANDARD, Normal, check_normal, diagonal_kl
from ..variational.sampling import unpack
from .objectives import FAMILIES, Family, check_lam, narrowed


@dataclass(frozen=True, eq=False)
class Regularised(ExpectedFit):
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
        self.check_fit()

    @property
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
        if self.kind.spread:
            back = self.sampled_gradient(theta, X, y, out)
        else:
            back = backprop(self.model, LOSSES[self.data.task], theta, X, y)
            mean_gradient(back, out)
            self.to_likelihood(out)
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
    kind, model, data = objective.kind, objective.model, objective.data
    lam = np.broadcast_to(np.asarray(objective.lam, float), theta.shape[:-1])
    if kind.spread:
        fit, (mu, log_sigma) = objective.expected_log_likelihood(theta, samples), unpack(theta)
        prior = narrowed(objective.prior, lam) if objective.family == "reparameterised" else objective.prior
        complexity = diagonal_kl(mu.astype(float), log_sigma.astype(float), prior)
    else:
        fit = log_likelihood(model, theta, data.X_train, data.y_train, data.task, objective.noise)
        complexity = np.sum(np.square(theta, dtype=float), axis=-1)
    return Terms(fit, complexity, kind.objective(fit, theta.astype(float), lam, objective.prior))
