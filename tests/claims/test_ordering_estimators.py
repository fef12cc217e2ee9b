"""What claims on freezing are judged by, worked out by hand."""

import math

import numpy as np
import pytest
from loss_curves import COVARIANCE, LEVELS, RANDOM, curves
from tiny import outcome_of

from minimal_order.claims.freezing import (
    agreement_with,
    early_share,
    excess_over_random,
    frozen_share,
    mean_mask_correlation,
    paired,
    variance_ratio,
)
from minimal_order.experiments.freeze.outcome import PANELS

T2 = 0.95 * math.sqrt(2 / (1 - 0.95**2))  # Student's 97.5 % point with two degrees of freedom, in closed form


def test_excess_is_the_paired_difference_over_randoms_loss():
    """Differences of the three runs -1, -2, -3; random's mean is 10."""
    random = np.array([[8, 12], [9, 11], [10, 10]], float)
    covariance = random - [[0.5, 1.5], [2, 2], [4, 2]]
    found = excess_over_random(outcome_of(curves(covariance, random), LEVELS), 0)
    half = T2 * 1 / math.sqrt(3)
    np.testing.assert_allclose(found, np.array([-2, -2 - half, -2 + half]) / 10, rtol=1e-10)


def test_excess_is_taken_on_its_split_and_without_the_ends():
    random = np.array([[8.0, 12], [9, 11], [10, 10]])
    both = curves(random, random, test=(random + 1, random))
    found = [excess_over_random(outcome_of(both, LEVELS), split) for split in (0, 1)]
    np.testing.assert_allclose(found, [[0, 0, 0], [0.1, 0.1, 0.1]], atol=1e-12)
    other_ends = curves(random, random, ends=(5.0, 1000.0), test=(random + 1, random))
    assert excess_over_random(outcome_of(other_ends, LEVELS), 1) == found[1]


def test_excess_of_another_order():
    random = np.array([[8.0, 12], [9, 11], [10, 10]])
    loss = curves(random, random) | {"magnitude": curves(random + 2, random)[COVARIANCE]}
    assert excess_over_random(outcome_of(loss, LEVELS), 0, "magnitude").value == pytest.approx(0.2)


def test_a_pair_of_which_one_diverged_is_left_out():
    random = np.array([[8.0, 12], [9, 11], [10, 10], [1e9, 1]])
    loss = curves(random - 1, random)
    diverged = {order: np.zeros((4, 4), int) for order in loss}
    diverged[COVARIANCE][3, 1] = 150
    outcome = outcome_of(loss, LEVELS, diverged=diverged)
    assert [len(values) for values in paired(outcome, 0, COVARIANCE, RANDOM)] == [3, 3]
    np.testing.assert_allclose(excess_over_random(outcome, 0), [-0.1] * 3)


def test_variance_ratio_of_a_curve_drawn_half_as_far_from_its_mean():
    random = np.array([[8.0, 12], [9, 14], [13, 10], [10, 11]])
    outcome = outcome_of(curves(7 + random / 2, random), LEVELS)
    np.testing.assert_allclose(variance_ratio(outcome, 0), [0.25] * 3)


def test_variance_ratio_by_dropping_runs_one_by_one():
    rng = np.random.default_rng(0)
    covariance, random = rng.random((4, 2)) + 1, 3 * rng.random((4, 2)) + 1

    def log_ratio(runs):
        each = [
            math.log(np.var([covariance[i, l] for i in runs], ddof=1) / np.var([random[i, l] for i in runs], ddof=1))
            for l in range(2)  # noqa: E741
        ]
        return sum(each) / 2

    without = [log_ratio([i for i in range(4) if i != out]) for out in range(4)]
    spread = math.sqrt(3 / 4 * sum((value - sum(without) / 4) ** 2 for value in without))
    t3 = 3.182446305284263
    expected = [math.exp(log_ratio(range(4)) + sign * t3 * spread) for sign in (0, -1, 1)]
    np.testing.assert_allclose(variance_ratio(outcome_of(curves(covariance, random), LEVELS), 1), expected, rtol=1e-9)


def test_mask_correlation_of_two_equal_runs_and_their_opposite():
    """Pairs 1, -1, -1; without one run 1, -1, -1 of the pairs are left."""
    rank = np.tile(np.arange(200) + 1, (3, 1))
    rank[2] = 201 - rank[2]
    outcome = outcome_of(
        curves(np.ones((3, 1)), np.ones((3, 1)), levels=(0, 0.5, 1)),
        (0, 0.5, 1),
        rank={COVARIANCE: rank, RANDOM: rank},
    )
    found = mean_mask_correlation(outcome, COVARIANCE, PANELS)
    half = T2 * math.sqrt(2 / 3 * (2 * (2 / 3) ** 2 + (4 / 3) ** 2))
    np.testing.assert_allclose(found, [-1 / 3, -1 / 3 - half, -1 / 3 + half], rtol=1e-10)


def test_mask_correlation_is_among_live_parameters():
    live = np.arange(200) >= 100
    rank = np.tile(np.arange(200) + 1, (3, 1))
    for i in range(3):
        rank[i, 100:] = 101 + np.random.default_rng(i).permutation(100)
    outcome = outcome_of(
        curves(np.ones((3, 2)), np.ones((3, 2))), LEVELS, rank={COVARIANCE: rank, RANDOM: rank}, live=live
    )
    assert abs(mean_mask_correlation(outcome, COVARIANCE, PANELS).value) < 0.2


@pytest.mark.parametrize(
    "excess, share",
    [
        ([0.01, 0.04, 0.06, 0.0], 0.5),  # at .75 too much; what comes after does not count
        ([0.06, 0.0, 0.0, 0.0], 0.0),
        ([0.05, 0.05, 0.05, 0.05], 1.0),  # exactly the margin
        ([-0.4, -0.4, 0.04, 9.0], 0.75),
    ],
)
def test_share_that_can_be_frozen(excess, share):
    levels = (0.0, 0.25, 0.5, 0.75, 1.0)
    base = np.array([2.0, 4.0, 6.0])
    loss = np.empty((3, 5, 2))
    loss[..., 0] = 1e6  # train does not count
    loss[:, 0, 1] = base
    loss[:, 1:, 1] = base[:, None] + 4 * np.array(excess) - 1e-12
    assert frozen_share(outcome_of({RANDOM: loss, COVARIANCE: loss}, levels), COVARIANCE) == share


def test_share_that_can_be_frozen_counts_the_interval():
    """Excesses 0, .02, .04 of 1: their mean .02 is within .05, its interval's end .02 + T2 .02/sqrt 3 is not."""
    levels = (0.0, 0.5, 1.0)
    loss = np.ones((3, 3, 2))
    loss[:, 1:, 1] = 1 + np.array([0, 0.02, 0.04])[:, None]
    assert 0.02 + T2 * 0.02 / math.sqrt(3) > 0.05
    assert frozen_share(outcome_of({RANDOM: loss, COVARIANCE: loss}, levels), COVARIANCE) == 0
    loss[:, 1:, 1] = 1 + np.array([0.01, 0.02, 0.03])[:, None]
    assert 0.02 + T2 * 0.01 / math.sqrt(3) < 0.05
    assert frozen_share(outcome_of({RANDOM: loss, COVARIANCE: loss}, levels), COVARIANCE) == 1


def test_agreement_with_another_order():
    rank = np.tile(np.random.default_rng(0).permutation(200) + 1, (3, 1))
    lasso = rank.copy()
    lasso[1] = 201 - rank[1]
    loss = curves(np.ones((3, 2)), np.ones((3, 2)))
    outcome = outcome_of(loss | {"lasso": loss[RANDOM]}, LEVELS, rank={COVARIANCE: rank, RANDOM: rank, "lasso": lasso})
    half = T2 * math.sqrt(4 / 3) / math.sqrt(3)  # rho 1, -1, 1
    np.testing.assert_allclose(
        agreement_with(outcome, COVARIANCE, "lasso"), [1 / 3, 1 / 3 - half, 1 / 3 + half], rtol=1e-10
    )


def test_early_share_is_of_live_parameters_and_of_runs_that_did_not_diverge():
    loss = curves(np.ones((4, 2)), np.ones((4, 2)))
    converged = np.full((4, 200), 41)  # of t0 + t1 = 200 steps a fifth is 40
    converged[0, :100], converged[1, :110], converged[2, :120] = 40, 40, 40
    converged[3] = 1  # a run whose parameters are NaN never left its end value
    diverged = {order: np.array([[0] * 4] * 3 + [[7, 7, 7, 7]]) for order in loss}
    found = early_share(outcome_of(loss, LEVELS, converged=converged, diverged=diverged))
    half = T2 * 0.05 / math.sqrt(3)
    np.testing.assert_allclose(found, [0.55, 0.55 - half, 0.55 + half], rtol=1e-10)
    live = np.arange(200) >= 100
    found = early_share(outcome_of(loss, LEVELS, converged=converged, diverged=diverged, live=live))
    assert found.value == pytest.approx(0.1)
