"""The pages that are made of lists: the ledger of claims and the reference, from small tables and a small package."""

import ast

import pytest

pytest.importorskip("sphinx")

import api
import ledger
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

from minimal_order.claims.ledger import CONDITIONS, HOLDS, Claim, Finding
from minimal_order.estimates import Estimate
from minimal_order.reports.claims import claims_csv

EVIDENCE = [
    Finding("boston", "share", Estimate(0.46, 0.41, 0.51), True),
    Finding("mnist", "share", Estimate(0.2, 0.1, 0.3), False),
]


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Read a page of Markdown with the two extensions; its document, parsed and its links resolved."""
    monkeypatch.setattr(ledger, "BOOK", tmp_path)
    folder = tmp_path / "results" / "ordering"
    folder.mkdir(parents=True)
    claims = [Claim("a1", "Some text.", "A rule.", EVIDENCE, CONDITIONS), Claim("a2", "Other.", "One.", [], HOLDS)]
    (folder / "claims.csv").write_text(claims_csv(claims), "utf8")

    def read(text):
        source = tmp_path / "source"
        source.mkdir()
        (source / "index.md").write_text(text, "utf8")
        extensions = {"extensions": ["myst_parser", "eqcode", "ledger", "api"]}
        with docutils_namespace():
            app = Sphinx(source, None, tmp_path / "out", tmp_path / "trees", "dummy", extensions, status=None)
            app.config.html_theme_options = {}
            app.build()
            return app.env.get_doctree("index")

    return read


def test_ledger_shows_verdict_places_and_numbers(page):
    document = page("# Claims\n\n```{verdicts}\n```\n\n## Paper\n\n```{claims} a\n```\n")
    rows = [[entry.astext() for entry in row.findall(nodes.entry)] for row in document.findall(nodes.row)]
    assert [row[0] for row in rows[1:22]] == list(ledger.CLAIMS)
    assert {row[0]: row[2] for row in rows[1:22]} == dict.fromkeys(ledger.CLAIMS, "not run yet") | {
        "a1": CONDITIONS,
        "a2": HOLDS,
    }
    sections = {section["ids"][0]: section for section in document.findall(nodes.section)}
    a1, a10 = sections["a1"].astext(), sections["a10"].astext()
    assert "Holds under conditions. From minimal-order reproduce ordering" in a1.replace("\n", " ")
    assert "met on boston, and nowhere else" in a1 and ".46 [.41, .51]" in a1 and "Some text." in a1
    assert "Not run yet." in a10


def test_letter_without_claims_stops_the_build(page):
    with pytest.raises(ExtensionError, match="begins with 'z'"):
        page("# Claims\n\n```{claims} z\n```\n")


def test_reference_has_every_public_name_of_a_module_and_no_private_one(page):
    document = page("# Reference\n\n```{api} minimal_order\n```\n\n```{api} freezing.masks freezing.alignment\n```\n")
    shown = {place for node in document.findall(api.box) for place in node["ids"]}
    assert {"api-freezing-masks-by-score", "api-freezing-masks-freeze-mask", "api-freezing-alignment-unitmap"} <= shown
    assert not [place for place in shown if "permute" in place]
    linked = {node["refid"] for node in document.findall(nodes.reference) if "refid" in node}
    assert {"api-freezing-masks-by-score", "api-training-train-train", "api-orders-table-compute-order"} <= linked
    assert "minimal-order-orders-table" in linked  # ORDERS is no function: its module


def test_module_that_is_not_there_stops_the_build(page):
    with pytest.raises(ExtensionError, match="no module 'maskz'"):
        page("# Reference\n\n```{api} maskz\n```\n")


def test_all_modules_of_the_library_stand_on_the_page_once():
    named = api.listed("api")
    modules = [name for name in named if name not in ("minimal_order", "rest", "applications")]
    assert len(set(modules)) == len(modules) and set(modules) <= set(api.library())
    assert "rest" in named and "applications" in named


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(a, *, b=1) -> int: ...", "f(a, *, b=1) -> int"),
        ("def f(self, a): ...", "f(a)"),
        ("def f(self): ...", "f()"),
        ("@property\ndef f(self) -> int: ...", "f"),
        ("class C(NamedTuple): ...", "class C(NamedTuple)"),
    ],
)
def test_signature_is_that_of_a_call(source, said):
    assert api.signature(ast.parse(source).body[0]) == said


def test_first_line_has_links_to_equations_and_no_marks():
    label, rest = api.first_line("``eq:order``: the order\nJ = argsort.\n\nMore.")[1:]
    assert label["reftype"] == "eq" and label["reftarget"] == "eq:order" and rest == ": the order J = argsort."
    steps, label, end = api.first_line("Steps of `eq:freeze-and-prune`.")
    assert (steps, label["reftarget"], end) == ("Steps of ", "eq:freeze-and-prune", ".")
    line = api.first_line("A *plain word*, ``w * 2`` and :func:`load`: a * b * c.")
    assert [(type(node), node.astext()) for node in line if not isinstance(node, nodes.Text)] == [
        (nodes.emphasis, "plain word"), (nodes.literal, "w * 2"), (nodes.literal, "load"),
    ]  # fmt: skip
    assert "".join(node.astext() for node in line) == "A plain word, w * 2 and load: a * b * c."
