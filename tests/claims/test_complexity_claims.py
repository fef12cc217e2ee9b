"""Verdicts on hypernetworks, from outcomes of known accuracy."""

import pytest
from tiny_complexity import made

from minimal_order.claims.complexity import judge
from minimal_order.claims.ledger import CONDITIONS, FAILS, HOLDS, UNTESTED


@pytest.mark.parametrize(
    ("outcome_of", "verdicts"),
    [
        (lambda: made(0.0), (HOLDS, HOLDS, HOLDS)),
        (lambda: made(-0.1), (HOLDS, FAILS, FAILS)),
        (lambda: made(0.0, 4000), (HOLDS, FAILS, HOLDS)),
    ],
    ids=["alike and cheap", "worse", "alike but dear"],
)
def test_verdicts(outcome_of, verdicts):
    claims = judge({"toy": outcome_of()})
    assert tuple(claim.verdict for claim in claims[:3]) == verdicts
    assert claims[3].verdict == UNTESTED


@pytest.mark.parametrize(("level", "accuracy"), [(1, 0.9), (2, 0.45)], ids=["loses by half", "below base at 80 %"])
def test_variational_network_that_cannot_be_pruned(level, accuracy):
    outcome = made(0.0)
    outcome.accuracy["variational"][..., level] = accuracy
    assert judge({"toy": outcome})[0].verdict == FAILS


def test_verdict_under_conditions():
    outcome = made(0.0)
    for name in ("base-linear", "base-piecewise"):
        outcome.accuracy[name][...] -= 0.1
    claims = judge({"toy": outcome})
    assert [claim.verdict for claim in claims[:3]] == [HOLDS, CONDITIONS, CONDITIONS]
