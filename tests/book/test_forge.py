"""Links to the repository: all of them from one setting, none without it."""

import re

import pytest

pytest.importorskip("sphinx")

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

EXAMPLE = "https://github.com/someone/repository"
PAGE = """\
---
kernelspec:
  name: python3
---
# Ranks

```{{eqcode}} {thing}
:label: {label}
:test: {test}
I_{{J_i}} = i
```
"""
RIGHT = {"thing": "minimal_order.freezing.masks.rank_of", "label": "eq:rank", "test": "tests/freezing/test_masks.py"}


@pytest.fixture
def build(tmp_path):
    """Build a book of one page, with the address of the repository or without, and return the page."""

    def built(url="", **changed):
        (tmp_path / "jupyter_execute").mkdir(exist_ok=True)
        (tmp_path / "index.md").write_text(PAGE.format(**RIGHT | changed), "utf8")
        (tmp_path / "jupyter_execute" / "index.ipynb").write_text('{"cells": []}', "utf8")
        settings = {
            "extensions": ["myst_parser", "eqcode", "forge", "notebooks"],
            "html_theme": "sphinx_book_theme",
            "html_theme_options": {"repository_url": url, "repository_branch": "main", "path_to_docs": "book"},
        }
        with docutils_namespace():
            html = tmp_path / "html"
            app = Sphinx(tmp_path, None, html, tmp_path / "trees", "html", settings, status=None, freshenv=True)
            app.build()
        return (html / "index.html").read_text("utf8")

    return built


def test_with_an_address_the_page_links_to_code_test_and_services(build, tmp_path):
    links = re.findall(r'href="(http[^"]+)"', build(EXAMPLE))
    assert any(re.fullmatch(rf"{EXAMPLE}/blob/main/minimal_order/freezing/masks\.py#L\d+-L\d+", link) for link in links)
    assert any(re.fullmatch(rf"{EXAMPLE}/blob/main/tests/freezing/test_masks\.py#L\d+", link) for link in links)
    assert "https://colab.research.google.com/github/someone/repository/blob/gh-pages/_sources/index.ipynb" in links
    assert "https://mybinder.org/v2/gh/someone/repository/gh-pages?labpath=_sources/index.ipynb" in links
    assert f"{EXAMPLE}/edit/main/book/index.md" in links
    wanted = f"minimal_order @ git+{EXAMPLE}@main"
    assert (tmp_path / "html" / "requirements.txt").read_text("utf8") == f"{wanted}\n"
    assert wanted in (tmp_path / "html" / "_sources" / "index.ipynb").read_text("utf8")


def test_without_an_address_there_is_none_of_it(build, tmp_path):
    page = build()
    assert "minimal_order.freezing.masks.rank_of" in page
    assert not re.findall(r'href="http[^"]+', page.split("<article")[1].split("</article>")[0])
    assert not re.findall(r"github|gitlab|mybinder|colab", page)
    assert not (tmp_path / "html" / "requirements.txt").exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"thing": "minimal_order.freezing.masks.rank_off"}, r"has no 'rank_off'; nearest: rank_of"),
        ({"label": "eq:rnak"}, r"does not begin with 'eq:rnak'; no docstring does"),
        ({"label": "eq:order"}, r"does not begin with 'eq:order'; minimal_order.freezing.masks.by_score does"),
        ({"test": "tests/test_no_such.py"}, r"no test tests/test_no_such.py names 'eq:rank'"),
    ],
    ids=["object", "label", "label of another", "test"],
)
def test_build_stops_when_something_is_missing(build, changed, said):
    with pytest.raises(ExtensionError, match=said):
        build(**changed)
