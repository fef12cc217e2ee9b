"""Step rules: each turns a gradient into an update; none of them touches the parameters.

A rule is a pair ``init(w) -> state`` and ``step(state, g, w) -> (update, state)``; most have no use for w, which
is where g was taken. The loop in ``loop.py`` adds the update to the parameters *after* the masks, so that no rule
needs to know about freezing or pruning.
States hold arrays of the shape of w (..., p) that the next step writes over: use an update before that, or
copy it. Written so, in place, Adam costs a third of the plain expression.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import check


class StepRule(NamedTuple):
    """A way to step: ``init(w) -> state`` and ``step(state, g, w) -> (update, state)``."""

    name: str
    init: Callable[[NDArray], Any]
    step: Callable[[Any, NDArray, NDArray], tuple[NDArray, Any]]

    def __repr__(self) -> str:
        return f"StepRule({self.name})"


def map_state(function: Callable[[NDArray], NDArray], state: Any) -> Any:
    """Apply a function to every array of a state."""
    if isinstance(state, np.ndarray):
        return function(state)
    if isinstance(state, tuple):
        return type(state)(*(map_state(function, part) for part in state))
    return state


def spread_state(state: Any, shape: tuple[int, ...]) -> Any:
    """A copy of a state for replicas w of ``shape``: (runs, p) goes to every branch of (runs, branches, p)."""

    def spread(a: NDArray) -> NDArray:
        new_axes = (1,) * (len(shape) - a.ndim)
        return np.broadcast_to(a.reshape(a.shape[:-1] + new_axes + a.shape[-1:]), shape).copy()

    return map_state(spread, state)


def check_rate(rate: float) -> float:
    """Return the step size as a plain float, which never promotes a float32 pass; refuse one that is not positive."""
    check(bool(np.isfinite(rate)) and rate > 0, "rate", rate, "a positive finite number")
    return float(rate)


def sgd(rate: float = 0.01) -> StepRule:
    """Stochastic gradient descent: update = -rate g."""
    rate = check_rate(rate)
    return StepRule("sgd", init=lambda w: None, step=lambda state, g, w: (-rate * g, None))


def momentum(rate: float = 0.01, mu: float = 0.9) -> StepRule:
    """Heavy ball: v <- mu v - rate g; update = v."""
    rate = check_rate(rate)
    check(0 <= mu < 1, "mu", mu, "a number in [0, 1)")

    def step(v: NDArray, g: NDArray, w: NDArray) -> tuple[NDArray, NDArray]:
        v *= mu
        v -= rate * g
        return v, v

    return StepRule("momentum", init=np.zeros_like, step=step)


class AdamState(NamedTuple):
    """Moments of the gradient, kept without their factors (1 - b1), (1 - b2)."""

    t: int
    m: NDArray  # sum_k b1^(t-k) g_k
    v: NDArray  # sum_k b2^(t-k) g_k^2
    update: NDArray


def adam(rate: float = 1e-3, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> StepRule:
    """Adam (Kingma & Ba, 2015): update = -rate m^ / (sqrt(v^) + eps), m^ and v^ the bias-corrected moments.

    With m = sum b1^(t-k) g_k the corrected first moment is m (1 - b1)/(1 - b1^t), and likewise the second,
    so all scalars fold into two.
    """
    rate = check_rate(rate)
    check(0 <= b1 < 1, "b1", b1, "a number in [0, 1)")
    check(0 <= b2 < 1, "b2", b2, "a number in [0, 1)")
    check(0 < eps < np.inf, "eps", eps, "a positive finite number: a gradient of 0 is divided by it")

    def init(w: NDArray) -> AdamState:
        return AdamState(0, np.zeros_like(w), np.zeros_like(w), np.empty_like(w))

    def step(state: AdamState, g: NDArray, w: NDArray) -> tuple[NDArray, AdamState]:
        t = state.t + 1
        root = ((1 - b2) / (1 - b2**t)) ** 0.5  # sqrt(v^) = root sqrt(v)
        scale = -rate * (1 - b1) / (1 - b1**t) / root
        m, v, update = state.m, state.v, state.update
        m *= b1
        m += g
        np.multiply(g, g, out=update)
        v *= b2
        v += update
        np.sqrt(v, out=update)
        update += eps / root
        np.divide(m, update, out=update)
        update *= scale
        return update, state._replace(t=t)

    return StepRule("adam", init, step)


def clipped(rule: StepRule, limit: float) -> StepRule:
    """Let a rule see gradients whose components are cut off at +-limit."""
    check(bool(limit > 0), "limit", limit, "a positive number")

    def step(state: Any, g: NDArray, w: NDArray) -> tuple[NDArray, Any]:
        return rule.step(state, np.clip(g, -limit, limit), w)

    return StepRule(f"{rule.name}, clipped at {limit:g}", rule.init, step)


STEP_RULES: dict[str, Callable[..., StepRule]] = {"sgd": sgd, "momentum": momentum, "adam": adam}
"""The step rules by name."""
