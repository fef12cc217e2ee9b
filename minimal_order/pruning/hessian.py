"""Second derivatives of the mean loss over all objects: the Hessian H, its diagonal, and what stands in for it.

In a dense layer z = W a + b a weight w_kj moves z_k by a_j, so d2l/dw_kj^2 = a_j^2 d2l/dz_k^2 for each object: the
diagonal needs one second derivative for each *unit* and object (``unit_curvature.py``), and one product that sums
over the objects.
"""

from collections.abc import Callable
from functools import partial, reduce

import autograd.numpy as anp
import numpy as np
from autograd import grad
from numpy.typing import NDArray

from ..checks import check
from ..networks.gradients import chunks_of, sum_gradients
from ..networks.layers import ACTIVATIONS
from ..networks.models import MLP
from .loss_curvature import curvature_of
from .unit_curvature import by_products, by_recursion, forward, transpose

ENTRIES = 2**20  # numbers held for the objects that are taken at a time
LARGEST = 4096  # parameters whose full matrix is still made: 128 MiB
TAPE = 8  # times the numbers of a layer that autograd keeps for a second derivative, about


def mean_over_objects(part: Callable, X: NDArray, y: NDArray, numbers: int) -> NDArray:
    """1/m sum of ``part(X, y)`` over slices of the objects, ``numbers`` numbers in memory for each object."""
    m = X.shape[-2]
    check(m >= 1, "n_samples", m, "1 or more objects")
    check(y.shape == X.shape[:-1], "y.shape", y.shape, f"{X.shape[:-1]}, one target an object")
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
    replicas = int(np.prod(np.broadcast_shapes(w.shape[:-1], X.shape[:-2])))
    root, s = curvature_of(loss).root, ACTIVATIONS[model.activation]
    tensors = model.layout.views(w)

    def part(X: NDArray, y: NDArray) -> NDArray:
        inputs, z = forward(model, w, X)
        B = np.swapaxes(root(z[-1]), -2, -3)  # (..., R, K, S)
        deltas = [B]
        for layer in range(len(z) - 1, 0, -1):
            W_T = transpose(tensors[f"W{layer + 1}"])
            slope = s.derivative(inputs[layer])
            B = W_T[..., None, :, :] @ B * slope[..., None, :, :]
            deltas.insert(0, B)
        columns = [transpose(B)[..., None] for B in deltas]
        rows = [transpose(a)[..., None, :, :, None] for a in inputs]
        J = sum_gradients(model.layout, columns, rows)  # (..., R, S, p)
        J = J.reshape(*J.shape[:-3], -1, model.n_params)
        return transpose(J) @ J

    numbers = model.sizes[-1] * model.n_params * replicas
    return mean_over_objects(part, X, y, numbers)


# --- the diagonal ---------------------------------------------------------------------------------------


def hessian_diagonal_by_units(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray) -> NDArray:
    """Return the diagonal of H, exact, through autograd: one Hessian-vector product for each unit of the network.

    Any depth, and any loss that autograd differentiates twice.

    Shapes: w (..., p), X (..., m, n), y (..., m) -> (..., p).
    """
    return diagonal(partial(by_products, model, loss, w), model, w, X, y)


def hessian_diagonal(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray) -> NDArray:
    """`eq:hessian-diagonal` h_jj: d2l/dw_kj^2 = a_j^2 [H_z]_kk, H_z = D W^T H_z' W D + diag(s''(z) W^T delta').

    Exact. H_z is an object's Hessian with respect to the pre-activations of a layer, H_z' and delta' those of the
    layer that follows with weights W, D = diag(s'(z)); at the output H_z = d2l/dh2. A bias has a_j = 1.

    Shapes: w (..., p), X (..., m, n), y (..., m) -> (..., p). Source: Bishop 1992; Dangel, Harmeling, Hennig 2020.
    """
    curvatures = partial(by_recursion, model, loss, w, whole=True, bent=True)
    return diagonal(curvatures, model, w, X, y)


def gauss_newton_diagonal(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray) -> NDArray:
    """Return the diagonal of eq:gauss-newton, exact: the recursion without the term of s''.

    Shapes: w (..., p), X (..., m, n), y (..., m) -> (..., p), never negative (nor by rounding).
    """
    curvatures = partial(by_recursion, model, loss, w, whole=True, bent=False)
    return np.maximum(diagonal(curvatures, model, w, X, y), 0)


def lecun_diagonal(model: MLP, loss: Callable, w: NDArray, X: NDArray, y: NDArray) -> NDArray:
    """`eq:lecun-diagonal` d2l/dz_k^2 = s'(z_k)^2 sum_i W_ik^2 d2l/dz_i'^2 + s''(z_k) dl/da_k.

    What Optimal Brain Damage prints: s'' is kept, and of each H_z only the diagonal is carried on. Exact for one
    output and one hidden layer.

    Shapes: w (..., p), X (..., m, n), y (..., m) -> (..., p). Source: LeCun, Denker, Solla 1990.
    """
    curvatures = partial(by_recursion, model, loss, w, whole=False, bent=True)
    return diagonal(curvatures, model, w, X, y)


def diagonal(curvatures: Callable, model: MLP, w: NDArray, X: NDArray, y: NDArray) -> NDArray:
    """Mean over objects of a_j^2 times the curvature of the unit that the weight feeds, from ``curvatures(X, y)``."""

    def part(X: NDArray, y: NDArray) -> NDArray:
        inputs, found = curvatures(X, y)
        return sum_gradients(model.layout, found, [a * a for a in inputs])

    n, *widths = model.sizes
    numbers = max(n, max(widths) ** 2) * int(np.prod(np.broadcast_shapes(w.shape[:-1], X.shape[:-2])))
    return mean_over_objects(part, X, y, numbers)
