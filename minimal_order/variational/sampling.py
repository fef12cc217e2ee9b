"""Gradients of an expected loss E_q L(w, D), w ~ q = N(mu, diag sigma^2), from one sample.

q is one flat vector (mu, ln sigma) of 2p numbers, so that step rules, masks and replicas know it as they know w.
Both ways to sample are unbiased. One draws the weights, the other what the weights are summed to: every layer's
pre-activations, which given the layer's inputs are normal too. All objects of a batch share drawn weights, so their
noise does not average out over the batch; drawn pre-activations are independent.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from autograd.extend import defvjp, primitive
from autograd.tracer import getval
from numpy.typing import NDArray

from ..networks.gradients import Backprop, backprop, mean_gradient, sum_gradients
from ..networks.layers import dense_input_vjp, replica_matmul
from ..networks.models import MLP

Draw = Callable[[tuple[int, ...], Any], NDArray]
"""Shape and type -> standard normal numbers."""

Sampling = Callable[[MLP, Callable, NDArray, NDArray, NDArray, Draw, NDArray], Backprop]
"""model, loss, q (..., 2p), X, y, draw, out (..., 2p): writes the gradient of the mean loss to ``out``."""


def unpack(q: NDArray) -> tuple[NDArray, NDArray]:
    """Mean mu and log-deviation ln sigma of q (..., 2p): views (..., p)."""
    p = q.shape[-1] // 2
    return q[..., :p], q[..., p:]


def pack(mu: NDArray, log_sigma: NDArray) -> NDArray:
    """The flat vector q = (mu, ln sigma) (..., 2p); the inverse of ``unpack``."""
    return np.concatenate(np.broadcast_arrays(mu, log_sigma), axis=-1)


def reparameterised(
    model: MLP, loss: Callable, q: NDArray, X: NDArray, y: NDArray, draw: Draw, out: NDArray
) -> Backprop:
    """`eq:reparameterisation` w = mu + sigma e, e ~ N(0, I): dL/dmu = g(w), dL/d ln sigma = g(w) sigma e.

    Shapes: q (..., 2p), X (..., S, n), y (..., S); the gradient is written to ``out`` (..., 2p). Every replica draws
    its own weights, one for all objects of the batch. Source: Kingma, Welling 2014.
    """
    mu, log_sigma = unpack(q)
    of_mu, of_log_sigma = unpack(out)
    moved = np.exp(log_sigma)
    moved *= draw(mu.shape, mu.dtype)  # sigma e
    back = backprop(model, loss, mu + moved, X, y)
    mean_gradient(back, of_mu)
    np.multiply(of_mu, moved, out=of_log_sigma)
    return back


def locally_reparameterised(
    model: MLP, loss: Callable, q: NDArray, X: NDArray, y: NDArray, draw: Draw, out: NDArray
) -> Backprop:
    """`eq:local-reparameterisation` z = M a + t e, t^2 = V a^2, in every layer; e ~ N(0, 1) for each unit and object.

    M and V = sigma^2 are a layer's means and variances, those of its biases included. With delta = dL/dz the gradient
    is delta a^T in M and (delta e / t) (a^2)^T V in ln sigma, V elementwise: two products of the kind that give any
    gradient of a dense layer.

    Shapes: q (..., 2p), X (..., S, n), y (..., S); the gradient is written to ``out`` (..., 2p).
    Source: Kingma, Salimans, Welling 2015, (6).
    """
    mu, log_sigma = unpack(q)
    of_mu, of_log_sigma = unpack(out)
    V = np.exp(2 * log_sigma)
    variances = model.layout.views(V)
    noise: list[NDArray] = []  # e / t of layer 1, 2, ...

    def perturb(a: Any, z: Any) -> Any:
        layer = len(noise) + 1
        t = spread(variances[f"W{layer}"], variances.get(f"b{layer}"), a)
        e = draw(z.shape, mu.dtype)
        noise.append(e / nonzero(getval(t)))
        return z + t * e

    back = backprop(model, loss, mu, X, y, perturb)
    mean_gradient(back, of_mu)
    scale = 1 / back.loss.shape[-1]
    deltas = [delta * each * scale for delta, each in zip(back.deltas, noise, strict=True)]
    sum_gradients(back.layout, deltas, [a * a for a in back.inputs], of_log_sigma)
    of_log_sigma *= V
    return back


SAMPLINGS: dict[str, Sampling] = {"weights": reparameterised, "local": locally_reparameterised}
"""The ways to sample, by what is drawn."""


@primitive
def spread(V: NDArray, v: NDArray | None, a: NDArray) -> NDArray:
    """Standard deviation t = sqrt(V a^2 + v) of a layer's pre-activations, given its inputs.

    Shapes as in ``networks.layers.dense``: V (..., h, d), v (..., h) or None, a (..., d, S) -> (..., h, S).
    """
    t = replica_matmul(V, a * a)
    if v is not None:
        t += v[..., None]
    return np.sqrt(t, out=t)


def spread_input_vjp(t: Any, V: Any, v: Any, a: Any) -> Callable:
    """dL/da = a (V^T (dL/dt / t))."""
    through = dense_input_vjp(None, V, v, a)
    return lambda g: a * through(g / nonzero(t))


defvjp(spread, None, None, spread_input_vjp)


def nonzero(t: NDArray) -> NDArray:
    """Replace 0 by 1: where no weight or no input lets a pre-activation vary, what is divided is multiplied by 0."""
    return np.where(t > 0, t, 1)
