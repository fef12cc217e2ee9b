"""Slow and obvious: what the package gets from one matrix product, here one object and one unit at a time.

Same signatures as in the package, nothing of the package used but the model's ``sizes``, ``activation`` and
``bias``, and its losses as names.
"""

import math

import numpy as np

from minimal_order.networks import losses


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


# fmt: off
ACTIVATIONS = {
    #            a(z)                   da/dz
    "tanh":     (math.tanh,             lambda z: 1 / math.cosh(z) ** 2),
    "relu":     (lambda z: max(z, 0.0), lambda z: 1.0 if z > 0 else 0.0),
    "sigmoid":  (sigmoid,               lambda z: sigmoid(z) * sigmoid(-z)),
    "identity": (lambda z: z,           lambda z: 1.0),
}
# fmt: on


def layers(model, w):
    """Cut W[unit][input] and b[unit] of every layer out of a flat vector by counting."""
    w, found = list(map(float, w)), []
    for n_in, n_out in zip(model.sizes[:-1], model.sizes[1:], strict=True):
        W = [[w.pop(0) for _ in range(n_in)] for _ in range(n_out)]
        b = [w.pop(0) if model.bias else 0.0 for _ in range(n_out)]
        found.append((W, b))
    assert not w
    return found


def forward(model, w, x):
    """Inputs and pre-activations of every layer for one object; the last pre-activation is the output."""
    activation, a, passed = ACTIVATIONS[model.activation][0], list(map(float, x)), []
    for W, b in layers(model, w):
        z = [b[i] + sum(W[i][k] * a[k] for k in range(len(a))) for i in range(len(b))]
        passed.append((a, z))
        a = [activation(value) for value in z]
    return passed


def object_loss(loss, h, y):
    """l(x, y, w) of one object from its outputs h, as on paper."""
    if loss is losses.squared_error:
        return (y - h[0]) ** 2
    if loss is losses.logistic:
        return -math.log(sigmoid(h[0]) if y == 1 else sigmoid(-h[0]))
    return -math.log(math.exp(h[y]) / sum(math.exp(value) for value in h))


def object_loss_gradient(loss, h, y):
    """dl/dh of one object."""
    if loss is losses.squared_error:
        return [-2 * (y - h[0])]
    if loss is losses.logistic:
        return [sigmoid(h[0]) - y]
    total = sum(math.exp(value) for value in h)
    return [math.exp(value) / total - (k == y) for k, value in enumerate(h)]


def object_gradient(model, loss, w, x, y):
    """dl/dw of one object: the chain rule written out, from the output back to the input."""
    passed, weights, slope = forward(model, w, x), layers(model, w), ACTIVATIONS[model.activation][1]
    delta, gradient = object_loss_gradient(loss, passed[-1][1], y), []
    for layer in reversed(range(len(weights))):
        a, W = passed[layer][0], weights[layer][0]
        of_weights = [delta[i] * a[k] for i in range(len(delta)) for k in range(len(a))]
        gradient = of_weights + (delta if model.bias else []) + gradient
        if layer:
            back = [sum(W[i][k] * delta[i] for i in range(len(delta))) for k in range(len(a))]
            delta = [back[k] * slope(passed[layer - 1][1][k]) for k in range(len(a))]
    return np.array(gradient)


def replicas(w, X, y):
    """Each replica alone: its index, w (p,), X (m, n), y (m,)."""
    shape = np.broadcast_shapes(w.shape[:-1], X.shape[:-2])
    w, X, y = (np.broadcast_to(a, shape + a.shape[-own:]) for a, own in ((w, 1), (X, 2), (y, 1)))
    for place in np.ndindex(shape):
        yield place, w[place], X[place], y[place]


def outputs(model, w, X):
    """h (..., K, m)."""
    shape = np.broadcast_shapes(w.shape[:-1], X.shape[:-2])
    h = np.empty((*shape, model.sizes[-1], X.shape[-2]))
    for place, w_one, X_one, _ in replicas(w, X, X[..., 0]):
        for s, x in enumerate(X_one):
            h[(*place, slice(None), s)] = forward(model, w_one, x)[-1][1]
    return h


def per_example_losses(model, loss, w, X, y):
    """l(x_s, y_s, w), (..., m)."""
    out = np.empty((*np.broadcast_shapes(w.shape[:-1], X.shape[:-2]), X.shape[-2]))
    for place, w_one, X_one, y_one in replicas(w, X, y):
        for s, x in enumerate(X_one):
            out[(*place, s)] = object_loss(loss, forward(model, w_one, x)[-1][1], y_one[s])
    return out


def per_example_gradients(model, loss, w, X, y):
    """g_s, (..., m, p)."""
    out = np.empty((*np.broadcast_shapes(w.shape[:-1], X.shape[:-2]), X.shape[-2], w.shape[-1]))
    for place, w_one, X_one, y_one in replicas(w, X, y):
        for s, x in enumerate(X_one):
            out[(*place, s)] = object_gradient(model, loss, w_one, x, y_one[s])
    return out


def central_differences(function, w, step=1e-3):
    """The gradient of a function of w (p,) to fourth order in the step."""

    def slope(j, width):
        up, down = w.copy(), w.copy()
        up[j] += width
        down[j] -= width
        return (function(up) - function(down)) / (2 * width)

    return np.array([(4 * slope(j, step) - slope(j, 2 * step)) / 3 for j in range(len(w))])


def covariance(g, ddof=1):
    """Of the rows of g (m, p): the sum of outer products of the deviations over m - ddof, one by one."""
    mean, total = sum(g) / len(g), np.zeros((g.shape[1], g.shape[1]))
    for one in g:
        total += np.outer(one - mean, one - mean)
    return total / (len(g) - ddof)


# --- step rules as in their papers -------------------------------------------------------------------------


def sgd_steps(gradients, rate):
    return [-rate * g for g in gradients]


def momentum_steps(gradients, rate, mu):
    v, updates = np.zeros_like(gradients[0]), []
    for g in gradients:
        v = mu * v - rate * g
        updates.append(v)
    return updates


def adam_steps(gradients, rate, b1, b2, eps):
    m, v, updates = np.zeros_like(gradients[0]), np.zeros_like(gradients[0]), []
    for t, g in enumerate(gradients, start=1):
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        updates.append(-rate * m_hat / (np.sqrt(v_hat) + eps))
    return updates
