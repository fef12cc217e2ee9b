"""What students handed in: found in a folder, read with care, never run here.

A submission is a module, a notebook, a zip with one of them, or a folder with one or both. Its name is that of the
file or folder. Whatever can't be read is a submission all the same, with a note that says why.
"""

import io
import os
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..checks import check
from .assignment import stem
from .percent import Cell, code_of, fingerprint, read_cells, writable

LARGEST = 8 << 20
"""Bytes of a file: a notebook may have figures in it."""
MOST_FILES = 1000
"""Files that are looked at in one student's folder or zip."""
SUFFIXES = (".py", ".ipynb")


@dataclass
class Submission:
    """One student's work: cells, or why there are none."""

    name: str
    file: str
    content: bytes = b""
    cells: list[Cell] = field(default_factory=list)
    fault: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def code(self) -> list[tuple[str, str]]:
        """The code to run."""
        return code_of(self.cells, Path(self.file).suffix)

    @property
    def answers(self) -> dict[str, str]:
        """The answers in words, by the number of the question."""
        tags = {tag: cell.source for cell in self.cells for tag in cell.tags if re.fullmatch(r"answer-\d{1,3}", tag)}
        return {tag.removeprefix("answer-"): text for tag, text in tags.items()}


def find_submissions(folder: Path, number: str, handed_out: str = "") -> list[Submission]:
    """Read all submissions in a folder; ``handed_out`` is the fingerprint of the stubs, to know what was worked in.

    Raises
    ------
    ValueError : when there is no such folder, or nothing in it.
    """
    check(folder.is_dir(), "submissions", folder, "a folder")
    found = [
        read_submission(Path(entry.path), number, handed_out)
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)
        if not entry.name.startswith(".")
    ]
    check(bool(found), "submissions", folder, "a folder with modules, notebooks or a folder for each student")
    often = Counter(each.name.casefold() for each in found)
    for each in found:
        if often[each.name.casefold()] > 1:
            each.notes.append(f"{often[each.name.casefold()]} submissions have the name {each.name}")
            each.name = f"{each.name} ({each.file})"
    return found


def read_submission(path: Path, number: str, handed_out: str) -> Submission:
    """Read one entry of the folder."""
    name = writable(path.name)
    found = Submission(Path(name).stem if path.suffix in (*SUFFIXES, ".zip") else name, name)
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise ValueError("a symbolic link: it isn't followed")
        if stat.S_ISDIR(mode):
            choose(found, dict(files_below(path)), number, handed_out)
        elif path.suffix == ".zip":
            choose(found, dict(files_in_zip(read_file(path))), number, handed_out)
        elif path.suffix in SUFFIXES:
            choose(found, {name: read_file(path)}, number, handed_out)
        else:
            raise ValueError(f"{path.name}: expected a module (.py), a notebook (.ipynb), a zip or a folder")
    except Exception as error:  # zipfile and what unpacks for it raise what they like on broken bytes
        found.fault = writable(str(error))[:500] or type(error).__name__
    return found


def read_file(path: Path) -> bytes:
    """Read a file that is one: no link, no pipe, not too large."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError(f"{path.name}: not a file")
        if about.st_size > LARGEST:
            raise ValueError(f"{path.name}: {about.st_size >> 20} MB, expected at most {LARGEST >> 20}")
        return file.read(LARGEST)


def files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Read the modules and notebooks of a student's folder, two levels deep; links are left alone."""
    seen = 0
    for place, folders, names in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(f for f in folders if depth < 2 and not f.startswith(".") and f != "__pycache__")
        for name in sorted(names):
            seen += 1
            path = Path(place) / name
            if seen <= MOST_FILES and path.suffix in SUFFIXES and not path.is_symlink():
                yield writable(path.relative_to(folder).as_posix()), read_file(path)


def files_in_zip(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Read the modules and notebooks of a zip, no more of each than is allowed, whatever it says of its sizes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        left = 2 * LARGEST
        for entry in archive.infolist()[:MOST_FILES]:
            name = entry.filename
            hidden = any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
            if Path(name).suffix in SUFFIXES and not hidden and not stat.S_ISLNK(entry.external_attr >> 16):
                with archive.open(entry) as file:
                    text = file.read(min(LARGEST, left) + 1)
                left -= len(text)
                if len(text) > LARGEST or left < 0:
                    raise ValueError(f"{name}: unpacked larger than {LARGEST >> 20} MB")
                yield name, text


def choose(found: Submission, files: dict[str, bytes], number: str, handed_out: str) -> None:
    """Take the one file that is to be graded.

    That of the assignment's name goes before others. Of a module and a notebook that say different things, the one
    that was worked in counts; when both were, the notebook, and the teacher is told.
    """
    named = {name: text for name, text in files.items() if Path(name).stem == stem(number)}
    candidates = named or files
    if not candidates:
        raise ValueError("there is neither a module nor a notebook")
    read = {}
    faults = {}
    for name, content in candidates.items():
        try:
            read[name] = read_cells(as_utf8(name, content), Path(name).suffix)
        except ValueError as error:
            faults[name] = str(error)
    if not read:
        raise ValueError("; ".join(faults.values()))
    different = {fingerprint(cells): name for name, cells in sorted(read.items(), reverse=True)}
    if len(different) > 1:
        different.pop(handed_out, None)
    chosen = sorted(different.values(), key=lambda name: (Path(name).suffix != ".ipynb", name))[0]
    if len(different) > 1:
        found.notes.append(f"{', '.join(sorted(different.values()))} say different things: {chosen} was graded")
    found.notes += [f"{fault}: not graded" for fault in faults.values()]
    found.file = chosen if chosen == found.file else f"{found.file}/{chosen}"
    found.content, found.cells = candidates[chosen], read[chosen]


def as_utf8(name: str, content: bytes) -> str:
    """Decode a text."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"{name}: not UTF-8 (byte 0x{content[error.start]:02x} in line {line})") from None
    if "\0" in text:
        raise ValueError(f"{name}: has null bytes")
    return text
