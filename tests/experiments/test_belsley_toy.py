"""The talk's illustration: its numbers, its tables and figure, and what claim c3 makes of it."""

import csv
import io

import numpy as np
import pytest

from minimal_order.claims.dependence import toy_claim
from minimal_order.cli import main
from minimal_order.dependence.belsley import SCALES, decompose, variance_proportion
from minimal_order.experiments.belsley_toy.outcome import (
    NAMES,
    ToyConfig,
    blamed_by_column,
    parameters,
    proportion_rows,
    run_toy,
    step_rows,
)
from minimal_order.plots.belsley import draw_toy, index_labels
from minimal_order.reports.belsley_toy import toy_report


@pytest.fixture(scope="module")
def toy():
    return run_toy(ToyConfig(turns=300))


def test_parameters_are_those_of_the_talk(toy):
    assert toy.x[[0, 1, -1]].tolist() == [0, 0.02, 20] and toy.w.shape == (1001, 6)
    x = 1.3
    expected = [np.sin(x), np.cos(x), 2 + np.cos(x), 2 + np.sin(x), np.cos(x) + np.sin(x), x]
    np.testing.assert_allclose(parameters(np.array(x)), expected, rtol=1e-12)


def test_condition_indices_are_the_published_ones(toy):
    """eq:condition-index of the toy: 1, 1.5469, 3.3227, then a null space of dimension 3"""
    rows = [row for row in proportion_rows(toy) if row.scale == "correlation"]
    index = [(row.condition_index, row.multiplicity) for row in rows[:: len(NAMES)]]
    assert index[0] == (np.inf, 3) and [n for _, n in index[1:]] == [1, 1, 1]
    np.testing.assert_allclose([value for value, _ in index[1:]], [3.3227, 1.5469, 1], rtol=0, atol=5e-5)
    assert [row.proportion for row in rows[:6]] == [1, 1, 1, 1, 1, 0]


def test_every_removal_is_told(toy):
    rows = list(step_rows(toy))
    assert len(rows) == 4 * 6
    for start in range(0, 24, 6):
        assert [row.step for row in rows[start : start + 6]] == [1, 2, 3, 4, 5, 6]
        assert {row.parameter for row in rows[start : start + 6]} == set(NAMES)


def test_single_columns_blame_another_parameter_in_every_basis(toy):
    """eq:variance-proportion of one vector: by enumeration over bases that are given"""
    assert toy.blamed[-1] == 0 and toy.blamed[:5].min() > 0.1 and toy.blamed.max() < 0.3
    found = toy.found["correlation"]
    N = found.vectors[:, :3]
    rng = np.random.default_rng(5)
    direction = rng.standard_normal((400, 3))
    counted = np.zeros(6)
    for d in direction:
        u = N @ d / np.linalg.norm(d)
        share = [u[i] ** 2 / (N[i] ** 2).sum() for i in range(5)]
        counted[int(np.argmax(share))] += 1
    np.testing.assert_array_equal(blamed_by_column(found, 400, np.random.default_rng(5)), counted / 400)


def test_claim_holds_on_the_illustration(toy):
    claim = toy_claim(toy)
    assert (claim.id, claim.verdict) == ("c3", "holds") and len(claim.findings) == 11
    assert claim.findings[-1].met is None  # for comparison


def changed(toy, how):
    """The toy with something wrong in it."""
    found, steps = toy.found, toy.eliminations
    return {
        "another parameter": toy._replace(found={s: d._replace(vectors=d.vectors[::-1]) for s, d in found.items()}),
        "none dependent": toy._replace(found=dict.fromkeys(found, decompose(np.diag(np.arange(1.0, 7))))),
        "x first": toy._replace(eliminations={s: e._replace(order=e.order[::-1]) for s, e in steps.items()}),
        "conditioning": toy._replace(eliminations={(s, "marginalise"): steps[s, "condition"] for s in SCALES}),
    }[how]


@pytest.mark.parametrize(
    ("how", "met"),
    [
        ("another parameter", [True, False, False, True, True]),
        ("none dependent", [False, False, True, True, True]),
        ("x first", [True, True, True, True, False]),
        ("conditioning", [True, True, True, False, False]),  # five leave while a null space is left
    ],
)
def test_claim_can_fail_in_each_of_its_parts(toy, how, met):
    claim = toy_claim(changed(toy, how))
    assert claim.verdict == "does not hold" and [each.met for each in claim.findings[:10]] == 2 * met


def test_report_has_the_tables_and_the_verdict(toy):
    text = toy_report(toy)
    assert "### c3: holds" in text and "| inf, 3 times" in text and "| 3.3227 " in text
    for name in NAMES:
        assert f" {name} " in text
    assert "First to go is `cos x + sin x`" in text and "First to go is `sin x`" in text


def test_figure_shows_the_numbers(toy):
    a, b, c = draw_toy(toy).axes
    assert [line.get_label() for line in a.lines] == list(NAMES)
    np.testing.assert_array_equal(a.lines[4].get_ydata(), toy.w[:, 4])
    np.testing.assert_array_equal(b.images[0].get_array(), variance_proportion(toy.found["correlation"]).T)
    assert [label.get_text() for label in b.get_yticklabels()] == ["3 × ∞", "3.323", "1.547", "1"]
    places = np.array([text.get_text() for text in c.texts], int).reshape(4, 6)
    for row, found in zip(places, toy.eliminations.values(), strict=True):
        assert np.argsort(row).tolist() == found.order.tolist()


def test_labels_of_condition_indices():
    assert index_labels(np.array([1, 43275.04, np.inf]), np.array([2, 1, 1])) == ["2 × 1", "43 280", "∞"]


def test_command_writes_the_same_twice(tmp_path, capsys):
    assert main(["belsley-toy", "--out", str(tmp_path / "toy")]) == 0
    assert "3.3227" in capsys.readouterr().out
    names = {"config.json", "proportions.csv", "elimination.csv", "blamed.csv", "claims.csv", "report.md"}
    names |= {"belsley-toy.png", "belsley-toy.svg", "parts"}
    assert {path.name for path in (tmp_path / "toy").iterdir()} == names
    before = {path.name: path.read_bytes() for path in (tmp_path / "toy").glob("*.*")}
    assert main(["belsley-toy", "--out", str(tmp_path / "toy")]) == 0
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "toy").glob("*.*")}
    rows = list(csv.DictReader(io.StringIO(before["proportions.csv"].decode())))
    assert len(rows) == 2 * 4 * 6 and rows[0]["condition_index"] == "inf"


@pytest.mark.parametrize(
    ("options", "said"), [({"step": 0}, "step = 0"), ({"stop": 0.1}, "stop = 0.1"), ({"turns": 0}, "turns = 0")]
)
def test_bad_settings_are_named(options, said):
    with pytest.raises(ValueError, match=said):
        ToyConfig(**options)
