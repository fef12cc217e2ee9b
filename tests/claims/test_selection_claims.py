"""Verdicts on selection, from outcomes of known accuracy."""

import numpy as np
import pytest
from scipy import stats
from tiny_select import GOOD, made_up

from minimal_order.claims import selection as claims
from minimal_order.claims.ledger import FAILS, HOLDS, UNTESTED
from minimal_order.experiments.select.parts import branch_of, branches_of


def verdicts(*outcomes):
    return {claim.id: claim.verdict for claim in claims.judge({o.config.dataset: o for o in outcomes})}


def test_claims_hold_where_the_numbers_say_so():
    found = made_up(quality=GOOD, pruned={"magnitude": 0.955, "random": 0.5})
    assert verdicts(found) == {"b1": HOLDS, "b2": HOLDS, "b3": HOLDS, "b4": HOLDS}


@pytest.mark.parametrize(
    ("claim", "changes"),
    [
        ("b1", {"times": "chance"}),
        ("b1", {"times": "together"}),
        ("b2", {"quality": GOOD | {"preconditioned_gradient": 0.962}}),
        ("b2", {"quality": GOOD | {"full_gradient": 0.960}}),
        ("b3", {"quality": GOOD | {"preconditioned_gradient": 0.960}}),
        ("b4", {"pruned": {"magnitude": 0.95, "random": 0.99}}),
    ],
)
def test_claims_fail_where_the_numbers_say_so(claim, changes):
    rng = np.random.default_rng(1)
    times = {"chance": rng.integers(0, 600, (5, 2, 2000)), "together": np.tile(np.arange(2000) % 100, (5, 2, 1))}
    if "times" in changes:
        changes = {"times": times[changes["times"]]}
    assert verdicts(made_up(**{"quality": GOOD} | changes))[claim] == FAILS


def test_claims_on_mnist_are_not_tested_elsewhere():
    found = verdicts(made_up("digits", quality=GOOD))
    assert (found["b2"], found["b3"], found["b4"]) == (HOLDS, UNTESTED, UNTESTED)
    assert set(verdicts(made_up(quality=GOOD, n_runs=2)).values()) == {UNTESTED}


def test_order_that_only_compares_and_diverges_leaves_the_verdict_alone():
    found = made_up(quality=GOOD, pruned={"magnitude": 0.955, "random": np.nan})
    branches = branches_of(found.config)
    found.diverged[:, branches.index(branch_of(found.config, "random", 0.6))] = 7
    assert (verdicts(found)["b3"], verdicts(found)["b4"]) == (HOLDS, HOLDS)
    found.diverged[:, branches.index(branch_of(found.config, claims.HG, 0.6))] = 7
    assert verdicts(found)["b3"] == UNTESTED


def test_error_is_better_when_it_is_smaller():
    worse = made_up("boston", quality=GOOD)
    assert claims.lead(worse, claims.HG, claims.RANDOM).value == pytest.approx(-0.003, abs=1e-5)


def test_rank_correlation_shares_ranks():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, (2, 100))
    np.testing.assert_allclose(claims.average_rank(x), stats.rankdata(x), rtol=1e-10)
    assert claims.rank_correlation(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, rel=1e-10)
    assert np.isnan(claims.rank_correlation(x, np.zeros(100)))
