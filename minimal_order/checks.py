"""Arguments checked before any work is done: the error names the argument, its value and what was expected."""

import difflib
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray


def check(condition: bool, argument: str, value: object, expected: str) -> None:
    """Raise ``ValueError('<argument> = <value>: expected <expected>')`` unless the condition holds."""
    if not condition:
        raise ValueError(f"{argument} = {value}: expected {expected}")


def is_whole(value: object, least: int) -> bool:
    """Whether a value is a whole number, and not too small."""
    return isinstance(value, int | np.integer) and bool(value >= least)


def check_whole(argument: str, value: object, least: int) -> None:
    """Raise ``ValueError`` unless the value is a whole number, ``least`` or more."""
    check(is_whole(value, least), argument, value, f"a whole number, {least} or more")


def check_finite(argument: str, array: ArrayLike) -> NDArray:
    """Return the array; raise ``ValueError`` with the place of the first NaN or infinity in it."""
    array = np.asarray(array)
    bad = ~np.isfinite(array)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        where = f"[{', '.join(map(str, place))}]" if place else ""
        check(False, f"{argument}{where}", array[place], "a finite number")
    return array


def check_name(argument: str, name: str, valid: Iterable[str]) -> str:
    """Return the name; raise ``ValueError`` with the nearest valid ones if it is none of them."""
    valid = list(valid)
    if name not in valid:
        near = difflib.get_close_matches(str(name), valid, n=3, cutoff=0.4) or valid
        raise ValueError(f"{argument} = {name!r}: expected one of the known names; nearest: {', '.join(near)}")
    return name
