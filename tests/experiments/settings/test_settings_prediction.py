"""The prediction of the sweep of settings, against exact integrals and simulation."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from minimal_order.experiments.settings import parts as settings
from minimal_order.experiments.settings.config import Setting, SettingsConfig
from minimal_order.experiments.settings.prediction import (
    Foresight,
    first_object_noise,
    frozen_share,
    gradient_variance,
    ratio_of_losses,
    sample_noise,
)
from minimal_order.training.train import train


def normal_grid(n_variables, n_nodes=3):
    """Nodes (points, variables) and weights that integrate polynomials over N(0, I) exactly."""
    z, weight = np.polynomial.hermite_e.hermegauss(n_nodes)
    weight = weight / weight.sum()
    nodes = np.array(list(itertools.product(z, repeat=n_variables)))
    return nodes, np.prod(list(itertools.product(weight, repeat=n_variables)), axis=1)


def test_gradient_variance_is_the_integral():
    """eq:linear-gradient-variance, for features of unequal scale."""
    rng = np.random.default_rng(0)
    r, stds, noise = rng.standard_normal(3), rng.uniform(0.3, 2, 3), 0.7
    nodes, weight = normal_grid(4, n_nodes=5)
    x, e = stds * nodes[:, :3], noise * nodes[:, 3]
    g = 2 * (x @ r - e)[:, None] * x
    mean = weight @ g
    np.testing.assert_allclose(mean, 2 * stds**2 * r, rtol=1e-12)
    np.testing.assert_allclose(gradient_variance(r, noise, stds), weight @ (g - mean) ** 2, rtol=1e-12)


def spread_between_parameters(squares, weight):
    """Relative variance of one of two exchangeable statistics (points, 2), without what both share."""
    mean = weight @ squares
    covariance = (squares - mean).T @ ((squares - mean) * weight[:, None])
    return (covariance[0, 0] - covariance[0, 1]) / mean[0] ** 2


@pytest.mark.parametrize("S", [2, 3])
def test_noise_of_an_estimate_is_the_integral(S):
    nodes, weight = normal_grid(3 * S)
    u, x = nodes[:, :S, None], nodes[:, S:].reshape(-1, S, 2)
    g = u * x  # two of the many components of the gradients of S objects
    first = (g[:, 0] - g.mean(axis=1)) ** 2
    assert first_object_noise(S) == pytest.approx(spread_between_parameters(first, weight), rel=1e-10)
    sample = g.var(axis=1, ddof=1)
    assert sample_noise(S) == pytest.approx(spread_between_parameters(sample, weight), rel=1e-10)


def test_noise_of_large_batches():
    assert first_object_noise(10**6) == pytest.approx(6, rel=1e-5)
    assert 10**6 * sample_noise(10**6) == pytest.approx(6, rel=1e-5)


def test_frozen_share_without_noise_sums_the_smallest():
    rng = np.random.default_rng(0)
    score, cost = rng.random((3, 10)), rng.random((3, 10))
    share = frozen_share(score, 0.0, cost, rng, level=0.3)
    for i in range(3):
        smallest = sorted(range(10), key=lambda j: score[i, j])[:3]
        assert share[i] == pytest.approx(sum(cost[i, j] for j in smallest) / sum(cost[i]), rel=1e-12)


def test_frozen_share_of_normal_weights_and_of_noise():
    """Half of normal r_i with the smallest r_i^2 hold 1/2 - 2 m phi(m) = .071 of |r|^2, m the median of |r|."""
    rng = np.random.default_rng(0)
    r2 = rng.standard_normal(200_000)[None] ** 2
    median = 0.674489750196
    exact = 0.5 - 2 * median * np.exp(-(median**2) / 2) / np.sqrt(2 * np.pi)
    assert frozen_share(r2, 0.0, r2, rng, draws=1)[0] == pytest.approx(exact, abs=2e-3)
    assert frozen_share(r2, 1e6, r2, rng, draws=1)[0] == pytest.approx(0.5, abs=5e-3)
    noisier = [frozen_share(r2, sd, r2, rng, draws=1)[0] for sd in (0.3, 1, 3, 10)]
    assert noisier == sorted(noisier)


def test_ratio_of_losses():
    assert ratio_of_losses(0.5, 10.4) == pytest.approx(1)
    assert ratio_of_losses(0.07, 1) == pytest.approx(1)
    assert ratio_of_losses(0.18, 10.4) == pytest.approx(0.46, abs=0.015)
    floor, cost, frozen = 2.0, np.arange(1.0, 9), [0, 1, 2, 3]
    share, multiple = cost[frozen].sum() / cost.sum(), (floor + cost.sum()) / floor
    expected = (floor + cost[frozen].sum()) / (floor + cost.sum() / 2)
    assert ratio_of_losses(share, multiple) == pytest.approx(expected, rel=1e-12)


def test_foresight_agrees_with_the_covariance_collected():
    """The wiring of y_scale, stds and noise: mean over runs and features of C over predicted C is 1."""
    config = SettingsConfig(runs=8).freeze_config(Setting("", 1, {"t0": 40, "feature_spread": 0.5}))
    group = settings.prepare(config, settings.of_runs(range(8), config.vary))
    foresight = settings.foresight_of(config, group.data)
    rng = [np.random.default_rng(i) for i in range(8)]
    run = train(config.model, group.data, group.w, steps=40, rng=rng, covariance="batch", watch=foresight)
    ratio = run.C / (foresight.sums[0] / foresight.steps)
    assert ratio.mean() == pytest.approx(1, abs=0.05)
    assert ratio.mean(axis=0).std() < 0.15
    np.testing.assert_allclose(
        foresight.cost, (group.data.X_train.std(0) * (run.w - group.data.w_star)) ** 2, rtol=1e-4
    )


@pytest.fixture(scope="module")
def simulated():
    """Predicted and simulated shares of three orders: gradients drawn at a fixed w, few of its r_i large."""
    rng, (R, T, S, p), noise = np.random.default_rng(0), (60, 100, 8, 60), 0.5
    r, stds = rng.standard_normal((R, p)) ** 3, np.exp(0.05 * rng.standard_normal((R, p)))
    foresight = Foresight(np.zeros(p), stds, noise)
    first, batch, moment = np.zeros((3, R, p))
    for _ in range(T):
        foresight(SimpleNamespace(w=r))
        x = stds[:, None] * rng.standard_normal((R, S, p))
        u = np.einsum("rsp,rp->rs", x, r) - noise * rng.standard_normal((R, S))
        g = 2 * u[..., None] * x
        first += (g[:, 0] - g.mean(axis=1)) ** 2
        batch += g.var(axis=1, ddof=1)
        moment += g.mean(axis=1) ** 2
    cost = (stds * r) ** 2
    scores = {"gradient_covariance": first, "batch_covariance": batch, "batch_second_moment": moment}
    measured = {
        name: np.mean([c[np.argsort(s)[: p // 2]].sum() / c.sum() for s, c in zip(score, cost, strict=True)])
        for name, score in scores.items()
    }
    predicted = foresight.shares(S, 10**9, rng)
    return measured, {name: share.mean() for name, share in predicted.items()}


@pytest.mark.parametrize("order", ["gradient_covariance", "batch_covariance", "batch_second_moment"])
def test_predicted_share_is_the_simulated_one(simulated, order):
    measured, predicted = simulated
    assert measured["gradient_covariance"] > measured["batch_covariance"] + 0.03
    assert measured["batch_covariance"] > measured["batch_second_moment"] + 0.03
    assert predicted[order] == pytest.approx(measured[order], abs=0.03)


def test_exact_covariance_is_as_good_as_its_sample_is_large():
    foresight = Foresight(np.zeros(200), np.ones(200), 0.1)
    foresight(SimpleNamespace(w=np.random.default_rng(0).standard_normal((20, 200))))
    shares = [
        foresight.shares(64, m, np.random.default_rng(1))["exact_covariance"].mean() for m in (100, 10**4, 10**6, 10**8)
    ]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(0.5, abs=0.03)
    assert shares[-1] == pytest.approx(0.071, abs=0.02)
