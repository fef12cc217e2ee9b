import math

import numpy as np
import pytest
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
from minimal_order.claims.ledger import CONDITIONS, FAILS, HOLDS, UNDEFINED, UNTESTED, Finding, decide
from minimal_order.claims.ordering import LEDGER, judge
from minimal_order.estimates import Estimate
from minimal_order.experiments.freeze.outcome import PANELS

COVARIANCE, RANDOM = "gradient_covariance", "random"
LEVELS = (0.0, 0.25, 0.75, 1.0)
T2 = 0.95 * math.sqrt(2 / (1 - 0.95**2))  # Student's 97.5 % point with two degrees of freedom, in closed form


def curves(covariance, random, ends=(1.0, 20.0), test=None, levels=LEVELS):
    """Losses (runs, levels, 2) of both orders from those at the inner levels (runs, inner), on test the same."""

    def whole(values, others):
        values = np.atleast_2d(values)
        full = np.empty((len(values), len(levels), 2))
        inner = [0 < level < 1 for level in levels]
        full[:, [level == 0 for level in levels]] = ends[0]
        full[:, [level == 1 for level in levels]] = ends[1]
        full[:, inner, 0], full[:, inner, 1] = values, values if others is None else others
        return full

    other = (None, None) if test is None else test
    return {RANDOM: whole(random, other[1]), COVARIANCE: whole(covariance, other[0])}


# --- estimators by hand


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


# --- verdicts


NAN = math.nan


@pytest.mark.parametrize(
    "findings, verdict",
    [
        ([], UNTESTED),
        ([("a", 1.0, True)], HOLDS),
        ([("a", 1.0, False)], FAILS),
        ([("a", 1.0, True), ("b", 1.0, False)], CONDITIONS),
        ([("a", 1.0, True), ("a", 1.0, False)], FAILS),  # one place has to meet all of the rule
        ([("a", 1.0, True), ("a", 1.0, False), ("b", 1.0, True)], CONDITIONS),
        ([("a", 1.0, True), ("b", 1.0, True)], HOLDS),
        ([("a", NAN, None)], UNTESTED),
        ([("a", NAN, None), ("b", 1.0, True)], HOLDS),
        ([("a", NAN, None), ("a", 1.0, True)], UNTESTED),  # half of a rule says nothing
        ([("a", NAN, None), ("a", 1.0, False)], FAILS),  # unless that half fails
        ([("a", 1.0, None)], UNTESTED),  # only for comparison
        ([("a", 1.0, None), ("a", 1.0, True)], HOLDS),
    ],
)
def test_verdict_follows_from_the_findings(findings, verdict):
    assert decide([Finding(where, "what", estimate, met) for where, estimate, met in findings]) == verdict


def better(factor, dataset, seed=0, **options):
    """An experiment whose covariance order has ``factor`` times the loss of the random one, run by run."""
    random = 1 + np.random.default_rng(seed).random((6, 2))
    loss = curves(factor * random, random, ends=(0.99, 3.0))
    return outcome_of(loss, LEVELS, dataset, **options)


def verdicts(**outcomes):
    return {claim.id: claim.verdict for claim in judge(outcomes)}


def test_every_claim_of_the_ledger_that_a_freezing_experiment_can_judge():
    assert list(LEDGER) == ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"]
    for claim in judge({}):
        assert (claim.verdict, claim.findings) == (UNTESTED, [])
        assert len(claim.text) > 20 and len(claim.rule) > 20


@pytest.mark.parametrize(
    "factors, verdict",
    [((0.5, 0.5), HOLDS), ((0.5, 1.5), CONDITIONS), ((1.5, 1.5), FAILS), ((1.0, 1.0), FAILS)],
)
def test_a1_grows_slower(factors, verdict):
    outcomes = {name: better(f, name) for name, f in zip(("synthetic1", "synthetic3"), factors, strict=True)}
    assert verdicts(**outcomes)["a1"] == verdict
    assert verdicts(mnist=better(0.5, "mnist"))["a1"] == UNTESTED


def test_a1_needs_its_interval_below_zero():
    """Differences -3, -3, 2, 2, -3, -3 of a random loss of 10: the mean is -4/3, the interval's end above 0."""
    random = np.full((6, 2), 10.0)
    covariance = random + np.array([-3, -3, 2, 2, -3, -3])[:, None]
    outcome = outcome_of(curves(covariance, random), LEVELS)
    estimate = excess_over_random(outcome, 0)
    assert estimate.value < 0 < estimate.high
    assert verdicts(x=outcome)["a1"] == FAILS


def test_a1_needs_both_splits():
    random = 1 + np.random.default_rng(0).random((6, 2))
    outcome = outcome_of(curves(0.5 * random, random, test=(1.5 * random, random)), LEVELS)
    (claim,) = [claim for claim in judge({"x": outcome}) if claim.id == "a1"]
    assert [(f.what[-5:], f.met) for f in claim.findings] == [("train", True), (" test", False)]
    assert claim.verdict == FAILS


@pytest.mark.parametrize("factor, verdict", [(0.5, HOLDS), (1.0, FAILS), (1.5, FAILS)])
def test_a2_varies_less(factor, verdict):
    assert verdicts(s=better(factor, "synthetic3"))["a2"] == verdict
    assert verdicts(s=better(factor, "synthetic1"))["a2"] == UNTESTED


@pytest.mark.parametrize(
    "boston, mnist, verdict",
    [(1.02, 0.98, HOLDS), (1.02, 1.2, CONDITIONS), (1.2, 0.8, FAILS)],
)
def test_a3_comparable_means(boston, mnist, verdict):
    assert verdicts(boston=better(boston, "boston"), mnist=better(mnist, "mnist"))["a3"] == verdict


@pytest.mark.parametrize("stretch, verdict", [(1.0, HOLDS), (2.0, FAILS), (0.5, FAILS)])
def test_a3_comparable_variances(stretch, verdict):
    """The same means; the deviation stretched, its square beyond 3 or below 1/3."""
    random = 100 + np.random.default_rng(0).random((6, 2))
    loss = curves(random.mean(axis=0) + stretch * (random - random.mean(axis=0)), random)
    assert verdicts(b=outcome_of(loss, LEVELS, "boston"))["a3"] == verdict


def ranks(stable, runs=6, p=200, seed=0):
    """Ranks of independent runs, or of runs that agree."""
    rng = np.random.default_rng(seed)
    if stable:
        return np.tile(rng.permutation(p) + 1, (runs, 1))
    return np.stack([rng.permutation(p) + 1 for _ in range(runs)])


@pytest.mark.parametrize(
    "raw, shared, random, verdict",
    [
        (True, True, False, HOLDS),
        (False, True, False, CONDITIONS),
        (False, False, False, FAILS),
        (True, True, True, FAILS),  # what finds the random order stable finds everything stable
    ],
)
def test_a4_stable(raw, shared, random, verdict):
    rank = {
        PANELS: {COVARIANCE: ranks(raw, seed=1), RANDOM: ranks(random)},
        "batches": {COVARIANCE: ranks(shared, seed=2), RANDOM: ranks(random)},
    }
    assert verdicts(s=better(1.0, "synthetic3", rank=rank))["a4"] == verdict


@pytest.mark.parametrize(
    "noise, value, low, verdict",
    [(5, 0.92, 0.89, HOLDS), (10, 0.84, 0.79, FAILS), (60, 0.31, 0.26, FAILS)],
)
def test_a4_stable_is_not_the_same_as_better_than_chance(noise, value, low, verdict):
    rng = np.random.default_rng(0)
    scores = np.arange(200) + noise * rng.standard_normal((6, 200))
    rank = {COVARIANCE: scores.argsort(axis=1).argsort(axis=1) + 1, RANDOM: ranks(False)}
    outcome = better(1.0, "synthetic3", rank=rank)
    assert mean_mask_correlation(outcome, COVARIANCE, PANELS)[:2] == pytest.approx((value, low), abs=0.02)
    assert verdicts(x=outcome)["a4"] == verdict


@pytest.mark.parametrize("excess, verdict", [(0.01, HOLDS), (0.06, FAILS)])
def test_a5_share(excess, verdict):
    levels = (0.0, 0.5, 1.0)
    loss = {name: np.full((3, 3, 2), 1.0) for name in (RANDOM, COVARIANCE)}
    loss[COVARIANCE][:, 1] += excess
    loss[RANDOM][:, 1] += 5
    loss[RANDOM][:, 2] += 9
    (claim,) = [claim for claim in judge({"x": outcome_of(loss, levels)}) if claim.id == "a5"]
    assert claim.verdict == verdict
    assert [finding.met for finding in claim.findings] == [verdict == HOLDS, None]  # random's is only shown


@pytest.mark.parametrize(
    "stable, like_lasso, verdict",
    [(True, True, HOLDS), (True, False, FAILS), (False, True, FAILS), (True, None, HOLDS)],
)
def test_a6_features(stable, like_lasso, verdict):
    rank = {COVARIANCE: ranks(stable), RANDOM: ranks(False)}
    random = 1 + np.random.default_rng(0).random((6, 2))
    loss = curves(random, random)
    if like_lasso is not None:
        rank["lasso"] = rank[COVARIANCE] if like_lasso else ranks(False, seed=9)
        loss["lasso"] = loss[RANDOM]
    assert verdicts(x=outcome_of(loss, LEVELS, rank=rank))["a6"] == verdict
    assert verdicts(x=better(1, "mnist"))["a6"] == UNTESTED


@pytest.mark.parametrize("n_early, verdict", [(120, HOLDS), (100, FAILS), (20, FAILS)])
def test_a7_early(n_early, verdict):
    converged = np.where(np.arange(200) < n_early, 40, 41) * np.ones((6, 1), int)
    assert verdicts(x=better(1, "synthetic3", converged=converged))["a7"] == verdict


@pytest.mark.parametrize(
    "rho, ratio, verdict",
    [(0.95, 1.0, HOLDS), (0.85, 1.0, FAILS), (0.95, 1.3, FAILS), (0.95, 0.75, FAILS)],
)
def test_a8_approximates(rho, ratio, verdict):
    estimates = {"running": np.tile([rho, ratio], (6, 1))}
    assert verdicts(x=better(1, "synthetic3", estimates=estimates))["a8"] == verdict
    estimates["batch"] = np.tile([0.99, 1.0], (6, 1))  # not the paper's: shown, without a say
    assert verdicts(x=better(1, "synthetic3", estimates=estimates))["a8"] == verdict


def test_findings_name_the_experiment_and_carry_what_the_estimator_says():
    outcomes = {"one": better(0.5, "synthetic3"), "two": better(0.7, "synthetic3", seed=1)}
    (claim,) = [claim for claim in judge(outcomes) if claim.id == "a1"]
    assert [finding.where for finding in claim.findings] == ["one", "one", "two", "two"]
    assert claim.findings[2].estimate == excess_over_random(outcomes["two"], 0)
    assert claim.findings[3].estimate == excess_over_random(outcomes["two"], 1)


# --- little to go by


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("runs", [1, 2])
def test_fewer_than_three_runs_are_not_judged(runs):
    random = 1 + np.random.default_rng(0).random((runs, 2))
    assert set(verdicts(x=outcome_of(curves(random, random), LEVELS)).values()) == {UNTESTED}


def test_without_both_orders_nothing_is_judged():
    random = 1 + np.random.default_rng(0).random((4, 2))
    for keep in (RANDOM, COVARIANCE):
        outcome = outcome_of({keep: curves(random, random)[keep]}, LEVELS)
        assert set(verdicts(x=outcome).values()) == {UNTESTED}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("levels", [(0.0, 1.0), (0.0,), (1.0,)])
def test_without_levels_between_nothing_is_judged(levels):
    loss = {name: np.ones((4, len(levels), 2)) for name in (RANDOM, COVARIANCE)}
    assert set(verdicts(x=outcome_of(loss, levels)).values()) == {UNTESTED}


@pytest.mark.filterwarnings("error")
def test_one_level_says_nothing_of_what_is_measured_against_level_0():
    random = 1 + np.random.default_rng(0).random((4, 1))
    loss = curves(0.5 * random, random, levels=(0.5,))
    found = verdicts(x=outcome_of(loss, (0.5,)))
    assert found["a1"] == HOLDS and found["a5"] == found["a7"] == UNTESTED


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("left", [0, 1, 2])
def test_all_but_a_few_diverged(left):
    """No exception, no verdict from fewer runs than an interval needs."""
    loss = {name: np.ones((4, 4, 2)) for name in (RANDOM, COVARIANCE)}
    diverged = {name: np.where(np.arange(4)[:, None] < left, 0, 9) * np.ones((1, 4), int) for name in loss}
    w = {c: np.where(np.arange(4)[:, None] < left, np.ones(200), np.nan) for c in (PANELS, "batches")}
    estimates = {"running": np.where(np.arange(4)[:, None] < left, [0.99, 1.0], np.nan)}
    live = np.full(200, left > 0)
    outcome = outcome_of(loss, LEVELS, diverged=diverged, w=w, estimates=estimates, live=live)
    found = verdicts(x=outcome)
    assert found["a2"] == found["a4"] == found["a6"] == UNTESTED
    if left < 2:
        assert set(found.values()) == {UNTESTED}
    for claim in judge({"x": outcome}):
        for finding in claim.findings:
            assert finding.met is None or np.isfinite(finding.estimate).all()


@pytest.mark.filterwarnings("error")
def test_loss_that_is_the_same_in_all_runs_has_no_variance_ratio():
    loss = {name: np.ones((4, 4, 2)) for name in (RANDOM, COVARIANCE)}
    assert variance_ratio(outcome_of(loss, LEVELS), 0) is UNDEFINED
    assert str(Estimate(*UNDEFINED)) == "undefined"
    assert verdicts(x=outcome_of(loss, LEVELS))["a2"] == UNTESTED
