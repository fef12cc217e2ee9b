r"""The directives ``eqcode``, a formula beside the code that computes it, and ``eqlist``, a table of all.

    ```{eqcode} minimal_order.training.covariance.covariance_update
    :label: eq:covariance-update
    C_t = (1 - \kappa_t) C_{t-1} + ...
    ---
    Text that stands under the formula.
    ```

The first object is the one whose docstring begins with the label; further ones, if any, are shown below it.
The build stops when the object, the label in its docstring, or a test with the label is missing.
"""

from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from forge import forge_of
from labels import Place, Places, find_object, walk_book, walk_package, walk_tests
from sphinx.application import Sphinx
from sphinx.directives.patches import MathDirective
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

BOOK = Path(__file__).resolve().parents[1]
ROOT = BOOK.parent
PACKAGE = ROOT / "minimal_order"
FEW = 2  # tests that are named at once


@cache
def package_places() -> Places:
    """Return the labels of the package's docstrings, read once a build."""
    return walk_package(PACKAGE)


@cache
def test_places() -> Places:
    """Return the labels of the tests' docstrings, read once a build."""
    return walk_tests(ROOT / "tests")


class box(nodes.General, nodes.Element):  # noqa: N801, docutils names its nodes in lower case
    """An HTML element ``tag`` with classes around its children; other builders see the children alone."""


def visit_box(self: Any, node: box) -> None:
    """Open the element."""
    self.body.append(self.starttag(node, node["tag"]))


def depart_box(self: Any, node: box) -> None:
    """Close the element."""
    self.body.append(f"</{node['tag']}>\n")


def skip_details(self: Any, node: box) -> None:
    """Leave out on paper what is folded away on the screen."""
    if node["tag"] == "details":
        raise nodes.SkipNode


def pass_over(self: Any, node: box) -> None:
    """Write nothing."""


def file_link(app: Sphinx, path: str, text: str, first: int, last: int | None = None) -> list[nodes.Node]:
    """Name a file; with the repository's address set, a link to those lines of it on the forge."""
    name = nodes.literal(text, text)
    forge = forge_of(app.config)
    return [nodes.reference("", "", name, refuri=forge.lines(path, first, last))] if forge else [name]


def test_links(app: Sphinx, tests: list[Place]) -> list[nodes.Node]:
    """Name the tests, each by its function and file."""
    found: list[nodes.Node] = []
    for test in tests:
        found += [nodes.Text(", ")] * bool(found) + file_link(app, test.path, test.name, test.line)
    return found


def unfill(docstring: str) -> str:
    """Join the lines of a docstring that were filled up, so that the page can break them where it must."""
    lines, filled = [], False
    for line in docstring.splitlines():
        if filled and line.strip():
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
        filled = len(line) >= 80
    return "\n".join(lines)


class EqCode(SphinxDirective):
    """A formula and the code that computes it: side by side, or one above the other on a narrow screen."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict] = dict.fromkeys(["label", "test"], directives.unchanged_required)

    def run(self) -> list[nodes.Node]:
        """Check that object, label and test are there, and lay them out."""
        label, objects = self.options.get("label", ""), self.arguments[0].split()
        if not label:
            self.fail("the option :label: is missing")
        shown = [node for dotted in objects for node in self.shown(dotted)]
        if label not in self.labels_of(objects[0]):
            elsewhere = ", ".join(p.name for p in package_places().get(label, [])) or "no docstring"
            self.fail(f"the docstring of {objects[0]} does not begin with {label!r}; {elsewhere} does")
        tests = self.tests(label)
        formula = box("", *self.formula(label), tag="div", classes=["eqcode-formula"])
        code = box("", *shown, self.checked_by(tests), tag="div", classes=["eqcode-code"])
        pair = box("", formula, code, tag="div", classes=["eqcode-pair"])
        return [box("", pair, tag="div", classes=["eqcode"])]

    def fail(self, message: str) -> None:
        """Stop the build and say where."""
        path, line = self.get_source_info()
        raise ExtensionError(f"{path}:{line}: eqcode: {message}")

    def labels_of(self, dotted: str) -> list[str]:
        """Return the labels with which the docstring of an object begins."""
        return [label for label, places in package_places().items() if dotted in [p.name for p in places]]

    def tests(self, label: str) -> list[Place]:
        """Return the tests that name the label in their docstrings, or the one given by ``:test:``."""
        tests = test_places().get(label, [])
        wanted = self.options.get("test")
        found = [t for t in tests if wanted in (None, t.name, t.path)]
        if not found:
            self.fail(f"no test {wanted or 'under tests/'} names {label!r} in its docstring")
        return found

    def checked_by(self, tests: list[Place]) -> nodes.Node:
        """Name the tests, folded away where there are many."""
        links = test_links(self.env.app, tests)
        if len(tests) <= FEW:
            return nodes.paragraph("", "", nodes.Text("Checked by "), *links, classes=["eqcode-test"])
        summary = box("", nodes.Text(f"Checked by {len(tests)} tests"), tag="summary", classes=[])
        listed = nodes.paragraph("", "", *links, classes=["eqcode-test"])
        return box("", summary, listed, tag="details", classes=["eqcode-docstring"])

    def formula(self, label: str) -> list[nodes.Node]:
        """Return the numbered formula, and the text under it."""
        lines = list(self.content)
        cut = next((i for i, line in enumerate(lines) if line.strip() == "---"), len(lines))
        if not any(line.strip() for line in lines[:cut]):
            self.fail(f"the formula of {label!r} is missing")
        math = MathDirective(
            "math", [], {"label": label}, StringList(lines[:cut], source=self.content.source(0)), self.lineno,
            self.content_offset, self.block_text, self.state, self.state_machine,
        )  # fmt: skip
        note = box(tag="div", classes=["eqcode-note"])
        self.state.nested_parse(self.content[cut + 1 :], self.content_offset + cut + 1, note)
        return [*math.run(), *([note] if note.children else [])]

    def shown(self, dotted: str) -> list[nodes.Node]:
        """Return the head line, the code and the folded docstring of one object."""
        try:
            source = find_object(dotted, ROOT)
        except LookupError as error:
            self.fail(str(error))
        link = file_link(self.env.app, source.path, dotted, source.first, source.last)
        head = nodes.paragraph("", "", *link, classes=["eqcode-name"])
        code = nodes.literal_block(source.code, source.code, language="python")
        # each line in a span of its own, so that the style sheet can wrap long ones
        code["highlight_args"] = {"linespans": f"code-{nodes.make_id(dotted)}"}
        found = [head, code]
        if source.docstring:
            summary = box("", nodes.Text("Docstring"), tag="summary", classes=[])
            docstring = unfill(source.docstring)
            text = nodes.literal_block(docstring, docstring, language="text")
            found.append(box("", summary, text, tag="details", classes=["eqcode-docstring"]))
        return found


class EqList(SphinxDirective):
    """A table of all equations of the book in its order: number, label and function, tests, page."""

    def run(self) -> list[nodes.Node]:
        """Build the table from the same walk that the label test makes."""
        self.env.note_reread()  # it tells of all pages, so it is written anew with each of them
        lines = ["| equation | label and function | checked by | page |", "|---|---|---|---|"]
        for label, places in walk_book(BOOK).items():
            page = Path(places[0].path).relative_to(BOOK.name).with_suffix("").as_posix()
            found = [f"`{t.name.split('::', 1)[1]}`" for t in test_places().get(label, [])]
            tests = " <br> ".join(found[:FEW]) + f" <br> and {len(found) - FEW} more" * (len(found) > FEW)
            function = places[0].name.removeprefix(f"{PACKAGE.name}.")
            lines.append(f"| {{eq}}`{label}` | `{label}` <br> `{function}` | {tests} | {{doc}}`/{page}` |")
        table = box(tag="div", classes=["eqlist"])
        self.state.nested_parse(StringList(lines, source="eqlist"), self.content_offset, table)
        return [table]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    package_places.cache_clear()
    test_places.cache_clear()
    app.add_node(
        box, html=(visit_box, depart_box), latex=(skip_details, pass_over), text=(skip_details, pass_over)
    )  # fmt: skip
    app.add_directive("eqcode", EqCode)
    app.add_directive("eqlist", EqList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
