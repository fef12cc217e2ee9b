"""Equation labels `eq:...`: the page that shows each, the function that computes it, the tests that check it.

A page shows a label by the option ``:label:`` of a directive. The function whose docstring begins with a
label implements it, and may speak of others further down. A test checks the labels that its docstring names.
Everything is read from the text of the files, nothing is imported or run. The book's directive ``eqcode`` and
the test of the labels use the same walk.
"""

import ast
import difflib
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

LABEL = re.compile(r"\beq:[a-z0-9]+(?:-[a-z0-9]+)*")
LEADING = re.compile(rf"(?:[`\s,;&]|and\b)*({LABEL.pattern})")
FENCE = re.compile(r"\s*(?P<fence>`{3,}|~{3,}|:{3,})\s*(?P<info>.*)")
DIRECTIVE = re.compile(r"\{(?P<name>[\w:-]+)\}\s*(?P<argument>.*)")
OPTION = re.compile(r"\s*:(?P<name>[\w-]+):\s*(?P<value>.*)")
LITERAL = {"code", "code-block", "code-cell", "literalinclude", "prompt", "raw", "sourcecode"}
NOT_PROOFS = {"benchmarks", "book", "browser"}  # folders of tests that measure or look, and check no formula
TOOL_COMMENT = re.compile(r"^ *# fmt: o(?:n|ff)\n?|  # (?:type: ignore|noqa|fmt: skip).*$", re.MULTILINE)


class Place(NamedTuple):
    """Where a label stands: the file relative to the repository, the line, the name of what carries it."""

    path: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} ({self.name})"


class Source(NamedTuple):
    """The text of one object of the package: its code without its docstring, and its docstring apart."""

    path: str
    first: int
    last: int
    code: str
    docstring: str


Places = dict[str, list[Place]]


def _collect(found: Iterable[tuple[str, Place]]) -> Places:
    places: Places = {}
    for label, place in found:
        places.setdefault(label, []).append(place)
    return places


def _objects(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.stmt, str]]:
    """Yield every function and class with its dotted name and docstring, those inside others too."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}{node.name}"
            yield name, node, ast.get_docstring(node) or ""
            yield from _objects(node.body, f"{name}.")


def _leading_labels(docstring: str) -> Iterator[str]:
    """Yield the labels with which a docstring begins."""
    end = 0
    while match := LEADING.match(docstring, end):
        yield match[1]
        end = match.end()


def walk_package(package: Path) -> Places:
    """Find the labels with which docstrings of functions and classes begin; the name is the dotted path."""

    def found() -> Iterator[tuple[str, Place]]:
        for path in sorted(package.rglob("*.py")):
            file = path.relative_to(package.parent)
            module = ".".join(file.with_suffix("").parts).removesuffix(".__init__")
            for name, node, docstring in _objects(ast.parse(path.read_text("utf8")).body, f"{module}."):
                for label in _leading_labels(docstring):
                    yield label, Place(str(file), node.lineno, name)

    return _collect(found())


def walk_mentions(package: Path) -> Places:
    """Find every line of a package that speaks of a label."""
    return _collect(
        (label, Place(str(path.relative_to(package.parent)), number, "mention"))
        for path in sorted(package.rglob("*.py"))
        for number, line in enumerate(path.read_text("utf8").splitlines(), start=1)
        for label in LABEL.findall(line)
    )


def walk_tests(tests: Path) -> Places:
    """Find the labels in docstrings of test functions; the name is the one by which pytest runs the test."""

    def found() -> Iterator[tuple[str, Place]]:
        for path in sorted(tests.rglob("test_*.py")):
            if NOT_PROOFS & set(path.relative_to(tests).parts):
                continue
            file = str(path.relative_to(tests.parent))
            for name, node, docstring in _objects(ast.parse(path.read_text("utf8")).body, ""):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                    for label in sorted(set(LABEL.findall(docstring))):
                        yield label, Place(file, node.lineno, f"{file}::{name.replace('.', '::')}")

    return _collect(found())


def directives(text: str) -> Iterator[tuple[str, str, dict[str, str], int]]:
    """Yield each directive of a MyST page as name, argument, options, line; not those shown as code."""
    lines = text.splitlines()
    open_fences: list[tuple[str, bool]] = []  # the fence and whether what it holds is literal
    for number, line in enumerate(lines, start=1):
        match = FENCE.fullmatch(line)
        if match is None:
            continue
        fence, info = match["fence"], match["info"].strip()
        top, literal = open_fences[-1] if open_fences else ("", False)
        if open_fences and not info and fence[0] == top[0] and len(fence) >= len(top):
            open_fences.pop()
        elif not literal:
            directive = DIRECTIVE.fullmatch(info)
            open_fences.append((fence, directive is None or directive["name"] in LITERAL))
            if directive:
                options = {}
                for following in lines[number:]:
                    option = OPTION.fullmatch(following)
                    if option is None:
                        break
                    options[option["name"]] = option["value"].strip()
                yield directive["name"], directive["argument"].strip(), options, number


def book_pages(book: Path) -> list[Path]:
    """List the pages of the book in the order of its table of contents."""
    toc = (book / "_toc.yml").read_text("utf8")
    return [book / f"{name}.md" for name in re.findall(r"^[\s-]*(?:root|file):\s*(\S+)", toc, re.MULTILINE)]


def walk_book(book: Path) -> Places:
    """Find the labels of the equations in the book; the name is the object whose code stands beside it."""

    def found() -> Iterator[tuple[str, Place]]:
        for page in book_pages(book):
            for name, argument, options, line in directives(page.read_text("utf8")):
                if LABEL.fullmatch(options.get("label", "")):
                    shown = argument.split()[0] if name == "eqcode" and argument else f"no code: {{{name}}}"
                    yield options["label"], Place(str(page.relative_to(book.parent)), line, shown)

    return _collect(found())


def problems(book: Places, package: Places, tests: Places, mentions: Places) -> list[str]:
    """Say of each label where it is missing, and where it stands twice although it must once."""
    found = [
        f"{label}: spoken of in {places[0].path}:{places[0].line}, and neither shown, implemented nor checked"
        for label, places in mentions.items()
        if not (label in book or label in package or label in tests)
    ]
    for label in sorted({*book, *package, *tests}):
        pages, functions = book.get(label, []), package.get(label, [])
        where = "; ".join(map(str, [*pages, *functions, *tests.get(label, [])]))
        every_function = ", ".join(map(str, functions))
        if not pages:
            found.append(f"{label}: shown on no page of the book. Stands in {where}")
        if not functions:
            found.append(f"{label}: no docstring of the package begins with it. Stands in {where}")
        if label not in tests:
            found.append(f"{label}: in no test's docstring. Stands in {where}")
        if len(pages) > 1:
            found.append(f"{label}: shown in {len(pages)} places of the book: {', '.join(map(str, pages))}")
        if len(functions) > 1:
            found.append(f"{label}: implemented by {len(functions)} functions: {every_function}")
        if pages and functions and pages[0].name not in [f.name for f in functions]:
            found.append(f"{label}: {pages[0]} shows code that is not the label's function, {every_function}")
    return found


def find_object(dotted: str, root: Path) -> Source:
    """Find a function, class, method or assigned name of a package under ``root`` by its dotted path.

    Raises
    ------
    LookupError : when there is no such module or object; names the nearest ones.
    """
    parts = dotted.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        stem = root.joinpath(*parts[:cut])
        path = next((p for p in (stem.with_suffix(".py"), stem / "__init__.py") if p.is_file()), None)
        if path:
            break
    else:
        raise LookupError(f"{dotted}: no such module under {root.name}/")
    text = path.read_text("utf8")
    node: ast.AST = ast.parse(text)
    for depth, part in enumerate(parts[cut:], start=cut):
        named = {name: child for child in getattr(node, "body", []) for name in _names(child)}
        if part not in named:
            near = difflib.get_close_matches(part, named, n=3, cutoff=0.4) or list(named)
            there = ".".join(parts[:depth])
            raise LookupError(f"{dotted}: {there} has no {part!r}; nearest: {', '.join(near)}")
        node = named[part]
    first, last, code, docstring = _cut(text.splitlines(), node)
    return Source(str(path.relative_to(root)), first, last, code, docstring)


def _names(node: ast.stmt) -> list[str]:
    """List the names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _cut(lines: list[str], node: ast.AST) -> tuple[int, int, str, str]:
    """Return first and last line of an object, its code without docstring and indentation, the docstring."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    kept: Iterable[int] = range(first, node.end_lineno + 1)
    docstring = ""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and len(node.body) > 1:
        docstring = ast.get_docstring(node) or ""
        if docstring:
            end = node.body[0].end_lineno
            end += not lines[end].strip()  # the blank line after it goes with it
            kept = [*range(first, node.body[0].lineno), *range(end + 1, node.end_lineno + 1)]
    code = textwrap.dedent("\n".join(lines[i - 1] for i in kept))
    return first, node.end_lineno, TOOL_COMMENT.sub("", code), docstring
