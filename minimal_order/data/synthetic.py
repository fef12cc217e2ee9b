"""The generated data sets. Synthetic 1, 2, 3: (3.1) of Grabovoy, Bakhteev, Strijov 2020, made exact.

    w ~ N(0, I_n),    x ~ N(0, D^2),    y = w^T x + noise * e,  e ~ N(0, 1)     Synthetic 1 and 3
                                        y ~ Bernoulli(sigmoid(w^T x))           Synthetic 2

The paper has D = I and noise = 1. It prints y ~ N(w^T x, I_n), though y is one number, and y ~ Be(w^T x),
though w^T x is no probability. Synthetic 1 and 3 are the same data: a network is fitted to the one, a linear
model to the other.

And the generated data of the talk on relevance, in two stages: parameters that depend on each other, and targets that
need one of them,

    w ~ N(m, A),  m = (1, .0025, ..., .0025),    x ~ N(1, I_n),    y = x_0.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check, check_finite, check_whole
from .sources import Table


def feature_stds(rng: np.random.Generator, n_features: int, feature_scale: ArrayLike, feature_spread: float) -> NDArray:
    """Draw the diagonal of D, shape (n,): feature_scale_j * exp(feature_spread * z_j), z ~ N(0, I)."""
    scale = check_finite("feature_scale", feature_scale)
    check(scale.shape in ((), (n_features,)), "feature_scale.shape", scale.shape, f"() or ({n_features},)")
    check(bool((scale > 0).all()), "feature_scale", feature_scale, "positive standard deviations")
    check(0 <= feature_spread < np.inf, "feature_spread", feature_spread, "a number, at least 0")
    return scale * np.exp(feature_spread * rng.standard_normal(n_features))


def linear_predictor(
    rng: np.random.Generator,
    n_train: int,
    n_test: int,
    n_features: int,
    feature_scale: ArrayLike,
    feature_spread: float,
) -> tuple[NDArray, NDArray]:
    """Features X (n_train + n_test, n) and weights w (n,) as above.

    Each draw has a generator of its own, so that changing one argument leaves the other draws as they were.
    """
    for argument, count in [("n_train", n_train), ("n_test", n_test), ("n_features", n_features)]:
        check_whole(argument, count, 1)
    for_weights, for_stds, for_features = rng.spawn(3)
    stds = feature_stds(for_stds, n_features, feature_scale, feature_spread)
    X = stds * for_features.standard_normal((n_train + n_test, n_features))
    return X, for_weights.standard_normal(n_features)


def regression(
    rng: np.random.Generator,
    n_train: int = 2000,
    n_test: int = 1000,
    n_features: int = 200,
    noise: float = 1.0,
    feature_scale: ArrayLike = 1.0,
    feature_spread: float = 0.0,
) -> Table:
    """Synthetic 1 and 3: y = w^T x + noise * e, e ~ N(0, 1).

    Parameters
    ----------
    rng : draws the weights, the features and the noise
    n_train, n_test : numbers of objects
    n_features : n
    noise : standard deviation of the noise
    feature_scale : standard deviation of every feature, or of each, shape (n,)
    feature_spread : standard deviation of their logarithms, by which they are spread further; 0: not at all
    """
    check(0 <= noise < np.inf, "noise", noise, "a standard deviation, at least 0")
    X, w = linear_predictor(rng, n_train, n_test, n_features, feature_scale, feature_spread)
    return Table(X, X @ w + noise * rng.standard_normal(len(X)), n_test, w_star=w)


def classification(
    rng: np.random.Generator,
    n_train: int = 2000,
    n_test: int = 1000,
    n_features: int = 200,
    feature_scale: ArrayLike = 1.0,
    feature_spread: float = 0.0,
) -> Table:
    """Synthetic 2: y ~ Bernoulli(sigmoid(w^T x)); the arguments are those of ``regression``.

    The larger ``feature_scale``, the further sigmoid(w^T x) from 1/2, and the nearer the Bayes accuracy to 1.
    """
    from scipy.special import expit

    X, w = linear_predictor(rng, n_train, n_test, n_features, feature_scale, feature_spread)
    return Table(X, rng.random(len(X)) < expit(X @ w), n_test, w_star=w)


# --- the talk on relevance --------------------------------------------------------------------------------


def dependent_weights(n_features: int = 100) -> tuple[NDArray, NDArray]:
    """Mean m (n,) and covariance A (n, n) of stage one: variances 1, the first nearly alone, the others tied.

    A_0j = .001, A_ij = .95 between the others. They differ by little of their own: A has the eigenvalue .05 n - 2
    times, in the talk's size ninety-eight.
    """
    check_whole("n_features", n_features, 2)
    m, A = np.full(n_features, 0.0025), np.full((n_features, n_features), 0.95)
    m[0], A[0], A[:, 0] = 1, 1e-3, 1e-3
    np.fill_diagonal(A, 1)
    return m, A


def weight_samples(rng: np.random.Generator, n_samples: int = 10_000, n_features: int = 100) -> NDArray:
    """Stage one: draw w ~ N(m, A), shape (samples, n)."""
    m, A = dependent_weights(n_features)
    return m + rng.standard_normal((n_samples, n_features)) @ np.linalg.cholesky(A).T


def one_feature(
    rng: np.random.Generator, n_objects: int = 10_000, n_features: int = 100, test_size: float = 0.2
) -> Table:
    """Stage two: x ~ N(1, I), y = x_0, without noise.

    Parameters
    ----------
    rng : draws the features
    n_objects, n_features : m and n
    test_size : share (below 1) or number of test objects
    """
    check_whole("n_objects", n_objects, 1)
    check_whole("n_features", n_features, 1)
    X = 1 + rng.standard_normal((n_objects, n_features))
    return Table(X, X[:, 0].copy(), test_size, w_star=np.eye(n_features)[0])
