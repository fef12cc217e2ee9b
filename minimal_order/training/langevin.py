"""Step rules that sample: Langevin dynamics with mini-batches, and descent whose own noise is the sample's.

They take the loss of an object for -log p(y | x, w), so its mean over N objects has the gradient -1/N of that of
the log-likelihood. For the squared error that means noise of variance 1/2 in y; for noise of variance s^2 give
N / (2 s^2) in place of N. In the chain of either rule a pruned or frozen parameter stays where it is: the loop's
masks are on the update, noise included.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check
from .optim import StepRule, check_rate

Score = Callable[[NDArray], NDArray]
"""w (..., p) -> the gradient of log p(w), (..., p)."""


def normal_prior(precision: float = 1.0) -> Score:
    """The gradient of log N(w | 0, 1/precision): -precision w; precision 0 stands for the flat prior."""
    check(0 <= precision < np.inf, "precision", precision, "a finite number, 0 or more")
    precision = float(precision)
    return lambda w: -precision * w


def check_sampler(rate: float, n_samples: float, rng: np.random.Generator) -> tuple[float, float]:
    """Return the step size and the number of objects as plain floats; refuse what is none."""
    check(bool(np.isfinite(n_samples)) and n_samples > 0, "n_samples", n_samples, "a positive finite number")
    check(isinstance(rng, np.random.Generator), "rng", rng, "a numpy.random.Generator")
    return check_rate(rate), float(n_samples)


def sgld(rate: float, n_samples: float, rng: np.random.Generator, prior: Score | None = None) -> StepRule:
    """`eq:sgld` w <- w + eps/2 (d log p(w) + N/S sum_s d log p(y_s | w)) + N(0, eps).

    Shapes: w (..., p), its own noise for every replica. With the mean gradient g of a mini-batch N/S sum_s d log p
    is -N g. As the rate falls to 0 the chain samples from p(w | D).
    Source: Welling, Teh 2011, (4); named by Muravev, talk.

    Parameters
    ----------
    rate : eps, the variance of the noise
    n_samples : N, the objects that the posterior is of
    rng : draws the noise
    prior : the gradient of log p(w); of N(0, I) unless told otherwise

    Raises
    ------
    ValueError : for a rate or a number of objects that is not positive and finite.
    """
    eps, N = check_sampler(rate, n_samples, rng)
    score = prior or normal_prior()

    def step(state: None, g: NDArray, w: NDArray) -> tuple[NDArray, None]:
        noise = rng.standard_normal(w.shape, w.dtype)
        return 0.5 * eps * (score(w) - N * g) + eps**0.5 * noise, None

    return StepRule("sgld", lambda w: None, step)


class PSGLDState(NamedTuple):
    """The running mean of the squared gradient."""

    V: NDArray


def psgld(
    rate: float,
    n_samples: float,
    rng: np.random.Generator,
    prior: Score | None = None,
    a: float = 0.99,
    eps0: float = 1e-5,
) -> StepRule:
    """`eq:psgld` V <- a V + (1-a) g^2, G = 1/(eps0 + sqrt V), w <- w + eps/2 G (d log p(w) - N g) + N(0, eps G).

    Shapes: all (..., p), elementwise. The term Gamma, the divergence of G, is left out, as its authors do in
    practice: the chain is exact only as far as G does not change with w, that is for a near 1.
    Source: Li, Chen, Carlson, Carin 2016, algorithm 1; named by Muravev, talk.

    Parameters
    ----------
    rate, n_samples, rng, prior : as in ``sgld``; the step of a parameter is rate G
    a : memory of V, in [0, 1)
    eps0 : bounds G, positive

    Raises
    ------
    ValueError : for an argument out of its range.
    """
    eps, N = check_sampler(rate, n_samples, rng)
    check(0 <= a < 1, "a", a, "a number in [0, 1)")
    check(0 < eps0 < np.inf, "eps0", eps0, "a positive finite number")
    score = prior or normal_prior()

    def step(state: PSGLDState, g: NDArray, w: NDArray) -> tuple[NDArray, PSGLDState]:
        V = a * state.V + (1 - a) * g * g
        step_size = eps / (eps0 + np.sqrt(V))
        noise = rng.standard_normal(w.shape, w.dtype)
        return 0.5 * step_size * (score(w) - N * g) + np.sqrt(step_size) * noise, PSGLDState(V)

    return StepRule("psgld", lambda w: PSGLDState(np.zeros_like(w)), step)


def preconditioned_sgd(H: ArrayLike, max_rate: float) -> StepRule:
    """`eq:preconditioned-step` T(w) = w - H grad L, H no larger than a stated maximum.

    Shapes: H broadcasts to w (..., p), elementwise step sizes, infinity allowed (`preconditioner` where C is 0).
    With H = 2 S / (N C), held fixed, the last steps are samples whose variance is that of the posterior to first
    order in H. A step size above 2 / h, h the curvature, would diverge: hence the maximum.
    Source: Mandt, Hoffman, Blei 2017, section 4.2; Muravev, talk.

    Raises
    ------
    ValueError : for a step size that is negative or NaN, or a maximum that is not positive and finite.
    """
    H = np.asarray(H, float)
    check(bool(np.all(H >= 0)), "H", H, "step sizes, 0 or more")
    limited = np.minimum(H, check_rate(max_rate))

    def init(w: NDArray) -> NDArray:
        return np.broadcast_to(limited, w.shape).astype(w.dtype)

    return StepRule("preconditioned_sgd", init, lambda H, g, w: (-H * g, H))
