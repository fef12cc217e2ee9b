"""What grading leaves: a table, a page for each student, Gradescope's results, the answers in words."""

import html
import json
from collections.abc import Mapping, Sequence

from ..runs.files import csv_text
from .assignment import ANSWER, Assignment, heading
from .grade import Result, TaskResult

STYLE = """
:root { color-scheme: light dark; --right: #1a7f37; --wrong: #b3261e; --faint: #6b7280; --line: #d0d4da; }
@media (prefers-color-scheme: dark) { :root { --right: #56d364; --wrong: #ff8a80; --faint: #9aa4b2; --line: #3d444d; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 0; }
header p { color: var(--faint); margin-top: .2rem; } .total { font-size: 1.5rem; font-weight: 600; }
section { border-top: 1px solid var(--line); padding: .9rem 0; }
.head { display: flex; justify-content: space-between; gap: 1rem; }
.hint { border-left: 4px solid var(--wrong); padding-left: .8rem; margin: .6rem 0; }
ul { list-style: none; padding: 0; margin: .5rem 0; } li { padding: .1rem 0 .1rem 1.6rem; text-indent: -1.6rem; }
.right { color: var(--right); } .wrong { color: var(--wrong); }
.right, .wrong { display: inline-block; width: 1.6rem; text-indent: 0; font-weight: 700; }
.message { color: var(--faint); overflow-wrap: anywhere; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
"""
RIGHT = '<span class="right" role="img" aria-label="right:">&#10003;</span>'
WRONG = '<span class="wrong" role="img" aria-label="wrong:">&#10007;</span>'


def points(value: float) -> str:
    """Write points as short as they are."""
    return f"{value:g}"


def grades_csv(assignment: Assignment, results: Sequence[Result], files: Mapping[str, str]) -> str:
    """Return a row a student: points of each task, their sum, room for the questions, what to look at."""
    names = [task.name for task in assignment.tasks]
    questions = [f"question {i}" for i in range(1, len(assignment.questions) + 1)]
    columns = ["student", *names, "code", "code_of", *questions, "page", "notes"]
    total = points(sum(task.points for task in assignment.tasks))
    rows = []
    for result in sorted(results, key=lambda each: each.name):
        earned = [points(task.earned) for task in result.tasks]
        page = f"feedback/{files[result.name]}.html"
        notes = harmless(" | ".join(result.notes)[:1000])
        row = [harmless(result.name), *earned, points(result.earned), total, *[""] * len(questions), page, notes]
        rows.append(row)
    return csv_text(columns, rows)


def harmless(text: str) -> str:
    """Return text that a spreadsheet doesn't take for a formula."""
    flat = " ".join(text.split())
    return f"'{flat}" if flat[:1] in ("=", "+", "-", "@") else flat


def feedback_page(assignment: Assignment, result: Result) -> str:
    """Return a student's page; nothing that comes from the student is taken for markup."""
    total = sum(task.points for task in assignment.tasks)
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{html.escape(result.name)}: '
        f"{html.escape(heading(assignment.number))}</title>",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style></head><body>",
        f"<header><h1>{html.escape(heading(assignment.number))}: {html.escape(assignment.title)}</h1>",
        f"<p>{html.escape(result.name)}, graded from {html.escape(result.file)}</p></header>",
        f'<p class="total">{points(result.earned)} of {points(total)} points for code</p>',
    ]
    if result.notes:
        parts += ["<section><h2>To know</h2><ul>"]
        parts += [f"<li>{html.escape(note)}</li>" for note in result.notes]
        parts += ["</ul></section>"]
    for task in result.tasks:
        parts += task_section(task)
    for i, question in enumerate(assignment.questions, start=1):
        parts.append(
            f'<section><div class="head"><h2>Question {i}: {html.escape(question.title)}</h2>'
            f"<span>marked by hand, {points(question.points)} points</span></div></section>"
        )
    return "\n".join([*parts, "</body></html>", ""])


def task_section(task: TaskResult) -> list[str]:
    """Return the part of a page that is about one task."""
    parts = [
        f'<section><div class="head"><h2>Task {task.number}: <code>{html.escape(task.name)}</code></h2>'
        f"<span>{points(task.earned)} of {points(task.points)}</span></div>"
    ]
    if task.hint:
        parts.append(f'<p class="hint">Likely: {html.escape(task.hint)}</p>')
    if task.note:
        parts.append(f'<p class="message">{html.escape(task.note)}</p>')
    parts.append("<ul>")
    before = task.note
    for case in task.cases:
        message = "as before" if case.message and case.message == before else case.message
        before = case.message or before
        says = f' <span class="message">{html.escape(message)}</span>' if message else ""
        parts.append(f"<li>{RIGHT if case.passed else WRONG}{html.escape(case.title)}{':' * bool(says)}{says}</li>")
    return [*parts, "</ul></section>"]


def gradescope_json(assignment: Assignment, result: Result) -> str:
    """Return Gradescope's results.json: a test for each task; what is marked by hand is not in it."""
    tests = []
    for task in result.tasks:
        lines = [f"Likely: {task.hint}"] * bool(task.hint) + [task.note] * bool(task.note)
        lines += [
            f"{'right' if c.passed else 'wrong'}: {c.title}" + f": {c.message}" * bool(c.message) for c in task.cases
        ]
        test = {"name": task.name, "number": str(task.number), "score": task.earned, "max_score": task.points}
        tests.append(test | {"output": "\n".join(lines), "output_format": "text", "visibility": "visible"})
    report = {"score": result.earned, "tests": tests, "output": "\n".join(result.notes), "output_format": "text"}
    return json.dumps(report, indent=1) + "\n"


def written_answers(assignment: Assignment, results: Sequence[Result]) -> str:
    """Return all answers in words, question by question, with the rubric above them."""
    parts = [f"# {heading(assignment.number)}: answers in words"]
    for i, question in enumerate(assignment.questions, start=1):
        parts += [f"## Question {i}: {question.title} ({points(question.points)} points)", question.rubric]
        for result in sorted(results, key=lambda each: each.name):
            answer = result.answers.get(str(i), "").strip().removeprefix(ANSWER).strip()
            quoted = "\n".join(f"> {line}" for line in answer.split("\n"))
            parts.append(f"### {' '.join(result.name.split())}\n\n{quoted if answer else '(no answer)'}")
    return "\n\n".join(parts) + "\n"
