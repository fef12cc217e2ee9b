"""The house: imports go one way, and every page's folder is where the order of the book has it."""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import minimal_order

PACKAGE = Path(minimal_order.__file__).parent
ROOMS = (
    *("checks", "estimates", "data", "networks", "training", "freezing", "pruning", "variational", "dependence"),
    *("orders", "runs", "complexity", "experiments", "claims", "plots", "reports", "reproduce", "course", "cli"),
)
"""Each may import those before it, and itself."""


def imported(path: Path) -> Iterator[str]:
    """Yield the rooms that a file imports, inside functions too."""
    here = path.relative_to(PACKAGE).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            names = [node.module] if node.module else [each.name for each in node.names]
            yield from ([*here[: -node.level], *name.split(".")][0] for name in names)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
            yield from (name for name in names if name.partition(".")[0] == "minimal_order")


def rooms() -> dict[str, list[Path]]:
    files = [path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or "__" not in path.name]
    named: dict[str, list[Path]] = {}
    for path in files:
        named.setdefault(path.relative_to(PACKAGE).with_suffix("").parts[0], []).append(path)
    return named


def test_every_room_has_its_place():
    assert sorted(rooms()) == sorted(ROOMS)


def test_imports_go_one_way():
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {room}"
        for name, files in rooms().items()
        for path in files
        for room in imported(path)
        if room != "__version__" and (room not in ROOMS or ROOMS.index(room) > ROOMS.index(name))
    ]
    assert not wrong


def test_readme_tells_the_rooms_in_this_order():
    text = (PACKAGE.parent / "README.md").read_text("utf8").partition("## The house")[2]
    places = [text.index(f"`{room}") for room in ROOMS]
    assert all(first < second for first, second in pairwise(places))
