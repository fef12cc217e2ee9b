"""The talk's synthetic set of dependent weights."""

import numpy as np
import pytest

from minimal_order.data import synthetic
from minimal_order.data.loading import load
from minimal_order.dependence.belsley import decompose


def test_weights_of_stage_one_are_as_the_talk_prints_them():
    m, A = synthetic.dependent_weights()
    assert m[0] == 1 and np.all(m[1:] == 0.0025)
    assert np.all(np.diagonal(A) == 1) and np.all(A[0, 1:] == 1e-3) and np.all(A[1:, 0] == 1e-3)
    assert A[5, 17] == A[17, 5] == 0.95
    values = np.linalg.eigvalsh(A)
    np.testing.assert_allclose(values[:98], 0.05, rtol=1e-10)
    found = decompose(A)
    assert np.diff([*found.starts, 100]).tolist() == [98, 1, 1]


def test_draws_of_stage_one_have_its_moments():
    m, A = synthetic.dependent_weights(5)
    w = synthetic.weight_samples(np.random.default_rng(0), 200_000, 5)
    np.testing.assert_allclose(w.mean(axis=0), m, atol=5 / np.sqrt(200_000))
    np.testing.assert_allclose(np.cov(w, rowvar=False), A, atol=5 * np.sqrt(2 / 200_000))


def test_stage_two_needs_one_feature():
    data = load("relevance-synthetic", scale_y=False)
    assert (data.n_train, data.n_test, data.n_features) == (8000, 2000, 100)
    np.testing.assert_array_equal(data.y_train, data.X_train[:, 0])
    np.testing.assert_array_equal(data.X_test @ data.w_star, data.y_test)
    assert abs(data.X_train.mean() - 1) < 0.01


@pytest.mark.parametrize("changes", [{"n_objects": 0}, {"n_features": 1.5}])
def test_stage_two_refuses(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        load("relevance-synthetic", **changes)
