"""A master file cut into what its front matter says and its blocks: text, cells, questions."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from ..checks import check

FENCE = re.compile(r"^```\{(code-cell|question)\}[ ]*([^\n]*)\n(.*?)^```[ ]*$", re.M | re.S)
OPTION = re.compile(r"^:([\w-]+):[ ]*(.*)$")
TAGS = ("given", "teacher", "task", "visible", "hidden", "mistake", "mutant")


class Block(NamedTuple):
    """A part of a master: ``kind`` is text, question, or the tag of a cell."""

    kind: str
    source: str
    options: dict[str, str] = {}  # noqa: RUF012, never written
    line: int = 0


def read_front(text: str) -> tuple[dict[str, str], str]:
    """Split a master into what its front matter says under ``assignment:`` and the rest."""
    match = re.match(r"---\n(.*?)\n---\n", text, re.S)
    check(match is not None, "master", "a file without front matter", "one that begins with ---")
    assert match
    section = re.search(r"^assignment:\n((?:  .*\n?)+)", match[1] + "\n", re.M)
    check(section is not None, "front matter", "without assignment:", "assignment: with number, title, ...")
    assert section
    about = dict(line.strip().split(": ", 1) for line in section[1].splitlines() if ": " in line)
    return {key: value.strip("\"'") for key, value in about.items()}, text[match.end() :]


def blocks(text: str, before: int = 0) -> Iterator[Block]:
    """Cut a master without its front matter, which has so many lines, into text, cells and questions."""
    end = 0
    for match in FENCE.finditer(text):
        if text[end : match.start()].strip():
            yield Block("text", text[end : match.start()].strip("\n"))
        end = match.end()
        line = before + text[: match.start()].count("\n") + 2
        lines, options = match[3].split("\n"), {}
        while lines and ((option := OPTION.match(lines[0])) or not lines[0].strip()):
            if option:
                options[option[1]] = option[2].strip()
            lines.pop(0)
            line += 1
        body = "\n".join(lines).strip("\n")
        if match[1] == "question":
            yield Block("question", body, options | {"title": match[2].strip()}, line)
        else:
            tags = [tag.strip() for tag in options.get("tags", "").strip("[]").split(",")]
            kinds = [tag for tag in tags if tag in TAGS]
            check(len(kinds) == 1, f"cell in line {line}", f"tags {tags}", f"one of {', '.join(TAGS)}")
            yield Block(kinds[0], body, options, line)
    if text[end:].strip():
        yield Block("text", text[end:].strip("\n"))
