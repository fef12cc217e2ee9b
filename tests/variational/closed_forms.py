"""Gaussians, exact expectations over them, and a regression whose posterior is known."""

import numpy as np

from minimal_order.data.dataset import Dataset
from minimal_order.variational.evidence import linear_posterior
from minimal_order.variational.gaussian import Normal
from minimal_order.variational.sampling import pack

PRIOR = Normal(np.array([0.1, 0, -0.4]), np.array([0.5, 1, 2]))


def generator(seed=11):
    return np.random.default_rng(seed)


def generators(n, seed=21):
    return [np.random.default_rng([seed, i]) for i in range(n)]


def some_gaussian(rng, shape, k):
    root = rng.normal(size=(*shape, k, k))
    return rng.normal(size=(*shape, k)), root @ np.swapaxes(root, -1, -2) + 0.3 * np.eye(k)


def log_density(x, mean, cov):
    """ln N(x | mean, cov) of one x, as on paper."""
    d = x - mean
    return -0.5 * (d @ np.linalg.inv(cov) @ d + np.log(np.linalg.det(2 * np.pi * cov)))


def nodes_of(k, n=3):
    """Points (n^k, k) and shares whose sums are exact expectations over N(0, I_k) of polynomials of degree < 2n."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    points, shares = (np.stack(np.meshgrid(*[each] * k), axis=-1).reshape(-1, k) for each in (nodes, weights))
    return points, np.prod(shares / weights.sum(), axis=1)


def regression(m=60, seed=6, noise=0.4):
    """Correlated features and a linear target: the mean-field posterior is narrower than the true marginals."""
    rng = generator(seed)
    X = rng.normal(size=(m, 3)) @ (np.eye(3) + 0.35)
    y = X @ [1.0, -0.5, 0.0] + noise * rng.normal(size=m)
    return Dataset("regression", "regression", X, y, X, y)


def mean_field(data, noise, prior):
    """What the best diagonal q is for a Gaussian posterior: its mean, and the inverse of its precision's diagonal."""
    mean, cov = linear_posterior(data.X_train, data.y_train, noise, prior)
    return pack(mean, -0.5 * np.log(np.diag(np.linalg.inv(cov))))
