"""How good networks are on both parts of their data: loss and metric."""

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..networks.models import MLP
from ..training.train import evaluate


def metric(data: Dataset, loss: NDArray, accuracy: NDArray) -> NDArray:
    """Root mean squared error in the target's units, or accuracy; y_scale () or (runs,), the others (runs, ...)."""
    if data.task != "regression":
        return accuracy
    scale = np.asarray(data.y_scale, float)
    return np.sqrt(loss) * scale.reshape(scale.shape + (1,) * (loss.ndim - 1))


def quality(model: MLP, w: NDArray, data: Dataset) -> tuple[NDArray, NDArray]:
    """Loss and metric of w (runs, ..., p): (runs, ..., 2), train and test."""
    parts = ((data.X_train, data.y_train), (data.X_test, data.y_test))
    found = [evaluate(model, w, X, y, data.task) for X, y in parts]
    losses, metrics = [loss for loss, _ in found], [metric(data, *each) for each in found]
    return np.stack(losses, axis=-1), np.stack(metrics, axis=-1)
