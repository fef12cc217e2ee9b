"""Notebooks and modules in the percent format: the same cells, two spellings, as jupytext pairs them.

Written by hand so that the student's side needs nothing but the package; whoever has jupytext can pair the two files
with it, for both carry its metadata.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

HEADER = """\
# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---
"""
METADATA = {
    "jupytext": {"formats": "ipynb,py:percent"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
MARK = re.compile(r"^# %%(?P<text> \[markdown\])?.*?(?:tags=(?P<tags>\[.*\]))?\s*$")
MAGIC = re.compile(r"^[!%?]\S")


class Cell(NamedTuple):
    """One cell: text in Markdown, or code."""

    source: str
    text: bool = False
    tags: tuple[str, ...] = ()
    line: int = 0  # of the module, before its first


def to_percent(cells: Sequence[Cell]) -> str:
    """Write cells as a module."""
    parts = [HEADER]
    for cell in cells:
        mark = "# %%" + " [markdown]" * cell.text + (f" tags={json.dumps(cell.tags)}" if cell.tags else "")
        lines = cell.source.split("\n")
        if cell.text:
            lines = [f"# {line}".rstrip() for line in lines]
        else:
            lines = [f"# {line}" if MAGIC.match(line) else line for line in lines]
        parts.append("\n".join([mark, *lines]) + "\n")
    return "\n".join(parts)


def from_percent(text: str) -> list[Cell]:
    """Read the cells of a module; one without marks is one cell of code."""
    cells = []
    lines = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
    header = re.match(r"# ---\n(?:#.*\n)*?# ---\n", "\n".join(lines))
    start = header[0].count("\n") if header else 0
    marks = [(i, found) for i, line in enumerate(lines) if i >= start and (found := MARK.match(line))]
    sections: list[tuple[int, int, re.Match | None]] = [(start, marks[0][0] if marks else len(lines), None)]
    ends = [*(i for i, _ in marks), len(lines)][1:]
    sections += [(i + 1, end, found) for (i, found), end in zip(marks, ends, strict=True)]
    for first, last, mark in sections:
        is_text = bool(mark and mark["text"])
        uncomment = re.compile(r"^# ?" if is_text else r"^# (?=[!%?]\S)")
        body = [uncomment.sub("", line) for line in lines[first:last]]
        blank = next((i for i, line in enumerate(body) if line), len(body))
        source = "\n".join(body).strip("\n")
        if mark or source:
            cells.append(Cell(source, is_text, read_tags(mark["tags"] if mark else None), first + blank))
    return cells


def read_tags(tags: str | None) -> tuple[str, ...]:
    """Read the tags of a cell; those that are no list are none."""
    try:
        return tuple(writable(str(tag)) for tag in json.loads(tags or "[]"))
    except (ValueError, TypeError, RecursionError):
        return ()


def to_notebook(cells: Sequence[Cell], before: str = "") -> str:
    """Write cells as a notebook; outputs of an earlier one are kept with the cells that are still the same."""
    kept = {}
    if before:
        for old in json.loads(before)["cells"]:
            if old.get("cell_type") == "code":
                kept[joined(old.get("source", ""))] = (old.get("outputs", []), old.get("execution_count"))
    written: list[dict[str, Any]] = []
    for number, cell in enumerate(cells):
        name = hashlib.sha256(f"{number} {cell.source}".encode()).hexdigest()[:12]
        entry: dict[str, Any] = {"cell_type": "markdown" if cell.text else "code", "id": name}
        entry["metadata"] = {"tags": list(cell.tags)} if cell.tags else {}
        entry["source"] = cell.source.splitlines(keepends=True)
        if not cell.text:
            entry["outputs"], entry["execution_count"] = kept.get(cell.source, ([], None))
        written.append(entry)
    notebook = {"cells": written, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def from_notebook(text: str) -> list[Cell]:
    """Read the cells of a notebook.

    Raises
    ------
    ValueError : when it is none.
    """
    try:
        notebook = json.loads(text)
        return [
            Cell(
                joined(cell["source"]), cell["cell_type"] != "code", read_tags(json.dumps(cell["metadata"].get("tags")))
            )
            for cell in notebook["cells"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a notebook ({type(error).__name__}: {str(error)[:200]})") from None


def joined(source: str | list[str]) -> str:
    """Return the source of a notebook's cell, which is a text or a list of its lines."""
    return writable(source if isinstance(source, str) else "".join(source))


def writable(text: str) -> str:
    """Return text that UTF-8 can write: JSON and names of files may hold halves of characters."""
    return text.encode("utf-8", "replace").decode()


def read_cells(text: str, suffix: str) -> list[Cell]:
    """Read the cells of a notebook or module."""
    return from_notebook(text) if suffix == ".ipynb" else from_percent(text)


def code_of(cells: Sequence[Cell], suffix: str) -> list[tuple[str, str]]:
    """Return the code to run, each cell with where it stands, without the lines that are IPython's, not Python's.

    The lines of a module keep their numbers.
    """
    found: list[tuple[str, str]] = []
    for cell in cells:
        if not cell.text:
            lines = ["" if MAGIC.match(line) else line for line in cell.source.split("\n")]
            source = "\n".join(lines) * (not cell.source.startswith("%%"))
            title = f"code cell {len(found) + 1}" if suffix == ".ipynb" else "module"
            found.append((title, source if suffix == ".ipynb" else "\n" * cell.line + source))
    return found


def fingerprint(cells: Sequence[Cell]) -> str:
    """Return a hash of what both spellings share: the cells' lines without spaces at their ends."""
    lines = [[cell.text, *(line.rstrip() for line in cell.source.strip("\n").split("\n"))] for cell in cells]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()[:16]
