"""Every master of the book graded by itself: solutions, stubs, typical mistakes, lazy answers, students' bundles."""

import re
from pathlib import Path

import numpy as np
import pytest

from minimal_order.course import arrays, calls
from minimal_order.course.assignment import stem
from minimal_order.course.bundle import BUNDLES, bundle_files, load_bundle, make_bundle
from minimal_order.course.grade import grade_code
from minimal_order.course.judging import judge, values_of
from minimal_order.course.master import masters, parse
from minimal_order.course.page import as_page
from minimal_order.course.percent import code_of, from_notebook, from_percent, to_notebook, to_percent
from minimal_order.course.runner import as_text, explain, given, plain

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "book" / "assignments"
MASTERS = {number: parse(path.read_text("utf8")) for number, path in masters(FOLDER).items()}
SEEDS = (0, 1, 2)

pytestmark = pytest.mark.usefixtures("orders_table")  # the project enters an order


class NoWalls:
    """Runs code in this process, by the runner's own functions: for code that is ours."""

    def world(self, code, name):
        world = {}
        for _, cell in code:
            exec(cell, world)
        return world[name]

    def cases(self, code, name, cases):
        function, answers = self.world(code, name), []
        for case in cases:
            arguments = given({key: np.array(value) for key, value in case.items()}, "")
            try:
                answer = plain(function(**arguments), "result")
                answer |= {f"argument:{key}": np.asarray(value) for key, value in arguments.items()}
            except Exception as error:
                answer = explain(error)
            answers.append(calls.Answer(answer, arrays.as_text(answer["error"]) if "error" in answer else ""))
        return calls.Outcome(answers)

    def tests(self, code, name, tested, functions):
        test, answers = self.world(code, name), []
        for function in functions:
            try:
                test(function)
                answers.append(calls.Answer({"passed": np.array(True)}))
            except Exception:
                answers.append(calls.Answer({"passed": np.array(False), "error": as_text("")}, "refused"))
        return calls.Outcome(answers)


def earned(assignment, code, seed=0):
    """Points by task."""
    return {task.name: task for task in grade_code(assignment, code, seed, NoWalls())[0]}


def solution(assignment):
    return code_of(assignment.solution, ".ipynb")


def every(kind):
    """All (number, task, mistake) of all masters."""
    return [
        pytest.param(number, task.name, i, id=f"{number}-{task.name}-{i}")
        for number, assignment in MASTERS.items()
        for task in assignment.tasks
        for i in range(len(getattr(task, kind)))
    ]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("number", MASTERS)
def test_solution_earns_everything(number, seed):
    results = earned(MASTERS[number], solution(MASTERS[number]), seed)
    assert {name: task.earned for name, task in results.items()} == {t.name: t.points for t in MASTERS[number].tasks}


@pytest.mark.parametrize("number", MASTERS)
def test_stubs_earn_nothing_and_name_task_and_equation(number):
    assignment = MASTERS[number]
    code = code_of(assignment.student, ".ipynb")
    assert not any(task.earned for task in earned(assignment, code).values())
    for task in assignment.tasks:
        with pytest.raises(NotImplementedError, match=re.escape(f"task {task.number}, {task.name}")) as error:
            n = NoWalls().world(code, task.name).__code__.co_argcount
            NoWalls().world(code, task.name)(*[None] * n)
        assert task.label in str(error.value)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("number", "name", "i"), every("mistakes"))
def test_mistake_loses_its_tasks_and_gets_its_hint(number, name, i, seed):
    assignment = MASTERS[number]
    mistake = assignment.task(name).mistakes[i]
    results = earned(assignment, [*solution(assignment), ("mistake", mistake.source)], seed)
    assert {each.name for each in results.values() if each.earned < each.points} == set(mistake.loses)
    assert results[name].hint == mistake.hint


@pytest.mark.parametrize("number", MASTERS)
def test_every_task_has_three_mistakes_and_cases(number):
    for task in MASTERS[number].tasks:
        assert len(task.mistakes) >= 3, task.name
        if not task.tested:
            assert len(task.visible) >= 2
            cases = list(task.hidden(np.random.default_rng(0)))
            assert sum(not each.edge for each in cases) >= 3
            for some in (cases, task.visible):
                titles = [each.title for each in some]
                assert len(set(titles)) == len(titles)
                assert {each.beside for each in some} <= {"", *titles}


@pytest.mark.parametrize("number", MASTERS)
def test_time_and_points_are_told_as_they_are(number):
    assignment, text = MASTERS[number], masters(FOLDER)[number].read_text("utf8")
    code, words = (f"{sum(each.points for each in some):g}" for some in (assignment.tasks, assignment.questions))
    assert f"**Points** {code} for code, {words} for words." in text
    assert f"**Time** {assignment.about['hours']} hours" in text
    row = f"| {number} | {assignment.title} | {assignment.about['hours']} | {code} | {words} |"
    assert row in (FOLDER / "teaching.md").read_text("utf8")


@pytest.mark.parametrize("number", MASTERS)
def test_equations_are_the_books(number):
    book = "".join(page.read_text("utf8") for page in (ROOT / "book").glob("*.md"))
    for task in MASTERS[number].tasks:
        assert not task.label or f":label: {task.label}\n" in book


LAZY = {
    "zeros": lambda first, *rest: np.zeros(np.shape(first)),
    "ones": lambda first, *rest: np.ones(np.shape(first)),
    "zero": lambda *arguments: 0,
    "one": lambda *arguments: 1.0,
    "the first argument": lambda first, *rest: np.array(first),
    "the last argument": lambda *arguments: np.array(arguments[-1]),
    "numbers in sequence": lambda first, *rest: np.broadcast_to(np.arange(np.shape(first)[-1]), np.shape(first)),
    "numbers from 1": lambda first, *rest: np.broadcast_to(np.arange(np.shape(first)[-1]) + 1, np.shape(first)),
    "NaN": lambda first, *rest: np.full(np.shape(first), np.nan),
}


@pytest.mark.parametrize("answer", LAZY)
@pytest.mark.parametrize("number", MASTERS)
def test_lazy_answers_earn_nothing(number, answer):
    assignment = MASTERS[number]

    class Lazy(NoWalls):
        def world(self, code, name):
            def function(*positional, **named):
                return LAZY[answer](*positional, *named.values())

            return function

    results, _ = grade_code(assignment, solution(assignment), 0, Lazy())
    assert {task.name: task.earned for task in results if task.earned} == {}


@pytest.mark.parametrize("number", MASTERS)
def test_hidden_cases_depend_on_the_seed_alone(number):
    for task in MASTERS[number].tasks:
        if not task.tested:
            one, again, other = (list(task.hidden(np.random.default_rng([s, task.number]))) for s in (3, 3, 4))
            same = [all(np.array_equal(a.arguments[k], b.arguments[k]) for k in a.arguments)
                    for a, b in zip(one, again, strict=True)]  # fmt: skip
            assert all(same)
            differ = [not all(np.array_equal(a.arguments[k], b.arguments[k]) for k in a.arguments)
                      for a, b in zip(one, other, strict=True)]  # fmt: skip
            assert any(differ), task.name


@pytest.mark.parametrize("number", MASTERS)
def test_package_carries_the_students_files_of_the_master(number):
    """They are made anew by ``minimal-order course build --package``."""
    made, kept = make_bundle(MASTERS[number]), load_bundle(number)
    files = bundle_files(made)
    assert files[f"{stem(number)}.json"] == (BUNDLES / f"{stem(number)}.json").read_bytes()
    assert made.arrays.keys() == kept.arrays.keys()
    for name, array in made.arrays.items():
        np.testing.assert_allclose(kept.arrays[name], array, rtol=1e-12, err_msg=name)


def solution_lines(assignment, number):
    """The lines of code that only teachers have."""
    text = masters(FOLDER)[number].read_text("utf8")
    inside = re.findall(r"# BEGIN SOLUTION\n(.*?)# END SOLUTION", text, re.S)
    return {line.strip() for part in inside for line in part.splitlines() if len(line.strip()) > 8}


@pytest.mark.parametrize("number", MASTERS)
def test_students_get_no_line_of_a_solution_and_no_rubric(number):
    assignment = MASTERS[number]
    (text,) = [content.decode() for name, content in bundle_files(make_bundle(assignment)).items() if "json" in name]
    student = to_percent(assignment.student) + to_notebook(assignment.student) + text
    assert not [line for line in solution_lines(assignment, number) if line in student]
    for question in assignment.questions:
        assert question.rubric and not [line for line in question.rubric.splitlines() if line.strip() in student]
    assert "def hidden" not in student and "def visible" not in student
    assert (BUNDLES / f"{stem(number)}.json").exists()


@pytest.mark.parametrize("number", MASTERS)
def test_page_of_the_book_shows_no_solution_and_no_rubric(number):
    page = as_page(masters(FOLDER)[number].read_text("utf8"))
    assert not [line for line in solution_lines(MASTERS[number], number) if line in page]
    assert "raise NotImplementedError" in page
    assert "BEGIN" not in page
    assert "{code-cell}" not in page
    for question in MASTERS[number].questions:
        assert question.text in page
        assert not [line for line in question.rubric.splitlines() if line.strip() in page]


def test_package_carries_bundles_and_no_master():
    allowed = {f"{stem(number)}.{suffix}" for number in MASTERS for suffix in ("json", "npz")}
    assert {path.name for path in BUNDLES.iterdir()} == allowed
    others = [p for p in (ROOT / "minimal_order").rglob("*") if p.is_file() and p.suffix in (".md", ".ipynb")]
    assert not others


@pytest.mark.parametrize("number", MASTERS)
def test_module_and_notebook_hold_the_same_cells(number):
    for cells in (MASTERS[number].student, MASTERS[number].solution):
        spelled = [[(c.source.strip("\n"), c.text, c.tags) for c in each] for each in
                   (cells, from_percent(to_percent(cells)), from_notebook(to_notebook(cells)))]  # fmt: skip
        assert spelled[0] == spelled[1] == spelled[2]


@pytest.mark.parametrize("number", MASTERS)
def test_solution_passes_the_visible_cases(number):
    code = solution(MASTERS[number])
    for task in MASTERS[number].tasks:
        outcome = NoWalls().cases(code, task.name, [case.arguments for case in task.visible])
        judged = judge(task.visible, outcome, [values_of(task.solution, case) for case in task.visible])
        assert not [f"{task.name}, {each.title}: {each.message}" for each in judged if not each.passed]


@pytest.mark.parametrize("number", MASTERS)
def test_bundle_holds_no_answer_where_a_rule_decides(number):
    assignment, bundle = MASTERS[number], make_bundle(MASTERS[number])
    for task, visible in zip(assignment.tasks, bundle.tasks, strict=True):
        for case, again, expected in zip(task.visible, bundle.cases(visible), bundle.expected(visible), strict=True):
            assert (again.rule, again.beside) == (case.rule, case.beside)
            assert bool(expected) != bool(case.rule)


def test_a_test_that_refuses_everything_has_found_out_nothing():
    assignment = MASTERS["8"]
    code = [*solution(assignment), ("bad", "def test_hat_weights(hat_weights):\n    assert False\n")]
    found = earned(assignment, code)["test_hat_weights"]
    assert found.earned == 0
    assert [(case.title, case.passed) for case in found.cases] == [("accepts a right hat_weights", False)]
