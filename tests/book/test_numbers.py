"""Numbers in the tables of the built book."""

import re
from pathlib import Path

import pytest

bs4 = pytest.importorskip("bs4")

HTML = Path(__file__).resolve().parents[2] / "book" / "_build" / "html"
NOTHING = re.compile(r"[-−][0.]+\s?%?")


def test_nothing_has_no_sign():
    pages = sorted(HTML.rglob("*.html"))
    assert pages, "no pages: jupyter-book build book"
    found = [
        f"{page.name}: {cell.text}"
        for page in pages
        for cell in bs4.BeautifulSoup(page.read_text("utf8"), "html.parser").find_all("td")
        if NOTHING.fullmatch(cell.text.strip())
    ]
    assert not found
