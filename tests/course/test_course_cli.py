"""The commands as students and teachers type them."""

import csv
import json
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from minimal_order.cli import main
from minimal_order.course.master import masters, parse
from minimal_order.course.percent import Cell, from_notebook, from_percent, to_notebook, to_percent
from minimal_order.course.sandbox import why_not

ROOT = Path(__file__).parents[2]
MASTER = Path(__file__).with_name("tiny_assignment.md")
needs_walls = pytest.mark.skipif(bool(why_not()), reason="needs bubblewrap")


def solved(text):
    return text.replace("def order_of(score):", "def order_of(score):\n    return np.argsort(score, kind='stable')\n")


@pytest.fixture
def work(tmp_path):
    main(["course", "new", "4", str(tmp_path / "work")])
    return tmp_path / "work"


def test_new_writes_both_and_never_over_work(work, capsys):
    assert {path.name for path in work.iterdir()} == {"assignment4.py", "assignment4.ipynb"}
    (work / "assignment4.py").write_text("my work")
    with pytest.raises(SystemExit):
        main(["course", "new", "4", str(work)])
    assert (work / "assignment4.py").read_text() == "my work"
    with pytest.raises(SystemExit):
        main(["course", "new", "99", str(work)])
    assert "expected one of" in capsys.readouterr().err


def test_check_tells_begun_from_not_begun(work, capsys):
    capsys.readouterr()
    main(["course", "check", str(work), "--task", "order_of"])
    assert "not yet  task 2  order_of" in capsys.readouterr().out
    module = work / "assignment4.py"
    module.write_text(solved(module.read_text()))
    main(["course", "check", str(work), "--task", "order_of"])
    assert "pass     task 2  order_of" in capsys.readouterr().out
    module.write_text(module.read_text().replace("np.argsort(score, kind", "np.argsort(-score, kind"))
    main(["course", "check", str(work), "--task", "order_of"])
    out = capsys.readouterr().out
    assert "wrong    task 2  order_of" in out
    assert "likely: The largest leaves first" in out


def test_check_says_where_code_stops_and_shows_what_it_prints(work, capfd):
    module = work / "assignment4.py"
    text = module.read_text().replace("def rank_of(order):", "def rank_of(order):\n    print('hello')\n    return ordr")
    module.write_text(text.replace("def order_of(score):", "def order_of(score)"))
    main(["course", "check", str(work)])
    out, err = capfd.readouterr()
    assert out.count("your code stops: SyntaxError") == 1
    assert "there is no function order_of" in out
    assert "4 cases: NameError: name 'ordr' is not defined (module, line" in out
    assert "hello" in err


def test_check_keeps_module_and_notebook_in_step(work, capsys):
    module, notebook = work / "assignment4.py", work / "assignment4.ipynb"
    module.write_text(solved(module.read_text()))
    main(["course", "check", str(work), "--task", "order_of"])
    assert "kind='stable'" in notebook.read_text()
    cells = [Cell(c.source.replace("stable", "heapsort"), c.text, c.tags) for c in from_notebook(notebook.read_text())]
    content = json.loads(to_notebook(cells))
    content["metadata"] = json.loads(notebook.read_text())["metadata"]
    notebook.write_text(json.dumps(content))
    main(["course", "check", str(work), "--task", "order_of"])
    assert "heapsort" in module.read_text()
    assert from_percent(module.read_text())[0].text


def test_check_leaves_both_alone_when_both_were_changed(work, capsys):
    module, notebook = work / "assignment4.py", work / "assignment4.ipynb"
    module.write_text(module.read_text() + "\n# %%\na = 1\n")
    notebook.write_text(notebook.read_text().replace("import numpy as np", "import numpy as np  # mine"))
    before = module.read_text(), notebook.read_text()
    capsys.readouterr()
    main(["course", "check", str(work), "--task", "order_of"])
    assert "were both changed" in capsys.readouterr().out
    assert (module.read_text(), notebook.read_text()) == before


def test_a_check_from_the_prompt_takes_less_than_five_seconds(work):
    """Of a core's time, which on a quiet machine is the clock's: on a busy one the clock says nothing."""
    command = [sys.executable, "-m", "minimal_order", "course", "check", "--task", "rank_of"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=work, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3


@pytest.fixture
def class_of_three(tmp_path):
    folder = tmp_path / "submissions"
    folder.mkdir()
    assignment = parse(MASTER.read_text())
    (folder / "ann.py").write_text(to_percent(assignment.solution))
    (folder / "bob.ipynb").write_text(to_notebook(assignment.student))
    wrong = [*assignment.solution, Cell(assignment.tasks[0].mistakes[0].source)]
    (folder / "cem.py").write_text(to_percent(wrong))
    return folder


def grade(folder, out, *more):
    main(
        [
            "course",
            "grade",
            "0",
            str(folder),
            "--master",
            str(MASTER),
            "--seed",
            "5",
            "--jobs",
            "2",
            "--out",
            str(out),
            *more,
        ]
    )


@needs_walls
def test_grade_writes_table_pages_and_gradescope(class_of_three, tmp_path, capsys):
    out = tmp_path / "grades"
    grade(class_of_three, out)
    rows = {row["student"]: row for row in csv.DictReader((out / "grades.csv").open())}
    assert [rows[name]["code"] for name in ("ann", "bob", "cem")] == ["7", "0", "3"]
    assert "Squared, not doubled." in (out / "feedback" / "cem.html").read_text()
    report = json.loads((out / "gradescope" / "cem" / "results.json").read_text())
    assert report["score"] == 3 and [test["max_score"] for test in report["tests"]] == [4, 2, 1]
    before = (out / "grades.csv").read_bytes()
    capsys.readouterr()
    grade(class_of_three, out)
    assert "3 of them unchanged" in capsys.readouterr().out
    assert (out / "grades.csv").read_bytes() == before
    (class_of_three / "bob.ipynb").unlink()
    (class_of_three / "ann.py").write_text((class_of_three / "cem.py").read_text())
    grade(class_of_three, out)
    assert "2 submissions" in (printed := capsys.readouterr().out) and "1 of them unchanged" in printed


def test_grade_without_walls_says_what_it_costs(class_of_three, tmp_path, capsys):
    grade(class_of_three, tmp_path / "grades", "--unsandboxed")
    assert "read every file that you may read" in capsys.readouterr().err
    rows = list(csv.DictReader((tmp_path / "grades" / "grades.csv").open()))
    assert [row["code"] for row in rows] == ["7", "0", "3"]


def test_grade_refuses_without_walls(class_of_three, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("minimal_order.course.sandbox.why_not", lambda: "bubblewrap is not installed")
    with pytest.raises(SystemExit):
        grade(class_of_three, tmp_path / "grades")
    assert "--unsandboxed" in capsys.readouterr().err
    assert not (tmp_path / "grades" / "grades.csv").exists()


def test_build_keeps_solutions_from_students(tmp_path, capsys):
    main(["course", "build", "4", "--out", str(tmp_path), "--seed", "3"])
    student, teacher = tmp_path / "assignment4" / "student", tmp_path / "assignment4" / "teacher"
    assert {path.name for path in student.rglob("*")} == {
        "assignment4.py", "assignment4.ipynb", ".course", "assignment4.json", "assignment4.npz",
    }  # fmt: skip
    assert "np.argsort(score" in (teacher / "assignment4-solution.py").read_text()
    assert "1 point" in (teacher / "assignment4-solution.ipynb").read_text()
    for path in filter(Path.is_file, student.rglob("*")):
        assert b"np.argsort(score" not in path.read_bytes()
    with zipfile.ZipFile(teacher / "assignment4-gradescope.zip") as archive:
        names = set(archive.namelist())
        assert {"setup.sh", "run_autograder", "source/assignment.md", "source/minimal_order/course/runner.py"} <= names
        assert "--seed 3" in archive.read("run_autograder").decode()
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111


def test_adapter_grades_the_one_submission(class_of_three, tmp_path):
    """What Gradescope's container would run, with its folders here."""
    main(["course", "build", "0", "--master", str(MASTER), "--out", str(tmp_path), "--seed", "3", "--unsandboxed"])
    place = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "assignment0" / "teacher" / "assignment0-gradescope.zip") as archive:
        archive.extractall(place)
    (place / "submission").mkdir()
    (place / "submission" / "assignment0.py").write_text((class_of_three / "cem.py").read_text())
    script = (place / "run_autograder").read_text().replace("/autograder", str(place))
    script = script.replace("venv/bin/python", sys.executable)
    subprocess.run(["bash", "-c", script], check=True, capture_output=True)
    assert json.loads((place / "results" / "results.json").read_text())["score"] == 3


def test_a_folder_of_ones_own_cases_goes_before_the_packages(tmp_path, capsys):
    main(["course", "build", "0", "--master", str(MASTER), "--out", str(tmp_path)])
    main(["course", "check", str(tmp_path / "assignment0" / "student")])
    assert "not yet  task 1  double" in capsys.readouterr().out


def test_masters_are_found_by_number(capsys):
    assert "4" in masters(ROOT / "book" / "assignments")
    with pytest.raises(SystemExit):
        main(["course", "grade", "4", "nowhere", "--seed", "1", "--unsandboxed"])
    assert "submissions = nowhere" in capsys.readouterr().err
