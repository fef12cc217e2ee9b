"""The one data structure: a training and a test part, checked when it is made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..checks import check, check_name
from .arrays import TASKS, check_n_classes, check_numbers, check_part, count_classes, float_type
from .preparation import prepare, stream
from .sources import Parts, Table


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """A training and a test part; leading axes, if any, are runs.

    Parameters
    ----------
    name : what figures and tables call it
    task : ``regression``, ``binary`` or ``multiclass``
    X_train : (..., n_train, n_features)
    y_train : (..., n_train) a number each, or a label 0..n_classes-1
    X_test, y_test : the same of the test part
    n_classes : 1 for regression, 2 for binary
    y_scale : how many of the target's own units one unit of y is, shape () or (...); 1 for classes
    w_star : (..., n_features) the weights that generated the targets, in the coordinates of X and y; or None

    X_train becomes float64 unless it is floating point; all other real numbers take its type, labels int64.

    Raises
    ------
    ValueError : the parts do not fit each other, a number is not finite, a label is out of range
    """

    name: str
    task: str
    X_train: NDArray
    y_train: NDArray
    X_test: NDArray
    y_test: NDArray
    n_classes: int = 1
    y_scale: float | NDArray = 1.0
    w_star: NDArray | None = None

    def __post_init__(self) -> None:
        check_n_classes(self.task, self.n_classes)
        X_train, y_train = check_part(self.X_train, self.y_train, self.n_classes, "_train")
        X_test, y_test = check_part(self.X_test, self.y_test, self.n_classes, "_test")
        runs, n = X_train.shape[:-2], X_train.shape[-1]
        fits = X_test.shape[:-2] == runs and X_test.shape[-1] == n
        check(fits, "X_test.shape", X_test.shape, f"{runs} runs and {n} features, as in X_train")
        y_scale = check_numbers("y_scale", self.y_scale)
        fits = y_scale.shape in ((), runs) and bool((y_scale > 0).all())
        check(fits, "y_scale", self.y_scale, "a positive number, or one for each run")
        real = float_type(X_train.dtype if X_train.dtype.kind == "f" else np.float64)
        self._set(real, X_train=X_train, X_test=X_test)
        self._set(real if self.task == "regression" else np.dtype(np.int64), y_train=y_train, y_test=y_test)
        if self.w_star is not None:
            w_star = check_numbers("w_star", self.w_star)
            check(w_star.shape == (*runs, n), "w_star.shape", w_star.shape, f"{(*runs, n)}, one a feature")
            self._set(real, w_star=w_star)

    def _set(self, dtype: np.dtype, **arrays: NDArray) -> None:
        for field, array in arrays.items():
            object.__setattr__(self, field, array.astype(dtype, copy=False))

    @classmethod
    def from_arrays(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        *,
        task: str,
        name: str = "own data",
        test: tuple[ArrayLike, ArrayLike] | None = None,
        test_size: float = 0.2,
        split_seed: int = 0,
        scaling: str = "standard",
        scale_y: bool = True,
        n_classes: int | None = None,
        dtype: DTypeLike = np.float64,
    ) -> Self:
        """Make a data set of one's own table: check it, split it, scale it by the training part.

        Parameters
        ----------
        X : (m, n_features)
        y : (m,) numbers, or labels 0..K-1
        task, name, n_classes : as in ``Dataset``; without ``n_classes`` every class has to occur in y
        test : (X_test, y_test), if the test part is given; X and y are then the training part
        test_size : otherwise the share (below 1) or the number of test objects; of each class in proportion
        split_seed : decides which objects those are
        scaling, scale_y, dtype : as in ``load``
        """
        check_name("task", task, TASKS)
        if n_classes is None:
            n_classes = count_classes(y) if task == "multiclass" else 1 + (task == "binary")
        check_n_classes(task, n_classes)
        X, y = check_part(X, y, n_classes)
        check(X.ndim == 2, "X.shape", X.shape, "(m, n_features)")
        raw: Table | Parts = Table(X, y, test_size, stratified=task != "regression")
        if test is not None:
            raw = Parts(X, y, *check_part(*test, n_classes, "_test"))
            check(raw.X_test.shape[1:] == X.shape[1:], "X_test.shape", raw.X_test.shape, f"(m, {X.shape[1]})")
        rng, real = stream("split_seed", split_seed), float_type(dtype)
        return cls(name, task, n_classes=n_classes, **prepare(raw, task, rng, scaling, scale_y, real))

    @property
    def n_features(self) -> int:
        """Number of features."""
        return self.X_train.shape[-1]

    @property
    def n_train(self) -> int:
        """Number of training objects of a run."""
        return self.X_train.shape[-2]

    @property
    def n_test(self) -> int:
        """Number of test objects of a run."""
        return self.X_test.shape[-2]

    def astype(self, dtype: DTypeLike) -> Self:
        """Give the same set with features, regression targets and ``w_star`` of another real type."""
        # the constructor lets all else follow X_train
        return replace(self, X_train=self.X_train.astype(float_type(dtype), copy=False))

    def run(self, index: int | slice) -> Self:
        """Give the set of one run, or with a slice of several, of sets that were stacked."""
        arrays = {field: getattr(self, field)[index] for field in ("X_train", "y_train", "X_test", "y_test")}
        w_star = None if self.w_star is None else self.w_star[index]
        scale = np.asarray(self.y_scale)
        return replace(self, **arrays, w_star=w_star, y_scale=scale[index] if scale.ndim else scale)

    def __repr__(self) -> str:
        kind = self.task if self.task == "regression" else f"{self.task}, {self.n_classes} classes"
        lines = [f"{self.name}: {kind}, {self.n_features} features"]
        for part in ("train", "test"):
            X, y = getattr(self, f"X_{part}"), getattr(self, f"y_{part}")
            lines.append(f"  X_{part:5} {X.shape!s:17} {X.dtype}   y_{part:5} {y.shape!s:12} {y.dtype}")
        return "\n".join(lines)


def stack(datasets: Sequence[Dataset]) -> Dataset:
    """Put data sets of equal shapes into one, whose arrays have a leading axis of runs.

    A set that all runs share (MNIST) needs no stacking: broadcasting does without the copies.
    """
    check(len(datasets) > 0, "datasets", datasets, "at least one")
    first = datasets[0]
    for i, other in enumerate(datasets[1:], start=1):
        for field in ("name", "task", "n_classes"):
            found, expected = getattr(other, field), getattr(first, field)
            check(found == expected, f"datasets[{i}].{field}", found, f"{expected} as in datasets[0]")
        for field in ("X_train", "X_test", "w_star"):
            found, expected = (np.shape(getattr(d, field)) for d in (other, first))
            check(found == expected, f"datasets[{i}].{field}.shape", found, f"{expected} as in datasets[0]")
    w_stars = [d.w_star for d in datasets if d.w_star is not None]
    return replace(
        first,
        X_train=np.stack([d.X_train for d in datasets]),
        y_train=np.stack([d.y_train for d in datasets]),
        X_test=np.stack([d.X_test for d in datasets]),
        y_test=np.stack([d.y_test for d in datasets]),
        y_scale=np.stack([d.y_scale for d in datasets]),
        w_star=np.stack(w_stars) if w_stars else None,
    )
