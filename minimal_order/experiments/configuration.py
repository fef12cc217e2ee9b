"""What the configurations of experiments have in common: how settings are completed, checked and written as options.

Configurations are frozen dataclasses: what completes and checks one is called by its ``__post_init__``.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np

from ..checks import check, check_whole
from .plugins import hashes

OWN: Any = None
"""Stands for the data set's own value until it is replaced by that."""


def complete(config: Any, setting: Any, *names: str) -> None:
    """Give every setting of these that is ``OWN`` the value that the data set's ``setting`` has for it."""
    for name in names:
        if getattr(config, name) is OWN:
            object.__setattr__(config, name, getattr(setting, name))


def without_repeats(config: Any, *names: str) -> None:
    """Make tuples of plain values of these settings, each value once; refuse what is no sequence."""
    for name in names:
        values = getattr(config, name)
        check(np.ndim(values) == 1, name, repr(values), "a tuple")
        object.__setattr__(config, name, tuple(dict.fromkeys(np.asarray(values).tolist())))


def check_wholes(config: Any, least: Mapping[str, int]) -> None:
    """Refuse a setting that is no whole number, or one below the least that is named."""
    for name, lowest in least.items():
        check_whole(name, getattr(config, name), lowest)


def check_levels(config: Any) -> None:
    """Refuse levels that are no shares; sort those that are."""
    good = all(isinstance(level, float | int) and 0 <= level <= 1 for level in config.levels)
    check(good, "levels", config.levels, "shares in [0, 1]")
    object.__setattr__(config, "levels", tuple(sorted(map(float, config.levels))))


def as_plain(config: Any) -> dict[str, Any]:
    """All settings as plain values, the plugins by the hash of their text."""
    return asdict(replace(config, plugins=())) | {"plugins": hashes(config.plugins)}


def options_of(config: Any, default: Any, *apart: str) -> list[str]:
    """The options of a command that say what differs from the default, the settings ``apart`` left aside."""
    words = []
    for name in (field.name for field in fields(config) if field.name not in apart):
        value = getattr(config, name)
        if value != getattr(default, name):
            text = ",".join(map(short, value if isinstance(value, tuple) else (value,)))
            words += [f"--{name.replace('_', '-')}", text]
    return words


def short(value: object) -> str:
    """Write a setting as one types it: 0.5, 1e-05, and all digits of 1/3."""
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
