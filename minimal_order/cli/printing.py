"""What a command says when it is done."""

from collections.abc import Sequence
from pathlib import Path


def print_paths(paths: Sequence[Path]) -> None:
    """Print the files that were written, grouped by folder."""
    for folder in dict.fromkeys(path.parent for path in paths):
        files = [path.name for path in paths if path.parent == folder]
        print(f"wrote {shown(folder)}/: {', '.join(files)}")


def shown(folder: Path) -> str:
    """The path of a folder as a person here would write it."""
    return str(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder)
