"""The objectives L_1, L_2, L_3, their gradients and their two parts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import central_differences
from small import small_dataset, small_model

from minimal_order.complexity.objectives import (
    FAMILIES,
    narrowed,
    objective_penalty,
    objective_prior,
    objective_variational,
)
from minimal_order.complexity.regularised import Regularised, terms
from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import MLP, linear
from minimal_order.variational.evidence import linear_posterior, log_likelihood
from minimal_order.variational.free_energy import FreeEnergy
from minimal_order.variational.gaussian import Normal, kl_divergence
from minimal_order.variational.sampling import pack, unpack

PRIOR = Normal(np.array([0.5, -1.0, 0.0]), np.array([0.7, 2.0, 1.0]))


def rng(seed=3):
    return np.random.default_rng(seed)


def full_kl(q, prior):
    """KL(q || prior) through full covariance matrices."""
    mu, log_sigma = unpack(q)
    mean, std = (np.broadcast_to(each, mu.shape) for each in prior)
    return kl_divergence(mu, np.diag(np.exp(2 * log_sigma)), mean, np.diag(std**2))


def some_q(p=3):
    return pack(rng(1).standard_normal(p), 0.4 * rng(2).standard_normal(p) - 0.5)


@pytest.mark.parametrize("lam", [0.01, 1.0, 30.0])
def test_variational_objective(lam):
    """eq:objective-variational against the divergence of full matrices; a larger lam asks for more simplicity."""
    q = some_q()
    assert_allclose(objective_variational(-7.0, q, lam, PRIOR), -7 - lam * full_kl(q, PRIOR), rtol=1e-10)


@pytest.mark.parametrize("lam", [0.01, 1.0, 30.0])
def test_prior_objective(lam):
    """eq:objective-prior: the *prior's* precision is multiplied by lam."""
    q = some_q()
    sharper = Normal(PRIOR.mean, PRIOR.std / np.sqrt(lam))
    assert_allclose(objective_prior(-7.0, q, lam, PRIOR), -7 - full_kl(q, sharper), rtol=1e-10)


def test_both_agree_at_one():
    """eq:objective-variational, eq:objective-prior: at lam = 1 both are the evidence lower bound."""
    q = some_q()
    assert_allclose(objective_variational(2.0, q, 1.0, PRIOR), objective_prior(2.0, q, 1.0, PRIOR), rtol=1e-12)


def test_penalty_objective():
    """eq:objective-penalty: a minus, for several replicas."""
    w = np.array([[1.0, -2.0, 3.0], [0.0, 0.5, 0.0]])
    assert_allclose(objective_penalty(np.array([1.0, 2.0]), w, np.array([2.0, 4.0])), [1 - 2 * 14, 2 - 4 * 0.25])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("task", LOSSES)
@pytest.mark.parametrize("sampling", ["local", "weights"])
def test_gradient_is_that_of_the_objective(family, task, sampling):
    """eq:objective-variational, eq:objective-prior, eq:objective-penalty: of -L / N for given noise."""
    data, model = small_dataset(task), small_model(task, activation="tanh")
    lam, kind = 0.3, FAMILIES[family]
    prior = Normal(0.2, np.linspace(0.5, 2, model.n_params))
    theta = model.init(rng())
    theta = pack(theta, np.full_like(theta, -1.5)) if kind.spread else theta
    scale = 0.5 if task == "regression" else 1.0
    losses = {}

    def gradient(theta):
        out = np.empty_like(theta)
        objective = Regularised(family, model, data, lam, rng(7), prior, sampling)
        losses["mean"] = objective.gradient(theta, data.X_train, data.y_train, out).loss.mean()
        return out

    def minus_L(theta):
        gradient(theta)
        fit = -scale * losses["mean"] * data.n_train
        return -kind.objective(fit, theta, lam, prior) / data.n_train

    assert_allclose(gradient(theta), central_differences(minus_L, theta), rtol=1e-7, atol=1e-9)


def test_variational_gradient_is_that_of_the_lower_bound():
    """eq:objective-variational, in another way: what fits a posterior descends on the same."""
    data, model = small_dataset("multiclass"), small_model("multiclass", activation="tanh")
    q = pack(model.init(rng(), (2,)), np.full((2, model.n_params), -1.0))
    found, expected = np.empty_like(q), np.empty_like(q)
    batch = data.X_train, data.y_train
    Regularised("variational", model, data, np.array([0.2, 5.0]), rng()).gradient(q, *batch, found)
    FreeEnergy(model, data, rng(), lam=np.array([0.2, 5.0])).gradient(q, *batch, expected)
    assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("lam", [0.1, 1.0, 10.0])
def test_maximum_of_the_prior_objective_is_the_posterior(lam):
    """eq:objective-prior: on a linear model it is largest at the posterior under the narrowed prior, in closed form."""
    data, model = small_dataset("regression"), linear(3)
    prior = narrowed(Normal(PRIOR.mean, PRIOR.std), lam)
    mean, cov = linear_posterior(data.X_train, data.y_train, 1.0, Normal(prior.mean, prior.std))
    q = pack(mean, -0.5 * np.log(np.diagonal(np.linalg.inv(cov))))
    g = np.empty_like(q)
    total = np.zeros_like(q)
    draws = rng()
    objective = Regularised("reparameterised", model, data, lam, draws, PRIOR)
    for _ in range(2):  # noise e and -e: for a quadratic the mean of the two is exact in mu
        state = draws.bit_generator.state
        objective.gradient(q, data.X_train, data.y_train, g)
        total += g / 2
        draws.bit_generator.state = state
        objective = Regularised("reparameterised", model, data, lam, Mirror(draws), PRIOR)
    assert_allclose(unpack(total)[0], 0, atol=1e-12)


class Mirror(np.random.Generator):
    """A generator whose normal numbers have the other sign."""

    def __init__(self, of):
        super().__init__(of.bit_generator)

    def standard_normal(self, *args, **kwargs):
        return -super().standard_normal(*args, **kwargs)


@pytest.mark.parametrize("family", FAMILIES)
def test_terms_add_up(family):
    """eq:objective-variational, eq:objective-prior, eq:objective-penalty, split in two."""
    data, model = small_dataset("multiclass"), small_model("multiclass")
    kind, lam = FAMILIES[family], np.array([0.2, 3.0])
    w = model.init(rng(), (2,))
    theta = pack(w, np.full_like(w, -40.0)) if kind.spread else w  # no spread: the fit is that at the means
    found = terms(Regularised(family, model, data, lam, rng()), theta)
    fit = log_likelihood(model, w, data.X_train, data.y_train, data.task)
    assert_allclose(found.fit, fit, rtol=1e-10)
    weight = 1 if family == "reparameterised" else lam
    assert_allclose(found.value, found.fit - weight * found.complexity, rtol=1e-10)


def test_sigma_that_underflows():
    """A sigma that is 0 to a computer: gradients and both parts of L are finite."""
    mu, log_sigma = np.array([1e-3, 0.0, 1.0], np.float32), np.array([-1000.0, -1000.0, 0.0], np.float32)
    data, model = small_dataset("regression", dtype=np.float32), linear(3)
    for family in ("variational", "reparameterised"):
        q, out = pack(mu, log_sigma), np.empty(6, np.float32)
        objective = Regularised(family, model, data, 1.0, rng())
        objective.gradient(q, data.X_train, data.y_train, out)
        assert np.isfinite(out).all()
        assert np.isfinite(terms(objective, q)).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_replicas_and_type(family):
    data, model = small_dataset("multiclass", dtype=np.float32), small_model("multiclass")
    theta = np.zeros((4, 2, FAMILIES[family].n_params(model)), np.float32)
    out = np.empty_like(theta)
    lam = np.ones(2)
    back = Regularised(family, model, data, lam, rng()).gradient(theta, data.X_train, data.y_train, out)
    assert {a.dtype for a in (back.loss, *back.deltas)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lam": 0}, "lam = 0.0: expected a positive"),
        ({"lam": [1.0, -2.0]}, "lam = -2.0"),
        ({"lam": np.nan}, "lam"),
        ({"family": "bas"}, "nearest: base"),
        ({"prior": Normal(0, 0)}, "prior.std"),
        ({"sampling": "locl"}, "nearest: local"),
        ({"noise": 2.0}, "noise = 2.0"),
    ],
)
def test_wrong_arguments(changed, said):
    arguments = {"family": "variational", "model": MLP((3, 3)), "data": small_dataset("multiclass"), "lam": 1.0}
    with pytest.raises(ValueError, match=said):
        Regularised(**arguments | {"rng": rng()} | changed)
