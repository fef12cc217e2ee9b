import numpy as np
import pytest
from closed_forms import log_density, nodes_of, some_gaussian
from numpy.testing import assert_allclose
from oracles import central_differences

from minimal_order.variational.gaussian import Normal, check_normal, diagonal_kl, diagonal_kl_gradient, kl_divergence


def generator(seed=3):
    return np.random.default_rng(seed)


def test_divergence_is_the_mean_log_ratio():
    """eq:kl against E_q ln q(x)/p(x), its definition: by enumeration, as ln is quadratic in x; by Monte Carlo."""
    rng = generator()
    (a, A), (b, B) = some_gaussian(rng, (), 3), some_gaussian(rng, (), 3)
    points, shares = nodes_of(3)

    def log_ratios(points):
        return np.array([log_density(x, a, A) - log_density(x, b, B) for x in a + points @ np.linalg.cholesky(A).T])

    found = kl_divergence(a, A, b, B)
    assert_allclose(found, shares @ log_ratios(points), rtol=1e-10)
    drawn = log_ratios(generator(8).normal(size=(4000, 3)))
    assert_allclose(found, drawn.mean(), atol=4 * drawn.std() / np.sqrt(4000))


def test_divergence_of_diagonal_gaussians_is_that_of_any():
    """eq:kl for replicas, with priors of one number or of one a parameter."""
    rng = generator()
    mu, log_sigma = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4, 3))
    for prior in (Normal(), Normal(0.3, 2.0), Normal(rng.normal(size=3), np.exp(rng.normal(size=(4, 3))))):
        found = diagonal_kl(mu, log_sigma, prior)
        m, s = (np.broadcast_to(each, mu.shape) for each in prior)
        assert found.shape == (2, 4)
        for place in np.ndindex(2, 4):
            A, B = np.diag(np.exp(2 * log_sigma[place])), np.diag(s[place] ** 2)
            assert_allclose(found[place], kl_divergence(mu[place], A, m[place], B), rtol=1e-10)
        A, B = (each[..., None] * np.eye(3) for each in (np.exp(2 * log_sigma), s**2))
        assert_allclose(found, kl_divergence(mu, A, m, B), rtol=1e-10)


def test_divergence_is_zero_only_from_itself():
    """eq:kl: a divergence, and not a distance."""
    (a, A), (b, B) = some_gaussian(generator(1), (), 3), some_gaussian(generator(2), (), 3)
    assert_allclose(kl_divergence(a, A, a, A), 0, atol=1e-12)
    assert kl_divergence(a, A, b, B) > 0.1
    assert abs(kl_divergence(a, A, b, B) - kl_divergence(b, B, a, A)) > 0.01
    mu, log_sigma = generator(5).normal(size=(2, 3))
    assert_allclose(diagonal_kl(mu, log_sigma, Normal(mu, np.exp(log_sigma))), 0, atol=1e-12)


def test_gradient_of_the_divergence():
    """eq:kl differentiated, against central differences."""
    rng = generator()
    mu, log_sigma = rng.normal(size=(2, 3))
    prior = Normal(rng.normal(size=3), np.exp(rng.normal(size=3)))
    of_mu, of_log_sigma = diagonal_kl_gradient(mu, np.exp(2 * log_sigma), prior)
    assert_allclose(of_mu, central_differences(lambda w: diagonal_kl(w, log_sigma, prior), mu), rtol=1e-8)
    assert_allclose(of_log_sigma, central_differences(lambda v: diagonal_kl(mu, v, prior), log_sigma), rtol=1e-8)
    for each in diagonal_kl_gradient(np.ones(3, np.float32), np.ones(3, np.float32), prior):
        assert each.dtype == np.float32


def test_sigma_too_small_for_a_number_has_a_divergence():
    found = diagonal_kl(np.zeros(2), np.array([-1000.0, 0.0]), Normal())
    assert_allclose(found, 1000 - 0.5, rtol=1e-12)


@pytest.mark.parametrize(
    ("prior", "said"),
    [
        (Normal(0.0, 0.0), r"prior.std = 0.0: expected positive"),
        (Normal(0.0, np.array([1.0, -1.0])), r"prior.std = \[ 1. -1.\]: expected positive"),
        (Normal(np.nan, 1.0), r"prior.mean = nan: expected a finite number"),
        (Normal(0.0, np.array([1.0, np.inf])), r"prior.std\[1\] = inf"),
    ],
    ids=str,
)
def test_prior_that_is_none_is_refused(prior, said):
    with pytest.raises(ValueError, match=said):
        check_normal("prior", prior)


def test_covariance_that_is_none_is_refused():
    a, A = np.zeros(2), np.array([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ValueError, match=r"smallest eigenvalue of cov_q = -1\.0: expected a positive number"):
        kl_divergence(a, A, a, np.eye(2))
    with pytest.raises(ValueError, match=r"smallest eigenvalue of cov_p = 0\.0: expected a positive number"):
        kl_divergence(a, np.eye(2), a, np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"mean_q\[1\] = nan"):
        kl_divergence([0, np.nan], np.eye(2), a, np.eye(2))
