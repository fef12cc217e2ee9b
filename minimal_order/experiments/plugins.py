"""The user's own orders, as experiments hand them from process to process."""

import hashlib
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..checks import check
from ..orders import load_plugin, read_plugin


class Plugin(NamedTuple):
    """A file of the user's with orders, and its text, so that it can be run where the file is not."""

    path: str
    source: str


def read_plugins(paths: Iterable[Path]) -> Iterator[Plugin]:
    """Read the user's files with orders."""
    for path in paths:
        yield Plugin(str(path), read_plugin(path))


def enter_plugins(plugins: Iterable[Plugin]) -> None:
    """Enter the user's orders in this process's table; refuse two files of one name."""
    files = [Path(plugin.path).name for plugin in plugins]
    check(len(set(files)) == len(files), "plugins", ", ".join(files), "files of different names")
    for plugin in plugins:
        load_plugin(plugin.path, plugin.source)


def hashes(plugins: Iterable[Plugin]) -> dict[str, str]:
    """What identifies the plugins in a configuration: the hash of each one's text, by file name."""
    return {Path(plugin.path).name: hashlib.sha256(plugin.source.encode()).hexdigest() for plugin in plugins}


def as_options(plugins: Iterable[Plugin]) -> list[str]:
    """The options that name them in a command."""
    return [f"--plugin {shlex.quote(Path(plugin.path).name)}" for plugin in plugins]
