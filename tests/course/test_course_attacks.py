"""Cheats and faults, all in one batch: none earns what it shouldn't, none costs another student anything."""

import csv
import io
import re
import time
from pathlib import Path

import pytest
from attacks import CALLS, HONEST, LOADING, NOTHING_LOADS
from attacks_in_files import write_files

from minimal_order.course.batch import file_names, grade_all
from minimal_order.course.calls import run_tests
from minimal_order.course.grade import Walls
from minimal_order.course.master import parse
from minimal_order.course.report import feedback_page, grades_csv, gradescope_json, written_answers
from minimal_order.course.sandbox import Limits, why_not
from minimal_order.course.submissions import find_submissions

pytestmark = pytest.mark.skipif(bool(why_not()), reason=f"needs bubblewrap: {why_not()}")
MASTER = Path(__file__).with_name("tiny_assignment.md").read_text("utf8")
FILES = []


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The results of one batch with every attack and some honest students among them, by name."""
    folder, out = tmp_path_factory.mktemp("submissions"), tmp_path_factory.mktemp("grades")
    FILES[:] = write_files(folder)
    for name, code in CALLS.items():
        (folder / f"{name}.py").write_text(f"{HONEST}\n{code.strip()}\n", "utf8")
    for name, code in LOADING.items():
        (folder / f"{name}.py").write_text(code, "utf8")
    for name in ("honest first", "zz honest last", "twin"):
        (folder / f"{name}.py").write_text(HONEST, "utf8")
    (folder / "Twin").mkdir()
    (folder / "Twin" / "assignment0.py").write_text("def double(x): return x", "utf8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_SECRET", "the-seed-is-7")
        assignment = parse(MASTER)
        submissions = find_submissions(folder, "0")
        walls = Walls(Limits(seconds=2, memory=1 << 30))
        results = [result for result, _ in grade_all(assignment, MASTER, submissions, 7, walls, 3, out)]
    assert len(results) == len(submissions)
    return {result.name: result for result in results}


def points(result):
    return {task.name: task.earned for task in result.tasks}


def messages(result):
    return " ".join([c.message for task in result.tasks for c in task.cases] + [t.note for t in result.tasks])


@pytest.mark.parametrize("name", ["honest first", "zz honest last", "twin (twin.py)"])
def test_honest_students_lose_nothing(graded, name):
    assert points(graded[name]) == {"double": 4, "total": 2, "test_double": 1}


@pytest.mark.parametrize("name", CALLS)
def test_attack_in_a_function_earns_nothing(graded, name):
    assert points(graded[name])["double"] == 0


ELSEWHERE = {"patches comparisons", "takes over the runner", "imports the reference by other ways"}
ELSEWHERE |= {"forges what is saved", "traces the runner"}


@pytest.mark.parametrize("name", sorted(CALLS.keys() - ELSEWHERE))
def test_attack_in_one_task_costs_no_other(graded, name):
    assert points(graded[name])["total"] == 2


def test_the_grader_itself_never_fails(graded):
    assert not [name for name, result in graded.items() if "the grader failed" in " ".join(result.notes)]


def test_answers_cached_from_the_first_call_are_right_once(graded, tmp_path):
    (tmp_path / "cache.py").write_text(
        HONEST + "known = []\ndef double(x):\n    known.append(2 * x)\n    return known[0]\n"
    )
    (submission,) = find_submissions(tmp_path, "0")
    ((result, _),) = grade_all(parse(MASTER), MASTER, [submission], 7, Walls(Limits(2)), 1, tmp_path)
    assert [case.passed for case in result.tasks[0].cases] == [True, False, False, False]


@pytest.mark.parametrize("name", sorted(NOTHING_LOADS))
def test_code_that_does_not_load_earns_nothing(graded, name):
    assert sum(points(graded[name]).values()) == 0


@pytest.mark.parametrize("name", sorted(LOADING.keys() - NOTHING_LOADS))
def test_tests_that_tell_nothing_earn_nothing(graded, name):
    expected = 1 if name == "exception when loaded" else 0
    assert points(graded[name])["test_double"] == expected


def test_calls_sent_ahead_do_not_put_off_the_end():
    calls = []
    code = "import sys, time\ndef test(f):\n    channel = sys._getframe(1).f_locals['channel']\n"
    code += "    for _ in range(60): channel.send({'call': 1, 'position:0': 1.0})\n    time.sleep(60)\n"

    def slow(x):
        calls.append(x)
        time.sleep(0.3)
        return x

    outcome = run_tests([("module", code)], "test", "f", [slow], Limits(1), True)
    assert "not finished after 1 seconds" in outcome.stopped
    assert len(calls) < 10


def test_files_that_cannot_be_read_are_submissions_with_a_note(graded):
    for name in FILES:
        assert sum(points(graded[name]).values()) == 0, name
        assert graded[name].notes, name
    assert not Path("/tmp/course-escaped.txt").exists()


def test_nothing_is_seen_of_the_machine(graded):
    found = re.findall(r"FOUND(\S*)", messages(graded["looks for solutions"]))
    assert found and not any(found)
    assert "FILES (" in messages(graded["reads the installed reference"])
    assert "SEEN" in messages(graded["reads the home and parent folders"])
    assert "assignment" not in messages(graded["reads the home and parent folders"])
    assert str(Path.cwd()) not in messages(graded["reads the home and parent folders"])
    secrets = messages(graded["reads the environment"]) + messages(graded["reads what it was started with"])
    assert "ENV" in secrets
    assert "ARGS" in secrets
    assert "the-seed-is-7" not in secrets
    assert "MEMORY (" in messages(graded["looks for expected values in memory"])


def test_a_pickle_is_never_read(graded):
    assert not Path("/tmp/course-was-here").exists()
    assert "no arrays of numbers" in messages(graded["answers with a pickle"])


def test_the_teacher_is_told_of_the_reference(graded):
    assert any("names the reference" in note for note in graded["imports the reference"].notes)
    assert "reference implementation" in messages(graded["imports the reference"])


def test_two_submissions_of_one_name_are_both_graded(graded):
    assert points(graded["twin (twin.py)"])["double"] == 4
    assert points(graded["Twin (Twin/assignment0.py)"])["double"] == 0


def test_what_students_write_is_no_markup_and_no_formula(graded):
    assignment, results = parse(MASTER), list(graded.values())
    names = file_names(results)
    assert len({name.casefold() for name in names.values()}) == len(results)
    written_answers(assignment, results).encode()
    for result in results:
        page = feedback_page(assignment, result)
        page.encode()
        assert "<script" not in page and "<img" not in page and "\x1b" not in page
        gradescope_json(assignment, result)
    table = grades_csv(assignment, results, names)
    table.encode()
    rows = list(csv.reader(io.StringIO(table)))
    assert len(rows) == len(results) + 1
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@")]
