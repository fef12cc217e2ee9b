"""Data set objects: their types, stacks and own arrays, and what is refused."""

import numpy as np
import pytest
from small_tables import SMALL, table

from minimal_order.data.loading import Dataset, load, stack


def test_float32_follows_the_features():
    data = load("synthetic3", **SMALL)
    half = data.astype("float32")
    for field in ("X_train", "y_train", "X_test", "y_test", "w_star"):
        assert getattr(half, field).dtype == np.float32
        np.testing.assert_array_equal(getattr(half, field), getattr(data, field).astype(np.float32))
    assert load("wine").astype(np.float32).y_test.dtype == np.int64
    assert data.X_train.dtype == np.float64


def test_stack_puts_runs_first():
    sets = [load("synthetic3", split_seed=s, **SMALL) for s in range(4)]
    runs = stack(sets)
    assert runs.X_train.shape == (4, 30, 7) and runs.y_test.shape == (4, 20)
    assert runs.w_star.shape == (4, 7) and runs.y_scale.shape == (4,)
    assert (runs.n_train, runs.n_test, runs.n_features) == (30, 20, 7)
    for r, data in enumerate(sets):
        np.testing.assert_array_equal(runs.X_test[r], data.X_test)
        np.testing.assert_array_equal(runs.y_train[r], data.y_train)
        np.testing.assert_array_equal(runs.w_star[r], data.w_star)
        assert runs.y_scale[r] == data.y_scale
    assert stack([load("wine")]).w_star is None


def test_stack_refuses_sets_that_do_not_fit():
    first = load("synthetic3", **SMALL)
    with pytest.raises(ValueError, match=r"datasets\[1\]\.X_train\.shape = \(31, 7\): expected \(30, 7\)"):
        stack([first, load("synthetic3", **{**SMALL, "n_train": 31})])
    with pytest.raises(ValueError, match=r"datasets\[1\]\.name = synthetic1: expected synthetic3"):
        stack([first, load("synthetic1", **SMALL)])
    with pytest.raises(ValueError, match="datasets = "):
        stack([])


def test_repr_is_short_and_says_what_is_there():
    assert repr(load("wine")).splitlines() == [
        "wine: multiclass, 3 classes, 13 features",
        "  X_train (142, 13)         float64   y_train (142,)       int64",
        "  X_test  (36, 13)          float64   y_test  (36,)        int64",
    ]


def test_own_arrays():
    X, y = table(20)
    labels = np.arange(20) % 4
    data = Dataset.from_arrays(X.tolist(), labels.tolist(), task="multiclass", name="mine", dtype="float32")
    assert (data.name, data.n_classes, data.n_train, data.n_test) == ("mine", 4, 16, 4)
    assert data.X_train.dtype == np.float32 and data.y_train.dtype == np.int64
    np.testing.assert_array_equal(np.bincount(data.y_test), 1)
    assert Dataset.from_arrays(X, labels % 2 == 1, task="binary").y_train.dtype == np.int64
    assert Dataset.from_arrays(X, labels % 2, task="multiclass", n_classes=9).n_classes == 9
    test = X[15:], y[15:]
    given = Dataset.from_arrays(X[:15], y[:15], task="regression", test=test, scaling="none", scale_y=False)
    np.testing.assert_array_equal(given.X_test, X[15:])
    np.testing.assert_array_equal(given.y_train, y[:15])


def own(X=None, y=None, **options):
    default_X, default_y = table()
    X, y = default_X if X is None else X, default_y if y is None else y
    return Dataset.from_arrays(X, y, **{"task": "regression", **options})


def spoiled(array, value):
    array = array.copy()
    array[(1,) * array.ndim] = value
    return array


BAD_TABLES = {
    r"X\[1, 1\] = nan: expected a finite number": {"X": spoiled(table()[0], np.nan)},
    r"X\[1, 1\] = -inf: ": {"X": spoiled(table()[0], -np.inf)},
    r"y\[1\] = inf: ": {"y": spoiled(table()[1], np.inf)},
    r"y\.shape = \(11,\): expected \(12,\)": {"y": table()[1][:-1]},
    r"y\.shape = \(12, 1\): expected \(12,\)": {"y": table()[1][:, None]},
    r"X\.shape = \(12,\): ": {"X": table()[1]},
    r"X\.shape = \(2, 12, 3\): ": {"X": np.ones((2, 12, 3)), "y": np.ones((2, 12))},
    r"X\.shape = \(0, 3\): ": {"X": np.ones((0, 3)), "y": np.ones(0)},
    r"X\.dtype = <U1: expected numbers": {"X": np.full((12, 3), "a")},
    r"task = 'regresion': .*regression": {"task": "regresion"},
    r"y\[0\] = -1: expected a label, a whole number in 0\.\.1": {"y": np.tile([-1, 1], 6), "task": "binary"},
    r"y\[2\] = 2: expected a label": {"y": np.arange(12) % 3, "task": "binary"},
    r"y\[1\] = 0\.5: expected a label": {"y": np.arange(12) % 2 * 0.5, "task": "multiclass", "n_classes": 2},
    r"labels in y = \[1 2 3\]: .*np\.unique": {"y": np.arange(12) % 3 + 1, "task": "multiclass"},
    r"n_classes = 1: ": {"y": np.zeros(12), "task": "multiclass"},
    r"n_classes = 3: ": {"y": np.zeros(12), "task": "binary", "n_classes": 3},
    r"test_size = 0: ": {"test_size": 0},
    r"test_size = 1\.0: ": {"test_size": 1.0},
    r"test_size = 12: ": {"test_size": 12},
    r"test_size = nan: ": {"test_size": np.nan},
    r"test_size = 0\.01: ": {"test_size": 0.01},
    r"split_seed = -1: ": {"split_seed": -1},
    r"scaling = 'standart': .*standard": {"scaling": "standart"},
    r"dtype = int32: ": {"dtype": "int32"},
    r"dtype = float33: ": {"dtype": "float33"},
    r"X_test\.shape = \(4, 2\): ": {"test": (np.ones((4, 2)), np.ones(4))},
    r"y_test\.shape = \(3,\): ": {"test": (np.ones((4, 3)), np.ones(3))},
}


@pytest.mark.parametrize("message", BAD_TABLES)
def test_own_arrays_that_do_not_fit_are_refused(message):
    with pytest.raises(ValueError, match="^" + message):
        own(**BAD_TABLES[message])


def made(**changes):
    X, y = table()
    fields = {"X_train": X, "y_train": y, "X_test": X[:4], "y_test": y[:4]}
    return Dataset(**{"name": "made", "task": "regression", **fields, **changes})


BAD_FIELDS = {
    r"X_train\[1, 1\] = nan: ": {"X_train": spoiled(table()[0], np.nan)},
    r"X_test\[1, 1\] = inf: ": {"X_test": spoiled(table()[0][:4], np.inf)},
    r"y_test\[1\] = nan: ": {"y_test": spoiled(table()[1][:4], np.nan)},
    r"y_train\.shape = \(11,\): ": {"y_train": table()[1][:-1]},
    r"X_test\.shape = \(4, 2\): expected \(\) runs and 3 features": {"X_test": np.ones((4, 2))},
    r"X_test\.shape = \(1, 4, 3\): ": {"X_test": np.ones((1, 4, 3)), "y_test": np.ones((1, 4))},
    r"y_test\[0\] = 3: ": {"task": "multiclass", "n_classes": 3, "y_train": [0] * 12, "y_test": [3, 0, 0, 0]},
    r"n_classes = 2: ": {"n_classes": 2},
    r"y_scale = 0: ": {"y_scale": 0},
    r"y_scale = nan: |y_scale\[\] = nan: ": {"y_scale": np.nan},
    r"y_scale = \[1\. 1\.\]: ": {"y_scale": np.ones(2)},
    r"w_star\.shape = \(4,\): expected \(3,\)": {"w_star": np.ones(4)},
    r"w_star\[1\] = nan: ": {"w_star": spoiled(np.ones(3), np.nan)},
}


@pytest.mark.parametrize("message", BAD_FIELDS)
def test_fields_that_do_not_fit_are_refused(message):
    with pytest.raises(ValueError, match="^(" + message + ")"):
        made(**BAD_FIELDS[message])
