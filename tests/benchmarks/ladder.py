"""From a loop to replicas: the same training of the same networks, rung by rung faster.

K networks, each with a mask of its own, all on the same batches, as in an experiment that freezes at many levels.
Every rung takes the same steps of Adam and comes to the same parameters (to rounding), so only the time differs.
"""

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

import autograd.numpy as anp
import numpy as np
from autograd import grad
from numpy.typing import NDArray

from minimal_order.data.dataset import Dataset
from minimal_order.data.loading import batches
from minimal_order.networks.layers import outer_sum, replica_matmul
from minimal_order.networks.models import MLP
from minimal_order.training.loop import descend
from minimal_order.training.optim import StepRule, adam

RATE, SEED, BATCH_SIZE = 1e-3, 3, 64

# fmt: off
NETWORKS = {
    "200-1":     (200, 1),
    "13-20-1":   (13, 20, 1),
    "200-20-1":  (200, 20, 1),
    "784-10-10": (784, 10, 10),
}
# fmt: on


class Work(NamedTuple):
    """What is trained: w and its masks alpha are (K, p)."""

    model: MLP
    data: Dataset
    w: NDArray
    alpha: NDArray
    steps: int


def make_work(network: str, replicas: int, steps: int, n_objects: int = 2000) -> Work:
    """Starts, masks and data by lot, in float64."""
    rng, sizes = np.random.default_rng(SEED), NETWORKS[network]
    model = MLP(sizes, bias=len(sizes) > 2)
    X = rng.standard_normal((n_objects, sizes[0]))
    y = rng.integers(0, sizes[-1], n_objects) if sizes[-1] > 1 else rng.standard_normal(n_objects)
    task = "multiclass" if sizes[-1] > 1 else "regression"
    data = Dataset(network, task, X, y, X[:2], y[:2], n_classes=sizes[-1])
    w = model.init(rng, (replicas,))
    return Work(model, data, w, (rng.random(w.shape) < 0.5).astype(float), steps)


# --- the rungs: each takes a Work and returns w after its steps ------------------------------------------


def plain_loss(w: NDArray, work: Work, X: NDArray, y: NDArray) -> NDArray:
    """The mean loss as one would write it down, every operation left to autograd."""
    tensors, a = work.model.layout.views(w), X.T
    for layer in range(1, len(work.model.sizes)):
        z = anp.dot(tensors[f"W{layer}"], a)
        z = z + tensors[f"b{layer}"][:, None] if work.model.bias else z
        a = anp.tanh(z)
    if work.data.task == "regression":
        return anp.mean((y - z[0]) ** 2)
    z = z - anp.max(z, axis=0)
    return anp.mean(anp.log(anp.sum(anp.exp(z), axis=0)) - z[y, np.arange(len(y))])


def plain_adam() -> StepRule:
    """Adam as one would write it down: every operation makes a new array."""

    def step(state: tuple, g: NDArray, w: NDArray) -> tuple[NDArray, tuple]:
        t, m, v = state
        t, m, v = t + 1, 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        return -RATE * m_hat / (np.sqrt(v_hat) + 1e-8), (t, m, v)

    return StepRule("plain adam", lambda w: (0, 0 * w, 0 * w), step)


def one_by_one(work: Work, gradient: Callable) -> NDArray:
    """One network after the other, ``gradient(w, work, X, y)`` and then a step."""
    found, rule = [], plain_adam()
    for w, alpha in zip(work.w, work.alpha, strict=True):
        state = rule.init(w)
        for rows in islice(batches(np.random.default_rng(SEED), work.data.n_train, BATCH_SIZE), work.steps):
            update, state = rule.step(state, gradient(w, work, work.data.X_train[rows], work.data.y_train[rows]), w)
            w = w + alpha * update
        found.append(w)
    return np.array(found)


def by_object(work: Work) -> NDArray:
    """A loop over networks, steps and objects."""

    def gradient(w: NDArray, work: Work, X: NDArray, y: NDArray) -> NDArray:
        return np.mean([grad(plain_loss)(w, work, X[s : s + 1], y[s : s + 1]) for s in range(len(y))], axis=0)

    return one_by_one(work, gradient)


def by_batch(work: Work) -> NDArray:
    """The objects of a batch as the columns of one matrix."""
    return one_by_one(work, grad(plain_loss))


def last(work: Work, w: NDArray, alpha: NDArray, **settings: object) -> NDArray:
    """The parameters after the package's own loop."""
    steps = descend(work.model, work.data, w, alpha=alpha, batch_size=BATCH_SIZE, **settings)
    return next(islice(steps, work.steps - 1, None)).w


def by_layer(work: Work) -> NDArray:
    """A layer is one operation with a derivative of its own, and the trace begins behind the first product."""
    rngs = (np.random.default_rng(SEED) for _ in work.w)
    each = zip(work.w, work.alpha, rngs, strict=True)
    return np.array([last(work, w, alpha, rng=rng, rule=plain_adam()) for w, alpha, rng in each])


def stacked(work: Work) -> NDArray:
    """All networks at once on a leading axis, each with a copy of the batch."""
    rng = [np.random.default_rng(SEED) for _ in work.w]
    return last(work, work.w, work.alpha, rng=rng, rule=plain_adam())


def shared(work: Work) -> NDArray:
    """The batch is read once: K products (h, d) (d, S) are one tall one, (K h, d) (d, S)."""
    return last(work, work.w, work.alpha, rng=np.random.default_rng(SEED), rule=plain_adam())


def in_place(work: Work) -> NDArray:
    """Adam writes over its own arrays, its scalars folded into two."""
    return last(work, work.w, work.alpha, rng=np.random.default_rng(SEED), rule=adam(RATE))


def single(work: Work) -> NDArray:
    """All of it in float32."""
    small = work._replace(data=work.data.astype("float32"))
    w, alpha = work.w.astype("float32"), work.alpha.astype("float32")
    return last(small, w, alpha, rng=np.random.default_rng(SEED), rule=adam(RATE))


RUNGS: dict[str, Callable[[Work], NDArray]] = {
    "object by object": by_object,
    "batch": by_batch,
    "layers as operations": by_layer,
    "networks stacked": stacked,
    "shared batch": shared,
    "Adam in place": in_place,
    "float32": single,
}
"""The ladder from the bottom up."""


# --- single operations, the plain way and the one in the package ----------------------------------------


def kernels(replicas: int = 40) -> dict[str, tuple[Callable, Callable]]:
    """Pairs of functions that compute the same, the slow one first, with arrays as they come up in training."""
    rng = np.random.default_rng(SEED)

    def draw(*shape: int) -> NDArray:
        return rng.standard_normal(shape).astype("float32")

    K, S = replicas, BATCH_SIZE
    W, X, d, a = draw(K, 10, 784), draw(784, S), draw(K, 20, S), draw(K, 20, S)
    d1, W1, z = draw(K, 1, S), draw(K, 1, 20), draw(K, 20, S)
    z64 = z.astype(float)
    ones, table, rows = np.ones(S, "float32"), draw(2000, 784), rng.integers(0, 2000, S)
    return {
        "first layer: a product each, one tall product": (lambda: np.matmul(W, X), lambda: replica_matmul(W, X)),
        "its gradient: a product each, one tall product": (
            lambda: np.matmul(d, X.T),
            lambda: outer_sum(d, X),
        ),
        "sum over objects: sum, product with ones": (lambda: d.sum(axis=-1), lambda: d @ ones),
        "back through one output: product, multiplication": (
            lambda: np.matmul(np.swapaxes(W1, -1, -2), d1),
            lambda: np.swapaxes(W1, -1, -2) * d1,
        ),
        "mean gradient: einsum, product": (
            lambda: np.einsum("khs,kds->khd", d, a),
            lambda: outer_sum(d, a),
        ),
        "tanh: float64, float32": (lambda: np.tanh(z64), lambda: np.tanh(z)),
        "batch: index, take": (lambda: table[rows], lambda: table.take(rows, axis=0)),
    }
