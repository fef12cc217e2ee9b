"""What the covariance order can see of a linear model, worked out from the variance of the gradient.

    y = w*^T x + e,   x ~ N(0, D^2),   Var e = s^2,   r = w - w*,   U = |D r|^2 + s^2

The gradient 2 (r^T x - e) x_i has mean 2 d_i^2 r_i and, by Isserlis' theorem, variance 4 d_i^2 (U + d_i^2
r_i^2). To freeze parameter i costs d_i^2 r_i^2 of loss. With D = I the variances are thus in the order of the
costs, but what tells them apart, r_i^2, is spread by only sqrt(2)/p of U, which they share. An estimate from
N gradients is off by sqrt(6 / N) of itself, differently for each parameter: it takes about 3 p^2 = 120 000
gradients for the two to be equal. With another D the variances are above all in the order of the d_i.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...training.covariance import linear_gradient_variance
from ...training.loop import Step


def gradient_variance(r: NDArray, noise: Any, stds: NDArray) -> NDArray:
    """Var(dl/dw_i) = 4 d_i^2 (|D r|^2 + s^2 + d_i^2 r_i^2) for features of standard deviations d.

    Shapes: r (..., p), stds (p,) or (..., p), noise () or (..., 1) -> (..., p). The case D = I is
    `linear_gradient_variance`, to which x = D z with z ~ N(0, I) leads back.
    """
    return stds**2 * linear_gradient_variance(stds * r, noise)


def first_object_noise(batch_size: int) -> float:
    """Variance of (g_1 - g_S)_i^2 relative to its squared mean, without what all parameters share.

    A product u x_i of independent normal variables has excess kurtosis 6, and E u^4 gives 2 of it to all
    parameters alike; in the difference of g_1 and g_S the fourth cumulants shrink to a share c. Hence
    2 + 4 c: 4 for batches of two, and soon 6.
    """
    S = batch_size
    c = ((S - 1) ** 3 + 1) / ((S - 1) * S**2)
    return 2 + 4 * c


def sample_noise(n_samples: int) -> float:
    """Return the same for the sample variance of N gradients: 4 / N + 2 / (N - 1), about 6 / N."""
    return 4 / n_samples + 2 / (n_samples - 1)


def frozen_share(
    score: NDArray,
    noise: NDArray | float,
    cost: NDArray,
    rng: np.random.Generator,
    level: float = 0.5,
    draws: int = 16,
) -> NDArray:
    """Average the share of the cost that is frozen with the smallest of score + noise z, z ~ N(0, I).

    Parameters
    ----------
    score : (..., p) what the order would be by if it were known
    noise : standard deviation of its estimate, broadcast to (..., p)
    cost : (..., p) of freezing each parameter
    rng : draws z
    level : share of the parameters that is frozen
    draws : how many z are averaged over

    Returns
    -------
    (...), ``level`` where the score says nothing of the cost
    """
    k = round(level * score.shape[-1])
    seen = score + noise * rng.standard_normal((draws, *score.shape))
    frozen = np.argpartition(seen, k, axis=-1)[..., :k]
    costs = np.take_along_axis(np.broadcast_to(cost, seen.shape), frozen, axis=-1)
    return (costs.sum(axis=-1) / cost.sum(axis=-1)).mean(axis=0)


def ratio_of_losses(share: ArrayLike, multiple: ArrayLike, level: float = 0.5) -> NDArray:
    """Loss under an order over loss under the random one, if what is optimised still reaches the floor.

    (1 + (M - 1) q) / (1 + (M - 1) level), q the share of the cost that is frozen, M the loss with all frozen
    over the loss with nothing frozen. The published ratio, .46 at M = 10.4, asks for q = .18. The perfect
    order of normal r_i has q = .07. At M = 1 there is nothing to gain.
    """
    excess = np.asarray(multiple) - 1
    return (1 + excess * np.asarray(share)) / (1 + excess * level)


class Foresight:
    """Watches a training and predicts from w - w* what orders by the variance of the gradient are worth.

    Parameters
    ----------
    w_star : (p,) or (runs, p), the true weights
    stds : of the features, shape of ``w_star``; the population's, for what a sample adds is part of the noise
    noise : standard deviation of the noise in y, () or (runs, 1)
    """

    def __init__(self, w_star: NDArray, stds: NDArray, noise: ArrayLike) -> None:
        self.w_star, self.stds, self.noise = w_star, stds, np.asarray(noise)
        self.steps = 0
        self.sums: list[NDArray] = []

    def __call__(self, step: Step) -> None:
        """Add up the variances along the path; w_t stands for w_{t-1}, where the gradient was taken."""
        self.r = (step.w - self.w_star).astype(float)
        self.now = V = gradient_variance(self.r, self.noise, self.stds)
        mean = 2 * self.stds**2 * self.r
        terms = (V, V**2, mean**2, mean**2 * V, mean * np.sqrt(V))
        self.sums = [total + term for total, term in zip(self.sums or (0,) * 5, terms, strict=True)]
        self.steps += 1

    @property
    def cost(self) -> NDArray:
        """What it costs to freeze each parameter now, (runs, p)."""
        return (self.stds * self.r) ** 2

    def shares(self, batch_size: int, n_samples: int, rng: np.random.Generator) -> dict[str, NDArray]:
        """Predict the share (runs,) of the cost that half of each order freezes.

        Whatever is averaged along the path counts with the size it had, so the early steps weigh most, and no
        estimate is better than one from all m objects: further passes see the same ones again.
        """
        S, sample = batch_size, sample_noise(n_samples)
        V, V2, square, square_V, mean_sd = (total / self.steps for total in self.sums)
        running = first_object_noise(S) * V2 / V**2 / self.steps
        batch = sample_noise(S) * V2 / V**2 / self.steps
        # g_S ~ N(mu, V / S): its square has mean mu^2 + V / S and variance 2 (V / S)^2 + 4 mu^2 V / S, new at
        # every step; and the mean of all m gradients, N(mu, V / m), is off in one direction at all of them
        at_steps = ((2 + 4 / S) * V2 / S**2 + 4 * square_V / S) / self.steps
        in_sample = 4 * mean_sd**2 / n_samples
        estimates = {
            "gradient_covariance": (V, V * np.sqrt(running + sample)),
            "batch_covariance": (V, V * np.sqrt(np.maximum(batch, sample))),
            "exact_covariance": (self.now, self.now * np.sqrt(sample)),
            "batch_second_moment": (square + V / S, np.sqrt(at_steps + in_sample)),
            "oracle": (np.abs(self.r), 0.0),
        }
        return {name: frozen_share(score, sd, self.cost, rng) for name, (score, sd) in estimates.items()}
