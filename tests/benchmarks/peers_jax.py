"""The sweep in JAX: jit over scan over steps, vmap over the branches of a run, and over runs."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from sweep import B1, B2, EPS, N_TRAINED, Draws, Problem, Result, branch_masks, covariance_order

tree = jax.tree.map


class Adam(NamedTuple):
    """The state of Adam; w, m, v are lists of tensors, or of the one flat vector."""

    w: Any
    m: Any
    v: Any
    t: Any


def parts(problem: Problem, w: NDArray) -> list[NDArray]:
    """How parameters (..., p) are held: one flat vector where the network is small, else its tensors.

    Either is the faster one there: a flat vector is one loop for Adam, but slicing the weights out of it is
    a copy.
    """
    return [w] if problem.n_params < 1000 else problem.split(w)


def losses_of(problem: Problem, w: list[Any], X: Any, y: Any) -> Any:
    """Each object's loss of one network: X (S, d), y (S,) -> (S,)."""
    if len(problem.sizes) == 2:
        return (X @ w[0] - y) ** 2
    W1, b1, W2, b2 = problem.split(w[0]) if len(w) == 1 else w
    h = W2 @ jnp.tanh(W1 @ X.T + b1[:, None]) + b2[:, None]
    if problem.classes:
        return -jnp.take_along_axis(jax.nn.log_softmax(h, axis=0), y[None], axis=0)[0]
    return (h[0] - y) ** 2


def mean_loss(problem: Problem, w: list[Any], X: Any, y: Any) -> Any:
    """The loss of one network on these objects."""
    return losses_of(problem, w, X, y).mean()


def adam_step(problem: Problem, state: Adam, g: list[Any], alpha: list[Any]) -> Adam:
    """One step of Adam, its update masked."""
    t = state.t + 1
    m = tree(lambda m, g: B1 * m + (1 - B1) * g, state.m, g)
    v = tree(lambda v, g: B2 * v + (1 - B2) * g * g, state.v, g)
    rate, unbias = problem.rate / (1 - B1**t), 1 / (1 - B2**t)
    w = tree(lambda w, m, v, a: w - a * rate * m / (jnp.sqrt(v * unbias) + EPS), state.w, m, v, alpha)
    return Adam(w, m, v, t)


def phase_one(problem: Problem, w: list[Any], rows: Any, X: Any, y: Any) -> tuple[Adam, list[Any]]:
    """Train one run on batches rows (t0, S); return Adam's state and diag C."""
    gradient = jax.grad(partial(mean_loss, problem))
    ones, zeros = tree(jnp.ones_like, w), tree(jnp.zeros_like, w)

    def step(carry: Any, rows: Any) -> tuple[Any, None]:
        state, C = carry
        g_first = gradient(state.w, X[rows[:1]], y[rows[:1]])
        g = gradient(state.w, X[rows], y[rows])
        state = adam_step(problem, state, g, ones)
        return (state, tree(lambda C, a, b: C + ((a - b) ** 2 - C) / state.t, C, g_first, g)), None

    return jax.lax.scan(step, (Adam(w, zeros, zeros, jnp.zeros((), X.dtype)), zeros), rows)[0]


def evaluate(problem: Problem, w: list[Any], X: Any, y: Any) -> Any:
    """Mean loss of every branch on all objects, 1000 of them at a time."""
    size = len(X) if len(X) % 1000 else 1000
    blocks = X.reshape(-1, size, X.shape[-1]), y.reshape(-1, size)
    every = jax.vmap(partial(mean_loss, problem), in_axes=(0, None, None))
    return jax.lax.map(lambda block: every(w, *block), blocks).mean(0)


def phase_two(
    problem: Problem, state: Adam, alpha: list[Any], rows: Any, X: Any, y: Any, X_test: Any, y_test: Any
) -> tuple[Any, Any]:
    """Go on from one run's state with its branches' masks alpha (K, ...); their losses, level 1 last."""
    gradient = jax.grad(partial(mean_loss, problem))

    def step(states: Adam, rows: Any) -> tuple[Adam, None]:
        batch = X[rows], y[rows]  # shared by the branches: their first layers become one product
        return jax.vmap(lambda s, a: adam_step(problem, s, gradient(s.w, *batch), a))(states, alpha), None

    K = len(alpha[0])
    states = tree(lambda a: jnp.broadcast_to(a, (K, *a.shape)), state)
    states = jax.lax.scan(step, states, rows)[0]
    w = tree(lambda w, at_t0: jnp.concatenate([w, at_t0[None]]), states.w, state.w)
    return evaluate(problem, w, X, y), evaluate(problem, w, X_test, y_test)


def compiled(problem: Problem, draws: Draws) -> tuple[Callable, Callable]:
    """Compile both phases for these shapes: runs stacked in the first, one after another in the second."""

    def one(w: Any, rows: Any, X: Any, y: Any) -> Any:
        return jax.vmap(lambda w, rows: phase_one(problem, w, rows, X, y))(w, rows)

    def two(state: Adam, alpha: Any, rows: Any, *data: Any) -> Any:
        return jax.lax.map(lambda run: phase_two(problem, *run, *data), (state, alpha, rows))

    def shape(a: Any) -> Any:
        return jax.ShapeDtypeStruct(a.shape, jax.dtypes.canonicalize_dtype(a.dtype))

    runs = len(draws.w)
    w = parts(problem, draws.w)
    flat = tree(shape, w)
    data = [shape(a) for a in problem.data]
    first, second = shape(draws.rows[:, : draws.t0]), shape(draws.rows[:, draws.t0 :])
    state = Adam(flat, flat, flat, jax.ShapeDtypeStruct((runs,), draws.w.dtype))
    alpha = tree(lambda a: jax.ShapeDtypeStruct((runs, N_TRAINED, *a.shape[1:]), a.dtype), w)
    return (
        jax.jit(one).lower(flat, first, *data[:2]).compile(),
        jax.jit(two).lower(state, alpha, second, *data).compile(),
    )


def batched(problem: Problem, draws: Draws, phases: tuple[Callable, Callable]) -> Result:
    """Run the sweep with the two compiled phases."""
    one, two = phases
    data = [jnp.asarray(a) for a in problem.data]
    rows = jnp.asarray(draws.rows)
    state, C = one(tree(jnp.asarray, parts(problem, draws.w)), rows[:, : draws.t0], *data[:2])
    C = np.concatenate([np.asarray(c).reshape(len(draws.w), -1) for c in C], axis=-1)
    alpha = branch_masks(covariance_order(C), draws.random).astype(C.dtype)
    train, test = two(state, tree(jnp.asarray, parts(problem, alpha)), rows[:, draws.t0 :], *data)
    return Result(C, np.asarray(train), np.asarray(test))
