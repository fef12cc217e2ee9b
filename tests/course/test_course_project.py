"""The project from a student's first command to the teacher's last."""

import csv
import re
import shlex
from pathlib import Path

import pytest

from minimal_order.cli import main
from minimal_order.course.assignment import heading, number_of, stem
from minimal_order.course.bundle import load_bundle
from minimal_order.course.master import masters, parse
from minimal_order.course.percent import to_percent
from minimal_order.orders import ORDERS

MASTER = Path(__file__).parents[2] / "book" / "assignments" / "project.md"
PAGE = MASTER.read_text("utf8")
TINY = shlex.split("freeze synthetic3 --set n_train=200 --set n_test=100 --runs 6 --levels 0,.5,1 --t0 20 --t1 10")

pytestmark = pytest.mark.usefixtures("orders_table")


@pytest.fixture
def solved(tmp_path):
    """The module of one who has solved it."""
    (tmp_path / "work").mkdir()
    module = tmp_path / "work" / "project.py"
    module.write_text(to_percent(parse(PAGE).solution))
    return module


def test_names():
    for number, name, title in (("4", "assignment4", "Assignment 4"), ("project", "project", "Project")):
        assert (stem(number), heading(number), number_of(name)) == (name, title, number)
    assert masters(MASTER.parent)["project"] == MASTER


def test_the_order_is_not_entered_where_the_master_is_read():
    parse(PAGE)
    assert "mine" not in ORDERS


def test_new_and_check(tmp_path, capsys):
    main(["course", "new", "project", str(tmp_path)])
    assert "Project: An order of your own" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"project.py", "project.ipynb"}
    main(["course", "check", str(tmp_path)])
    out = capsys.readouterr().out
    assert out.count("not yet") == 3
    assert "your code stops" not in out


def test_check_says_what_is_wrong_with_an_order(solved, capsys):
    text = solved.read_text()
    solved.write_text(text.replace("np.abs(gradient * recent)", "np.abs(recent) + np.abs(gradient)"))
    main(["course", "check", str(solved), "--task", "score"])
    out = capsys.readouterr().out
    assert re.search(r"wrong +task 1 +score +9 of 10", out)
    assert re.search(r"another unit: \d+ of 66 pairs of parameters change their sequence", out)
    solved.write_text(text)
    main(["course", "check", str(solved)])
    assert "3 of 3 tasks pass" in capsys.readouterr().out


def test_the_stub_says_which_task_is_missing_as_a_plugin(tmp_path, capsys):
    main(["course", "new", "project", str(tmp_path)])
    with pytest.raises(SystemExit):
        main(
            [
                *TINY,
                "--orders",
                "mine",
                "--jobs",
                "1",
                "--plugin",
                str(tmp_path / "project.py"),
                "--out",
                str(tmp_path / "o"),
            ]
        )
    assert "NotImplementedError: task 1, score" in capsys.readouterr().err


def test_the_module_is_a_plugin_of_freezing_and_of_removal(solved, tmp_path, capsys):
    main(["list", "--plugin", str(solved)])
    assert "| mine " in capsys.readouterr().out
    common = ["--orders", "random,mine", "--jobs", "1", "--plugin", str(solved), "--out"]
    main([*TINY, *common, str(tmp_path / "freeze")])
    assert "\n| mine " in capsys.readouterr().out
    main([*shlex.split("relevance wine --runs 6 --steps 200 --levels 0,.5"), *common, str(tmp_path / "relevance")])
    assert "\n| mine " in capsys.readouterr().out


def test_the_comparison_of_the_page_prints_what_the_page_says(solved, tmp_path, capsys, monkeypatch):
    """Table and script of the worked comparison, on less data: the same rows and columns."""
    monkeypatch.chdir(solved.parent)
    (command,) = re.findall(r"```sh\nminimal-order (freeze .*?)```", PAGE, re.S)
    less = "--jobs 1 --set n_train=200 --set n_test=100 --runs 6 --t0 20 --t1 10"
    main([*shlex.split(command.replace("\\\n", " ")), *shlex.split(less)])
    blocks = re.findall(r"```text\n(.*?)```", PAGE, re.S)

    table, printed = ([line for line in text.splitlines() if line[:2] in ("| ", "|-")] for text in
                      (blocks[0], capsys.readouterr().out))  # fmt: skip
    assert [cell.strip() for cell in printed[0].split("|")] == [cell.strip() for cell in table[0].split("|")]
    assert [line.split()[:2] for line in printed[2:]] == [line.split()[:2] for line in table[2:]]
    (script,) = re.findall(r"```python\n(import csv\n.*?)```", PAGE, re.S)
    exec(script, {})
    printed, table = capsys.readouterr().out.splitlines(), blocks[2].splitlines()
    assert printed[0].split() == table[0].split()
    assert [line.split()[0] for line in printed] == [line.split()[0] for line in table]
    assert all(
        re.fullmatch(r"\S+( +-?[\d.]+ \[-?[\d.]+, -?[\d.]+\]){3} *", line) for line in [*printed[1:], *table[1:]]
    )


def test_grade_and_build(solved, tmp_path):
    main(["course", "grade", "project", str(solved.parent), "--seed", "1", "--jobs", "1", "--unsandboxed",
          "--out", str(tmp_path / "grades")])  # fmt: skip
    (row,) = csv.DictReader((tmp_path / "grades" / "grades.csv").open())
    assert (row["student"], row["code"], row["code_of"], row["notes"]) == ("project", "10", "10", "")
    assert "<h1>Project: An order of your own</h1>" in (tmp_path / "grades" / "feedback" / "project.html").read_text()
    assert (tmp_path / "grades" / "written.md").read_text().startswith("# Project: answers in words")
    main(["course", "build", "project", "--out", str(tmp_path / "built"), "--seed", "1"])
    assert (tmp_path / "built" / "project" / "student" / "project.ipynb").exists()
    assert (tmp_path / "built" / "project" / "teacher" / "project-gradescope.zip").exists()


def test_what_a_student_adds_of_the_package_is_reported(solved, tmp_path):
    solved.write_text(solved.read_text() + "\n# %%\nfrom minimal_order.orders.weights import magnitude\n")
    main(["course", "grade", "project", str(solved.parent), "--seed", "1", "--jobs", "1", "--unsandboxed",
          "--out", str(tmp_path / "grades")])  # fmt: skip
    (row,) = csv.DictReader((tmp_path / "grades" / "grades.csv").open())
    assert "names the reference implementation: from minimal_order.orders.weights" in row["notes"]


def test_students_get_no_number_of_the_solution():
    bundle = load_bundle("project")
    assert not [name for name in bundle.arrays if name.startswith("score/") and "/result" in name]
