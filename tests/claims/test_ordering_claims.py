"""Verdicts on freezing, from outcomes of known losses and ranks."""

import math

import numpy as np
import pytest
from loss_curves import COVARIANCE, LEVELS, RANDOM, curves
from tiny import outcome_of

from minimal_order.claims.ledger import CONDITIONS, FAILS, HOLDS, UNDEFINED, UNTESTED, Finding, decide
from minimal_order.claims.ordering import LEDGER, excess_over_random, judge, mean_mask_correlation, variance_ratio
from minimal_order.estimates import Estimate
from minimal_order.experiments.freeze.outcome import PANELS

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
