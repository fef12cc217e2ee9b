"""What was returned beside what was expected: equal, or how not, in words that help.

Everything here is a plain array by now and is compared in the grader's process, which student code never entered.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

RTOL = 1e-6
"""Relative, and of the largest expected value: single precision passes, no mistake does."""
ZERO = 1e-12
"""What counts as 0 where nothing but zeros is expected, and there is no largest value to compare with."""
SMALL = 8
"""Entries of an array that is shown as it is."""


def close(a: NDArray, b: NDArray) -> NDArray[np.bool_]:
    """Compare elementwise; the arrays have one shape.

    What is 0 but for rounding is equal to 0: by 1e-9 of the largest value expected, or by ``ZERO``.
    """
    finite = np.abs(b[np.isfinite(b)].astype(float))
    floor = RTOL * 1e-3 * float(finite.max(initial=0.0)) or ZERO
    with np.errstate(all="ignore"):
        return np.isclose(a.astype(float), b.astype(float), rtol=RTOL, atol=floor, equal_nan=True)


def equal(got: Sequence[NDArray], expected: Sequence[NDArray]) -> bool:
    """Whether all values are equal: number, shapes, kinds, entries."""
    return not difference(got, expected)


def difference(got: Sequence[NDArray], expected: Sequence[NDArray], tell: bool = True) -> str:
    """Say in what the first unequal value differs; nothing if all are equal.

    Without ``tell`` no expected value is named: whoever may hand in again could write it into the code.
    """
    with np.errstate(all="ignore"):
        return _difference(got, expected, tell)


def _difference(got: Sequence[NDArray], expected: Sequence[NDArray], tell: bool) -> str:
    if len(got) != len(expected):
        return f"returned {count(len(got))}: expected {count(len(expected))}"
    for i, (one, other) in enumerate(zip(got, expected, strict=True)):
        which = f"value {i + 1}: " if len(expected) > 1 else ""
        if one.shape != other.shape:
            return f"{which}shape {one.shape}: expected {other.shape}"
        if other.dtype.kind in "iu" and one.dtype.kind == "f" and not is_mask(other):
            return f"{which}numbers of type {one.dtype}: expected whole numbers"
        right = close(one, other)
        if not right.all():
            return which + entries(one, other, right, tell)
    return ""


def count(n: int) -> str:
    """Count values."""
    return "one value" if n == 1 else f"{n} values"


def is_mask(array: NDArray) -> bool:
    """Whether an array of zeros and ones was expected: true and false, or 0.0 and 1.0, will do too."""
    return bool(np.isin(array, (0, 1)).all())


def entries(got: NDArray, expected: NDArray, right: NDArray, tell: bool) -> str:
    """Say how entries differ: all by one factor or one number, turned round, or else both arrays, or one entry."""
    places = expected.dtype.kind in "iub"  # indices and masks, whose ratios tell nothing
    pair = f"{shown(got)}: expected {shown(expected)}" if tell and got.size <= SMALL else ""
    got, expected = got.astype(float), expected.astype(float)
    if np.isnan(got).any() and not np.isnan(expected).any():
        return f"NaN in {np.isnan(got).sum()} of {got.size} entries"
    known = expected != 0
    ratio = got[known] / expected[known]
    shift = (got - expected).flat[0]
    what = ""
    if not places and ratio.size > 1 and not np.any(got[~known]) and np.allclose(ratio, ratio[0], rtol=1e-5):
        if np.isclose(ratio[0], -1):
            what = "the sign is the opposite"
        elif ratio[0] and np.isfinite(ratio[0]):
            what = f"{ratio[0]:.4g} times what is expected, in every entry"
    elif got.size > 1 and np.isfinite(shift) and np.allclose(got - expected, shift):
        what = f"{shift:+.4g} in every entry"
    elif got.ndim == 2 and got.shape[0] == got.shape[1] and close(got.T, expected).all():
        what = "transposed: rows and columns have changed places"
    if what or pair:
        by = ""
        if not what and not places and ratio.size == got.size:
            by = f" (ratio {ratio.min():.4g}" + f" to {ratio.max():.4g}" * (ratio.size > 1) + ")"
        return "; ".join(filter(None, [what, pair])) + by
    differ = f"{(~right).sum()} of {right.size} entries differ"
    place = tuple(int(i) for i in np.argwhere(~right)[0])
    if not tell:
        return differ + (
            f", the first by a factor {got[place] / expected[place]:.3g}" if expected[place] and not places else ""
        )
    text = f"entry [{', '.join(map(str, place))}] is {got[place]:.6g}: expected {expected[place]:.6g}"
    if expected[place] and not places:
        text += f" (ratio {got[place] / expected[place]:.4g})"
    return f"{text}; {differ}"


def changed(sent: Mapping[str, NDArray], back: Mapping[str, NDArray]) -> list[str]:
    """Name the arguments that the function changed."""
    return [
        name
        for name, array in sent.items()
        if (after := back.get(f"argument:{name}")) is None
        or after.shape != array.shape
        or not np.array_equal(after.astype(float), array.astype(float), equal_nan=True)
    ]


def shown(array: NDArray) -> str:
    """Write a small array in a line."""
    array = array.astype(int) if array.dtype.kind == "b" else array
    return np.array2string(array, formatter={"float": lambda x: f"{x:.4g}"}, separator=", ").replace("\n", "")
