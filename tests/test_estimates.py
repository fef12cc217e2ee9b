import numpy as np
import pytest

from minimal_order.estimates import (
    Estimate,
    leave_one_out_interval,
    mean_interval,
    t_quantile,
    variance_ratio_interval,
)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0.4603, 0.412, 0.5149), ".46 [.41, .51]"),
        (Estimate(-0.0001, -0.0021, 0.0019), "-.0001 [-.0021, .0019]"),
        (Estimate(-0.001, -0.13, 0.128), ".00 [-.13, .13]"),
        (Estimate(10.4603, 9.412, 11.5149), "10.5 [9.4, 11.5]"),
        (Estimate(0.998, 0.91, 1.08), "1.00 [.91, 1.08]"),
        (Estimate(1234.5, 1000.0, 1469.0), "1234 [1000, 1469]"),
        (Estimate(1.0, 1.0, 1.0), "1.00 [1.00, 1.00]"),
        (Estimate(np.nan, np.nan, np.nan), "undefined"),
        (Estimate(np.array([0.1, 0.2]), np.zeros(2), np.ones(2)), ".1 [.0, 1.0], .2 [.0, 1.0]"),
    ],
)
def test_an_estimate_prints_two_digits_of_its_width(estimate, text):
    assert str(estimate) == text


def test_an_undefined_interval_covers_nothing():
    estimate = Estimate(np.array([0.0, np.nan]), np.array([-1.0, np.nan]), np.array([1.0, np.nan]))
    assert estimate.covers(0.5).tolist() == [True, False]
    assert not np.any(estimate.covers(1.5))


def test_mean_interval_is_scipys():
    from scipy import stats

    x = np.random.default_rng(0).standard_normal((3, 8, 2))
    ours = mean_interval(x, confidence=0.9, axis=1)
    oracle = stats.ttest_1samp(x, 0, axis=1).confidence_interval(0.9)
    np.testing.assert_allclose(ours.value, x.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(ours.low, oracle.low, atol=1e-10)
    np.testing.assert_allclose(ours.high, oracle.high, atol=1e-10)


def test_the_jackknife_of_a_mean_is_students_interval():
    x = np.random.default_rng(1).standard_normal(7)
    without = np.array([np.delete(x, i).mean() for i in range(7)])
    np.testing.assert_allclose(leave_one_out_interval(x.mean(), without), mean_interval(x), atol=1e-12)


def test_variance_ratio_is_that_of_a_loop():
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((2, 6, 4)) * [[[1.0]], [[2.0]]]

    def theta(runs):
        return np.mean([np.log(np.var(a[runs, k], ddof=1) / np.var(b[runs, k], ddof=1)) for k in range(4)])

    everyone = np.arange(6)
    without = np.array([theta(np.delete(everyone, i)) for i in range(6)])
    half = t_quantile(0.95, 5) * np.sqrt(5 / 6 * np.sum((without - without.mean()) ** 2))
    value = theta(everyone)
    expected = np.exp([value, value - half, value + half])
    np.testing.assert_allclose(variance_ratio_interval(a, b), expected, rtol=1e-10)


def test_variance_ratio_covers_the_truth():
    """Pairs with correlation .8 and levels that follow each other, as losses of one run do; truth 1/4."""
    rng = np.random.default_rng(3)
    levels = rng.standard_normal((300, 25, 6, 2)) + 2 * rng.standard_normal((300, 25, 1, 2))
    a, b = levels[..., 0], 2 * (0.8 * levels[..., 0] + 0.6 * levels[..., 1])
    inside = [variance_ratio_interval(x, y).covers(0.25) for x, y in zip(a, b, strict=True)]
    assert 0.93 <= np.mean(inside) < 1
    one_level = variance_ratio_interval(a[0, :, 0], b[0, :, 0])
    np.testing.assert_allclose(one_level, variance_ratio_interval(a[0, :, :1], b[0, :, :1]), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_interval([1.0]), r"x.shape = \(1,\): expected at least 2 runs"),
        (lambda: mean_interval([1.0, np.nan]), r"x\[1\] = nan"),
        (lambda: mean_interval([1.0, 2.0], confidence=1.0), "confidence = 1.0"),
        (lambda: variance_ratio_interval(np.ones(5), np.ones(5)), "variance of a or b = 0"),
        (lambda: variance_ratio_interval([1.0, 2], [1.0, 2]), "number of runs = 2"),
        (lambda: variance_ratio_interval([1.0, 2, 3], [1.0, 2]), "a.shape, b.shape"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
