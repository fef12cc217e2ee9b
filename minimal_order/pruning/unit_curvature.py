"""The curvature d2l/dz_k^2 of every unit k for every object: through autograd, or by a recursion from the output back.

Both return each layer's inputs a (..., d, S) and the curvatures (..., h, S) of its units.
"""

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad, make_vjp
from numpy.typing import NDArray

from ..networks.gradients import backprop
from ..networks.layers import ACTIVATIONS, activate, dense
from ..networks.models import MLP
from .loss_curvature import curvature_of


def forward(model: MLP, w: NDArray, X: NDArray) -> tuple[list[NDArray], list[NDArray]]:
    """Every layer's inputs (..., d, S) and pre-activations (..., h, S)."""
    passed: list[tuple[NDArray, NDArray]] = []

    def tap(a: NDArray, z: NDArray) -> NDArray:
        passed.append((a, z))
        return z

    model.outputs(w, X, tap)
    inputs, z = zip(*passed, strict=True)
    return list(inputs), list(z)


def by_products(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray) -> tuple[list[NDArray], list[NDArray]]:
    """Find them by one Hessian-vector product a unit, through autograd.

    An offset that is added to z_k of all objects reaches each object alone. So the product of the Hessian of the
    offsets with the direction "unit k, all objects" has d2l_s/dz_k^2 of every object s in its row k.
    """
    tensors = model.layout.views(w)

    def loss_from(layer: int, z: Any) -> Any:
        for later in range(layer + 1, len(model.sizes)):
            a = activate(z, model.activation)
            z = dense(tensors[f"W{later}"], tensors.get(f"b{later}"), a)
        return anp.sum(loss(z, y))

    inputs, pre_activations = forward(model, w, X)
    curvatures = []
    for layer, z in enumerate(pre_activations, start=1):
        deltas = grad(lambda z, layer=layer: loss_from(layer, z))
        times_hessian, _ = make_vjp(deltas)(z)
        curvature = np.empty_like(z)
        for k in range(z.shape[-2]):
            direction = np.zeros_like(z)
            direction[..., k, :] = 1
            curvature[..., k, :] = times_hessian(direction)[..., k, :]
        curvatures.append(curvature)
    return inputs, curvatures


def by_recursion(
    model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray, whole: bool, bent: bool
) -> tuple[list[NDArray], list[NDArray]]:
    """Find them in closed form, from the output back.

    whole: carry H_z from layer to layer as a matrix, or its diagonal only. bent: with the term of s''.
    """
    hessian, s = curvature_of(loss).hessian, ACTIVATIONS[model.activation]
    tensors, last = model.layout.views(w), len(model.sizes) - 1
    back = backprop(model, loss, w, X, y)
    W, b = tensors[f"W{last}"], tensors.get(f"b{last}")
    H = hessian(dense(W, b, back.inputs[-1]))
    curvatures = [diagonal_of(H)]
    for layer in range(last - 1, 0, -1):
        W_T = transpose(tensors[f"W{layer + 1}"])
        a, delta = back.inputs[layer], back.deltas[layer]
        slope = s.derivative(a)
        if whole:
            W_T_H = times(W_T, H)
            pulled = (W_T[..., :, None, :] @ W_T_H)[..., 0, :]
        else:
            pulled = W_T**2 @ curvatures[0]
        curvature = slope * slope * pulled
        if bent:
            curvature += s.second(a) * (W_T @ delta)
        if whole and layer > 1:
            H = W_T[..., None, :, :] @ W_T_H
            H *= slope[..., :, None, :]
            H *= slope[..., None, :, :]
            diagonal_of(H)[...] = curvature
        curvatures.insert(0, curvature)
    return back.inputs, curvatures


def transpose(W: NDArray) -> NDArray:
    """W^T of every replica."""
    return np.swapaxes(W, -1, -2)


def times(W: NDArray, H: NDArray) -> NDArray:
    """W H of every object: (..., k, h), (..., h, h, S) -> (..., k, h, S), as one product a replica."""
    product = W @ H.reshape(*H.shape[:-2], -1)
    return product.reshape(*product.shape[:-1], *H.shape[-2:])


def diagonal_of(H: NDArray) -> NDArray:
    """The diagonals of H (..., h, h, S), one for each object, as a view (..., h, S) that can be written to."""
    return np.einsum("...kks->...ks", H)
