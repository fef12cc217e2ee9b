import itertools
import math

import numpy as np
import oracles
import pytest
from closed_forms import log_density, some_gaussian
from numpy.testing import assert_allclose
from small import small_dataset, small_model

from minimal_order.networks.models import linear
from minimal_order.training.train import evaluate
from minimal_order.variational.evidence import (
    in_structure,
    linear_evidence,
    linear_posterior,
    log_likelihood,
    loss_scale,
    select_structure,
)
from minimal_order.variational.gaussian import Normal, kl_divergence


def generator(seed=4):
    return np.random.default_rng(seed)


def regression(m=30, p=4, noise=0.7, seed=2):
    """Objects with correlated features, y of the first two of them."""
    rng = generator(seed)
    X = rng.normal(size=(m, p)) @ (np.eye(p) + 0.4)
    return X, X[:, :2] @ [1.0, -0.6] + noise * rng.normal(size=m), noise


PRIORS = (Normal(), Normal(0.3, 2.0), Normal(np.array([0.2, 0, -1, 0.5]), np.array([0.5, 1, 2, 0.1])))


def exact_evidence(X, y, noise, prior):
    """Of y ~ N(X m, s^2 I + X diag(prior) X^T), without any posterior."""
    mean, std = (np.broadcast_to(each, X.shape[1]) for each in prior)
    return log_density(y, X @ mean, noise**2 * np.eye(len(y)) + X @ np.diag(std**2) @ X.T)


def test_structure_holds_what_is_zero_elsewhere():
    """eq:active-set by hand, for replicas."""
    active = np.array([1, 0, 1])
    assert in_structure([2.0, 0, 0], active)
    assert in_structure([0.0, 0, 0], np.zeros(3))
    assert not in_structure([0.0, 1e-300, 0], active)
    w = np.array([[[1.0, 0, 1], [1, 1, 1]], [[0, 0, 1], [0, -1, 0]]])
    assert in_structure(w, active).tolist() == [[True, False], [True, False]]
    assert in_structure(w, np.array([[1, 0, 1], [1, 1, 1]])).tolist() == [[True, True], [True, True]]


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_likelihood_is_the_product_over_objects(task):
    """eq:likelihood: sum of ln p(y_i | x_i, w), one object at a time, for replicas."""
    model, data = small_model(task), small_dataset(task)
    w = model.init(generator(), (2,))
    noise = np.array([0.5, 2.0]) if task == "regression" else None
    found = log_likelihood(model, w, data.X_train, data.y_train, task, noise)
    for run in range(2):
        total = 0.0
        for x, y in zip(data.X_train, data.y_train, strict=True):
            h = oracles.forward(model, w[run], x)[-1][1]
            if task == "regression":
                total += math.log(math.exp(-0.5 * ((y - h[0]) / noise[run]) ** 2) / math.sqrt(2 * math.pi) / noise[run])
            elif task == "binary":
                share = oracles.sigmoid(h[0])
                total += math.log(share if y == 1 else 1 - share)
            else:
                total += math.log(math.exp(h[y]) / sum(map(math.exp, h)))
        assert_allclose(found[run], total, rtol=1e-10)


def test_noise_is_one_unless_told_otherwise():
    """eq:likelihood: the squared error stands for a variance of 1/2; of 1 it is half of it."""
    model, data = linear(3), small_dataset("regression")
    w, X, y = model.init(generator()), data.X_train, data.y_train
    loss = evaluate(model, w, X, y, "regression")[0]
    assert_allclose(log_likelihood(model, w, X, y, "regression"), -len(y) / 2 * (loss + np.log(2 * np.pi)), rtol=1e-12)
    assert (loss_scale("regression", 0.5**0.5), loss_scale("binary")) == (pytest.approx(1), 1)


@pytest.mark.parametrize(
    ("task", "noise", "said"),
    [
        ("regression", 0.0, "noise = 0.0: expected a positive number"),
        ("regression", np.nan, "noise.* = nan: expected a finite number"),
        ("binary", 1.0, "noise = 1.0: expected none for binary"),
    ],
)
def test_noise_that_is_none_is_refused(task, noise, said):
    with pytest.raises(ValueError, match=said):
        loss_scale(task, noise)


@pytest.mark.parametrize("prior", PRIORS, ids=("standard", "other", "of each"))
def test_parts_add_up_to_the_evidence_whatever_q_is(prior):
    """eq:evidence: L_w + L_E + KL(q || p(w | D, A)) = ln N(y | X m, s^2 I + X A X^T), which knows nothing of q."""
    X, y, noise = regression()
    expected = exact_evidence(X, y, noise, prior)
    posterior = linear_posterior(X, y, noise, prior)
    for mean, cov in (some_gaussian(generator(), (), 4), (np.ones(4), 0.01 * np.eye(4)), posterior):
        parts = linear_evidence(mean, cov, X, y, noise, prior)
        assert_allclose(parts.value, expected, rtol=1e-10)
        assert parts.L_w + parts.L_E <= expected + 1e-10
    assert_allclose(parts.gap, 0, atol=1e-10)


def test_expected_likelihood_is_a_mean_over_q():
    """eq:evidence: its part L_E, by enumeration: the log-likelihood is quadratic in w."""
    X, y, noise = regression()
    mean, cov = some_gaussian(generator(), (), 4)
    root = np.linalg.cholesky(cov)
    w = mean + 2 * np.concatenate([root.T, -root.T])  # 2p points at sqrt(p) have the mean and covariance of q
    found = log_likelihood(linear(4), w, X, y, "regression", noise).mean()
    assert_allclose(linear_evidence(mean, cov, X, y, noise).L_E, found, rtol=1e-10)


def test_posterior_is_bayes_rule():
    """ln p(D | w) + ln p(w) - ln p(w | D) is the evidence at every w."""
    X, y, noise = regression()
    for prior in PRIORS:
        mean, cov = linear_posterior(X, y, noise, prior)
        m, s = (np.broadcast_to(each, 4) for each in prior)
        for w in generator().normal(size=(5, 4)):
            joint = log_likelihood(linear(4), w, X, y, "regression", noise) + log_density(w, m, np.diag(s**2))
            assert_allclose(joint - log_density(w, mean, cov), exact_evidence(X, y, noise, prior), rtol=1e-10)


def test_prior_that_is_none_is_refused():
    X, y, noise = regression()
    for function in (linear_posterior, lambda *arguments: linear_evidence(np.zeros(4), np.eye(4), *arguments)):
        with pytest.raises(ValueError, match=r"prior\.std = 0\.0: expected positive"):
            function(X, y, noise, Normal(0.0, 0.0))


def test_more_parameters_than_objects():
    X, y, noise = regression(m=3)
    mean, cov = linear_posterior(X, y, noise)
    assert_allclose(linear_evidence(mean, cov, X, y, noise).value, exact_evidence(X, y, noise, Normal()), rtol=1e-10)


def test_structure_of_largest_evidence_is_found():
    """eq:structure-selection over all 31 structures, against the evidence of each.

    With the true posterior for q and E_q L_D for L_D both are the same; L_D at the mean of q forgets half a
    nat for each parameter that the data determine.
    """
    X, y, noise = regression(m=60, p=5)
    structures = [np.array(A) for A in itertools.product([0, 1], repeat=5) if any(A)]
    kl, L_E, L_D, evidence = [], [], [], []
    for A in structures:
        active = X[:, A == 1]
        mean, cov = linear_posterior(active, y, noise)
        kl.append(kl_divergence(mean, cov, np.zeros(A.sum()), np.eye(A.sum())))
        L_E.append(linear_evidence(mean, cov, active, y, noise).L_E)
        w = np.zeros(5)
        w[A == 1] = mean
        assert in_structure(w, A)
        L_D.append(log_likelihood(linear(5), w, X, y, "regression", noise))
        evidence.append(exact_evidence(active, y, noise, Normal()))
        assert_allclose(L_D[-1] - L_E[-1], np.trace(active @ cov @ active.T) / (2 * noise**2), rtol=1e-8)
        assert_allclose(L_D[-1] - L_E[-1], A.sum() / 2, rtol=0.1)
    assert select_structure(kl, L_E) == np.argmax(evidence)
    assert select_structure(kl, L_D) == np.argmin(np.subtract(kl, L_D))
    assert structures[select_structure(kl, L_E)][:2].tolist() == [1, 1]


def test_selection_of_replicas_and_of_equals():
    """eq:structure-selection, the first of equals; each column alone."""
    assert select_structure([1.0, 1.0], [2.0, 2.0]) == 0
    assert select_structure(np.array([[1.0, 5], [2, 0]]), np.array([[0.0, 0], [3, 0]])).tolist() == [1, 1]


def test_selection_needs_numbers():
    with pytest.raises(ValueError, match=r"kl\[1\] = inf: expected a finite number"):
        select_structure([0.0, np.inf], [0.0, 0.0])
    with pytest.raises(ValueError, match=r"kl.shape = \(0,\): expected \(candidates, ...\), at least one"):
        select_structure([], [])
