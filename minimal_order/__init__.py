"""Orders on the parameters of neural networks: which to freeze, which to prune, and what such an order is worth.

>>> import numpy as np
>>> import minimal_order as mo
>>> data = mo.load("boston")
>>> model, rng = mo.mlp(13, 20, 1), np.random.default_rng(0)
>>> before = mo.train(model, data, model.init(rng), steps=2000, rng=rng, covariance="running")
>>> order = mo.compute_order("gradient_covariance", before, rng)
>>> alpha = mo.freeze_mask(order, level=0.5)
>>> after = mo.train(model, data, before.w, steps=1000, rng=rng, state=before.state, alpha=alpha)
>>> figure = mo.plots.history(before, after)
"""

import importlib
from types import ModuleType

from .data.dataset import Dataset
from .data.loading import available, load
from .dependence.collinearity import collinearity
from .dependence.elimination import eliminate
from .freezing.masks import by_score, freeze_mask, prune_mask, rank_of
from .networks.models import MLP, linear, mlp
from .orders import ORDERS, compute_order, load_plugin, order
from .pruning.hessian import hessian_diagonal
from .pruning.removal import removal_order, remove
from .training.covariance import exact_covariance
from .training.loop import descend
from .training.optim import adam, momentum, sgd
from .training.train import Training, evaluate, train

__version__ = "0.1.0"

__all__ = [
    "MLP",
    "ORDERS",
    "Dataset",
    "Training",
    "adam",
    "available",
    "by_score",
    "collinearity",
    "compute_order",
    "descend",
    "eliminate",
    "evaluate",
    "exact_covariance",
    "freeze_mask",
    "hessian_diagonal",
    "linear",
    "load",
    "load_plugin",
    "mlp",
    "momentum",
    "order",
    "prune_mask",
    "rank_of",
    "removal_order",
    "remove",
    "sgd",
    "train",
]


def __getattr__(name: str) -> ModuleType:
    """Import ``plots`` when it is first asked for: matplotlib takes longer than all the rest."""
    if name == "plots":
        return importlib.import_module(".plots", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
