"""Parts of the course: reading what a stranger wrote, both spellings of cells, comparison, masters with errors."""

import io
import json
import zipfile

import numpy as np
import pytest

from minimal_order.course import arrays, calls, compare, process, sandbox
from minimal_order.course.batch import grade_all
from minimal_order.course.calls import run_cases, run_tests
from minimal_order.course.grade import Walls
from minimal_order.course.judging import CaseResult, credit, likely
from minimal_order.course.master import parse
from minimal_order.course.percent import (
    Cell,
    code_of,
    fingerprint,
    from_notebook,
    from_percent,
    to_notebook,
    to_percent,
)
from minimal_order.course.submissions import Submission as Work
from minimal_order.course.submissions import choose, find_submissions

FRONT = "---\nassignment:\n  number: 9\n  title: Nine\n---\n"
TASK = """
```{code-cell} ipython3
:tags: [task]
:points: 1

def f(x):
    # BEGIN SOLUTION
    return x
    # END SOLUTION
```
"""


def npz(**named):
    content = io.BytesIO()
    np.savez(content, **named)
    return content.getvalue()


def test_frames_keep_arrays():
    sent = {"a": np.arange(6).reshape(2, 3), "b": np.array(True), "c": np.asfortranarray(np.eye(3, 2))}
    back = arrays.read_arrays(arrays.frame(sent)[8:])
    assert back.keys() == sent.keys()
    for name in sent:
        np.testing.assert_array_equal(back[name], sent[name])
        assert back[name].dtype == sent[name].dtype


def compressed():
    content = io.BytesIO()
    np.savez_compressed(content, a=np.zeros(10**6))
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", npz(a=np.array(["text"])), npz(a=np.array([1j])), npz(a=np.array([None], object)), compressed(),
     npz(a=np.zeros(3))[:-40], npz(a=np.zeros(2, "M8[s]")), npz(a=np.zeros(2, [("x", int)]))],
)  # fmt: skip
def test_what_is_no_array_of_numbers_is_refused(content):
    with pytest.raises(arrays.BadFrameError):
        arrays.read_arrays(content)


def test_control_characters_are_taken_out_of_text():
    assert arrays.as_text(np.frombuffer("é\x1b[2J\n".encode(), np.uint8)) == "é?[2J\n"


@pytest.mark.parametrize(
    ("got", "expected", "says"),
    [
        ([2.0, 4.0], [1.0, 2.0], "2 times what is expected"),
        ([-1.0, -2.0], [1.0, 2.0], "sign"),
        ([2, 3, 1], [1, 2, 0], "+1 in every entry"),
        ([[1.0, 3.0], [2.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]], "transposed"),
        ([True, True], [1, 0], "[1, 1]: expected [1, 0]"),
        ([1.0, np.nan], [1.0, 2.0], "NaN in 1 of 2"),
        ([1.0, 2.0, 3.5], [1.0, 2.0, 3.0], "[1, 2, 3.5]: expected [1, 2, 3]"),
        ([0, 2, 1], [1, 2, 0], "[0, 2, 1]: expected [1, 2, 0]"),
        ([1.0] * 9 + [3.0], [1.0] * 9 + [2.0], "entry [9] is 3: expected 2 (ratio 1.5); 1 of 10"),
        ([1.0, 2.0], [[1.0, 2.0]], "shape (2,): expected (1, 2)"),
        ([1.0, 2.0], [1, 2], "whole numbers"),
        (5.0, 4.0, "5: expected 4 (ratio 1.25)"),
    ],
)
def test_differences_in_words(got, expected, says):
    assert says in compare.difference([np.asarray(got)], [np.asarray(expected)])


def test_of_hidden_cases_no_expected_value_is_told():
    got, expected = np.array([1.0, 7.25]), np.array([1.0, 3.5])
    assert compare.difference([got], [expected], tell=False) == "1 of 2 entries differ, the first by a factor 2.07"
    assert compare.difference([np.array([1, 0])], [np.array([0, 1])], tell=False) == "2 of 2 entries differ"


@pytest.mark.parametrize("got", [[0.0, 1.0], [False, True], np.array([0, 1], np.uint8)])
def test_masks_may_be_of_any_kind(got):
    assert not compare.difference([np.asarray(got)], [np.array([0, 1])])


def test_single_precision_is_equal_and_a_small_error_is_not():
    x = np.random.default_rng(0).normal(size=50)
    assert not compare.difference([x.astype(np.float32)], [x])
    assert compare.difference([x * (1 + 1e-5)], [x])


@pytest.mark.parametrize("scale", [1e-20, 1e-3, 1.0, 1e6])
def test_what_is_0_but_for_rounding_is_0(scale):
    expected = scale * np.array([0.0, 1.0])
    assert not compare.difference([expected + 1e-16 * scale], [expected])
    assert compare.difference([expected + 1e-7 * scale], [expected])


def test_where_only_zeros_are_expected_rounding_is_0_too():
    assert not compare.difference([np.array([1e-17, 0, -1e-15])], [np.zeros(3)])
    assert not compare.difference([np.array(1e-17)], [np.array(0.0)])
    assert compare.difference([np.array([1e-9, 0, 0])], [np.zeros(3)])


def test_credit_for_edge_cases_needs_another_case():
    right, edge, wrong = CaseResult("", True), CaseResult("", True, edge=True), CaseResult("", False)
    assert credit(4, [wrong, edge]) == 0
    assert credit(4, [right, edge, wrong, wrong]) == 2


def test_hint_explains_most_of_what_is_wrong_and_nothing_that_is_right():
    a = [np.array(x) for x in (1.0, 2.0, 3.0)]
    wrong = [("doubled", [[2 * x] for x in a])]

    def hint(*got):
        outcome = calls.Outcome([calls.Answer({"result0": x}) for x in got])
        return likely(outcome, [bool(x == right) for x, right in zip(got, a, strict=True)], wrong)

    assert hint(2 * a[0], 2 * a[1], 2 * a[2]) == "doubled"
    assert hint(a[0], 2 * a[1], 2 * a[2]) == ""
    assert hint(*a) == ""


CELLS = [
    Cell("# A title\n\nWith $x$.\n\n- and %this", text=True),
    Cell("import numpy as np\n!minimal-order course check"),
    Cell("", tags=("empty",)),
    Cell("def f(x):\n\n    return (x\n        % 2)  # %% no mark"),
    Cell("answer", text=True, tags=("answer-1",)),
]


def test_cells_survive_both_spellings():
    for back in (from_percent(to_percent(CELLS)), from_notebook(to_notebook(CELLS))):
        assert [(c.source, c.text, c.tags) for c in back] == [(c.source, c.text, c.tags) for c in CELLS]
    assert fingerprint(from_percent(to_percent(CELLS))) == fingerprint(CELLS)


def test_module_is_python_whatever_the_cells_hold():
    compile(to_percent(CELLS), "module", "exec")


def test_lines_of_a_module_keep_their_numbers():
    text = to_percent(CELLS)
    line = text.split("\n").index("def f(x):")
    (code,) = [source for _, source in code_of(from_percent(text), ".py") if "def f" in source]
    assert code.split("\n")[line] == "def f(x):"


def test_outputs_stay_with_cells_that_stay():
    notebook = json.loads(to_notebook(CELLS))
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "hello"}]
    again = json.loads(to_notebook([CELLS[1], Cell("new")], json.dumps(notebook)))
    assert [cell["outputs"] for cell in again["cells"]] == [notebook["cells"][1]["outputs"], []]


def test_a_module_without_marks_is_one_cell():
    (cell,) = from_percent("import math\n\n\ndef f(x):\n    return x\n")
    assert cell.source.startswith("import math") and cell.source.endswith("return x")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no front matter", "front matter"),
        ("---\nassignment:\n  number: 9\n---\n", "title"),
        (FRONT + TASK.replace("# BEGIN SOLUTION", "#"), "BEGIN SOLUTION"),
        (FRONT + TASK.replace("[task]", "[taks]"), "expected one of given"),
        (FRONT + TASK.replace("return x", "return ("), "line 13"),
        (FRONT + TASK + TASK.replace("[task]", "[mistake]").replace("def f", "def g"), "the function f"),
        (FRONT + TASK + TASK.replace("[task]", "[mistake]"), "docstring"),
    ],
)
def test_errors_of_a_master_are_named(text, says):
    with pytest.raises(ValueError, match=says.replace("(", r"\(")):
        parse(text)


def test_what_was_worked_in_counts():
    stub, work = Cell("def f(x): raise NotImplementedError"), Cell("def f(x): return x")
    stubs = fingerprint([stub])
    for worked in (".py", ".ipynb"):
        files = {
            f"assignment4{suffix}": write([work if suffix == worked else stub]).encode()
            for suffix, write in ((".py", to_percent), (".ipynb", to_notebook))
        }
        found = Work("ann", "ann")
        choose(found, files, "4", stubs)
        assert found.file == f"ann/assignment4{worked}"
        assert not found.notes
    files["assignment4.py"] = to_percent([Cell("def f(x): return 2")]).encode()
    choose(found, files, "4", stubs)
    assert "say different things" in found.notes[0]


def test_one_folder_may_hold_all_kinds(tmp_path):
    (tmp_path / "ann.py").write_text(to_percent(CELLS))
    (tmp_path / "bob.ipynb").write_text(to_notebook(CELLS))
    (tmp_path / "cem" / "deeper").mkdir(parents=True)
    (tmp_path / "cem" / "deeper" / "assignment4.ipynb").write_text(to_notebook(CELLS))
    (tmp_path / ".hidden").mkdir()
    with zipfile.ZipFile(tmp_path / "dora.zip", "w") as archive:
        archive.writestr("homework/assignment4.py", to_percent(CELLS))
    found = find_submissions(tmp_path, "4")
    assert [each.name for each in found] == ["ann", "bob", "cem", "dora"]
    assert not [each.fault for each in found if each.fault]
    assert {each.answers["1"] for each in found} == {"answer"}
    assert {fingerprint(each.cells) for each in found} == {fingerprint(CELLS)}


def test_without_bubblewrap_nothing_is_graded(monkeypatch):
    monkeypatch.setattr(sandbox, "why_not", lambda: "bubblewrap is not installed")
    with pytest.raises(ValueError, match="unsandboxed"):
        sandbox.check_sandbox(True)
    sandbox.check_sandbox(False)
    assert "read every file" in sandbox.unprotected()


CODE = [
    ("module", "import numpy as np\ndef f(x):\n    print('x')\n    return x + 1\ndef test_f(f):\n    assert f(1) == 2")
]


def test_without_walls_a_check_runs_the_same_way():
    outcome = run_cases(CODE, "f", [{"x": np.array([1.0])}, {"x": np.array(3)}], None, False)
    assert [answer.results[0].tolist() for answer in outcome.answers] == [[2.0], 4]


def test_what_a_test_sends_is_small_before_it_is_used_here():
    def never(*arguments):
        raise AssertionError

    many = np.zeros(9000, np.int8)
    for arrays_sent in ({"position:0": np.zeros(9000)}, {"position:0": many}, {"argument:k": np.array(10**9)}):
        assert b"at most" in calls.called(never, arrays_sent)["error"].tobytes()
    assert calls.called(lambda x: 2 * x, {"position:0": np.array(3)})["result0"] == 6
    for odd in (lambda x: None, lambda x: "text", lambda x: [[1], [1, 2]]):
        assert "error" in calls.called(odd, {"position:0": np.array(3)})


def test_a_process_that_does_not_start_is_not_the_students_fault(monkeypatch, tmp_path):
    monkeypatch.setattr(process, "command", lambda *a: ["false"])
    (tmp_path / "ann.py").write_text(CODE[0][1])
    assignment = parse(FRONT + TASK)
    ((result, _),) = grade_all(
        assignment, "", find_submissions(tmp_path, "9"), 0, Walls(sandbox.Limits(), False), 1, tmp_path
    )
    assert "the grader failed" in result.notes[0]
    assert not list(tmp_path.glob(".graded/*.json"))


def test_functions_under_test_stay_here():
    limits = sandbox.Limits(20)
    outcome = run_tests(CODE, "test_f", "f", [lambda x: x + 1, lambda x: x + 2, lambda x: 1 / 0], limits, False)
    assert [bool(answer.arrays["passed"]) for answer in outcome.answers] == [True, False, False]
    assert "ZeroDivisionError" in outcome.answers[2].error
    own = run_tests(CODE, "test_f", "f", [], None, False)
    assert bool(own.answers[0].arrays["passed"])
