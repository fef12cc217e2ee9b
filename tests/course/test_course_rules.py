"""Rules that right answers keep where many are right: each is kept by what keeps it, broken by what doesn't."""

import numpy as np
import pytest

from minimal_order.course.assignment import case
from minimal_order.course.calls import Answer, Outcome
from minimal_order.course.judging import judge, right_answers
from minimal_order.course.rules import RULES, broken_rule

RNG = np.random.default_rng(0)
W = RNG.normal(size=(3, 8))
PLACES, SIGNS = RNG.permutation(8), np.array([1, -1] * 4)


def broken(rule, beside, *pairs):
    """What the rule says of the last of (argument, answer) beside the first."""
    cases = [case(str(i), rule=rule, beside=beside, w=given) for i, (given, _) in enumerate(pairs)]
    answers = [Answer({f"result{j}": np.asarray(x) for j, x in enumerate(got)}) for _, got in pairs]
    return broken_rule(cases, answers, len(pairs) - 1)


@pytest.mark.parametrize(
    ("got", "says"),
    [
        (np.abs(W), ""),
        (np.where(W > 0, np.inf, W), ""),
        (np.arange(24).reshape(3, 8), ""),
        (np.where(W > 0, np.nan, W), "NaN in"),
        (W[0], "shape (8,): expected (3, 8)"),
    ],
)
def test_scores_are_finite_or_infinite(got, says):
    found = broken("finite", "", (W, [got]))
    assert says in found and bool(says) == bool(found)


def test_more_than_one_value_is_no_answer():
    assert "returned 2 values" in broken("finite", "", (W, [W, W]))


def test_the_same_again():
    assert not broken("again", "0", (W, [W**2]), (W, [W**2]))
    assert "another answer" in broken("again", "0", (W, [W**2]), (W, [W**2 + 0.1]))


def test_each_run_by_itself():
    assert not broken("each_run", "0", (W, [W**2]), (W[2], [W[2] ** 2]))
    assert "run 2 alone" in broken("each_run", "0", (W, [W**2]), (W[2], [W[1] ** 2]))
    assert "shape (8,) for several runs" in broken("each_run", "0", (W, [W[0]]), (W[2], [W[2]]))


@pytest.mark.parametrize("w", [W, W[0]], ids=["runs", "one run"])
def test_the_same_order_under_other_names_signs_and_units(w):
    for score in (np.abs, np.square, lambda x: np.round(np.abs(x)), lambda x: np.log(np.abs(x))):
        for other in (w[..., PLACES], w * SIGNS, (w * SIGNS)[..., PLACES]):
            assert not broken("same_order", "0", (w, [score(w)]), (other, [score(other)]))
    assert not broken("same_order", "0", (w, [np.abs(w)]), (w, [np.log(np.abs(8 * w))]))
    renamed, flipped = w[..., PLACES], w * SIGNS
    by_place = np.broadcast_to(np.arange(8.0), w.shape)
    assert "change their sequence" in broken("same_order", "0", (w, [by_place]), (renamed, [by_place]))
    assert "change their sequence" in broken("same_order", "0", (w, [w]), (flipped, [flipped]))
    assert "equal" in broken("same_order", "0", (w, [np.zeros(w.shape)]), (renamed, [np.zeros(w.shape)]))
    assert "NaN" in broken("same_order", "0", (w, [w * np.nan]), (renamed, [w * np.nan]))


def test_infinite_scores_have_their_place():
    score = np.where(np.abs(W) > 1, np.inf, np.abs(W))
    assert not broken("same_order", "0", (W, [score]), (W[..., PLACES], [score[..., PLACES]]))
    assert broken("same_order", "0", (W, [score]), (W, [np.where(np.abs(W) > 1, -np.inf, np.abs(W))]))
    assert "equal" in broken("same_order", "0", *[(W, [np.full(W.shape, np.inf)])] * 2)


@pytest.mark.parametrize(
    ("got", "says"),
    [
        ([1, 3, 0, 2], ""),
        ([3, 1, 0, 2], ""),
        ([1, 3, 2, 0], "larger score"),
        ([1.0, 3.0, 0.0, 2.0], "whole numbers"),
        ([1, 1, 0, 2], "not each of 0 ... 3 once"),
        ([2, 4, 1, 3], "not each of 0 ... 3 once"),
        ([1, 3, 0], "shape (3,)"),
    ],
)
def test_orders_are_permutations_in_which_scores_ascend(got, says):
    found = broken("order", "", (np.array([0.5, 0.1, 0.9, 0.1]), [np.array(got)]))
    assert says in found and bool(says) == bool(found)


def test_ties_by_lot():
    score = np.array([0.5, 0.1, 0.9, 0.1])
    one, other, wrong = np.array([1, 3, 0, 2]), np.array([3, 1, 0, 2]), np.array([2, 0, 1, 3])
    assert not broken("by_lot", "0", (score, [one]), (score, [other]))
    assert "another seed" in broken("by_lot", "0", (score, [one]), (score, [one]))
    assert "larger score" in broken("by_lot", "0", (score, [one]), (score, [wrong]))


def test_what_there_is_no_answer_to_is_compared_with_nothing():
    cases = [case("a", w=W), case("b", rule="again", beside="a", w=W)]
    assert "no answer to 'a'" in broken_rule(cases, [Answer({}, "it stopped"), Answer({"result0": W})], 1)
    with pytest.raises(ValueError, match="rule = 'agian'"):
        broken("agian", "", (W, [W]))


def test_refused_is_a_value_error_and_nothing_else():
    cases = [case("outside", rule="refused", x=7.0)] * 4
    errors = ["ValueError: x = 7", "NotImplementedError: task 1, f", "TypeError: no", ""]
    judged = judge(cases, Outcome([Answer({"result0": np.array(1)} if not e else {}, e) for e in errors]), [[]] * 4)
    assert [each.passed for each in judged] == [True, False, False, False]
    assert "expected a ValueError" in judged[3].message


def test_every_rule_is_tested_here():
    assert set(RULES) == {"finite", "again", "each_run", "same_order", "order", "by_lot"}


def test_an_answer_that_keeps_its_rule_is_right_and_one_that_changes_its_argument_too():
    cases = [case("a", rule="finite", w=W), case("b", w=W), case("c", w=W)]
    spoiled = {"argument:w": 0 * W}
    outcome = Outcome(
        [Answer({"result0": x} | kept) for x, kept in ((W, {"argument:w": W}), (W, spoiled), (2 * W, {}))]
    )
    expected = [[], [W], [W]]
    judged = judge(cases, outcome, expected)
    assert [each.passed for each in judged] == [True, False, False]
    assert "changes its argument w" in judged[1].message
    assert right_answers(cases, outcome, expected, judged) == [True, True, False]
