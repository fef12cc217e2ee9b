"""What the pages of the book have in common with the package and with each other, read from their text."""

import doctest
import re
from pathlib import Path

import pytest

import minimal_order as mo

BOOK = Path(__file__).parents[1] / "book"
LISTS = ("api", "bibliography", "claims", "equations", "glossary")
"""Pages without a cell, made of lists."""

PAGES = sorted(page for page in BOOK.glob("*.md") if page.stem not in LISTS)
CELL = re.compile(r"^```\{code-cell\} ipython3\n(.*?)^```$", re.M | re.S)


def test_first_page_runs_the_example_of_the_package():
    (example,) = [test for test in doctest.DocTestFinder(recurse=False).find(mo, "minimal_order") if test.examples]
    source = "".join(each.source for each in example.examples)
    assert source in CELL.search((BOOK / "intro.md").read_text("utf8"))[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_is_a_notebook(page):
    assert page.read_text("utf8").startswith("---\njupytext:\n  text_representation:\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_figure_is_told_in_words(page):
    """A cell that ends in a figure says what it shows to those who do not see it."""
    for cell in CELL.findall(page.read_text("utf8")):
        if cell.rstrip().splitlines()[-1].startswith(("figure", "draw_", "mo.plots.")):
            assert re.search(r"^    alt: \S.{40,}", cell, re.M), cell


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_to_be_predicted_is_folded_away(page):
    text = page.read_text("utf8")
    for place in re.finditer(r"Predict before you run", text):
        assert re.search(r"^:?tags: \[.*hide-(output|cell)", CELL.search(text, place.end())[1], re.M)


CHAPTERS = [page for page in PAGES if page.stem not in ("intro", "notation")]


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_chapters_have_one_shape(page):
    text = page.read_text("utf8")
    headings = re.findall(r"^## (.*)$", text, re.M)
    assert headings[0] == "The idea in a picture"
    assert headings[-2:] == ["Exercises", "Further reading"]
    assert "Predict before you run" in text
    n_exercises = len(re.findall(r"^\d\. ", text.split("## Exercises")[1], re.M))
    n_solutions = len(re.findall(r"\{admonition\} Solution|code_prompt_show: \"Solution", text))
    assert n_exercises == n_solutions >= 3
