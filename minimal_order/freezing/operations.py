"""How many operations a step costs, counted from the layout, the batch size and the mask.

An operation is one multiply-add; a multiplication, addition, division, comparison, root or function value
that stands alone counts as one too. Copying counts as nothing. What is counted is the least that dense
products allow, as in ``partial.py``.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import check_name
from ..networks.models import MLP
from ..training.optim import STEP_RULES
from .partial import live_parts, lowest_live

# fmt: off
#                    forward: a(z)   backward: da/dz from a, times the delta from above
ACTIVATION = {"tanh":     (1,        2),
              "sigmoid":  (1,        2),
              "relu":     (1,        2),
              "identity": (0,        0)}
"""Operations of a hidden unit for one object."""

OUTPUT_DELTA = {"regression": 2,   # 2 (h - y)
                "binary":     2,   # sigmoid(h) - y
                "multiclass": 4}   # exp, its sum, the division, minus [y = j]
"""Operations of one output for one object, from h to dl/dh."""

UPDATE = {"sgd":      1,   # w - rate g
          "momentum": 3,   # mu v, - rate g; w + v
          "adam":     7}   # b1 m + g; g g, b2 v + ; sqrt, + eps; m / ; w - rate
"""Operations of a live parameter."""

COLLECTING = ("running", "batch")
"""The ways to collect the covariance, as in ``train``."""
# fmt: on


class Operations(NamedTuple):
    """Operations of one step, by what they are for."""

    forward: int
    deltas: int
    gradient: int
    update: int

    @property
    def total(self) -> int:
        """Count all of them."""
        return sum(self)


def step_operations(
    model: MLP, alpha: NDArray, batch_size: int = 64, task: str = "regression", rule: str = "adam"
) -> Operations:
    """`eq:step-cost` N = F + D + G + U, the operations of one step with the mask alpha.

    For layers l = 1 ... L with d_l inputs, h_l units and b = 1 with biases, q the lowest live layer, r_l live
    rows and c_l live columns, n live parameters:

    F = S sum_l h_l (d_l + b) + S sum_{l < L} h_l,               the forward pass, always whole
    D = S o h_L + S sum_{l = q ... L-1} h_l (h_{l+1} + 2),       the deltas, o from ``OUTPUT_DELTA``
    G = S sum_{l >= q} r_l (c_l + b + 1),                        the gradient: scale, delta a^T, biases
    U = u n,                                                     the step rule, u from ``UPDATE``

    (for tanh; other activations by ``ACTIVATION``). With nothing live only F is left: one still wants to see
    the loss. ``alpha`` (p,). Beyond the seeds, whose aim of a cheaper optimisation it measures.
    """
    check_name("task", task, OUTPUT_DELTA)
    check_name("rule", rule, STEP_RULES)
    S, b, L = batch_size, int(model.bias), model.layout.n_layers
    d, h = model.sizes[:-1], model.sizes[1:]
    value, derivative = ACTIVATION[model.activation]
    parts = live_parts(model.layout, alpha)
    q = lowest_live(parts)
    n_live = int(np.count_nonzero(alpha))
    F = S * sum(h[i] * (d[i] + b) for i in range(L)) + S * value * sum(h[:-1])
    D = S * OUTPUT_DELTA[task] * h[-1] + S * sum(h[i] * (h[i + 1] + derivative) for i in range(q - 1, L - 1))
    G = S * sum(len(part.rows) * (len(part.columns) + b + 1) for part in parts)
    return Operations(F, D if n_live else 0, G, UPDATE[rule] * n_live)


def collecting_operations(model: MLP, estimator: str, batch_size: int = 64) -> int:
    """Count what collecting diag C adds to a step in which nothing is frozen.

    ``running``, `eq:covariance-update`: the first object's gradient, one multiplication a weight (those of
    the biases are the deltas themselves); then d = g_1 - g, d^2, (1 - k) C and + k d^2.
    ``batch``, `eq:covariance-batch`: the squares of deltas and inputs, their product; then S g, minus that
    times g, the maximum with 0, the division by S - 1, minus C and + 1/t of the difference.
    """
    check_name("estimator", estimator, COLLECTING)
    S, p = batch_size, model.n_params
    n_biases = sum(model.sizes[1:]) * model.bias
    if estimator == "running":
        return (p - n_biases) + 4 * p
    return S * (sum(model.sizes[:-1]) + sum(model.sizes[1:])) + S * p + 6 * p
