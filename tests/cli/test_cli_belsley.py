"""``minimal-order belsley FILE.csv``: the table, the files, and one line with code 2 for anything wrong."""

import csv
import io
import os
import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from minimal_order.cli import main
from minimal_order.data.columns import columns_of, read_csv
from minimal_order.data.sources import data_folder
from minimal_order.dependence.collinearity import collinearity
from minimal_order.plots.belsley import READABLE, draw_collinearity
from minimal_order.reports.collinearity import diagnose

LONGLEY = str(data_folder() / "longley.csv")
GOOD = "a,b,c\n1,2,3.5\n2,1,2.5\n3,5,7\n4,2,7.5\n5,0,4\n"


def design(m, n):
    return np.random.default_rng(0).standard_normal((m, n))


@pytest.fixture
def file(tmp_path):
    def write(text):
        (tmp_path / "table.csv").write_text(text, "utf-8")
        return str(tmp_path / "table.csv")

    return write


def test_longley_on_the_terminal(capsys):
    assert main(["belsley", LONGLEY, "--target", "TOTEMP", "--digits", "5"]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    index = ["1.00000", "9.14172", "12.25574", "25.33661", "230.42395*", "1048.08030*", "43275.04359*"]
    assert [line.split()[0] for line in lines[1:8]] == index
    last = ["0.99985*", "0.03833", "0.65463*", "0.68926*", "0.30205", "0.15973", "0.99984*"]
    assert lines[7].split()[1:] == last
    assert "depend on each other (index 4.328e+04): const, GNP, UNEMP and YEAR" in out
    assert "| YEAR   | 1829.15 " in out and "| 42% " in out


def test_without_target_every_column_is_part_of_the_design(capsys):
    assert main(["belsley", LONGLEY]) == 0
    out = capsys.readouterr().out
    assert "TOTEMP" in out.splitlines()[0] and "coefficient" not in out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--no-intercept"], {"intercept": False}),
        (["--center"], {"center": True}),
        (["--no-scale"], {"scale": False}),
    ],
)
def test_options_are_arguments_of_the_function(capsys, options, expected):
    assert main(["belsley", LONGLEY, *options]) == 0
    table = read_csv(LONGLEY)
    found = collinearity(table.values, names=table.names, **expected)
    assert capsys.readouterr().out == f"{found}\n"


@pytest.mark.parametrize("columns", [7, 80])  # less than Python's buffer of the output, and more
def test_reader_may_stop_reading(tmp_path, columns):
    """As in ``minimal-order belsley FILE.csv | head``: no message, and no word from Python at its end"""
    np.savetxt(tmp_path / "table.csv", design(100, columns), delimiter=",")
    reader, writer = os.pipe()
    os.close(reader)  # gone before the first word, so that nothing depends on who is quicker
    command = [sys.executable, "-m", "minimal_order", "belsley", str(tmp_path / "table.csv")]
    finished = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert (finished.returncode, finished.stderr) == (141, b"")


def test_limit_is_that_of_the_shares_too(capsys):
    assert main(["belsley", LONGLEY, "--target", "TOTEMP", "--limit", "500"]) == 0
    share = collinearity(read_csv(LONGLEY).split("TOTEMP")[0]).degraded_share(500)
    lines = capsys.readouterr().out.splitlines()[-7:]
    assert [line.split()[-2] for line in lines] == [f"{each:.0%}" for each in share]


def test_only_what_is_large_is_shown_if_asked_for(capsys):
    assert main(["belsley", LONGLEY, "--least", "1000", "--fuzz", "0.1"]) == 0
    table = read_csv(LONGLEY)
    assert capsys.readouterr().out == collinearity(table).table(least=1000, fuzz=0.1) + "\n"


def test_files_hold_all_digits_and_the_heat_map(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["belsley", LONGLEY, "--target", "TOTEMP", "--out", str(out)]) == 0
    names = {"proportions.csv", "report.md", "proportions.png", "proportions.svg"}
    assert {path.name for path in out.iterdir()} == names
    rows = list(csv.reader(io.StringIO((out / "proportions.csv").read_text())))
    found = collinearity(read_csv(LONGLEY).split("TOTEMP")[0].values)
    np.testing.assert_array_equal(np.array(rows[1:], float)[:, 2:], found.proportions)
    assert "43275.044*" in (out / "report.md").read_text()
    assert "wrote " in capsys.readouterr().out


BAD = {
    r"column 'b', line 3 = 'many': expected a finite number": ("a,b\n1,2\n3,many\n", []),
    r"column 'a', line 2 = missing": ("a,b\n,2\n3,4\n", []),
    r"lines of numbers = 1: expected at least 2": ("a,b\n1,2\n", []),
    r"cells of line 3 = 1": ("a,b\n1,2\n3\n", []),
    r"column 'a b c', line 2 = '1 2 3'": ("a b c\n1 2 3\n4 5 6\n", []),
    r"column 'b' = all 0": ("a,b\n1,0\n2,0\n", []),
    r"column 'b' = constant: expected one that varies": ("a,b\n1,7\n2,7\n", ["--center"]),
    r"target = 'y': expected one of the known names": (GOOD, ["--target", "y"]),
    r"target = a: expected a column beside others": ("a\n1\n2\n", ["--target", "a"]),
    r"threshold = 2\.0: expected a proportion": (GOOD, ["--threshold", "2"]),
    r"limit = 0\.0": (GOOD, ["--limit", "0"]),
    r"digits = 99": (GOOD, ["--digits", "99"]),
    r"fuzz = 2\.0: expected a proportion": (GOOD, ["--fuzz", "2"]),
    r"least = -1\.0: expected a condition index": (GOOD, ["--least=-1"]),
    r"--centre: expected --center": (GOOD, ["--centre"]),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_one_line_and_code_2(file, capsys, message):
    text, options = BAD[message]
    with pytest.raises(SystemExit) as ended:
        main(["belsley", file(text), *options])
    error = capsys.readouterr().err
    assert ended.value.code == 2 and error.count("\n") == 1

    assert re.search(message, error), error


def test_a_file_that_is_not_there(capsys, tmp_path):
    with pytest.raises(SystemExit) as ended:
        main(["belsley", str(tmp_path / "nowhere.csv")])
    assert ended.value.code == 2 and "nowhere.csv" in capsys.readouterr().err


def test_exact_dependencies_are_told_apart_and_have_no_fit(file, capsys):
    """A constant beside the intercept, a duplicate: an infinite index, by convention, and no coefficients"""
    text = "y,a,b,k\n1,2,4,7\n2,1,2,7\n3,5,10,7\n4,2,4,7\n5,0,0,7\n6,1,2,7\n"
    assert main(["belsley", file(text), "--target", "y"]) == 0
    out = capsys.readouterr().out
    assert "depend on each other (exactly): const and k" in out
    assert "depend on each other (exactly): a and b" in out and "2 x inf*" in out
    assert "no least-squares fit of y: columns = exactly dependent ones" in out


def test_fewer_rows_than_columns_are_said_to_be():
    text = diagnose(columns_of(design(3, 5))).text
    assert "3 rows, 6 columns: there are always exact dependencies" in text and "3 x inf*" in text


def test_no_degree_of_freedom_no_fit():
    text = diagnose(columns_of(design(4, 4)), "x1").text
    assert "no least-squares fit of x1: rows = 4: expected more than 4" in text


def test_heat_map_shows_the_proportions():
    table = read_csv(LONGLEY).split("TOTEMP")[0]
    found = collinearity(table.values, names=table.names)
    figure = draw_collinearity(found)
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), found.proportions)
    assert [label.get_text() for label in axes.get_xticklabels()] == list(found.names)
    weights = [label.get_fontweight() for label in axes.get_yticklabels()]
    assert weights == ["normal"] * 4 + ["bold"] * 3
    bold = [text.get_text() for text in axes.texts if text.get_weight() == "bold"]
    assert len(axes.texts) == 49 and bold == ["0.50", "0.83", "1.00", "0.65", "0.69", "1.00"]
    assert not draw_collinearity(collinearity(design(60, READABLE + 5))).axes[0].texts


NAMES = {
    "short": ([f"x{j}" for j in range(7)], 0),
    "of words": ([f"column number {j}" for j in range(7)], 90),
    "very long": ([f"the answer to one of our many questions, which was {j}" for j in range(7)], 90),
    "many": ([f"feature_{j}" for j in range(30)], 90),
    "formulas": ([f"$_^${j}" for j in range(7)], 0),
}


@pytest.mark.parametrize("which", NAMES)
def test_names_under_the_heat_map_do_not_overlap(which):
    names, rotation = NAMES[which]
    figure = draw_collinearity(collinearity(design(60, len(names)), names=names))
    figure.draw_without_rendering()
    labels = figure.axes[0].get_xticklabels()
    assert {label.get_rotation() for label in labels} == {rotation}
    assert len({label.get_text() for label in labels}) == len(names) + 1
    boxes = [label.get_window_extent() for label in labels]
    assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
    assert figure.axes[0].bbox.height / figure.dpi > 0.2 * len(names)


def test_a_very_wide_table_has_a_figure_of_bounded_size():
    found = collinearity(design(300, 250))
    figure = draw_collinearity(found)
    axes = figure.axes[0]
    assert max(figure.get_size_inches()) < 35 and axes.images[0].get_array().shape == (251, 251)
    assert [label.get_text() for label in axes.get_xticklabels()] == list(found.names[1::3])
    assert axes.get_yticks().tolist() == list(range(1, 251, 3))  # the last row, of the largest index, has its label
