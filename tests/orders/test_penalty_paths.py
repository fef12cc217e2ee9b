"""Orders of features: penalty paths, and the mean rank of a feature's weights."""

import numpy as np
import pytest
from short_trainings import generator, of_linear

from minimal_order.freezing.masks import rank_of
from minimal_order.networks.models import linear, mlp
from minimal_order.networks.params import Layout
from minimal_order.orders import compute_order
from minimal_order.orders.weights import by_penalty_path, feature_order

# --- penalty paths -------------------------------------------------------------------------------------


def orthogonal(m=40, n=6, seed=29):
    """Columns of mean 0, length 1, at right angles to each other."""
    table = np.column_stack([np.ones(m), generator(seed).standard_normal((m, n))])
    return np.linalg.qr(table)[0][:, 1:]


@pytest.mark.parametrize("name", ["lasso", "elastic_net"])
def test_path_of_an_orthogonal_design_goes_by_correlation(name):
    """The closed form: feature j enters when the penalty falls below |x_j^T y|."""
    X = orthogonal()
    y = X @ [0.5, -3, 1.5, -1, 0.1, 2.2] + 7
    found = compute_order(name, of_linear(X, y), generator())
    assert found.tolist() == np.argsort(np.abs(X.T @ y)).tolist() == [4, 0, 3, 2, 5, 1]


@pytest.mark.parametrize("name", ["lasso", "elastic_net"])
def test_path_of_columns_of_other_lengths_goes_by_correlation_too(name):
    """A long column with a small weight enters a little before a short one with a large weight."""
    X = orthogonal(n=3) * [10, 5, 1]
    y = X @ [1, 3.6, 3]
    np.testing.assert_allclose(X.T @ y, [100, 90, 3])
    assert compute_order(name, of_linear(X, y), generator()).tolist() == [2, 1, 0]


@pytest.mark.parametrize("seed", [0, 2, 3, 4, 5])
def test_lasso_on_a_correlated_design_against_least_angles(seed):
    """The exact path, knot by knot."""
    from sklearn.linear_model import lars_path

    rng = generator(seed)
    X = rng.standard_normal((60, 5)) @ rng.standard_normal((5, 5))
    X -= X.mean(axis=0)
    y = X @ rng.standard_normal(5) + rng.standard_normal(60)
    knots, _, weights = lars_path(X, y - y.mean(), method="lasso")
    enters = np.array([knots[np.flatnonzero(row)[0] - 1] for row in weights])
    grid = np.log(1e3) / 199
    assert np.diff(np.sort(np.log(enters))).min() > grid, "two features enter between two penalties of the grid"
    assert enters.min() > 1e-3 * knots[0]
    assert compute_order("lasso", of_linear(X, y), generator()).tolist() == np.argsort(enters).tolist()


@pytest.mark.parametrize("name", ["lasso", "elastic_net"])
def test_path_does_not_depend_on_means(name):
    """Features and targets are centred: a constant added to them explains nothing."""
    X = orthogonal()
    y = X @ [0.5, -3, 1.5, -1, 0.1, 2.2]
    found = compute_order(name, of_linear(X + np.array([1, 0, -2, 0, 3, 0]), y - 5), generator())
    assert found.tolist() == [4, 0, 3, 2, 5, 1]


def test_features_that_enter_together_go_by_their_last_weight():
    """With one penalty only all enter there."""
    X = orthogonal(n=4)
    run = of_linear(X, X @ [1, -3, 2, 0.5])
    assert by_penalty_path(run.data, l1_ratio=1.0, n_penalties=2).tolist() == [3, 0, 2, 1]


def test_features_that_never_enter_leave_first():
    X = np.column_stack([orthogonal(n=2), np.zeros((40, 2))])[:, [2, 0, 3, 1]]
    run = of_linear(X, X @ [0, 1, 0, 2])
    for name in ("lasso", "elastic_net"):
        assert compute_order(name, run, generator()).tolist() == [0, 2, 1, 3]


# --- features ------------------------------------------------------------------------------------------


def test_order_of_features_of_a_linear_model_is_that_of_parameters():
    """eq:feature-order."""
    permutation = generator().permutation(7)
    np.testing.assert_array_equal(feature_order(permutation, linear(7).layout), permutation)


@pytest.mark.parametrize("layout", [mlp(4, 3, 2).layout, Layout((4, 3, 1), bias=False), Layout((4, 2))], ids=str)
def test_order_of_features_goes_by_the_mean_rank_of_their_weights(layout):
    """eq:feature-order: first layer only, without its biases."""
    for seed in range(10):
        permutation = generator(seed).permutation(layout.n_params)
        W = layout.views(rank_of(permutation))["W1"]
        means = [np.mean([W[unit, feature] for unit in range(len(W))]) for feature in range(4)]
        expected = sorted(range(4), key=lambda feature: means[feature])
        assert feature_order(permutation, layout).tolist() == expected


def test_features_of_equal_rank_go_by_index():
    """eq:feature-order: the ranks 1 + 4 and 2 + 3."""
    assert feature_order(np.array([1, 0, 2, 3]), Layout((2, 2), bias=False)).tolist() == [0, 1]
    assert feature_order(np.array([0, 1, 3, 2]), Layout((2, 2), bias=False)).tolist() == [0, 1]
