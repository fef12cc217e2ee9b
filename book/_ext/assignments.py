"""Masters of assignments as pages of the book: what students get, without solutions, hidden cases and rubrics."""

import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from minimal_order.course.master import is_master
from minimal_order.course.page import as_page

FOLDER = "assignments/"


def show_as_page(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the students' text in place of a master's, before anything of it is read or run.

    Raises
    ------
    ExtensionError : when it isn't a master that can be read.
    """
    if name.startswith(FOLDER) and is_master(source[0]):
        try:
            source[0] = as_page(source[0])
        except ValueError as error:
            raise ExtensionError(f"{name}: {error}") from error


def replace_sources(app: Sphinx, error: Exception | None) -> None:
    """Offer the students' text as the source of the page too."""
    for path in (Path(app.outdir) / "_sources" / FOLDER).glob("*.md"):
        text = path.read_text("utf8")
        if is_master(text):
            path.write_text(as_page(text), "utf8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the step."""
    app.connect("build-finished", replace_sources)
    app.connect("source-read", show_as_page, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
