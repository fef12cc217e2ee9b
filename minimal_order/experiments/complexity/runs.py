"""Runs made ready: the data in three parts, the random streams, where a model begins."""

import zlib
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...checks import check
from ...complexity.generated import Generated
from ...complexity.hypernet import Hypernet
from ...complexity.regularised import Regularised
from ...data.dataset import Dataset
from ...data.loading import batches, load
from ...networks.gradients import Objective
from ...variational.sampling import pack
from ..sharing import shared
from .config import ComplexityConfig
from .models import MODELS, PIXELS


class Data(NamedTuple):
    """A data set with a part of its training objects held out."""

    of: Dataset
    X_valid: NDArray
    y_valid: NDArray


def generator(config: ComplexityConfig, purpose: str, run: int) -> np.random.Generator:
    """The generator of one run for one purpose: a new purpose leaves the others as they were."""
    return np.random.default_rng([config.seed, zlib.crc32(purpose.encode()), run])


def rescale(X: NDArray, pixels: str) -> NDArray:
    """Bring features from [0, 1] to where they are wanted: in place, for CIFAR-10 is 600 MB."""
    low, high = PIXELS[pixels]
    if (low, high) != (0, 1):
        X *= high - low
        X += low
    return X


def data_of(config: ComplexityConfig) -> Data:
    """The data: the training objects in a random order, the last of them held out."""
    data = read(config.dataset, config.objects, config.pixels, config.seed, config.dtype, config.folder)
    n = data.n_train - config.validation
    check(n > 0, "validation", config.validation, f"fewer than the {data.n_train} training objects")
    of = replace(data, X_train=data.X_train[:n], y_train=data.y_train[:n])
    return Data(of, data.X_train[n:], data.y_train[n:])


@lru_cache(maxsize=1)
def read(dataset: str, objects: int, pixels: str, seed: int, dtype: str, folder: str) -> Dataset:
    """Read the data, once a process; a large set is mapped from one copy for all processes."""

    def prepared() -> Dataset:
        options: dict[str, Any] = {"folder": folder} if folder else {}
        data = load(dataset, dtype=dtype, **options)
        rows = np.random.default_rng([seed, zlib.crc32(b"held out")]).permutation(data.n_train)
        check(objects <= data.n_train, "objects", objects, f"at most {data.n_train}")
        rows = rows[: objects or None]
        rescale(data.X_train, pixels)
        rescale(data.X_test, pixels)
        return replace(data, X_train=data.X_train[rows], y_train=data.y_train[rows])

    return shared(prepared, ("complexity", dataset, objects, pixels, seed, dtype))


def check_data(config: ComplexityConfig) -> None:
    """Refuse what does not fit the data before any work is done."""
    batches(np.random.default_rng(0), data_of(config).of.n_train, config.batch_size)


def steps_of(config: ComplexityConfig, name: str, n_train: int) -> int:
    """How many steps a model is trained."""
    return config.epochs_of(name) * (n_train // config.batch_size)


class Start(NamedTuple):
    """What a model descends on, and from where."""

    objective: Objective
    w: NDArray  # (L, n) of direct networks, (K n,) of a hypernetwork
    hypernet: Hypernet | None

    def parameters(self, w: NDArray, lams: tuple[float, ...]) -> NDArray:
        """Theta (L, n) for each lam of the experiment."""
        if self.hypernet is None:
            return w
        return self.hypernet.parameters(w.reshape(self.hypernet.n_rows, -1), np.array(lams))


def start_of(config: ComplexityConfig, name: str, run: int, data: Dataset) -> Start:
    """A model before training: means as the network begins with, the same for every lam."""
    spec, family = MODELS[name], config.family(name)
    noise, drawn = generator(config, "noise", run), generator(config, "lam", run)
    of = Regularised(spec.family, config.model, data, config.lams, noise, config.prior, config.sampling)
    theta = config.model.init(generator(config, "init", run))
    if family.spread:
        theta = pack(theta, np.full_like(theta, config.log_sigma))
    theta = theta.astype(config.dtype)
    if not spec.is_hypernet:
        return Start(of, np.tile(theta, (len(config.lams), 1)), None)
    hypernet = config.hypernet(spec.kind)
    return Start(Generated(of, hypernet, drawn, config.draws), hypernet.start(theta).ravel(), hypernet)
