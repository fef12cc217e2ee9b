"""Fitting q(w) = N(mu, diag sigma^2) to the posterior, by the one loop."""

from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ..checks import check, check_finite, check_whole
from ..training.loop import Rng, descend
from ..training.optim import StepRule, adam
from ..training.train import Training, evaluate
from .free_energy import FreeEnergy
from .gaussian import Normal
from .sampling import pack, unpack


def size_of(w: NDArray) -> NDArray:
    """Root of the mean square of w (..., p), (..., 1): the unit of the weights; 1 where all are 0."""
    size = np.sqrt(np.mean(w * w, axis=-1, keepdims=True))
    return np.where(size > 0, size, 1).astype(w.dtype)


def start_at(w: NDArray, share: float = 0.1) -> NDArray:
    """Where a fit begins: mu = w, and sigma that share of the weights' size; w (..., p) -> q (..., 2p)."""
    w = check_finite("w", w)
    check(bool(np.isfinite(share)) and share > 0, "share", share, "a positive number")
    return pack(w, np.log(float(share) * size_of(w)))


def in_units(rule: StepRule, unit: NDArray) -> StepRule:
    """Let a rule step in other units of the parameters: it sees the gradient in w / unit, (..., p)."""

    def step(state: object, g: NDArray, w: NDArray) -> tuple[NDArray, object]:
        update, state = rule.step(state, g * unit, w)
        return update * unit, state

    return StepRule(rule.name, rule.init, step)


def fit(
    objective: FreeEnergy, q: NDArray, *, rng: Rng, steps: int = 2000, rate: float = 0.05, batch_size: int = 64
) -> NDArray:
    """Fit q (..., 2p) by Adam, and return the mean of the last half of its steps, (..., 2p).

    A step changes ln sigma by about ``rate``, and mu by that share of the size that the means have at the start: the
    fit is the same in other units of the weights. The mean over half of the steps takes most of the noise away.

    Parameters
    ----------
    objective : minus the lower bound; its generator draws the noise
    q : where to begin, see ``start_at``
    rng : draws the batches: a generator, or one for each run on the first axis of q
    steps, rate, batch_size : of the fit

    Raises
    ------
    ValueError : when an argument is out of its range, or the fit diverges.
    """
    check_whole("steps", steps, 1)
    q = check_finite("q", q)
    mu, log_sigma = unpack(q)
    rule = in_units(adam(rate), pack(np.broadcast_to(size_of(mu), mu.shape), np.ones_like(log_sigma)))
    model, data = objective.model, objective.data
    loop = descend(model, data, q, rng=rng, objective=objective, rule=rule, batch_size=batch_size)
    total = np.zeros(q.shape)
    for step in islice(loop, steps):
        if step.t > steps // 2:
            total += step.w
    fitted = (total / (steps - steps // 2)).astype(q.dtype)
    check(bool(np.isfinite(fitted).all()), "rate", rate, "a smaller one: the fit diverged")
    return fitted


def residual_noise(run: Training) -> NDArray | None:
    """Standard deviation of the training targets about a run's predictions, (...); None for classes.

    At least a thousandth of the targets' own size: no data are known better, and a network that hits all of them
    would leave nothing to weigh the prior against.
    """
    data = run.data
    if data.task != "regression":
        return None
    mean_square = evaluate(run.model, run.w, data.X_train, data.y_train, data.task)[0]
    least = 1e-3 * size_of(data.y_train.astype(float))[..., 0]
    return np.maximum(np.sqrt(mean_square), least.reshape(least.shape + (1,) * (mean_square.ndim - least.ndim)))


def posterior_of(
    run: Training, rng: Rng, *, prior: Normal | None = None, steps: int = 2000, rate: float = 0.05
) -> NDArray:
    """Fit q (..., 2p) to the posterior of a trained run, from its weights on.

    Parameters
    ----------
    run : one run, w (p,), or several (runs, ..., p); its batch size is that of the fit
    rng : a generator, or one for each run; batches and noise are drawn by two that it spawns
    prior, steps, rate : as in ``FreeEnergy`` and ``fit``; the prior is fitted unless given

    The noise of a regression target is ``residual_noise``.
    """
    for_batches, for_noise = spawn_two(rng)
    objective = FreeEnergy(run.model, run.data, for_noise, prior, noise=residual_noise(run))
    return fit(objective, start_at(run.w), rng=for_batches, steps=steps, rate=rate, batch_size=run.batch_size)


def spawn_two(rng: Rng) -> tuple[Rng, Rng]:
    """Two independent generators from one, or from that of each run."""
    if isinstance(rng, np.random.Generator):
        first, second = rng.spawn(2)
        return first, second
    pairs = [one.spawn(2) for one in rng]
    return [first for first, _ in pairs], [second for _, second in pairs]
