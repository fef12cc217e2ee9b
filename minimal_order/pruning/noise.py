"""What a network makes of noise in its input: the variance of its output, drawn and to first order.

The output is what the user of a network sees: the prediction f of a regression, the probabilities of classes. With
several outputs the variance is the sum of theirs. Noise of standard deviation s is in units of the features as the
network sees them: of standardised ones, in their standard deviations.
"""

from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad
from numpy.typing import NDArray

from ..checks import check, check_finite, check_name, check_whole
from ..data.dataset import TASKS
from ..networks.layers import sigmoid
from ..networks.losses import softmax
from ..networks.models import MLP


def prediction(model: MLP, w: NDArray, X: Any, task: str) -> Any:
    """What the network says of each object: f, the probability of class 1, or those of all classes.

    Shapes: w (..., p), X (..., m, n) -> (..., K, m), K = 1 but for several classes.
    """
    h = model.outputs(w, X)
    if check_name("task", task, TASKS) == "regression":
        return h
    return sigmoid(h) if task == "binary" else softmax(h)


def noise_propagation(
    model: MLP, w: NDArray, X: NDArray, s: float, task: str, rng: np.random.Generator, draws: int = 32
) -> NDArray:
    """`eq:noise-propagation` V = 1/m sum_i sum_k Var f_k(x_i + e), e ~ N(0, s^2 I), from draws of e.

    Every variance is the unbiased one of so many draws; all replicas see the same ones.

    Parameters
    ----------
    model, w : the network and its parameters (..., p)
    X : (m, n) objects
    s : standard deviation of the noise, 0 or more
    task : says what the output is, see ``prediction``
    rng, draws : the noise is drawn so many times for each object, at least twice

    Returns
    -------
    (...), in squared units of the output

    Raises
    ------
    ValueError : an argument out of its range, X not one table of objects

    Source: Grabovoy, relevance of parameters (talk), figures of the output's noise.
    """
    X = checked(X, s)
    check_whole("draws", draws, 2)
    noisy = X + s * rng.standard_normal((draws, *X.shape))
    f = prediction(model, w, noisy.reshape(-1, X.shape[1]), task)
    by_draw = f.reshape(*f.shape[:-1], draws, len(X))  # (..., K, draws, m)
    from_first = by_draw - by_draw[..., :1, :]  # exactly 0 where the output is constant
    return from_first.var(axis=-2, ddof=1).sum(axis=-2).mean(axis=-1)


def noise_first_order(model: MLP, w: NDArray, X: NDArray, s: float, task: str) -> NDArray:
    """`eq:noise-first-order` V = s^2 1/m sum_i ||df/dx (x_i)||^2, the sum of squares of the Jacobian's entries.

    Shapes: w (..., p), X (m, n) -> (...), in squared units of the output. Exact for linear models at any s, for
    others as s -> 0. Source: f(x + e) = f(x) + df/dx e + ..., and e has the covariance s^2 I.
    """
    X = checked(X, s)
    of_replicas = np.broadcast_to(X, (*w.shape[:-1], *X.shape))  # so that each has a gradient of its own

    def total(inputs: Any, k: int) -> Any:
        return anp.sum(prediction(model, w, inputs, task)[..., k, :])

    squares = np.zeros(w.shape[:-1])
    for k in range(model.sizes[-1]):
        squares += (grad(total)(of_replicas, k) ** 2).sum(axis=(-2, -1))
    return s**2 * squares / len(X)


def checked(X: NDArray, s: float) -> NDArray:
    """X as one table of one object or more, all numbers finite; s a standard deviation."""
    X = np.asarray(check_finite("X", X), float)
    check(X.ndim == 2 and X.size > 0, "X.shape", X.shape, "(m, n), one object or more")
    check(bool(np.isfinite(s)) and s >= 0, "s", s, "a standard deviation, 0 or more")
    return X
