"""Reading options: an error is one line that names what was given and the nearest valid words."""

import argparse
import difflib
import sys
from typing import Any, NoReturn

PROBLEM = 2
"""Exit code for anything wrong with what was asked for."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line with the nearest valid words."""

    def error(self, message: str) -> NoReturn:
        """Print the problem on one line and end with code 2."""
        fail(message)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            name = action.metavar or action.dest
            raise argparse.ArgumentError(None, f"{name} = {value!r}: expected {nearest(str(value), action.choices)}")


def nearest(word: str, valid: Any) -> str:
    """The words nearest to one that is unknown, or all of them if none is near."""
    words = [str(v) for v in valid]
    return " or ".join(difflib.get_close_matches(word, words, n=3, cutoff=0.5)) or ", ".join(words)


def fail(message: str) -> NoReturn:
    """Print one line on standard error and end with code 2."""
    print("minimal-order: " + " ".join(str(message).split()), file=sys.stderr)
    raise SystemExit(PROBLEM)


def names(text: str) -> tuple[str, ...]:
    """Read ``a,b,c``."""
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if not words:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a word or more, with commas between them")
    return words


def numbers(text: str) -> tuple[float, ...]:
    """Read ``0,.5,1``."""
    try:
        return tuple(float(word) for word in names(text))
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(f"{text!r}: expected numbers such as 0,.5,1") from None


def step_or_rule(text: str) -> int | str:
    """Read a number of steps or the name of a rule."""
    try:
        return int(text)
    except ValueError:
        return text


def setting(text: str) -> tuple[str, Any]:
    """Read ``name=value``, the value a number if it looks like one."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r}: expected NAME=VALUE")
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            pass
    return name, {"true": True, "false": False}.get(value.lower(), value)
