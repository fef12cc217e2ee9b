"""Rules that right answers keep, for cases that have many: of an order that somebody invents, no value is known.

A rule looks at one call, and at another call of the same function beside it. The runs are on the leading axes, the
parameters on the last; a function's first argument tells the parameters apart.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import check_name
from .assignment import Case
from .calls import Answer
from .compare import difference

REFUSED = "refused"
"""The rule of a case to which the right answer is a ValueError."""
TIED = 1e-9
"""Scores that differ by less, of the largest, are equal: a sum in another sequence is rounded otherwise."""


class Call(NamedTuple):
    """One call: what was given, and the one array that came back."""

    given: Mapping[str, NDArray]
    got: NDArray

    @property
    def first(self) -> NDArray:
        """The first argument."""
        return next(iter(self.given.values()))


def finite(one: Call, beside: Call) -> str:
    """Scores: a number for each parameter, infinite if need be, never NaN."""
    if one.got.shape != one.first.shape:
        return f"shape {one.got.shape}: expected {one.first.shape}, a score for each parameter"
    nan = int(np.isnan(one.got.astype(float)).sum())
    return f"NaN in {nan} of {one.got.size} entries: it has no place in an order" if nan else ""


def again(one: Call, beside: Call) -> str:
    """The same call gives the same answer."""
    what = difference([one.got], [beside.got])
    return f"another answer to the same arguments: {what}" if what else ""


def each_run(one: Call, beside: Call) -> str:
    """A run has the same answer alone as among others."""
    if beside.got.shape != beside.first.shape:
        return f"shape {beside.got.shape} for several runs: expected {beside.first.shape}"
    (i,) = (i for i, row in enumerate(beside.first) if np.array_equal(row, one.first))
    what = difference([one.got], [beside.got[i]])
    return f"run {i} alone has another answer than among {len(beside.first)}: {what}" if what else ""


def same_order(one: Call, beside: Call) -> str:
    """Scores that put parameters in the same sequence, wherever they stand and whatever their sign."""
    for what in (finite(one, one), finite(beside, beside)):
        if what:
            return what
    now, before = (np.abs(each.first.reshape(-1, each.first.shape[-1])[0]) for each in (one, beside))
    place = np.argsort(before)[np.argsort(np.argsort(now))]  # now = before[place]
    pairs, expected = comparisons(one.got), comparisons(beside.got[..., place])
    if not pairs.any():
        return "all scores are equal: they put nothing in order"
    differ = int((pairs != expected).sum()) // 2
    return f"{differ} of {int((expected != 0).sum()) // 2} pairs of parameters change their sequence" if differ else ""


def comparisons(score: NDArray) -> NDArray:
    """Return for each pair which score (..., p) is larger: 1, -1, or 0 where they are equal; (..., p, p)."""
    score = score.astype(float)
    scale = np.max(np.abs(score), initial=0, where=np.isfinite(score))
    with np.errstate(invalid="ignore"):  # infinity less infinity
        by = np.nan_to_num(score[..., :, None] - score[..., None, :], nan=0.0)
    return np.where(np.abs(by) <= TIED * scale, 0, np.sign(by))


def order(one: Call, beside: Call) -> str:
    """A permutation in which scores, the first argument, ascend."""
    p = one.first.shape[-1]
    if one.got.shape != one.first.shape:
        return f"shape {one.got.shape}: expected {one.first.shape}"
    if one.got.dtype.kind not in "iu":
        return f"numbers of type {one.got.dtype}: expected whole numbers"
    if not np.array_equal(np.sort(one.got, axis=-1), np.broadcast_to(np.arange(p), one.got.shape)):
        return f"not each of 0 ... {p - 1} once"
    ascending = np.take_along_axis(one.first, one.got.astype(np.intp), axis=-1)
    return "" if np.all(ascending[..., 1:] >= ascending[..., :-1]) else "a larger score stands before a smaller one"


def by_lot(one: Call, beside: Call) -> str:
    """An order that is another one where only the seed is."""
    what = order(one, one)
    if not what and np.array_equal(one.got, beside.got):
        what = "another seed, and equal scores stand in the same sequence: they are to be put in order by lot"
    return what


RULES: dict[str, Callable[[Call, Call], str]] = {
    rule.__name__: rule for rule in (finite, again, each_run, same_order, order, by_lot)
}
"""By name, as cases ask for them; each says what is wrong, or nothing."""


def not_refused(answer: Answer) -> str:
    """Say that arguments were taken which have no answer; nothing if they were refused."""
    return "" if answer.error.startswith("ValueError") else answer.error or "returned an answer: expected a ValueError"


def broken_rule(cases: Sequence[Case], answers: Sequence[Answer], i: int) -> str:
    """Say in what the answer to case i breaks its rule; nothing if it keeps it.

    Raises
    ------
    ValueError : when there is no such rule, or no such case beside it.
    """
    case = cases[i]
    rule = RULES[check_name("rule", case.rule, RULES)]
    titles = [each.title for each in cases]
    j = titles.index(check_name("beside", case.beside, titles)) if case.beside else i
    if j >= len(answers) or answers[j].error:
        return f"can't be compared: there is no answer to {case.beside!r}"
    for answer in (answers[i], answers[j]):
        if len(answer.results) != 1:
            return f"returned {len(answer.results)} values: expected one array"
    one, beside = (Call(cases[k].arguments, answers[k].results[0]) for k in (i, j))
    return rule(one, beside)
