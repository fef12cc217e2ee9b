"""Small data sets for tests, and networks that fit them."""

import numpy as np

from minimal_order.data.dataset import Dataset
from minimal_order.networks.models import MLP, linear


def small_dataset(task, n_train=24, n_test=7, n_features=3, runs=(), seed=0, dtype=np.float64):
    """A data set of a few objects; with ``runs`` one for each run."""
    rng = np.random.default_rng([seed, n_train, n_features])
    w_star = rng.standard_normal((*runs, n_features))
    n_classes = {"regression": 1, "binary": 2, "multiclass": 3}[task]
    parts = []
    for m in (n_train, n_test):
        X = rng.standard_normal((*runs, m, n_features))
        y = np.einsum("...mn,...n->...m", X, w_star) + 0.3 * rng.standard_normal((*runs, m))
        if task != "regression":
            y = np.digitize(y, (-0.7, 0.7) if n_classes == 3 else (0,))
        parts += [X.astype(dtype), y]
    return Dataset(task, task, *parts, n_classes=n_classes, w_star=w_star if task != "multiclass" else None)


def small_model(task, hidden=(4,), **options):
    """A network for ``small_dataset``; with no hidden layer a linear model without biases."""
    n_outputs = 3 if task == "multiclass" else 1
    return MLP((3, *hidden, n_outputs), **options) if hidden else linear(3, n_outputs)
