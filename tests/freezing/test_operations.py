"""What a step costs: counts against loops that count."""

import math

import numpy as np
import pytest
from many_masks import random_masks
from small import small_dataset

from minimal_order.freezing.operations import collecting_operations, step_operations
from minimal_order.networks.gradients import backprop, first_gradient
from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import MLP, linear
from minimal_order.training.covariance import batch_covariance, covariance_update
from minimal_order.training.loop import descend, draw_batches
from minimal_order.training.optim import STEP_RULES


class Tally(dict):
    def __call__(self, part, value):
        self[part] = self.get(part, 0) + 1
        return value


SLOPE = {"tanh": lambda a: 1 - a * a, "sigmoid": lambda a: a - a * a, "relu": lambda a: float(a > 0)}
VALUE = {"tanh": math.tanh, "sigmoid": lambda z: 1 / (1 + math.exp(-z)), "relu": lambda z: max(z, 0.0)}


def cut(layout, vector):
    """[(W, b or None)] of the layers as lists."""
    views = layout.views(vector)
    return [(views[f"W{i}"], views.get(f"b{i}")) for i in range(1, layout.n_layers + 1)]


def looped_backprop(model, task, w, alpha, X, y, count):
    """Inputs a[l][s] and deltas delta[l][s], the latter down to the lowest layer with a live parameter."""
    layers, live = cut(model.layout, w), cut(model.layout, np.asarray(alpha, bool))
    inputs, deltas = [[] for _ in layers], [[None] * len(X) for _ in layers]
    lowest = [i for i, (W, b) in enumerate(live) if W.any() or (b is not None and b.any())][:1]
    for s, x in enumerate(X):
        a = list(x)
        for i, (W, b) in enumerate(layers):
            inputs[i].append(a)
            z = [0.0] * len(W)
            for j in range(len(W)):
                for k in range(len(a)):
                    z[j] = count("forward", z[j] + W[j, k] * a[k])
                if b is not None:
                    z[j] = count("forward", z[j] + b[j])
            if i < len(layers) - 1 and model.activation != "identity":
                z = [count("forward", VALUE[model.activation](value)) for value in z]
            a = z
        if not lowest:
            continue
        if task == "regression":
            delta = [count("deltas", 2 * count("deltas", a[0] - y[s]))]
        elif task == "binary":
            delta = [count("deltas", count("deltas", VALUE["sigmoid"](a[0])) - y[s])]
        else:
            e, total = [count("deltas", math.exp(h)) for h in a], 0.0
            for value in e:
                total = count("deltas", total + value)
            delta = [count("deltas", count("deltas", v / total) - (j == y[s])) for j, v in enumerate(e)]
        deltas[-1][s] = delta
        for i in range(len(layers) - 2, lowest[0] - 1, -1):
            W, above, a = layers[i + 1][0], deltas[i + 1][s], inputs[i + 1][s]
            delta = [0.0] * W.shape[1]
            for k in range(len(delta)):
                for j in range(len(above)):
                    delta[k] = count("deltas", delta[k] + W[j, k] * above[j])
                if model.activation != "identity":
                    slope = count("deltas", SLOPE[model.activation](a[k]))
                    delta[k] = count("deltas", delta[k] * slope)
            deltas[i][s] = delta
    return inputs, deltas


def looped_gradient(model, alpha, inputs, deltas, count):
    """The mean gradient (p,), NaN where it need not be computed."""
    S, g = len(inputs[0]), np.full(model.n_params, np.nan)
    for i, ((G, Gb), (L, Lb)) in enumerate(zip(cut(model.layout, g), cut(model.layout, alpha), strict=True)):
        rows = [j for j in range(len(L)) if L[j].any() or (Lb is not None and Lb[j])]
        columns = [k for k in range(L.shape[1]) if L[:, k].any()]
        for j in rows:
            scaled = [count("gradient", deltas[i][s][j] / S) for s in range(S)]
            for k in columns:
                G[j, k] = 0
                for s in range(S):
                    G[j, k] = count("gradient", G[j, k] + scaled[s] * inputs[i][s][k])
            if Gb is not None:
                Gb[j] = 0
                for s in range(S):
                    Gb[j] = count("gradient", Gb[j] + scaled[s])
    return g


def looped_update(rule, rate, w, alpha, g, count):
    """The first step of a rule from an empty state."""
    w = w.copy()
    for j in np.flatnonzero(alpha):
        if rule == "sgd":
            w[j] = count("update", w[j] - rate * g[j])
        elif rule == "momentum":
            v = count("update", count("update", 0.9 * 0.0) - rate * g[j])
            w[j] = count("update", w[j] + v)
        else:
            m = count("update", 0.9 * 0.0 + g[j])
            v = count("update", 0.999 * 0.0 + count("update", g[j] * g[j]))
            root = count("update", count("update", math.sqrt(v)) + 1e-8 / math.sqrt(1.0))
            w[j] = count("update", w[j] - rate * count("update", m / root))
    return w


SMALL = [
    ("regression", linear(3)),
    ("regression", MLP((3, 4, 1))),
    ("binary", MLP((3, 2, 3, 1), "sigmoid")),
    ("multiclass", MLP((3, 4, 3), "relu", bias=False)),
    ("multiclass", MLP((3, 2, 3), "identity")),
]
S = 5


@pytest.mark.parametrize("rule", STEP_RULES)
@pytest.mark.parametrize("task, model", SMALL, ids=str)
def test_operations_are_those_of_the_loops(task, model, rule):
    """eq:step-cost against a step in loops that counts each multiply-add, with the right new parameters."""
    data, w = small_dataset(task), model.init(np.random.default_rng(1))
    X, y = next(draw_batches(data, np.random.default_rng(3), S))
    how = {"rule": STEP_RULES[rule](0.01), "batch_size": S}
    for name, alpha in random_masks(model).items():
        count = Tally()
        inputs, deltas = looped_backprop(model, task, w, alpha, X, y, count)
        g = looped_gradient(model, alpha, inputs, deltas, count)
        new = looped_update(rule, 0.01, w, alpha, g, count)
        found = step_operations(model, alpha, S, task, rule)
        assert found._asdict() == {part: count.get(part, 0) for part in found._fields}, name
        assert found.total == sum(count.values())
        step = next(descend(model, data, w, rng=np.random.default_rng(3), alpha=alpha, **how))
        np.testing.assert_allclose(new, step.w, rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("task, model", SMALL, ids=str)
def test_collecting_is_that_of_the_loops(task, model):
    """eq:step-cost, the part of collecting C: loops that count and whose C is right."""
    data, w = small_dataset(task), model.init(np.random.default_rng(1))
    X, y = next(draw_batches(data, np.random.default_rng(3), S))
    back = backprop(model, LOSSES[task], w, X, y)
    C, t = np.random.default_rng(5).random(model.n_params), 4
    live = np.ones(model.n_params)
    inputs, deltas = looped_backprop(model, task, w, live, X, y, Tally())
    g = looped_gradient(model, live, inputs, deltas, Tally())

    count, new, first = Tally(), np.empty_like(C), np.empty_like(C)
    for i, (F, Fb) in enumerate(cut(model.layout, first)):
        for j, k in np.ndindex(F.shape):
            F[j, k] = count("g_1", deltas[i][0][j] * inputs[i][0][k])
        if Fb is not None:
            Fb[:] = deltas[i][0]
    for j in range(len(C)):
        d = count("C", first[j] - g[j])
        scaled = count("C", (1 / t) * count("C", d * d))
        new[j] = count("C", (1 - 1 / t) * C[j] + scaled)
    np.testing.assert_allclose(new, covariance_update(C, first_gradient(back), g, t), rtol=0, atol=1e-10)
    assert collecting_operations(model, "running", S) == sum(count.values())

    count, new, squares = Tally(), np.empty_like(C), np.zeros_like(C)
    for i, (Q, Qb) in enumerate(cut(model.layout, squares)):
        a2 = [[count("squares", x * x) for x in a] for a in inputs[i]]
        d2 = [[count("squares", x * x) for x in d] for d in deltas[i]]
        for j in range(len(Q)):
            for s in range(S):
                for k in range(Q.shape[1]):
                    Q[j, k] = count("product", Q[j, k] + d2[s][j] * a2[s][k])
                if Qb is not None:
                    Qb[j] = count("product", Qb[j] + d2[s][j])
    for j in range(len(C)):
        left = count("C", squares[j] - count("C", S * g[j]) * g[j])
        one = count("C", count("C", max(left, 0)) / (S - 1))
        new[j] = count("C", C[j] + count("C", one - C[j]) * (1 / t))
    np.testing.assert_allclose(new, C + (batch_covariance(back) - C) / t, rtol=0, atol=1e-10)
    assert collecting_operations(model, "batch", S) == sum(count.values())


def test_operations_by_hand():
    """eq:step-cost of a linear model with 200 weights: 64 x 200 forward, twice that and the step rule."""
    model = linear(200)
    whole = step_operations(model, np.ones(200), 64)
    assert whole == (12_800, 128, 12_864, 1_400)
    assert step_operations(model, np.arange(200) < 100, 64) == (12_800, 128, 6_464, 700)
    assert step_operations(model, np.zeros(200), 64) == (12_800, 0, 0, 0)
    assert collecting_operations(model, "running", 64) == 1_000
