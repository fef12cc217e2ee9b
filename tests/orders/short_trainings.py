"""Short trainings that keep all that orders need."""

from dataclasses import replace

import numpy as np
from small import small_dataset, small_model

from minimal_order.data.dataset import Dataset
from minimal_order.networks.models import linear
from minimal_order.orders import ORDERS
from minimal_order.training.train import train

BUILT_IN = tuple(ORDERS)
HAVE = {"covariance": "running", "keep": 3, "batch_size": 6}


def generator(seed=28):
    return np.random.default_rng(seed)


def trained(task="regression", hidden=(), shape=(), data=None, **options):
    """A short training that keeps all that orders need; unless told otherwise of linear regression."""
    model, data = small_model(task, hidden), data or small_dataset(task)
    options = {"steps": 8, "rng": generator(), **HAVE, **options}
    return train(model, data, model.init(generator(), shape), **options)


def of_linear(X, y, **parts):
    """A training of linear regression on given objects."""
    X, y = np.asarray(X, float), np.asarray(y, float)
    data = Dataset("own", "regression", X, y, X, y, w_star=np.zeros(X.shape[1]))
    model = linear(X.shape[1])
    options = HAVE | {"batch_size": min(6, len(X))}
    return replace(train(model, data, np.zeros(X.shape[1]), steps=2, rng=generator(), **options), **parts)
