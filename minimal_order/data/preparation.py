"""From raw numbers to a training and a test part: splitting and scaling.

Whatever is estimated, the split aside, is estimated from the training part alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import check, check_name, check_whole
from .sources import Parts, Table

SCALINGS = ("standard", "centre", "variance", "unit", "none")
ROWS = 256  # worked on at a time in float64, so that no more of MNIST stands in memory in that type


def stream(purpose: str, seed: int) -> np.random.Generator:
    """Give the generator of one purpose, the name of the argument that holds its seed.

    It is independent of the generators of other purposes, and of those spawned, with the same seed.
    """
    check_whole(purpose, seed, 0)
    return np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=tuple(purpose.encode())))


def split(
    rng: np.random.Generator, n_objects: int, test_size: float, labels: NDArray | None = None
) -> tuple[NDArray, NDArray]:
    """Draw the indices of the training and of the test objects, each sorted.

    Parameters
    ----------
    rng : decides the split
    n_objects : m
    test_size : share of the test objects if below 1, else their number
    labels : (m,) classes to be represented in proportion, each to within one object
    """
    share = 0 < test_size < 1
    whole = isinstance(test_size, int | np.integer)
    n_test = round(test_size * n_objects) if share else int(test_size) if whole else 0
    expected = f"a share or a number of objects that leaves some of the {n_objects} on either side"
    check(1 <= n_test <= n_objects - 1, "test_size", test_size, expected)
    objects = rng.permutation(n_objects)
    if labels is None:
        test = objects[:n_test]
    else:
        # sorted by class, shuffled within: every (m / n_test)-th object takes the same share of each class
        objects = objects[np.argsort(labels[objects], kind="stable")]
        test = objects[(2 * np.arange(n_test) + 1) * n_objects // (2 * n_test)]
    in_test = np.zeros(n_objects, dtype=bool)
    in_test[test] = True
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


def fit_scaling(X: NDArray, scaling: str) -> tuple[NDArray, NDArray]:
    """Find the shift and the scale, each () or (n,), that bring X (m, n) to (X - shift) / scale.

    ========== ====================== ================================================
    scaling    shift                  scale
    ========== ====================== ================================================
    standard   mean of each feature   standard deviation of each feature (over m)
    centre     mean of each feature   1
    variance   0                      standard deviation of each feature
    unit       0                      the largest absolute value of all (a pixel's 255)
    none       0                      1
    ========== ====================== ================================================

    A constant feature is left at scale 1, and all zeros makes ``unit`` leave the scale at 1 too.
    """
    check_name("scaling", scaling, SCALINGS)
    shift, scale = np.zeros(()), np.ones(())
    if scaling == "unit":
        largest = max(abs(float(X.min())), abs(float(X.max())))
        return shift, np.asarray(largest or 1.0)
    if scaling == "none":
        return shift, scale
    # the mean of equal numbers can miss them by a rounding, which dividing by their deviation would blow up
    constant = X.min(axis=0) == X.max(axis=0)
    mean = np.where(constant, X[0], X.mean(axis=0, dtype=np.float64))
    if scaling != "centre":
        blocks = (X[i : i + ROWS] for i in range(0, len(X), ROWS))
        variance = sum(((block - mean) ** 2).sum(axis=0) for block in blocks) / len(X)
        scale = np.where(constant, 1.0, np.sqrt(variance))
    return (shift if scaling == "variance" else mean), scale


def apply_scaling(X: NDArray, shift: NDArray, scale: NDArray, dtype: np.dtype) -> NDArray:
    """(X - shift) / scale as a new array, rounded once to the given type; X and the result are (m, n)."""
    scaled = np.empty(X.shape, dtype)
    pixels = X.dtype == np.uint8 and shift.ndim == scale.ndim == 0
    values = ((np.arange(256) - shift) / scale).astype(dtype) if pixels else None  # each computed once, then looked up
    for i in range(0, len(X), ROWS):
        block = X[i : i + ROWS]
        scaled[i : i + ROWS] = (block - shift) / scale if values is None else values[block]
    return scaled


def prepare(
    raw: Table | Parts, task: str, rng: np.random.Generator, scaling: str, scale_y: bool, dtype: np.dtype
) -> dict[str, Any]:
    """Split raw objects and scale them; give the arrays of a ``Dataset`` by field.

    A regression target is divided by its standard deviation on the training part if ``scale_y``, and its mean
    there is taken away if ``scaling`` centres the features: the origin moves in both or in neither, because a
    model without bias could not follow if it moved in one.

    With x' = (x - a) / b and y' = (y - c) / d the weights of y = w^T x + const become w'_j = w_j b_j / d.
    """
    w_star = None
    if isinstance(raw, Table):
        train, test = split(rng, len(raw.y), raw.test_size, raw.y if raw.stratified else None)
        w_star = raw.w_star
        raw = Parts(raw.X[train], raw.y[train], raw.X[test], raw.y[test])
    shift, scale = fit_scaling(raw.X_train, scaling)
    y_train, y_test, y_scale = raw.y_train, raw.y_test, 1.0
    if task == "regression":
        centred = scaling in ("standard", "centre")
        scaling_y = ("standard" if scale_y else "centre") if centred else ("variance" if scale_y else "none")
        y_shift, y_std = (value.item() for value in fit_scaling(y_train[:, None], scaling_y))
        y_train, y_test, y_scale = (y_train - y_shift) / y_std, (y_test - y_shift) / y_std, y_std
    return {
        "X_train": apply_scaling(raw.X_train, shift, scale, dtype),
        "y_train": y_train,
        "X_test": apply_scaling(raw.X_test, shift, scale, dtype),
        "y_test": y_test,
        "y_scale": y_scale,
        "w_star": None if w_star is None else w_star * scale / y_scale,
    }
