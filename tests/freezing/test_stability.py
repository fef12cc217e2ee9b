import numpy as np
import pytest

from minimal_order.estimates import t_quantile
from minimal_order.freezing.masks import by_score, freeze_mask, live_order, only_live, rank_of
from minimal_order.freezing.stability import (
    bootstrap_interval,
    jackknife_interval,
    kendall,
    mask_correlation,
    pair_mean,
    spearman,
    stability,
)

LEVELS = np.linspace(0, 1, 11)


def orders(rng, *shape, signal=0.0):
    """Random orders (*shape, p), the same noise-free scores for all times ``signal``."""
    common = signal * np.linspace(-1, 1, shape[-1])
    return by_score(common + rng.standard_normal(shape))


# --- the statistics --------------------------------------------------------------------------------------


def test_stability_from_the_definition():
    """eq:stability, term by term."""
    alpha = freeze_mask(orders(np.random.default_rng(0), 5, 12), LEVELS)
    s = stability(alpha)
    for level in range(1, 10):
        mean = [sum(alpha[run, level, j] for run in range(5)) / 5 for j in range(12)]
        f = sum(mean) / 12
        var = sum((a - f) ** 2 for a in mean) / 12
        assert abs(s[level] - var / (f * (1 - f))) < 1e-12


@pytest.mark.parametrize("signal", [0.0, 2.0])
def test_stability_is_the_mean_correlation_of_masks(signal):
    """eq:stability s = 1/r + (1 - 1/r) rho_bar exactly, when every run freezes equally many."""
    r = 7
    alpha = freeze_mask(orders(np.random.default_rng(1), r, 30, signal=signal), LEVELS[1:-1])
    matrix = mask_correlation(alpha)
    assert matrix.shape == (9, r, r)
    np.testing.assert_allclose(stability(alpha), 1 / r + (1 - 1 / r) * pair_mean(matrix), rtol=0, atol=1e-12)


def test_stability_where_the_runs_freeze_unequal_shares():
    """eq:stability among live parameters: what it then is, by its docstring."""
    rng = np.random.default_rng(2)
    live = np.arange(40) % 3 > 0
    alpha = freeze_mask(orders(rng, 6, 40), [0.3, 0.5])
    f = only_live(alpha, live).mean(axis=-1).T  # (levels, r)
    assert np.all(np.ptp(f, axis=1) > 0)
    std = np.sqrt(f * (1 - f))
    total = np.einsum("kab,ka,kb->k", mask_correlation(alpha, live), std, std) / 36
    mean = f.mean(axis=1)
    np.testing.assert_allclose(stability(alpha, live) * mean * (1 - mean), total, rtol=0, atol=1e-12)


def test_stability_of_equal_runs_is_1():
    """eq:stability at its upper end."""
    alpha = np.repeat(freeze_mask(np.arange(10), LEVELS[1:-1])[None], 4, axis=0)
    np.testing.assert_allclose(stability(alpha), 1, atol=1e-12)


@pytest.mark.filterwarnings("error")
def test_stability_is_undefined_where_all_or_nothing_is_frozen():
    """eq:stability at f = 0 and 1: NaN put there on purpose, no warning; so are rho_bar and its interval."""
    alpha = freeze_mask(orders(np.random.default_rng(3), 4, 10), LEVELS)
    ends = [True] + 9 * [False] + [True]
    matrix = mask_correlation(alpha)
    interval = jackknife_interval(matrix)
    bootstrap = bootstrap_interval(matrix, np.random.default_rng(4), n_resamples=50)
    for each in (stability(alpha), pair_mean(matrix), *interval, *bootstrap):
        assert np.isnan(each).tolist() == ends
    assert str(interval).startswith("undefined, ")


def test_mask_correlation_is_pearsons():
    rng = np.random.default_rng(5)
    alpha = freeze_mask(orders(rng, 4, 25), [0.2, 0.6])
    live = rng.random(25) < 0.7
    for k in range(2):
        np.testing.assert_allclose(mask_correlation(alpha)[k], np.corrcoef(alpha[:, k]), atol=1e-12)
        expected = np.corrcoef(alpha[:, k][:, live])
        np.testing.assert_allclose(mask_correlation(alpha, live)[k], expected, atol=1e-12)


@pytest.mark.parametrize("p", [2, 3, 8, 9, 100])
def test_rank_correlations_are_scipys(p):
    from scipy import stats

    rank = rank_of(orders(np.random.default_rng(p), 2, 4, p, signal=0.5))
    rho, tau = spearman(rank), kendall(rank)
    assert rho.shape == tau.shape == (2, 4, 4)
    for e, a, b in np.ndindex(2, 4, 4):
        assert abs(rho[e, a, b] - stats.spearmanr(rank[e, a], rank[e, b]).statistic) < 1e-10
        assert abs(tau[e, a, b] - stats.kendalltau(rank[e, a], rank[e, b]).statistic) < 1e-10


@pytest.mark.parametrize("p", [7960, 40_000])
def test_kendall_at_the_size_of_a_network(p):
    """7960 parameters as with MNIST; 40 000 is past what 16 bits hold."""
    from scipy import stats

    rank = rank_of(orders(np.random.default_rng(6), 4, p, signal=1.0))
    tau = kendall(rank)
    for a, b in ((0, 1), (1, 3), (2, 3)):
        assert abs(tau[a, b] - stats.kendalltau(rank[a], rank[b]).statistic) < 1e-12
    np.testing.assert_array_equal(tau, tau.T)


def test_live_parameters_are_ranked_anew():
    """A run's ranks among the live ones, against scipy, which ranks what it is given."""
    from scipy import stats

    rng = np.random.default_rng(7)
    order, live = orders(rng, 3, 30), rng.random(30) < 0.6
    rank = rank_of(order)
    rho, tau = spearman(rank, live), kendall(rank, live)
    np.testing.assert_allclose(tau, kendall(rank_of(live_order(order, live))), atol=1e-15)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert abs(rho[a, b] - stats.spearmanr(rank[a, live], rank[b, live]).statistic) < 1e-10
        assert abs(tau[a, b] - stats.kendalltau(rank[a, live], rank[b, live]).statistic) < 1e-10


def test_dead_parameters_look_like_stability():
    """Zero variances tie by index in every run: far from chance, and at chance among the live ones."""
    rng = np.random.default_rng(8)
    variance = rng.random((25, 400))
    variance[:, :80] = 0
    live = np.arange(400) >= 80
    order = by_score(variance)
    rank = rank_of(order)
    alpha = freeze_mask(order, [0.5])
    for all_, alive in (
        (spearman(rank), spearman(rank, live)),
        (kendall(rank), kendall(rank, live)),
        (mask_correlation(alpha)[0], mask_correlation(alpha, live)[0]),
        (mask_correlation(alpha)[0], mask_correlation(freeze_mask(live_order(order, live), [0.5]))[0]),
    ):
        assert jackknife_interval(all_).low > 0.1
        assert jackknife_interval(alive).covers(0)


# --- the intervals ---------------------------------------------------------------------------------------


def test_jackknife_is_that_of_a_loop():
    matrix = spearman(rank_of(orders(np.random.default_rng(9), 6, 15)))
    pairs = [(a, b) for a in range(6) for b in range(a)]
    value = np.mean([matrix[pair] for pair in pairs])
    without = [np.mean([matrix[pair] for pair in pairs if i not in pair]) for i in range(6)]
    half = t_quantile(0.9, 5) * np.sqrt(5 / 6 * np.sum((without - np.mean(without)) ** 2))
    expected = [value, value - half, value + half]
    np.testing.assert_allclose(jackknife_interval(matrix, confidence=0.9), expected, atol=1e-12)
    assert abs(pair_mean(matrix) - value) < 1e-12


def test_bootstrap_is_that_of_a_loop():
    """The same draws, resampled run by run."""
    matrix = kendall(rank_of(orders(np.random.default_rng(10), 5, 15)))
    interval = bootstrap_interval(matrix, np.random.default_rng(11), confidence=0.8, n_resamples=40)
    means = []
    for times in np.random.default_rng(11).multinomial(5, np.full(5, 1 / 5), size=40):
        runs = np.repeat(np.arange(5), times)
        means.append(np.mean([matrix[a, b] for a in runs for b in runs if a != b]))
    np.testing.assert_allclose(interval[1:], np.quantile(means, [0.1, 0.9]), atol=1e-12)


def naive_bootstrap(matrix, rng, n_resamples=200):
    """95 % interval that keeps pairs of a run with itself, which agree perfectly."""
    r = matrix.shape[-1]
    low_high = []
    runs = rng.integers(r, size=(n_resamples, r))
    for one in matrix:
        resampled = one[runs[:, :, None], runs[:, None, :]]  # (resamples, r, r), the diagonal is 1
        means = (resampled.sum(axis=(1, 2)) - r) / (r * (r - 1))
        low_high.append(np.quantile(means, [0.025, 0.975]))
    return np.array(low_high).T


def pairwise(order):
    """The three matrices of experiments (E, r, p), with half of the parameters frozen."""
    rank = rank_of(order)
    alpha = freeze_mask(np.moveaxis(order, -2, 0), 0.5)
    return {"rho_bar": mask_correlation(alpha), "spearman": spearman(rank), "kendall": kendall(rank)}


def test_intervals_cover_chance_for_random_orders():
    """eq:stability: 95 % intervals of rho_bar, Kendall and Spearman cover 0.

    400 experiments of 25 runs. With a true coverage of .95, .93 is two standard deviations below it.
    """
    rng = np.random.default_rng(12)
    for name, matrix in pairwise(orders(rng, 400, 25, 20)).items():
        jackknife = jackknife_interval(matrix).covers(0).mean()
        bootstrap = bootstrap_interval(matrix, rng, n_resamples=300).covers(0).mean()
        assert jackknife >= 0.97, (name, jackknife)  # conservative: see the docstring
        assert bootstrap >= 0.93, (name, bootstrap)


def test_the_naive_bootstrap_does_not_cover_chance():
    """eq:stability: with pairs of a run with itself kept, random orders look stable, about 1/r too much."""
    rng = np.random.default_rng(14)
    for name, matrix in pairwise(orders(rng, 40, 25, 300)).items():
        low, high = naive_bootstrap(matrix, rng)
        assert np.mean((low <= 0) & (high >= 0)) < 0.05, name
        assert 0.02 < np.mean(low + high) / 2 < 0.06, name
        assert bootstrap_interval(matrix, rng, n_resamples=200).covers(0).mean() >= 0.93, name


def test_intervals_cover_the_truth_for_stable_orders():
    """Independent runs around common scores; the truth in closed form, for rho_bar from 10^5 more runs."""
    from scipy.stats import norm

    rng, p, signal = np.random.default_rng(13), 20, 2.0
    common = signal * np.linspace(-1, 1, p)
    before = norm.cdf((common[None, :] - common[:, None]) / np.sqrt(2))  # P(rank_i < rank_j)
    mean_rank = 1 + (before.sum(axis=0) - 0.5)
    optimised = freeze_mask(orders(rng, 100_000, p, signal=signal), 0.5).mean(axis=0)
    pairs = np.triu_indices(p, 1)
    truth = {
        "rho_bar": np.var(optimised) / 0.25,
        "spearman": np.var(mean_rank) / ((p * p - 1) / 12),
        "kendall": np.mean((2 * before[pairs] - 1) ** 2),
    }
    for name, matrix in pairwise(orders(rng, 400, 25, p, signal=signal)).items():
        assert truth[name] > 0.2
        assert 0.93 <= jackknife_interval(matrix).covers(truth[name]).mean() < 1, name
        assert 0.90 <= bootstrap_interval(matrix, rng, n_resamples=300).covers(truth[name]).mean() < 1, name


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jackknife_interval(np.eye(2)), "number of runs = 2: expected at least 3"),
        (lambda: jackknife_interval(np.zeros((3, 4))), "matrix.shape"),
        (lambda: bootstrap_interval(np.eye(2), np.random.default_rng(0)), "number of runs = 2"),
        (lambda: bootstrap_interval(np.eye(3), np.random.default_rng(0), confidence=0.0), "confidence = 0.0"),
        (lambda: kendall([[0, 1], [1, 0]]), "order = .*: expected a permutation"),
        (lambda: spearman([1, 2, 3]), "rank.shape"),
        (lambda: kendall([[1], [1]]), "number of parameters = 1"),
        (lambda: stability(np.ones(3)), "alpha.shape"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
