"""Synthetic sets against closed forms and their own generating weights."""

import numpy as np
import pytest
from small_tables import SMALL, TOLERANCE

from minimal_order.data import preparation, synthetic
from minimal_order.data.loading import load
from minimal_order.networks.layers import sigmoid


def test_synthetic_defaults():
    for name in ("synthetic1", "synthetic2", "synthetic3"):
        data = load(name)
        assert (data.n_train, data.n_test, data.n_features) == (2000, 1000, 200)
        assert data.w_star.shape == (200,)
    np.testing.assert_allclose([data.y_train.mean(), data.y_train.std()], [0, 1], **TOLERANCE)
    np.testing.assert_allclose(data.X_train.mean(axis=0), 0, **TOLERANCE)


def test_features_and_weights_are_standard_normal():
    X, _, _, _, w = synthetic.regression(np.random.default_rng(0), 4000, 1000, 100)
    for sample in (X.ravel(), w):
        m = sample.size
        assert abs(sample.mean()) < 4 / np.sqrt(m)  # standard error 1 / sqrt(m)
        assert abs((sample**2).mean() - 1) < 4 * np.sqrt(2 / m)
        assert abs((sample**4).mean() - 3) < 4 * np.sqrt(96 / m)
    C = X.T @ X / len(X) - np.eye(100)
    assert abs(C).max() < 5 * np.sqrt(2 / len(X))


def test_target_is_the_linear_form_and_the_noise_in_proportion():
    def draw(noise):
        return synthetic.regression(np.random.default_rng(0), 4000, 1000, 5, noise=noise)

    X, y, n_test, _, w = draw(0)
    assert n_test == 1000 and len(y) == 5000
    np.testing.assert_allclose(y, X @ w, **TOLERANCE)
    e = draw(1).y - y
    np.testing.assert_allclose(draw(2.5).y - y, 2.5 * e, **TOLERANCE)
    assert abs(e.mean()) < 4 / np.sqrt(5000) and abs(e.var() - 1) < 4 * np.sqrt(2 / 5000)
    assert abs(X.T @ e).max() / 5000 < 4 / np.sqrt(5000)


def test_each_draw_has_a_generator_of_its_own():
    few, many = (synthetic.regression(np.random.default_rng(0), m, 10, 5, noise=0) for m in (20, 50))
    np.testing.assert_array_equal(few.w_star, many.w_star)
    np.testing.assert_array_equal(few.X, many.X[:30])


def test_labels_are_one_with_the_probability_of_the_sigmoid():
    X, y, _, _, w = synthetic.classification(np.random.default_rng(0), 40000, 10000, 5)
    p = 1 / (1 + np.exp(-X @ w))
    for low in np.arange(0, 1, 0.1):
        group = (p >= low) & (p < low + 0.1)
        assert abs((y[group] - p[group]).sum()) < 4 * np.sqrt((p[group] * (1 - p[group])).sum())


def test_bayes_accuracy_of_synthetic2():
    """E max(p, 1 - p) is near 1 - 2 phi(0) ln 2 / sqrt(n): .96 for n = 200."""
    data = load("synthetic2", n_train=20000)
    p = sigmoid(data.X_train @ data.w_star)
    assert abs(np.maximum(p, 1 - p).mean() - (1 - 2 * 0.39894 * np.log(2) / np.sqrt(200))) < 0.004
    right = (data.y_train == (p > 0.5)).mean()
    assert abs(right - np.maximum(p, 1 - p).mean()) < 4 * np.sqrt(0.04 / 20000)


@pytest.mark.parametrize("name", ["synthetic1", "synthetic3"])
@pytest.mark.parametrize("scaling", preparation.SCALINGS)
@pytest.mark.parametrize("scale_y", [True, False])
def test_w_star_generates_the_target_in_the_scaled_coordinates(name, scaling, scale_y):
    options = {"seed": 4, "split_seed": 2, "scaling": scaling, "feature_spread": 1.0, **SMALL}
    data = load(name, noise=0, scale_y=scale_y, **options)
    np.testing.assert_allclose(data.X_train @ data.w_star, data.y_train, **TOLERANCE)
    np.testing.assert_allclose(data.X_test @ data.w_star, data.y_test, **TOLERANCE)
    # with noise, in the units of the noisy target: the noiseless one, at the origin of the features
    noisy = load(name, scale_y=scale_y, **options)
    clean = load(name, noise=0, scale_y=False, **options).y_train
    np.testing.assert_allclose(noisy.X_train @ noisy.w_star * noisy.y_scale, clean, **TOLERANCE)


def test_w_star_of_synthetic2_keeps_the_logit_where_the_origin_is_kept():
    raw = load("synthetic2", **SMALL)
    for scaling in ("variance", "unit"):
        data = load("synthetic2", scaling=scaling, **SMALL)
        np.testing.assert_allclose(data.X_test @ data.w_star, raw.X_test @ raw.w_star, **TOLERANCE)


def test_feature_scale_and_spread():
    def draw(**options):
        return synthetic.regression(np.random.default_rng(0), 30, 20, 7, noise=0, **options)

    X, w = draw().X, draw().w_star
    scale = np.arange(1.0, 8)
    np.testing.assert_allclose(draw(feature_scale=3).X, 3 * X, **TOLERANCE)
    np.testing.assert_allclose(draw(feature_scale=scale).X, scale * X, **TOLERANCE)
    np.testing.assert_allclose(draw(feature_scale=scale).y, scale * X @ w, **TOLERANCE)
    logs = np.log(draw(feature_spread=1).X / X)
    np.testing.assert_allclose(logs, np.broadcast_to(logs[0], logs.shape), **TOLERANCE)
    np.testing.assert_allclose(np.log(draw(feature_spread=0.5).X / X), 0.5 * logs, **TOLERANCE)
    stds = synthetic.feature_stds(np.random.default_rng(1), 5000, 2.0, 0.5)
    z = (np.log(stds) - np.log(2)) / 0.5
    assert abs(z.mean()) < 4 / np.sqrt(5000) and abs(z.var() - 1) < 4 * np.sqrt(2 / 5000)


def test_split_seed_redistributes_the_same_objects():
    def rows(data):
        return np.vstack([np.c_[data.X_train, data.y_train], np.c_[data.X_test, data.y_test]])

    options = {"scaling": "none", "scale_y": False, **SMALL}
    first = load("synthetic3", **options)
    second = load("synthetic3", split_seed=1, **options)
    other = load("synthetic3", seed=1, **options)
    assert not np.array_equal(first.X_train, second.X_train)
    np.testing.assert_array_equal(np.sort(rows(first), axis=0), np.sort(rows(second), axis=0))
    np.testing.assert_array_equal(first.w_star, second.w_star)
    assert not np.isin(rows(first), rows(other)).any()
    again = load("synthetic3", **options)
    np.testing.assert_array_equal(rows(first), rows(again))


def test_streams_of_one_seed_are_independent():
    seeds = np.random.SeedSequence(5)
    first = [preparation.stream("seed", 5), preparation.stream("split_seed", 5), np.random.default_rng(seeds)]
    first += [np.random.default_rng(child) for child in seeds.spawn(3)]
    assert len({rng.random() for rng in first}) == 6
    assert preparation.stream("seed", 0).random() != preparation.stream("seed", 1).random()
