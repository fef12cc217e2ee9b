"""Arrays that can be data: their types, their numbers, their labels."""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..checks import check, check_finite, check_name

TASKS = ("regression", "binary", "multiclass")


def float_type(dtype: DTypeLike) -> np.dtype:
    """Give the NumPy type of a name such as ``float32``; ``ValueError`` if it is no floating-point type."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = np.dtype(np.void)
    check(found.kind == "f", "dtype", dtype, "a floating-point type: float32, float64")
    return found


def check_n_classes(task: str, n_classes: int) -> None:
    """Check the task and that a data set of this task can have so many classes."""
    check_name("task", task, TASKS)
    fits = {"regression": n_classes == 1, "binary": n_classes == 2, "multiclass": n_classes >= 2}[task]
    check(fits, "n_classes", n_classes, "1 for regression, 2 for binary, at least 2 for multiclass")


def check_numbers(argument: str, values: ArrayLike) -> NDArray:
    """Return the values as an array of finite numbers."""
    array = np.asarray(values)
    check(array.dtype.kind in "biuf", f"{argument}.dtype", array.dtype, "numbers")
    if array.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            total = array.sum(dtype=np.float64)
        if not np.isfinite(total):  # no mask as large as MNIST unless something is wrong
            check_finite(argument, array)
    return array


def check_part(X: ArrayLike, y: ArrayLike, n_classes: int, part: str = "") -> tuple[NDArray, NDArray]:
    """Check objects X (..., m, n) and targets y (..., m), labels below ``n_classes`` if that is above 1."""
    X, y = check_numbers(f"X{part}", X), check_numbers(f"y{part}", y)
    check(X.ndim >= 2 and X.size > 0, f"X{part}.shape", X.shape, "(..., objects, features), none of them 0")
    check(y.shape == X.shape[:-1], f"y{part}.shape", y.shape, f"{X.shape[:-1]}, one target an object")
    if n_classes > 1:
        bad = np.argwhere((y < 0) | (y >= n_classes) | (y != np.floor(y)))
        if len(bad):
            place = f"y{part}[{', '.join(map(str, bad[0]))}]"
            check(False, place, y[tuple(bad[0])], f"a label, a whole number in 0..{n_classes - 1}")
    return X, y


def count_classes(y: ArrayLike) -> int:
    """Count the classes K of labels y that have to be 0..K-1, all of them."""
    labels = np.unique(check_numbers("y", y))
    complete = np.array_equal(labels, np.arange(len(labels)))
    remedy = "np.unique(y, return_inverse=True)[1] makes such labels; or give n_classes"
    check(complete, "labels in y", labels[:10], f"0, 1, ..., K-1, each occurring ({remedy})")
    return len(labels)
