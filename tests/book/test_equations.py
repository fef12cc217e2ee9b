"""The page of all equations: a row for each, in the built book."""

from pathlib import Path

import pytest
from labels import walk_book, walk_tests

bs4 = pytest.importorskip("bs4")

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"


def test_each_equation_has_number_function_tests_and_page():
    page = BOOK / "_build" / "html" / "equations.html"
    rows = bs4.BeautifulSoup(page.read_text("utf8"), "html.parser").select(".eqlist tbody tr")
    shown, tests = walk_book(BOOK), walk_tests(ROOT / "tests")
    assert len(rows) == len(shown) > 0
    for row, (label, (place, *_)) in zip(rows, shown.items(), strict=True):
        number, function, checked, on = row.find_all("td")
        file, anchor = number.a["href"].split("#")
        assert (BOOK / "_build" / "html" / file).is_file() and f'id="{anchor}"' in (page.parent / file).read_text(
            "utf8"
        )
        assert [code.text for code in function.find_all("code")] == [label, place.name.removeprefix("minimal_order.")]
        assert checked.code.text in {test.name.split("::", 1)[1] for test in tests[label]}
        assert on.a["href"].split("#")[0] == file
