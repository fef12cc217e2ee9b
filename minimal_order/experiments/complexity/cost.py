"""What it costs to have good networks for all lam: one hypernetwork against a training for each.

Equal accuracy: the one that a direct network ends with, less ``MARGIN``, on the part held out, nothing removed, and
for every lam. Cost is what is spent until then: steps, times the operations or the seconds of one.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...freezing.operations import UPDATE, step_operations
from ...networks.models import MLP
from .config import ComplexityConfig
from .models import MODELS

MARGIN = 0.01
"""Accuracy that a network may be short of the direct one's end and count as equal."""


def network_operations(model: MLP, batch_size: int, spread: bool, sampling: str = "local") -> int:
    """Operations of one network's gradient on a mini-batch, by the rules of ``freezing/operations.py``; no step rule.

    To w: forward, deltas, gradient, 2 a parameter for the penalty. To q with drawn pre-activations, on top of that: two
    products for the variances and their gradients, and one back through each hidden layer; a^2; 4 a pre-activation
    (root, noise drawn, times, plus) and 3 on its way back; 6 a parameter. With drawn weights: 6 a parameter.
    """
    S, p = batch_size, model.n_params
    plain = step_operations(model, np.ones(p), S, "multiclass").total - UPDATE["adam"] * p + 2 * p
    if not spread:
        return plain
    if sampling == "weights":
        return plain + 6 * p
    d, h = model.sizes[:-1], model.sizes[1:]
    products = S * sum(n * (m + 1) for m, n in zip(d, h, strict=True))
    back = S * sum(n * m for m, n in zip(d[1:], h[1:], strict=True))
    return plain + 2 * products + back + S * sum(d) + 7 * S * sum(h) + 6 * p


def step_cost(config: ComplexityConfig, name: str, networks: int = 0) -> int:
    """Operations of one step of a model; of a direct one for so many networks, 0 for one a lam.

    A hypernetwork adds the parameters of each drawn lam and the way back, a product with the K rows of b each.
    """
    spec, family = MODELS[name], config.family(name)
    one = network_operations(config.model, config.batch_size, family.spread, config.sampling)
    n = family.n_params(config.model)
    if not spec.is_hypernet:
        return (networks or len(config.lams)) * (one + UPDATE["adam"] * n)
    rows = config.hypernet(spec.kind).n_rows
    return config.draws * (one + 2 * rows * n) + UPDATE["adam"] * rows * n


class Spent(NamedTuple):
    """Steps until networks are as good as the direct ones."""

    direct: NDArray  # (runs, lams)
    hyper: NDArray  # (runs,), infinite where it never is
    reached: NDArray  # (runs,), for how many lam it is at the end


def first_look(good: NDArray, looks: NDArray) -> NDArray:
    """The first of the steps ``looks`` (looks,) after which ``good`` (looks, ...) holds, or infinity."""
    return np.where(good.any(axis=0), looks[good.argmax(axis=0)], np.inf)


def spent(direct: NDArray, looks: NDArray, hyper: NDArray, hyper_looks: NDArray) -> Spent:
    """Find the steps from the accuracies on the way, (runs, looks, lams)."""
    target = direct[:, -1] - MARGIN
    return Spent(
        np.stack([first_look(one >= aim, looks) for one, aim in zip(direct, target, strict=True)]),
        np.stack([first_look((one >= aim).all(-1), hyper_looks) for one, aim in zip(hyper, target, strict=True)]),
        np.sum(hyper[:, -1] >= target, axis=-1),
    )
