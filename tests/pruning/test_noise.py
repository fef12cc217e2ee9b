"""Noise in the input: variance of the output against closed forms, moments and finite differences."""

import numpy as np
import pytest
from small import small_dataset, small_model

from minimal_order.networks.losses import softmax
from minimal_order.networks.models import MLP, linear
from minimal_order.pruning.noise import noise_first_order, noise_propagation, prediction

CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def case(task, shape=(2, 3), **options):
    data, model = small_dataset(task), small_model(task, **options)
    return model, model.init(np.random.default_rng(1), shape), data.X_test


def one_at_a_time(model, w, X, s, task, rng, draws):
    """The variance from loops over draws, objects and outputs."""
    noise = s * rng.standard_normal((draws, *X.shape))
    total = 0.0
    for i in range(len(X)):
        f = np.array([prediction(model, w, X[i : i + 1] + noise[d, i : i + 1], task)[:, 0] for d in range(draws)])
        total += sum(((f[:, k] - f[:, k].mean()) ** 2).sum() / (draws - 1) for k in range(f.shape[1]))
    return total / len(X)


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_propagation_is_the_mean_variance(task):
    """eq:noise-propagation: every replica as alone, by loops."""
    model, w, X = case(task)
    found = noise_propagation(model, w, X, 0.7, task, np.random.default_rng(2), draws=5)
    expected = [
        [one_at_a_time(model, w[i, j], X, 0.7, task, np.random.default_rng(2), 5) for j in range(3)] for i in range(2)
    ]
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_propagation_comes_to_the_closed_form_of_a_linear_model():
    """eq:noise-propagation: s^2 ||w||^2, within five standard errors of a variance from so many draws."""
    model, X, draws = linear(4), np.random.default_rng(0).standard_normal((50, 4)), 2000
    w = np.array([[1.0, -2.0, 0.5, 0.0], [0.0, 0.0, 0.0, 0.0]])
    found = noise_propagation(model, w, X, 0.3, "regression", np.random.default_rng(1), draws)
    expected = 0.3**2 * (w**2).sum(axis=1)
    assert abs(found[0] / expected[0] - 1) < 5 * np.sqrt(2 / (draws - 1) / len(X))
    assert found[1] == 0


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("hidden", [(), (4,), (5, 3)])
def test_first_order_is_the_squared_jacobian(task, hidden):
    """eq:noise-first-order: the Jacobian by central differences."""
    model, w, X = case(task, hidden=hidden)
    found = noise_first_order(model, w, X, 0.5, task)
    step, squares = 1e-5, np.zeros(w.shape[:-1])
    for j in range(X.shape[1]):
        e = step * np.eye(X.shape[1])[j]
        slope = (prediction(model, w, X + e, task) - prediction(model, w, X - e, task)) / (2 * step)
        squares += (slope**2).sum(axis=(-2, -1))
    np.testing.assert_allclose(found, 0.25 * squares / len(X), rtol=1e-8)


def test_variances_of_several_outputs_are_added():
    """eq:noise-first-order, eq:noise-propagation: of a regression as of classes."""
    model, X = MLP((3, 2), "identity", bias=False), np.zeros((4, 3))
    w, rng = np.arange(6.0), np.random.default_rng(0)
    np.testing.assert_allclose(noise_first_order(model, w, X, 1.0, "regression"), 55, **CLOSE)
    drawn = [noise_propagation(model, w, X, 1.0, "regression", rng, 500) for _ in range(20)]
    assert abs(np.mean(drawn) - 55) < 5 * np.std(drawn) / np.sqrt(20) < 2


def test_first_order_is_exact_for_a_linear_model():
    """eq:noise-first-order is s^2 ||w||^2."""
    model, w, X = case("regression", hidden=())
    np.testing.assert_allclose(noise_first_order(model, w, X, 3.0, "regression"), 9 * (w**2).sum(axis=-1), **CLOSE)


def test_drawn_noise_comes_to_the_first_order_as_it_shrinks():
    model, w, X = case("multiclass", shape=())
    ratios = []
    for s in (1.0, 0.1, 1e-3):
        drawn = noise_propagation(model, w, X, s, "multiclass", np.random.default_rng(3), 20_000)
        ratios.append(drawn / noise_first_order(model, w, X, s, "multiclass"))
    assert abs(ratios[2] - 1) < 0.02 and abs(ratios[0] - 1) > 2 * abs(ratios[2] - 1)


def test_a_network_of_zeros_passes_nothing_on():
    for task in ("regression", "binary", "multiclass"):
        model, w, X = case(task, shape=(3,))
        assert not noise_propagation(model, 0 * w, X, 1.0, task, np.random.default_rng(0)).any()
        assert not noise_first_order(model, 0 * w, X, 1.0, task).any()


def test_one_object_and_no_noise():
    model, w, X = case("regression")
    assert not noise_propagation(model, w, X, 0.0, "regression", np.random.default_rng(0)).any()
    assert noise_propagation(model, w, X[:1], 1.0, "regression", np.random.default_rng(0)).shape == (2, 3)


def test_predictions_are_what_the_user_sees():
    model, w, X = case("multiclass", shape=())
    np.testing.assert_allclose(prediction(model, w, X, "multiclass"), softmax(model.outputs(w, X)), **CLOSE)
    binary = MLP((3, 1))
    h = binary.outputs(np.ones(4), X)
    np.testing.assert_allclose(prediction(binary, np.ones(4), X, "binary"), 1 / (1 + np.exp(-h)), **CLOSE)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"s": -1.0}, "s = -1.0"),
        ({"s": np.nan}, "s = nan"),
        ({"draws": 1}, "draws = 1"),
        ({"X": np.zeros(3)}, r"X.shape = \(3,\)"),
        ({"X": np.array([[0.0, np.nan, 0.0]])}, r"X\[0, 1\] = nan"),
        ({"X": np.zeros((0, 3))}, r"X.shape = \(0, 3\)"),
        ({"task": "clusters"}, "task = 'clusters'"),
    ],
)
def test_mistakes_are_named(changes, said):
    model, w, X = case("regression")
    arguments = {"X": X, "s": 1.0, "task": "regression", "draws": 4} | changes
    with pytest.raises(ValueError, match=said):
        noise_propagation(model, w, rng=np.random.default_rng(0), **arguments)
