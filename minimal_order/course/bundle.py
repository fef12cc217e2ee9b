"""What students get: text and stubs, visible cases with their answers, hints; nothing that computes an answer.

A bundle is two files that are kept in the package, so that it is all there after a plain install and without a
network. The hints stand beside the answers that a typical mistake would give, so they need no code either.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import check
from ..runs.files import json_text, npz_bytes
from .assignment import Assignment, Case, number_of, stem
from .judging import values_of
from .percent import Cell

BUNDLES = Path(__file__).with_name("bundles")


@dataclass
class VisibleTask:
    """One task as students know it; ``rules`` holds rule and case beside it of those cases that have one, by title."""

    name: str
    number: int
    points: float
    label: str
    tested: str
    titles: list[str]
    hints: list[str]
    rules: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Bundle:
    """One assignment as students know it."""

    number: str
    title: str
    cells: list[Cell]
    tasks: list[VisibleTask]
    arrays: dict[str, NDArray]

    def cases(self, task: VisibleTask) -> list[Case]:
        """Return the visible cases."""
        return [
            Case(title, self._named(f"{task.name}/{i}/argument:"), False, *task.rules.get(title, ("", "")))
            for i, title in enumerate(task.titles)
        ]

    def expected(self, task: VisibleTask) -> list[list[NDArray]]:
        """Return the right answer to each case; none to those that have a rule."""
        return [list(self._named(f"{task.name}/{i}/result").values()) for i in range(len(task.titles))]

    def wrong(self, task: VisibleTask) -> list[tuple[str, list[list[NDArray]]]]:
        """Return each hint with the answers that the mistake would give."""
        return [
            (hint, [list(self._named(f"{task.name}/{i}/wrong{k}:").values()) for i in range(len(task.titles))])
            for k, hint in enumerate(task.hints)
        ]

    def _named(self, prefix: str) -> dict[str, NDArray]:
        return {name.removeprefix(prefix): a for name, a in self.arrays.items() if name.startswith(prefix)}


def make_bundle(assignment: Assignment) -> Bundle:
    """Make the students' part of a master."""
    tasks: list[VisibleTask] = []
    arrays: dict[str, NDArray] = {}
    for task in assignment.tasks:
        cases = task.visible
        check(bool(cases) or bool(task.tested), "task", task.name, "visible cases")
        hints = [] if task.tested else [mistake.hint for mistake in task.mistakes]
        titles = [each.title for each in cases]
        rules = {each.title: [each.rule, each.beside] for each in cases if each.rule}
        tasks.append(VisibleTask(task.name, task.number, task.points, task.label, task.tested, titles, hints, rules))
        for i, each in enumerate(cases):
            place = f"{task.name}/{i}"
            arrays |= {f"{place}/argument:{name}": value for name, value in each.arguments.items()}
            if not each.rule:
                arrays |= {f"{place}/result{j}": value for j, value in enumerate(values_of(task.solution, each))}
            for k, mistake in enumerate(task.mistakes):
                values = values_of(mistake.function, each)
                arrays |= {f"{place}/wrong{k}:{j}": value for j, value in enumerate(values)}
    return Bundle(assignment.number, assignment.title, assignment.student, tasks, arrays)


def bundle_files(bundle: Bundle) -> dict[str, bytes]:
    """Return the two files of a bundle."""
    words: dict[str, Any] = {"number": bundle.number, "title": bundle.title}
    words["tasks"] = [asdict(task) for task in bundle.tasks]
    words["cells"] = [{"source": c.source, "text": c.text, "tags": list(c.tags)} for c in bundle.cells]
    name = stem(bundle.number)
    return {f"{name}.json": json_text(words).encode(), f"{name}.npz": npz_bytes(bundle.arrays)}


def available(folder: Path = BUNDLES) -> list[str]:
    """List the numbers of the assignments that there are."""
    return sorted(number_of(path.stem) for path in folder.glob("*.json"))


def load_bundle(number: str, folder: Path = BUNDLES) -> Bundle:
    """Read a bundle.

    Raises
    ------
    ValueError : when there is no assignment of that number.
    """
    known = available(folder)
    check(number in known, "assignment", number, f"one of {', '.join(known) or 'none: run course build'}")
    words = json.loads((folder / f"{stem(number)}.json").read_text("utf8"))
    with np.load(folder / f"{stem(number)}.npz", allow_pickle=False) as arrays:
        found = dict(arrays)
    tasks = [VisibleTask(**task) for task in words["tasks"]]
    cells = [Cell(c["source"], c["text"], tuple(c["tags"])) for c in words["cells"]]
    return Bundle(words["number"], words["title"], cells, tasks, found)


def teacher_cells(assignment: Assignment) -> Sequence[Cell]:
    """Return the notebook with solutions, and with the rubrics after the questions."""
    rubrics = {f"answer-{i}": question.rubric for i, question in enumerate(assignment.questions, start=1)}
    return [
        Cell(f"**Rubric**\n\n{rubrics[cell.tags[0]]}", text=True) if cell.tags else cell for cell in assignment.solution
    ]
