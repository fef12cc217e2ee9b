"""The free energy and its gradient against the closed forms of linear regression, and the bound on the evidence."""

import numpy as np
import pytest
from closed_forms import PRIOR, generator, generators, mean_field, nodes_of, regression
from numpy.testing import assert_allclose, assert_array_equal
from oracles import central_differences
from small import small_dataset, small_model

from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import linear
from minimal_order.training.loop import descend
from minimal_order.variational.evidence import linear_evidence, log_likelihood
from minimal_order.variational.free_energy import FreeEnergy, fitted_prior, lower_bound
from minimal_order.variational.gaussian import Normal, diagonal_kl
from minimal_order.variational.posterior import fit, start_at
from minimal_order.variational.sampling import SAMPLINGS, pack, unpack

# --- the objective -------------------------------------------------------------------------------------


def exact_objective(data, q, noise, prior, lam=1.0):
    """The free energy of linear regression by the closed forms of the evidence."""
    mu, log_sigma = unpack(q)
    parts = linear_evidence(mu, np.diag(np.exp(2 * log_sigma)), data.X_train, data.y_train, noise, prior)
    return (-parts.L_E - lam * parts.L_w) / data.n_train


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_gradient_of_the_free_energy(sampling):
    """eq:evidence: over all noise the gradient is that of -(L_E + lam L_w) / N, in the closed form of regression."""
    data, noise, lam = regression(m=4), 0.6, 0.3
    q = pack(np.array([0.3, -1.0, 0.2]), np.log([0.2, 0.5, 0.1]))
    objective = FreeEnergy(linear(3), data, generator(), PRIOR, lam, noise, sampling)
    points, shares = nodes_of(3 if sampling == "weights" else 4)
    object.__setattr__(objective, "draw", lambda shape, dtype: points.reshape(shape))
    out = np.empty((len(points), 6))
    objective.gradient(np.broadcast_to(q, out.shape), data.X_train, data.y_train, out)
    expected = central_differences(lambda q: exact_objective(data, q, noise, PRIOR, lam), q)
    assert_allclose(shares @ out, expected, rtol=1e-8)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("prior", [PRIOR, Normal()], ids=["prior of each", "standard"])
def test_gradient_vanishes_at_the_closed_form(sampling, prior):
    """The best q of linear regression: the posterior's mean, and the diagonal of its precision."""
    data, noise = regression(m=4), 0.6
    q = mean_field(data, noise, prior)
    objective = FreeEnergy(linear(3), data, generator(), prior, noise=noise, sampling=sampling)
    points, shares = nodes_of(3 if sampling == "weights" else 4)
    object.__setattr__(objective, "draw", lambda shape, dtype: points.reshape(shape))
    out = np.empty((len(points), 6))
    objective.gradient(np.broadcast_to(q, out.shape), data.X_train, data.y_train, out)
    assert_allclose(shares @ out, np.zeros(6), atol=1e-10)


def test_every_replica_has_its_own_prior_weight_and_noise():
    data, q = small_dataset("regression"), start_at(generator().normal(size=(2, 3)))
    stds, lams, noises = np.array([[0.5], [2.0]]), np.array([0.1, 3.0]), np.array([0.4, 1.5])
    X, y = data.X_train, data.y_train
    together = np.empty_like(q)
    FreeEnergy(linear(3), data, generators(2), Normal(0, stds), lams, noises).gradient(q, X, y, together)
    for run in range(2):
        one = FreeEnergy(linear(3), data, generators(2)[run], Normal(0, stds[run]), lams[run], noises[run])
        alone = np.empty_like(q[run])
        one.gradient(q[run], X, y, alone)
        assert_allclose(together[run], alone, rtol=1e-10)


def test_divergence_counts_once_for_all_objects():
    """KL / N: with twice the data the same batch pulls half as much towards the prior."""
    small, large = small_dataset("binary", n_train=20), small_dataset("binary", n_train=40)
    q = start_at(np.full(3, 5.0), share=1.0)
    X, y, found = small.X_train, small.y_train, {}
    for data in (small, large):
        for lam in (0.0, 1.0):
            found[data.n_train, lam] = np.empty(6)
            FreeEnergy(linear(3), data, generator(), lam=lam).gradient(q, X, y, found[data.n_train, lam])
    assert_array_equal(found[20, 0.0], found[40, 0.0])
    assert_allclose(found[20, 1.0] - found[20, 0.0], 2 * (found[40, 1.0] - found[40, 0.0]), rtol=1e-10)


def test_fitted_prior_is_the_nearest():
    """No other deviation has a smaller divergence."""
    mu, log_sigma = generator().normal(size=(2, 4, 5))
    prior = fitted_prior(mu, np.exp(2 * log_sigma))
    assert prior.std.shape == (4, 1)
    least = diagonal_kl(mu, log_sigma, prior)
    for factor in (0.9, 0.999, 1.001, 1.1):
        assert (diagonal_kl(mu, log_sigma, Normal(0, factor * prior.std)) > least).all()


def test_prior_that_is_not_given_is_fitted_at_every_step():
    model, data, q = linear(3), small_dataset("binary"), start_at(generator().normal(size=(2, 3)))
    found, expected = np.empty((2, 2, 6))
    mu, log_sigma = unpack(q)
    for prior, out in ((None, found), (fitted_prior(mu, np.exp(2 * log_sigma)), expected)):
        FreeEnergy(model, data, generator(), prior).gradient(q, data.X_train, data.y_train, out)
    assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("task", LOSSES)
def test_objective_keeps_float32(sampling, task):
    data, model = small_dataset(task, dtype=np.float32), small_model(task)
    noise = np.array([0.5, 0.7]) if task == "regression" else None
    objective = FreeEnergy(model, data, generator(), Normal(0, np.ones((2, 1))), np.array([1.0, 2]), noise, sampling)
    q = start_at(model.init(generator(), (2,)).astype(np.float32))
    step = next(descend(model, data, q, rng=generator(), objective=objective, batch_size=6))
    assert {a.dtype for a in (q, step.w, step.g, step.back.loss)} == {np.dtype(np.float32)}
    assert fit(objective, q, rng=generator(), steps=3, batch_size=6).dtype == np.float32


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"prior": Normal(0, 0.0)}, "prior.std = 0.0: expected positive"),
        ({"lam": -1.0}, r"lam = -1.0: expected 0 or more"),
        ({"lam": np.nan}, "lam.* = nan"),
        ({"noise": 0.0}, "noise = 0.0: expected a positive number"),
        ({"sampling": "locally"}, "sampling = 'locally': expected one of the known names; nearest: local"),
    ],
    ids=str,
)
def test_objective_refuses_what_it_cannot_do(options, said):
    with pytest.raises(ValueError, match=said):
        FreeEnergy(linear(3), small_dataset("regression"), generator(), **options)


# --- the bound -----------------------------------------------------------------------------------------


def test_bound_of_linear_regression():
    """eq:evidence: L_w exact, L_E to Monte Carlo error; with many draws below the evidence, as it must be."""
    data, noise, r = regression(), 0.4, 400
    q = mean_field(data, noise, PRIOR)
    mu, log_sigma = unpack(q)
    exact = linear_evidence(mu, np.diag(np.exp(2 * log_sigma)), data.X_train, data.y_train, noise, PRIOR)
    objective = FreeEnergy(linear(3), data, generator(), PRIOR, noise=noise)
    found = lower_bound(objective, np.broadcast_to(q, (r, 6)), samples=20)
    assert_allclose(found.L_w, exact.L_w, rtol=1e-10)
    assert_allclose(found.L_E.mean(), exact.L_E, atol=4 * found.L_E.std() / r**0.5)
    assert_array_equal(found.value, found.L_w + found.L_E)
    assert found.value.mean() < exact.value


def test_bound_of_a_point_is_its_likelihood():
    """eq:likelihood: without spread L_E is L_D; KL is that of a point with the fitted prior, if there is no other."""
    model, data = small_model("multiclass"), small_dataset("multiclass")
    q = pack(model.init(generator()), np.full(model.n_params, -40.0))
    mu, log_sigma = unpack(q)
    found = lower_bound(FreeEnergy(model, data, generator(), prior=None), q, samples=2)
    assert_allclose(found.L_E, log_likelihood(model, mu, data.X_train, data.y_train, "multiclass"), rtol=1e-10)
    assert_allclose(found.L_w, -diagonal_kl(mu, log_sigma, Normal(0, np.sqrt(np.mean(mu**2)))), rtol=1e-10)
    with pytest.raises(ValueError, match="samples = 0: expected a whole number, 1 or more"):
        lower_bound(FreeEnergy(model, data, generator()), q, samples=0)
