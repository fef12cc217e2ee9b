from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from closed_forms import PRIOR, generator, generators, mean_field, regression
from numpy.testing import assert_allclose, assert_array_equal
from small import small_dataset, small_model

from minimal_order.data.dataset import Dataset
from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import linear
from minimal_order.orders import ORDERS, compute_order
from minimal_order.training.loop import descend
from minimal_order.training.optim import adam, sgd
from minimal_order.training.train import train
from minimal_order.variational.free_energy import FreeEnergy
from minimal_order.variational.gaussian import Normal
from minimal_order.variational.posterior import fit, in_units, posterior_of, residual_noise, start_at
from minimal_order.variational.relevance import log_relative_density, log_signal_to_noise
from minimal_order.variational.sampling import SAMPLINGS, pack, unpack

# --- the fit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_fit_of_linear_regression_is_the_closed_form(sampling):
    """Mean of the posterior, and the diagonal of its precision: within a tenth of sigma and 3 per cent."""
    data, noise = regression(m=128), 0.4
    expected, runs = mean_field(data, noise, PRIOR), 4
    objective = FreeEnergy(linear(3), data, generators(runs, 1), PRIOR, noise=noise, sampling=sampling)
    found = fit(objective, start_at(np.ones((runs, 3))), rng=generators(runs, 2), steps=3000, rate=0.02, batch_size=64)
    (mu, log_sigma), (mean, log_std) = unpack(found.mean(axis=0)), unpack(expected)
    assert_allclose((mu - mean) / np.exp(log_std), np.zeros(3), atol=0.1)
    assert_allclose(log_sigma, log_std, atol=0.03)


def test_fit_is_the_mean_of_the_last_half_of_the_loop():
    data, model = small_dataset("binary"), linear(3)
    q = start_at(generator().normal(size=3))
    found = fit(FreeEnergy(model, data, generator(1)), q, rng=generator(2), steps=5, rate=0.1, batch_size=6)
    size = np.sqrt(np.mean(q[:3] ** 2))
    in_own_units = Dataset("binary", "binary", *(data.X_train * size, data.y_train) * 2, n_classes=2)
    objective = FreeEnergy(model, in_own_units, generator(1), Normal(0, 1 / size))
    start = pack(q[:3] / size, q[3:] - np.log(size))
    loop = descend(model, in_own_units, start, rng=generator(2), objective=objective, rule=adam(0.1), batch_size=6)
    path = [step.w.copy() for step in islice(loop, 5)]
    expected = np.mean(path[2:], axis=0)
    assert_allclose(found, pack(size * expected[:3], expected[3:] + np.log(size)), rtol=1e-9)


def test_rule_in_other_units_is_that_of_scaled_parameters():
    """Descent on f(w / u): the gradient grows u times, and the step in w as much again."""
    unit, g = np.array([2.0, 0.5]), np.array([1.0, 3.0])
    rule = in_units(sgd(0.1), unit)
    assert_allclose(rule.step(rule.init(g), g, g)[0], -0.1 * unit**2 * g, rtol=1e-12)


def test_noise_and_batches_have_generators_of_their_own():
    """The same batches whatever the noise, and the same noise whatever the batches."""
    data, model, q = small_dataset("binary"), linear(3), start_at(np.ones(3))

    def path(for_noise, for_batches):
        objective = FreeEnergy(model, data, generator(for_noise))
        loop = descend(model, data, q, rng=generator(for_batches), objective=objective, rule=sgd(0.1), batch_size=6)
        return [(step.back.inputs[0].copy(), step.w.copy()) for step in islice(loop, 5)]

    one, other_noise, other_batches, again = path(1, 2), path(3, 2), path(1, 4), path(1, 2)
    for (X, w), (X_same, w_other), (X_other, _), (_, w_same) in zip(
        one, other_noise, other_batches, again, strict=True
    ):
        assert_array_equal(X, X_same)
        assert_array_equal(w, w_same)
        assert (w != w_other).all()
        assert (X_other != X).any()


@pytest.mark.parametrize("own_data", [False, True], ids=["shared data", "data of each run"])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_run_among_others_is_as_if_alone(sampling, own_data):
    model = small_model("multiclass")
    data = small_dataset("multiclass", runs=(3,) if own_data else ())
    q = start_at(model.init(generator(), (3,)))
    options = {"steps": 20, "batch_size": 6}
    objective = FreeEnergy(model, data, generators(3, 1), None, sampling=sampling)
    together = fit(objective, q, rng=generators(3, 2), **options)
    for run in range(3):
        own = data.run(run) if own_data else data
        objective = FreeEnergy(model, own, generators(3, 1)[run], None, sampling=sampling)
        assert_allclose(together[run], fit(objective, q[run], rng=generators(3, 2)[run], **options), rtol=1e-8)


def test_masks_freeze_means_and_deviations():
    data, model, q = small_dataset("binary"), linear(3), start_at(np.array([1.0, 2, 3]))
    alpha = np.array([0, 1, 1, 1, 0, 1])
    loop = descend(model, data, q, rng=generator(), objective=FreeEnergy(model, data, generator()), alpha=alpha,
                   batch_size=6)  # fmt: skip
    assert_array_equal([step.w == q for step in islice(loop, 3)], np.tile(alpha == 0, (3, 1)))


def test_start_is_a_share_of_the_size_of_the_weights():
    q = start_at(np.array([[3.0, 4], [0, 0]]), share=0.2)
    assert_allclose(q, [[3, 4, *[np.log(0.2 * 12.5**0.5)] * 2], [0, 0, *[np.log(0.2)] * 2]], rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": 0}, "steps = 0: expected a whole number, 1 or more"),
        ({"rate": 0.0}, "rate = 0.0: expected a positive finite number"),
        ({"rate": 1e3}, "rate = 1000.0: expected a smaller one: the fit diverged"),
        ({"batch_size": 1}, "batch_size = 1: expected"),
        ({"q": np.zeros(3)}, r"w.shape = \(3,\): expected \(..., 6\)"),
        ({"q": np.full(6, np.nan)}, r"q\[0\] = nan: expected a finite number"),
    ],
    ids=str,
)
def test_fit_refuses_what_it_cannot_do(change, said):
    objective = FreeEnergy(linear(3), small_dataset("regression"), generator())
    options = {"q": start_at(np.ones(3)), "rng": generator(), "steps": 30, "batch_size": 6} | change
    with pytest.raises(ValueError, match=said):
        fit(objective, **options)


# --- the posterior of a trained run --------------------------------------------------------------------


def trained(task="regression", hidden=(4,), shape=(), runs=(), **options):
    model, data = small_model(task, hidden), small_dataset(task, runs=runs)
    rng = generators(*shape[:1]) if shape else generator()
    return train(model, data, model.init(generator(), shape), steps=20, rng=rng, batch_size=6, **options)


@pytest.mark.parametrize("task", LOSSES)
def test_posterior_of_many_runs_is_that_of_each(task):
    runs = trained(task, shape=(3,))
    together = posterior_of(runs, generators(3), steps=15)
    for run in range(3):
        alone = posterior_of(runs.run(run), generators(3)[run], steps=15)
        assert_allclose(together[run], alone, rtol=1e-8)
        assert_array_equal(alone, posterior_of(runs.run(run), generators(3)[run], steps=15))


@pytest.mark.parametrize("task", LOSSES)
def test_posterior_of_a_run_is_a_fit_from_its_weights(task):
    """With the noise of its residuals and a fitted prior, unless given."""
    run, prior = trained(task), Normal(0, 0.3)
    for given in (None, prior):
        for_batches, for_noise = generator().spawn(2)
        objective = FreeEnergy(run.model, run.data, for_noise, given, noise=residual_noise(run))
        expected = fit(objective, start_at(run.w), rng=for_batches, steps=15, batch_size=6)
        assert_array_equal(posterior_of(run, generator(), prior=given, steps=15), expected)


@pytest.mark.parametrize("own_data", [False, True], ids=["shared data", "data of each run"])
def test_noise_is_that_of_the_residuals(own_data):
    run = trained(shape=(3,), runs=(3,) if own_data else ())
    X, y = run.data.X_train, run.data.y_train
    residual = run.model.outputs(run.w, X)[..., 0, :] - y
    assert_allclose(residual_noise(run), np.sqrt((residual**2).mean(axis=-1)), rtol=1e-10)
    assert residual_noise(trained("binary")) is None
    data = Dataset("exact", "regression", X, X[..., 0], X, X[..., 0])
    exact = train(
        linear(3), data, np.tile([1.0, 0, 0], (3, 1)), steps=1, rng=generator(), rule=sgd(1e-12), batch_size=2
    )
    assert_allclose(residual_noise(exact), np.full(3, 1e-3) * np.sqrt((data.y_train**2).mean(axis=-1)), rtol=1e-10)


# --- relevance -----------------------------------------------------------------------------------------


def test_relevance_is_the_ratio_of_densities():
    """eq:variational-relevance: q_j(0) / q_j(mu_j) of a normal density, written out."""
    mu, sigma = generator().normal(size=(2, 3, 4))
    sigma = np.exp(sigma)

    def density(x):
        return np.exp(-0.5 * ((x - mu) / sigma) ** 2) / np.sqrt(2 * np.pi * sigma**2)

    found = log_relative_density(mu, np.log(sigma))
    assert_allclose(np.exp(found), density(0) / density(mu), rtol=1e-10)
    assert_allclose(np.exp(log_relative_density(mu)), np.exp(-(mu**2)), rtol=1e-10)  # without a q


def test_order_is_that_of_the_relative_density():
    """eq:variational-relevance: the largest ratio leaves first, which is the smallest |mu| / sigma."""
    mu, log_sigma = generator().normal(size=(2, 50))
    by_ratio = np.argsort(-log_relative_density(mu, log_sigma))
    assert_array_equal(np.argsort(log_signal_to_noise(mu, log_sigma)), by_ratio)


def test_no_deviation_is_too_small_or_too_large():
    """eq:variational-relevance where the ratio is 0 or 1 to a computer: the logarithms still tell the weights apart."""
    mu = np.array([1.0, 1.0, 1.0, 0.0, 1e-300, 0.0])
    log_sigma = np.array([-800.0, -801.0, 5.0, -np.inf, 700.0, 800.0])
    with np.errstate(all="raise", under="ignore"):
        found = log_signal_to_noise(mu, log_sigma)
        ratio = log_relative_density(mu, log_sigma)
    assert np.argsort(found, kind="stable").tolist() == [3, 5, 4, 2, 0, 1]
    assert ratio.tolist() == [-np.inf, -np.inf, -0.5 * np.exp(-10.0), 0, 0, 0]
    mu, log_sigma = np.array([1e-3, 0, 1], np.float32), np.array([-1000, -1000, 0], np.float32)
    assert log_relative_density(mu, log_sigma).tolist() == [-np.inf, 0, -0.5]


def test_order_of_a_run():
    """eq:variational-relevance: by the fit of the run's posterior; where all weights are 0, by index."""
    run = trained(hidden=())
    mu, log_sigma = unpack(posterior_of(run, generator()))
    found = compute_order("variational", run, generator())
    assert_array_equal(found, np.argsort(np.abs(mu) / np.exp(log_sigma)))
    assert ORDERS["variational"].equation == "eq:variational-relevance"
    assert compute_order("variational", replace(run, w=np.zeros(3)), generator()).tolist() == [0, 1, 2]


def test_weights_that_the_data_do_not_determine_leave_first():
    """A feature that is always 0 says nothing of its weight; one that y does not depend on says that it is small."""
    rng = generator()
    X = rng.normal(size=(200, 4))
    X[:, 0] = 0
    y = X @ [0, 0.0, 0.5, 1.0] + 0.1 * rng.normal(size=200)
    data = Dataset("known", "regression", X, y, X, y)
    run = train(linear(4), data, np.full(4, 0.7), steps=400, rng=generator(), batch_size=20)
    assert compute_order("variational", run, generator()).tolist()[2:] == [2, 3]
