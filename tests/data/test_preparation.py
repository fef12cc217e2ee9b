"""Splits and scalings against their definitions."""

import itertools

import numpy as np
import pytest
from small_tables import TOLERANCE, table

from minimal_order.data import preparation
from minimal_order.data.loading import Dataset, load

# Splits


@pytest.mark.parametrize("labels", [None, np.repeat([0, 1, 2], [10, 30, 7])])
def test_split_is_a_partition(labels):
    rng = np.random.default_rng(0)
    train, test = preparation.split(rng, 47, 0.2, labels)
    assert sorted([*train, *test]) == list(range(47)) and len(test) == 9
    assert sorted(train) == list(train) and sorted(test) == list(test)
    assert len(preparation.split(rng, 47, 13, labels)[1]) == 13


@pytest.mark.parametrize("n_test", range(1, 47))
def test_stratified_split_has_each_class_in_proportion(n_test):
    labels = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], [10, 30, 7]))
    _, test = preparation.split(np.random.default_rng(n_test), 47, n_test, labels)
    assert len(test) == n_test
    assert (abs(np.bincount(labels[test], minlength=3) - n_test / 47 * np.bincount(labels)) < 1).all()


@pytest.mark.parametrize("labels", [None, np.repeat([0, 1], 6)])
def test_every_object_is_as_likely_in_the_test_part(labels):
    rng = np.random.default_rng(0)
    counts = np.zeros(12)
    for _ in range(4000):
        counts[preparation.split(rng, 12, 4, labels)[1]] += 1
    deviation = (counts - 4000 / 3) / np.sqrt(4000 / 3 * 2 / 3)
    assert abs(deviation).max() < 4


def test_splits_are_seeded_and_wine_is_stratified():
    wine = [load("wine", split_seed=s) for s in (0, 0, 1)]
    np.testing.assert_array_equal(wine[0].X_train, wine[1].X_train)
    assert not np.array_equal(wine[0].X_train, wine[2].X_train)
    assert np.bincount(wine[0].y_train).tolist() == [47, 57, 38]  # of 59, 71, 48
    assert wine[0].n_test == 36
    assert load("wine", test_size=50).n_test == 50


# Scaling


@pytest.mark.parametrize("scaling", preparation.SCALINGS)
def test_scalings_by_their_definition(scaling):
    X, _ = table(50, 3)
    X *= [1, 10, 100]
    X += 5
    shift, scale = preparation.fit_scaling(X, scaling)
    expected_shift = X.mean(axis=0) if scaling in ("standard", "centre") else 0
    scales = {"standard": X.std(axis=0), "variance": X.std(axis=0), "unit": abs(X).max()}
    expected_scale = scales.get(scaling, 1)
    np.testing.assert_allclose(shift, expected_shift, **TOLERANCE)
    np.testing.assert_allclose(scale, expected_scale, **TOLERANCE)
    scaled = preparation.apply_scaling(X, shift, scale, np.dtype(float))
    np.testing.assert_allclose(scaled, (X - expected_shift) / expected_scale, **TOLERANCE)


def test_deviation_of_a_table_longer_than_a_block():
    X = np.random.default_rng(0).integers(0, 256, (2 * preparation.ROWS + 5, 2), dtype=np.uint8)
    _, scale = preparation.fit_scaling(X, "standard")
    np.testing.assert_allclose(scale, X.std(axis=0, dtype=np.float64), **TOLERANCE)


def test_float32_is_rounded_after_scaling():
    X, y = table(30)
    data = Dataset.from_arrays(X + 1e6, y, task="regression")
    np.testing.assert_array_equal(
        Dataset.from_arrays(X + 1e6, y, task="regression", dtype="float32").X_test,
        data.X_test.astype("float32"),
    )


def test_constant_features_become_zero():
    X, y = table(20, 3)
    X[:, 1] = 0.1  # the mean of 0.1s is not exactly 0.1
    X[:, 2] = 0
    data = Dataset.from_arrays(X, y, task="regression")
    np.testing.assert_array_equal(data.X_train[:, 1:], 0)
    np.testing.assert_array_equal(data.X_test[:, 1:], 0)
    zeros = Dataset.from_arrays(0 * X, 0 * y, task="regression", scaling="unit")
    np.testing.assert_array_equal(zeros.X_train, 0)
    assert zeros.y_scale == 1


@pytest.mark.parametrize(("scaling", "scale_y"), [*itertools.product(preparation.SCALINGS, [True, False])])
def test_target_moves_only_with_the_features(scaling, scale_y):
    X, y = table(40)
    y += 3
    data = Dataset.from_arrays(X, y, task="regression", scaling=scaling, scale_y=scale_y, test_size=10)
    train, test = preparation.split(preparation.stream("split_seed", 0), 40, 10)
    shift = y[train].mean() if scaling in ("standard", "centre") else 0
    std = y[train].std() if scale_y else 1
    np.testing.assert_allclose(data.y_train, (y[train] - shift) / std, **TOLERANCE)
    np.testing.assert_allclose(data.y_test, (y[test] - shift) / std, **TOLERANCE)
    np.testing.assert_allclose(data.y_scale, std, **TOLERANCE)


def test_pixels_are_looked_up_as_they_would_be_computed():
    X = np.random.default_rng(0).integers(0, 256, (preparation.ROWS + 5, 7), dtype=np.uint8)
    for scaling in ("unit", "none", "standard"):
        shift, scale = preparation.fit_scaling(X, scaling)
        for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
            found = preparation.apply_scaling(X, shift, scale, dtype)
            np.testing.assert_array_equal(found, ((X - shift) / scale).astype(dtype))
