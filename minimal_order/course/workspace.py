"""A student's folder: a module and a notebook of the same cells, either of which can be worked in."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..checks import check
from ..runs.files import write_atomic
from .assignment import stem
from .bundle import Bundle
from .percent import Cell, fingerprint, read_cells, to_notebook, to_percent

KEY = "minimal_order"  # of the notebook's metadata


def new_folder(bundle: Bundle, folder: Path) -> list[Path]:
    """Write module and notebook.

    Raises
    ------
    ValueError : when one of them is there already; nobody's work is written over.
    """
    paths = [folder / f"{stem(bundle.number)}{suffix}" for suffix in (".py", ".ipynb")]
    for path in paths:
        check(not path.exists(), "folder", path, "one in which this file isn't yet: it is left as it is")
    write_both(bundle.cells, paths[0], paths[1])
    return paths


def write_both(cells: list[Cell], module: Path, notebook: Path, which: str = "") -> None:
    """Write the cells in both spellings, or only the one that the other leaves behind.

    The notebook remembers the state in which both were in step.
    """
    if which != ".py":
        write_atomic(module, to_percent(cells))
    before = notebook.read_text("utf8") if notebook.exists() else ""
    text = before if which == ".ipynb" else to_notebook(cells, before)
    content = json.loads(text)
    content["metadata"][KEY] = {"in_step": fingerprint(cells)}
    write_atomic(notebook, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


class Work(NamedTuple):
    """What is to be checked, and what was done to keep the two files in step."""

    path: Path
    cells: list[Cell]
    note: str = ""


def find_work(path: Path, numbers: Sequence[str]) -> Path:
    """Find the module or notebook that is meant: the file itself, or in a folder the one of these assignments."""
    if path.is_file():
        check(path.suffix in (".py", ".ipynb"), "path", path, "a module (.py), a notebook (.ipynb) or their folder")
        return path
    check(path.is_dir(), "path", path, "a module, a notebook or their folder")
    files = {name: [path / f"{name}{suffix}" for suffix in (".py", ".ipynb")] for name in map(stem, numbers)}
    found = {name: there for name, both in files.items() if (there := [p for p in both if p.exists()])}
    check(len(found) == 1, "folder", path, f"the work on one assignment, found {', '.join(found) or 'none'}")
    return next(iter(found.values()))[0]


def read_work(path: Path, numbers: Sequence[str]) -> Work:
    """Read the student's cells, and bring the file that was not worked in to the state of the other.

    Raises
    ------
    ValueError : when a file can't be read.
    """
    found = find_work(path, numbers)
    module, notebook = found.with_suffix(".py"), found.with_suffix(".ipynb")
    texts = {p: read_utf8(p) for p in (module, notebook) if p.exists()}
    cells = {p: read_cells(text, p.suffix) for p, text in texts.items()}
    if len(cells) == 1 or fingerprint(cells[module]) == fingerprint(cells[notebook]):
        return Work(found, cells[found])
    in_step = json.loads(texts[notebook])["metadata"].get(KEY, {}).get("in_step")
    worked_in = [p for p, each in cells.items() if fingerprint(each) != in_step]
    newer = max(cells, key=lambda p: p.stat().st_mtime)
    if len(worked_in) == 2:
        chosen = found if path.is_file() else newer
        what = f"{module.name} and {notebook.name} were both changed since they were in step: checking {chosen.name}"
        return Work(chosen, cells[chosen], f"{what}. Delete the one that you don't want to keep.")
    (chosen,) = worked_in
    write_both(cells[chosen], module, notebook, which=chosen.suffix)
    other = notebook if chosen == module else module
    return Work(chosen, cells[chosen], f"{other.name} was brought in step with {chosen.name}")


def read_utf8(path: Path) -> str:
    """Read a text."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} = not UTF-8 ({error.reason}): expected a text in UTF-8") from None
