"""Grading a folder of submissions: side by side, one's failure only one's own, and only what changed again."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np

from ..runs.files import write_atomic
from .assignment import Assignment
from .grade import Result, grade_code, lost, result_from
from .submissions import Submission

KEPT = ".graded"


def grade_all(
    assignment: Assignment, master: str, submissions: Sequence[Submission], seed: int, walls: Any, jobs: int, out: Path
) -> Iterator[tuple[Result, bool]]:
    """Grade submissions and yield each with whether it was graded before and hasn't changed since.

    The work is done by other processes, so that threads wait for it here. A grade depends on what was handed in, the
    master, the grader's code, the seed and the limits.
    """
    settings = f"{seed} {walls.limits} {walls.sandboxed} {np.__version__} {master} {own_code()}"
    kept = out / KEPT
    kept.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(jobs) as pool:
        waiting = []
        for each in submissions:
            key = digest(each.name, each.file, each.content.hex(), each.fault, *each.notes, settings)
            before = read_kept(kept / f"{key}.json", key)
            if before is not None:
                yield before, True
            else:
                waiting.append(pool.submit(grade_one, assignment, each, seed, walls, key, kept))
        try:
            for done in as_completed(waiting):
                yield done.result(), False
        finally:
            for each_future in waiting:
                each_future.cancel()


def grade_one(assignment: Assignment, submission: Submission, seed: int, walls: Any, key: str, kept: Path) -> Result:
    """Grade one; an error of the grader's own costs this submission its grade and no other."""
    result = Result(submission.name, submission.file, notes=list(submission.notes), key=key)
    try:
        if submission.fault:
            result.notes.append(submission.fault)
            result.tasks = [lost(task, submission.fault) for task in assignment.tasks]
        else:
            result.answers = submission.answers
            result.tasks, notes = grade_code(assignment, submission.code, seed, walls)
            result.notes += notes
    except Exception as error:
        what = f"the grader failed, look into it: {type(error).__name__}: {error}"[:500]
        return Result(submission.name, submission.file, [lost(t, what) for t in assignment.tasks], [what])
    write_atomic(kept / f"{key}.json", json.dumps(result.as_json()))
    return result


def read_kept(path: Path, key: str) -> Result | None:
    """Read a grade of an earlier run, if it is whole."""
    try:
        result = result_from(json.loads(path.read_text("utf8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return result if result.key == key else None


def own_code() -> str:
    """Return a hash of the grader's code."""
    return digest(*(path.read_text("utf8") for path in sorted(Path(__file__).parent.glob("*.py"))))


def digest(*parts: str) -> str:
    """Return a hash of texts."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part.encode("utf-8", "surrogatepass")).digest())
    return total.hexdigest()[:32]


def file_names(results: Sequence[Result]) -> dict[str, str]:
    """Give each student a name for files: safe characters, and no two the same."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for result in sorted(results, key=lambda each: each.name):
        stem = re.sub(r"[^\w.-]+", "_", result.name).strip("._")[:80] or "student"
        name, n = stem, 1
        while name.casefold() in taken:
            n += 1
            name = f"{stem}_{n}"
        taken.add(name.casefold())
        names[result.name] = name
    return names
