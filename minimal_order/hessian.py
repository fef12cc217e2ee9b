"""Second derivatives of the mean loss over all objects: the Hessian H, its diagonal, and what stands in for it.

In a dense layer z = W a + b a weight w_kj moves z_k by a_j, so d2l/dw_kj^2 = a_j^2 d2l/dz_k^2 for each object: the
diagonal needs one second derivative for each *unit* and object, and one product that sums over the objects. What is
left is how to find the curvature of the units: through autograd (``hessian_diagonal_by_units``), or by a recursion
from the output back to the input (``unit_curvatures``), of which the approximations are variants.
"""

from collections.abc import Callable
from functools import reduce
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad, make_vjp
from numpy.typing import NDArray

from .checks import check
from .gradients import backprop, chunks_of, sum_gradients
from .layers import ACTIVATIONS, activate, dense
from .loss_curvature import curvature_of
from .models import MLP

ENTRIES = 2**20  # numbers held for the objects that are taken at a time
LARGEST = 4096  # parameters whose full matrix is still made: 128 MiB
TAPE = 8  # times the numbers of a layer that autograd keeps for a second derivative, about


def mean_over_objects(part: Callable, X: NDArray, y: NDArray, numbers: int) -> NDArray:
    """1/m sum of ``part(X, y)`` over slices of the objects, ``numbers`` numbers in memory for each object."""
    m = X.shape[-2]
    check(m >= 1, "n_samples", m, "1 or more objects")
    return reduce(np.add, (part(X[..., rows, :], y[..., rows]) for rows in chunks_of(m, ENTRIES // numbers))) / m


# --- the whole matrix -----------------------------------------------------------------------------------


def hessian_vector_product(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray, v: NDArray) -> NDArray:
    """Return H v as the gradient of (grad L)^T v, for a few times the cost of a gradient and without forming H.

    Shapes: w (..., p), X (..., m, n), y (..., m), v (..., p) -> (..., p); leading axes broadcast, so that many vectors
    at one w are one call. Source: Pearlmutter 1994.
    """
    shape = np.broadcast_shapes(w.shape, v.shape, (*X.shape[:-2], 1))
    w = np.broadcast_to(w, shape)

    def part(X: NDArray, y: NDArray) -> NDArray:
        gradient = grad(lambda w: anp.sum(loss(model.outputs(w, X), y)))
        return grad(lambda w: anp.sum(gradient(w) * v))(w)

    return mean_over_objects(part, X, y, TAPE * max(model.sizes[1:]) * int(np.prod(shape[:-1])))


def check_size(model: MLP) -> None:
    """Refuse networks whose full matrix does not fit."""
    check(model.n_params <= LARGEST, "n_params", model.n_params, f"at most {LARGEST} for a full matrix (p, p)")


def full_hessian(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray) -> NDArray:
    """Return H = d2L/dw2, column by column as products with unit vectors.

    Shapes: w (..., p), X (..., m, n), y (..., m) -> (..., p, p).

    Raises
    ------
    ValueError : for more than ``LARGEST`` parameters.
    """
    check_size(model)
    replicas = int(np.prod(np.broadcast_shapes(w.shape[:-1], X.shape[:-2])))
    together = max(1, ENTRIES // (TAPE * max(model.sizes[1:]) * replicas * max(1, min(X.shape[-2], 256))))
    X, y = (X[..., None, :, :], y[..., None, :]) if X.ndim > 2 else (X, y)  # an axis for the vectors
    unit = np.eye(model.n_params, dtype=w.dtype)
    blocks = (unit[start : start + together] for start in range(0, model.n_params, together))
    columns = [hessian_vector_product(model, loss, w[..., None, :], X, y, v) for v in blocks]
    return np.concatenate(columns, axis=-2)


def full_gauss_newton(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray) -> NDArray:
    """`eq:gauss-newton` G = 1/m sum_i J_i^T H_i J_i, J_i = dh_i/dw, H_i = d2l_i/dh_i^2.

    The Hessian of a network that is straight in its parameters: never negative, and exact for linear models. With a
    root R R^T = H_i it is the product of R^T J with itself, and R^T J is what back-propagation makes of the columns
    of R.

    Shapes: w (..., p), X (..., m, n), y (..., m) -> (..., p, p). Source: Schraudolph 2002.

    Raises
    ------
    ValueError : for more than ``LARGEST`` parameters.
    """
    check_size(model)
    K, replicas = model.sizes[-1], int(np.prod(np.broadcast_shapes(w.shape[:-1], X.shape[:-2])))
    tensors, root = model.layout.views(w), curvature_of(loss).root

    def part(X: NDArray, y: NDArray) -> NDArray:
        inputs, z = forward(model, w, X)
        B = np.swapaxes(root(z[-1]), -2, -3)  # (..., R, K, S), R the columns of the root
        deltas = [B]
        for layer in range(len(z) - 1, 0, -1):
            slope = ACTIVATIONS[model.activation].derivative(inputs[layer])
            B = np.swapaxes(tensors[f"W{layer + 1}"], -1, -2)[..., None, :, :] @ B * slope[..., None, :, :]
            deltas.insert(0, B)
        columns = [np.swapaxes(B, -1, -2)[..., None] for B in deltas]  # (..., R, S, h, 1)
        rows = [np.swapaxes(a, -1, -2)[..., None, :, :, None] for a in inputs]  # (..., 1, S, d, 1)
        J = sum_gradients(model.layout, columns, rows)  # (..., R, S, p)
        J = J.reshape(*J.shape[:-3], -1, J.shape[-1])
        return np.swapaxes(J, -1, -2) @ J

    return mean_over_objects(part, X, y, K * model.n_params * replicas)


def forward(model: MLP, w: NDArray, X: NDArray) -> tuple[list[NDArray], list[NDArray]]:
    """Every layer's inputs (..., d, S) and pre-activations (..., h, S)."""
    passed: list[tuple[NDArray, NDArray]] = []

    def tap(a: NDArray, z: NDArray) -> NDArray:
        passed.append((a, z))
        return z

    model.outputs(w, X, tap)
    inputs, z = zip(*passed, strict=True)
    return list(inputs), list(z)


# --- the diagonal through autograd ----------------------------------------------------------------------


def hessian_diagonal_by_units(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray) -> NDArray:
    """Return the diagonal of H, exact, by one Hessian-vector product for each unit, not for each parameter.

    An offset that is added to z_k of all objects reaches each object alone. So the product of the Hessian of the
    offsets with the direction "unit k, all objects" has d2l_s/dz_k^2 of every object s in its row k. Any depth and
    any loss that autograd differentiates twice.

    Shapes: w (..., p), X (..., m, n), y (..., m) -> (..., p).
    """
    tensors = model.layout.views(w)

    def loss_from(layer: int, z: Any, y: NDArray) -> Any:
        for later in range(layer + 1, len(model.sizes)):
            z = dense(tensors[f"W{later}"], tensors.get(f"b{later}"), activate(z, model.activation))
        return anp.sum(loss(z, y))

    def part(X: NDArray, y: NDArray) -> NDArray:
        inputs, pre_activations = forward(model, w, X)
        found = []
        for layer, z in enumerate(pre_activations, start=1):
            times, _ = make_vjp(grad(lambda z, layer=layer: loss_from(layer, z, y)))(z)
            curvature = np.empty_like(z)
            for k in range(z.shape[-2]):
                direction = np.zeros_like(z)
                direction[..., k, :] = 1
                curvature[..., k, :] = times(direction)[..., k, :]
            found.append(curvature)
        return sum_gradients(model.layout, found, [a * a for a in inputs])

    return mean_over_objects(part, X, y, numbers_of(model, w, X))


# --- the diagonal in closed form, and its approximations ------------------------------------------------


def hessian_diagonal(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray) -> NDArray:
    """`eq:hessian-diagonal` h_jj: d2l/dw_kj^2 = a_j^2 [H_z]_kk, H_z = D W^T H_z' W D + diag(s''(z) W^T delta').

    Exact. H_z is an object's Hessian with respect to the pre-activations of a layer, H_z' and delta' those of the
    layer that follows with weights W, D = diag(s'(z)); at the output H_z = d2l/dh2. A bias has a_j = 1.

    Shapes: w (..., p), X (..., m, n), y (..., m) -> (..., p). Source: Bishop 1992; Dangel, Harmeling, Hennig 2020.
    """
    return diagonal(model, loss, w, X, y, whole=True, bent=True)


def gauss_newton_diagonal(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray) -> NDArray:
    """Return the diagonal of eq:gauss-newton, exact: the recursion without the term of s''.

    Shapes: w (..., p), X (..., m, n), y (..., m) -> (..., p), never negative (nor by rounding).
    """
    return np.maximum(diagonal(model, loss, w, X, y, whole=True, bent=False), 0)


def lecun_diagonal(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray) -> NDArray:
    """`eq:lecun-diagonal` d2l/dz_k^2 = s'(z_k)^2 sum_i W_ik^2 d2l/dz_i'^2 + s''(z_k) dl/da_k.

    What Optimal Brain Damage prints: s'' is kept, and of each H_z only the diagonal is carried on. Exact for one
    output and one hidden layer.

    Shapes: w (..., p), X (..., m, n), y (..., m) -> (..., p). Source: LeCun, Denker, Solla 1990.
    """
    return diagonal(model, loss, w, X, y, whole=False, bent=True)


def diagonal(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray, *, whole: bool, bent: bool) -> NDArray:
    """Mean over objects of a_j^2 times the curvature of the unit that the weight feeds."""

    def part(X: NDArray, y: NDArray) -> NDArray:
        inputs, curvatures = unit_curvatures(model, loss, w, X, y, whole, bent)
        return sum_gradients(model.layout, curvatures, [a * a for a in inputs])

    return mean_over_objects(part, X, y, numbers_of(model, w, X))


def unit_curvatures(
    model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray, whole: bool, bent: bool
) -> tuple[list[NDArray], list[NDArray]]:
    """Every layer's inputs a (..., d, S) and curvatures d2l/dz_k^2 (..., h, S), from the output back.

    whole: carry H_z from layer to layer as a matrix, or its diagonal only. bent: with the term of s''.
    """
    hessian, s, last = curvature_of(loss).hessian, ACTIVATIONS[model.activation], len(model.sizes) - 1
    back, tensors = backprop(model, loss, w, X, y), model.layout.views(w)
    H = hessian(dense(tensors[f"W{last}"], tensors.get(f"b{last}"), back.inputs[-1]))
    curvatures = [np.diagonal(H, axis1=-3, axis2=-2).swapaxes(-1, -2)]
    for layer in range(last - 1, 0, -1):
        W_T, a = np.swapaxes(tensors[f"W{layer + 1}"], -1, -2), back.inputs[layer]
        slope = s.derivative(a)
        if whole:
            W_T_H = (W_T @ H.reshape(*H.shape[:-2], -1)).reshape(*H.shape[:-3], -1, *H.shape[-2:])  # (..., h, h', S)
            pulled = (W_T[..., :, None, :] @ W_T_H)[..., 0, :]  # the diagonal of W^T H W
        else:
            pulled = W_T**2 @ curvatures[0]
        curvature = slope * slope * pulled
        if bent:
            curvature += s.second(a) * (W_T @ back.deltas[layer])
        if whole and layer > 1:
            H = slope[..., :, None, :] * slope[..., None, :, :] * (W_T[..., None, :, :] @ W_T_H)
            k = np.arange(H.shape[-2])
            H[..., k, k, :] = curvature
        curvatures.insert(0, curvature)
    return back.inputs, curvatures


def numbers_of(model: MLP, w: NDArray, X: NDArray) -> int:
    """How many numbers one object needs in the recursion."""
    n, *widths = model.sizes
    return max(n, max(widths) ** 2) * int(np.prod(np.broadcast_shapes(w.shape[:-1], X.shape[:-2])))
