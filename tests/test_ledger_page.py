"""The page of claims: every claim of the documents, and what the committed tables say of it."""

import csv
import importlib.util
import io
import re
from pathlib import Path

import pytest

from minimal_order.claims import complexity, cost, dependence, ordering, relevance, selection
from minimal_order.claims.ledger import CONDITIONS, FAILS, HOLDS, UNDEFINED, UNTESTED, Claim, Finding, met_where
from minimal_order.estimates import Estimate
from minimal_order.reports.claims import CLAIM_COLUMNS, claims_csv

BOOK = Path(__file__).parents[1] / "book"
_spec = importlib.util.spec_from_file_location("evidence", BOOK / "_ext" / "evidence.py")
evidence = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(evidence)

LEDGERS = (ordering.LEDGER, selection.LEDGER, relevance.LEDGER, complexity.LEDGER)


def test_every_claim_of_the_documents_and_no_other():
    numbers = {"a": 10, "b": 4, "c": 3, "d": 4}
    assert list(evidence.CLAIMS) == [f"{letter}{i}" for letter, n in numbers.items() for i in range(1, n + 1)]
    judged = {name for ledger in LEDGERS for name in ledger} | {cost.cost_claim().id, "c3"}
    assert judged <= set(evidence.CLAIMS)
    assert relevance.LEDGER["c3"][0] == dependence.CLAIM


def test_every_document_has_its_place_on_the_page():
    assert re.findall(r"^```\{claims\} (.)$", (BOOK / "claims.md").read_text("utf8"), re.M) == list("abcd")


def write(tmp_path, folder, *claims):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "claims.csv").write_text(claims_csv(claims), "utf8")


def test_numbers_and_places_come_back_from_the_table(tmp_path):
    findings = [
        Finding("boston", "x", Estimate(0.46, 0.41, 0.51), True),
        Finding("boston", "for comparison", 7.25, None),
        Finding("mnist", "x", Estimate(0.46, 0.41, 0.51), True),
        Finding("mnist", "undefined", UNDEFINED, None),
        Finding("wine", "x", 2.0, False),
        Finding("wine", "y", 1.0, True),
        Finding("toy", "x", 1.0, True),
        Finding("toy", "infinite", float("inf"), None),
    ]
    write(tmp_path, "ordering", Claim("a1", "text", "rule", findings, CONDITIONS))
    ((folder, rows),) = evidence.read_tables(tmp_path).values()
    assert folder == "ordering" and rows[0]["verdict"] == CONDITIONS
    assert [evidence.number(row) for row in rows][:4] == [".46 [.41, .51]", "7.25", ".46 [.41, .51]", "undefined"]
    assert evidence.met_where(rows) == [where for where, met in met_where(findings).items() if met] == ["boston"]


def test_of_two_tables_the_fuller_one_speaks(tmp_path):
    one = Finding("toy", "x", 1.0, True)
    write(tmp_path, "belsley-toy", Claim("c3", "text", "rule", [one], HOLDS))
    write(tmp_path, "relevance", Claim("c3", "text", "rule", [one, one], FAILS), Claim("c1", "t", "r", [], UNTESTED))
    tables = evidence.read_tables(tmp_path)
    assert tables["c3"][0] == "relevance" and tables["c3"][1][0]["verdict"] == FAILS
    assert tables["c1"][1][0]["verdict"] == UNTESTED


def test_unknown_claim_is_refused(tmp_path):
    write(tmp_path, "other", Claim("z9", "text", "rule", [], HOLDS))
    with pytest.raises(ValueError, match=r"other/claims\.csv: claim .z9."):
        evidence.read_tables(tmp_path)


@pytest.mark.parametrize("path", sorted(BOOK.glob("results/*/claims.csv")), ids=lambda path: path.parent.name)
def test_committed_tables_are_of_this_form(path):
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf8"))))
    assert tuple(rows[0]) == CLAIM_COLUMNS
    assert {row["verdict"] for row in rows} <= {HOLDS, CONDITIONS, FAILS, UNTESTED}
    assert {row["met"] for row in rows} <= {"yes", "no", ""}
    for row in rows:
        evidence.number(row)
