"""What a hypernetwork is trained for: the objective of the networks that it generates, on average over lam."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..checks import check_whole
from ..networks.gradients import Backprop
from ..training.loop import Rng
from .hypernet import Map
from .regularised import Regularised


@dataclass(frozen=True, eq=False)
class Generated:
    """The mean over drawn lam of an objective at G(lam), as a function of b, flat (..., K n): the loop's objective.

    All drawn lam are replicas of one pass, on the same objects.

    Parameters
    ----------
    of : the objective that the generated parameters are for; its own lam has no say
    hypernet : the map
    rng : draws lam, and nothing else: a generator, or one for each run on the first axis of b
    lams : how many are drawn a step
    """

    of: Regularised
    hypernet: Map
    rng: Rng
    lams: int = 5

    def __post_init__(self) -> None:
        check_whole("lams", self.lams, 1)

    @property
    def n_params(self) -> int:
        """The length of b."""
        return self.hypernet.n_rows * self.of.n_params

    def draw(self) -> NDArray:
        """Draw lam (L,), or (runs, L)."""
        if isinstance(self.rng, np.random.Generator):
            return self.hypernet.sample(self.rng, self.lams)
        return np.stack([self.hypernet.sample(one, self.lams) for one in self.rng])

    def gradient(self, w: NDArray, X: NDArray, y: NDArray, out: NDArray) -> Backprop:
        """Write the gradient in b = w to ``out``: G = phi b forward, phi^T g back."""
        lam = self.draw()
        lam = lam.reshape(*lam.shape[:-1], *(1,) * (w.ndim - lam.ndim), self.lams)
        phi = self.hypernet.basis(lam).astype(w.dtype)  # (..., L, K)
        b, of_b = (a.reshape(*w.shape[:-1], self.hypernet.n_rows, -1) for a in (w, out))
        theta = phi @ b  # (..., L, n)
        if X.ndim > 2:  # objects of each run
            X, y = X[..., None, :, :], y[..., None, :]
        g = np.empty_like(theta)
        back = self.of.gradient_at(theta, lam, X, y, g)
        np.matmul(np.swapaxes(phi, -1, -2) / self.lams, g, out=of_b)
        return back
