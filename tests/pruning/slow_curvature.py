"""Second derivatives slow and obvious: plain compositions for autograd, and one object, unit and weight at a time."""

import autograd.numpy as anp
import numpy as np
import oracles
from autograd import elementwise_grad, jacobian
from autograd import hessian as hessian_by_autograd

from minimal_order.networks.losses import cross_entropy, logistic, squared_error

PLAIN = {
    "tanh": anp.tanh,
    "relu": lambda z: anp.where(z > 0, z, 0 * z),
    "sigmoid": lambda z: 1 / (1 + anp.exp(-z)),
    "identity": lambda z: z,
}


def plain_outputs(model, w, x):
    """h (K,) of one object."""
    tensors, a = model.layout.views(w), x
    for layer in range(1, len(model.sizes)):
        z = anp.dot(tensors[f"W{layer}"], a)
        z = z + tensors[f"b{layer}"] if model.bias else z
        a = PLAIN[model.activation](z)
    return z


def plain_loss(loss, h, y):
    """l of one object from its outputs (K,)."""
    if loss is squared_error:
        return (y - h[0]) ** 2
    if loss is cross_entropy:
        return anp.log(anp.sum(anp.exp(h))) - h[y]
    if loss is logistic:
        return anp.log(1 + anp.exp(-(2 * y - 1) * h[0]))
    return loss(h[:, None], y)[0]


def slow_hessian(model, loss, w, X, y):
    """d2L/dw2 (p, p)."""

    def mean_loss(w):
        return sum(plain_loss(loss, plain_outputs(model, w, x), y_one) for x, y_one in zip(X, y, strict=True)) / len(X)

    return hessian_by_autograd(mean_loss)(w)


def slow_gauss_newton(model, loss, w, X, y):
    """1/m sum_i J_i^T H_i J_i, object by object."""
    total = np.zeros((w.size, w.size))
    for x, y_one in zip(X, y, strict=True):
        J = jacobian(lambda w, x=x: plain_outputs(model, w, x))(w)
        H = hessian_by_autograd(lambda h, y_one=y_one: plain_loss(loss, h, y_one))(plain_outputs(model, w, x))
        total += J.T @ H @ J
    return total / len(X)


def slow_lecun(model, loss, w, X, y):
    """The recursion of the paper, one object, one unit and one weight at a time."""
    slope = oracles.ACTIVATIONS[model.activation][1]
    total, weights = np.zeros(w.size), oracles.layers(model, w)
    for x, y_one in zip(X, y, strict=True):
        passed, found = oracles.forward(model, w, x), []
        h = np.array(passed[-1][1])
        first = oracles.object_loss_gradient(loss, list(h), y_one)
        second = np.diag(hessian_by_autograd(lambda h, y_one=y_one: plain_loss(loss, h, y_one))(h))
        for layer in reversed(range(len(weights))):
            a, W = passed[layer][0], weights[layer][0]
            of_weights = [second[i] * a[k] ** 2 for i in range(len(W)) for k in range(len(a))]
            found = of_weights + (list(second) if model.bias else []) + found
            if layer:
                before, z = len(a), passed[layer - 1][1]
                dl_da = [sum(W[i][k] * first[i] for i in range(len(W))) for k in range(before)]
                squares = [sum(W[i][k] ** 2 * second[i] for i in range(len(W))) for k in range(before)]
                bend = [elementwise_grad(elementwise_grad(PLAIN[model.activation]))(value) for value in z]
                second = [slope(z[k]) ** 2 * squares[k] + bend[k] * dl_da[k] for k in range(before)]
                first = [slope(z[k]) * dl_da[k] for k in range(before)]
        total += found
    return total / len(X)
