"""Where lines of a page may break, on a small page."""

import bs4
import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

PAGE = """\
# Page

For each ($a$), and $b$ alone, with 80 % of it, .46 [.41, .51] of 784-10-10, not 2-3, and `80 %`.

`a_rather.long_module/and-its-path`, `--a-long-option-of-a-command`

```python
x = 1

if y:
    z = (2)
```

```{literalinclude} code.py
```

```text
80 %
```
"""


CODE = '''def z():
    """Text

    in lines."""
'''


@pytest.fixture(scope="module")
def article(tmp_path_factory):
    """The page as HTML."""
    source = tmp_path_factory.mktemp("source")
    (source / "index.md").write_text(PAGE, "utf8")
    (source / "code.py").write_text(CODE, "utf8")
    extensions = {
        "extensions": ["myst_parser", "sphinx.ext.mathjax", "wrapping"],
        "myst_enable_extensions": ["dollarmath"],
    }
    with docutils_namespace():
        app = Sphinx(source, None, source / "out", source / "trees", "html", extensions, status=None)
        app.build()
    return bs4.BeautifulSoup((source / "out" / "index.html").read_text("utf8"), "html.parser").select_one(".body")


def test_formula_keeps_what_stands_at_it(article):
    assert [each.text for each in article.select(".unbroken")] == [r"(\(a\)),"]
    assert r"For each (\(a\)), and \(b\) alone, with" in article.p.text


def test_number_keeps_its_per_cent_and_its_interval(article):
    assert "80\u00a0% of it, .46\u00a0[.41,\u00a0.51] of 784\u201110\u201110, not 2-3, and 80 %." in article.p.text


def test_line_of_code_tells_where_it_begins(article):
    assert [line.get("style") for line in article.select("pre span[id]")][3:] == [
        "--indent: 4ch", None, "--indent: 4ch", None, "--indent: 4ch",
    ]  # fmt: skip


def test_long_names_may_break_and_options_may_not(article):
    name, option = article.select("code.literal")[1:]
    assert str(name.span) == '<span class="pre">a_<wbr/>rather.<wbr/>long_<wbr/>module/<wbr/>and-its-path</span>'
    assert article.select_one("pre wbr").previous_sibling.text == "("
    assert str(option.span) == '<span class="pre">--a-long-option-of-a-command</span>'


def test_each_line_of_code_is_an_element_and_the_code_what_it_was(article):
    blocks = article.select("pre")
    assert [len(block.select("span[id]")) for block in blocks] == [4, 4, 0]
    assert [block.text for block in blocks] == ["x = 1\n\nif y:\n    z = (2)\n", CODE, "80 %\n"]
