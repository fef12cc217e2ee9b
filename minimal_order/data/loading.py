"""Data sets by name, and mini-batches of them.

``load`` reads or generates a set, splits it, scales it by the training part; ``available`` lists the names.
A set of one's own arrays: ``Dataset.from_arrays``.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..checks import check, check_name
from . import monk, sources, synthetic
from .arrays import float_type
from .dataset import Dataset, stack
from .preparation import SCALINGS, prepare, stream
from .sources import Parts, Table

__all__ = ["Dataset", "Source", "available", "batches", "load", "stack"]


class Source(NamedTuple):
    """What is known of a data set before it is loaded, and how it is read."""

    task: str
    n_objects: int
    n_features: int
    n_classes: int
    scaling: str
    read: Callable[..., Table | Parts]
    origin: str
    licence: str


_GENERATED = "Grabovoy, Bakhteev, Strijov 2020, (3.1)"
_MONK = "Thrun et al. 1991: all 432 objects to test, some to train"
# fmt: off
# name                         task    objects features classes scaling  reader
_SOURCES = {
    "boston":         Source("regression",   506,   13,  1, "standard", sources.read_boston,
                             "Harrison, Rubinfeld 1978; contested: see data/README.md", "PDDL 1.0"),
    "longley":        Source("regression",    16,    6,  1, "standard", sources.read_longley,
                             "Longley 1967", "public domain"),
    "mnist":          Source("multiclass", 70000,  784, 10, "unit", sources.read_mnist,
                             "LeCun, Cortes, Burges 1998", "CC BY-SA 3.0"),
    "cifar10":        Source("multiclass", 60000, 3072, 10, "unit", sources.read_cifar10,
                             "Krizhevsky 2009; a folder, or downloaded (extra cifar)", "none stated"),
    "cifar10-subset": Source("multiclass",  1200, 3072, 10, "unit", sources.read_cifar10_subset,
                             "Krizhevsky 2009; for smoke tests only", "none stated"),
    "wine":           Source("multiclass",   178,   13,  3, "standard", sources.read_wine,
                             "Aeberhard, Forina 1992, UCI; in scikit-learn", "CC BY 4.0"),
    "digits":         Source("multiclass",  1797,   64, 10, "unit", sources.read_digits,
                             "Alpaydin, Kaynak 1998, UCI; in scikit-learn", "CC BY 4.0"),
    "synthetic1":     Source("regression",  3000,  200,  1, "centre", synthetic.regression,
                             f"{_GENERATED}: linear, for a network", "generated"),
    "synthetic2":     Source("binary",      3000,  200,  2, "none", synthetic.classification,
                             f"{_GENERATED}: logistic", "generated"),
    "synthetic3":     Source("regression",  3000,  200,  1, "centre", synthetic.regression,
                             f"{_GENERATED}: linear", "generated"),
    "relevance-synthetic": Source("regression", 10000, 100, 1, "none", synthetic.one_feature,
                             "Grabovoy, relevance of parameters (talk): one feature of 100", "generated"),
    "monk1":          Source("binary",       556,   17,  2, "none", monk.read_monk1, _MONK, "generated"),
    "monk2":          Source("binary",       601,   17,  2, "none", monk.read_monk2, _MONK, "generated"),
    "monk3":          Source("binary",       554,   17,  2, "none", monk.read_monk3, f"{_MONK}; noise", "generated"),
    "xor":            Source("binary",         8,    2,  2, "none", monk.read_xor,
                             "the exclusive or: four objects to train, and the same to test", "generated"),
}
# fmt: on


def available() -> dict[str, Source]:
    """List what is known of each data set, by name."""
    return dict(_SOURCES)


def load(
    name: str,
    *,
    seed: int = 0,
    split_seed: int = 0,
    scaling: str | None = None,
    scale_y: bool = True,
    dtype: DTypeLike = np.float64,
    **options: Any,
) -> Dataset:
    """Read or generate a data set, split it, and scale it by its training part.

    Parameters
    ----------
    name : one of ``available()``
    seed : makes the generated sets (features, weights, noise; of MONK which objects train); the real ones have
        no use for it
    split_seed : decides which objects train; MNIST and CIFAR-10 keep their official split, and rules need none
    scaling : of the features by the training part: ``standard``, ``centre``, ``variance``, ``unit``, ``none``
        (see ``preparation.fit_scaling``); by default ``available()[name].scaling``
    scale_y : whether a regression target is brought to unit variance on the training part. Its mean there is
        taken away if ``scaling`` centres the features, so that a model without bias stays exact
    dtype : of features and regression targets
    **options : ``test_size`` for boston, longley, wine, digits: the share (below 1) or the number of test objects;
        ``folder`` for cifar10; the arguments of ``synthetic.regression`` or ``synthetic.classification``;
        ``n_train``, ``label_noise`` for monk1, monk2, monk3

    Raises
    ------
    ValueError : an unknown name or option, or a value out of range
    OSError : a file is missing or is not the published one
    ImportError : cifar10 without a folder and without pooch
    """
    source = _SOURCES[check_name("name", name, _SOURCES)]
    known = [option for option in inspect.signature(source.read).parameters if option != "rng"]
    for option in options:
        check_name(f"option of {name}", option, [*known, "seed", "split_seed", "scaling", "scale_y", "dtype"])
    real = float_type(dtype)
    scaling = check_name("scaling", source.scaling if scaling is None else scaling, SCALINGS)
    for_data, for_split = stream("seed", seed), stream("split_seed", split_seed)
    arrays = prepare(source.read(for_data, **options), source.task, for_split, scaling, scale_y, real)
    return Dataset(name, source.task, n_classes=source.n_classes, **arrays)


def batches(
    rng: np.random.Generator | Sequence[np.random.Generator], n_objects: int, batch_size: int
) -> Iterator[NDArray]:
    """Draw mini-batches without end: index arrays (batch_size,) into 0..n_objects-1, or (runs, batch_size).

    One generator draws the batches of one run, a sequence of them those of as many. Every epoch goes through the
    objects in a new order, none twice; an incomplete last batch is dropped.

    Raises
    ------
    ValueError : at once, not at the first batch, for a batch of fewer than 2 objects or more than there are
    """
    whole = isinstance(batch_size, int | np.integer)
    expected = f"a whole number in 2..{n_objects}: one object has no covariance, and there are no more"
    check(whole and 2 <= batch_size <= n_objects, "batch_size", batch_size, expected)
    return _epochs(rng, n_objects, batch_size)


def _epochs(
    rng: np.random.Generator | Sequence[np.random.Generator], n_objects: int, batch_size: int
) -> Iterator[NDArray]:
    n_batches = n_objects // batch_size

    def epoch(one: np.random.Generator) -> NDArray:
        return one.permutation(n_objects)[: n_batches * batch_size].reshape(n_batches, batch_size)

    while True:
        yield from epoch(rng) if isinstance(rng, np.random.Generator) else np.stack([epoch(one) for one in rng], 1)
