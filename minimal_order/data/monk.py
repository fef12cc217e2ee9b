"""Problems that are rules: the three MONK's problems, and the exclusive or.

MONK: six attributes with 3, 3, 2, 3, 4, 2 values, so 432 objects; a rule says which of them belong. Trained on a
part of them, tested on all, as in the comparison they were made for (Thrun et al. 1991). That comparison has one
fixed training part for each problem; here it is drawn, of the same size, so that there can be many.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..checks import check
from .sources import Parts

VALUES = (3, 3, 2, 3, 4, 2)
"""How many values each attribute has; they are counted from 1."""


def monk1(a: NDArray) -> NDArray:
    """a_1 = a_2, or a_5 = 1; attributes (m, 6) -> (m,), as in the two other rules."""
    return (a[:, 0] == a[:, 1]) | (a[:, 4] == 1)


def monk2(a: NDArray) -> NDArray:
    """Exactly two of the six attributes are 1."""
    return (a == 1).sum(axis=1) == 2


def monk3(a: NDArray) -> NDArray:
    """a_5 = 3 and a_4 = 1, or neither a_5 = 4 nor a_2 = 3."""
    return ((a[:, 4] == 3) & (a[:, 3] == 1)) | ((a[:, 4] != 4) & (a[:, 1] != 3))


def attributes() -> NDArray:
    """All 432 objects, (432, 6), the last attribute changing fastest."""
    return np.indices(VALUES).reshape(len(VALUES), -1).T + 1


def one_hot(a: NDArray) -> NDArray:
    """Attributes (m, 6) as 17 inputs, one a value: 1 where the attribute has it, else 0."""
    return np.concatenate([a[:, [i]] == np.arange(1, n + 1) for i, n in enumerate(VALUES)], axis=1).astype(float)


def read_monk(rule: Callable[[NDArray], NDArray], rng: np.random.Generator, n_train: int, label_noise: float) -> Parts:
    """Draw the training part of a problem and flip the labels of a share of it; the test part is all, unflipped."""
    X, y = one_hot(attributes()), rule(attributes()).astype(int)
    whole = isinstance(n_train, int | np.integer) and 1 <= n_train <= len(y)
    check(whole, "n_train", n_train, f"a whole number in 1 ... {len(y)}")
    check(0 <= label_noise <= 1, "label_noise", label_noise, "a share from 0 to 1")
    train = rng.permutation(len(y))[:n_train]  # in random order: the first ones are as good as any to flip
    y_train = y[train]
    n_flipped = round(label_noise * n_train)
    y_train[:n_flipped] = 1 - y_train[:n_flipped]
    return Parts(X[train], y_train, X, y)


def read_monk1(rng: np.random.Generator, n_train: int = 124, label_noise: float = 0.0) -> Parts:
    """MONK-1, of 124 objects: a relation between two attributes."""
    return read_monk(monk1, rng, n_train, label_noise)


def read_monk2(rng: np.random.Generator, n_train: int = 169, label_noise: float = 0.0) -> Parts:
    """MONK-2, of 169 objects: a count over all six attributes."""
    return read_monk(monk2, rng, n_train, label_noise)


def read_monk3(rng: np.random.Generator, n_train: int = 122, label_noise: float = 0.05) -> Parts:
    """MONK-3, of 122 objects: 5 % of the labels are wrong."""
    return read_monk(monk3, rng, n_train, label_noise)


def read_xor(rng: np.random.Generator) -> Parts:
    """The exclusive or: its four objects to train on, and the same four to test."""
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = X[:, 0] ^ X[:, 1]
    return Parts(X, y, X, y)
