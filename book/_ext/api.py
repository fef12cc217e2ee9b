r"""The directive ``api``: the public functions and classes of some modules, each with its signature and docstring.

    ```{api} freezing.masks freezing.stability
    ```

``{api} minimal_order`` lists what the package itself offers, ``{api} rest`` the modules that stand nowhere else.
Everything is read from the text of the files, as in ``eqcode``, so the page is made without running anything.
"""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from docutils import nodes
from eqcode import BOOK, PACKAGE, ROOT, box, file_link, unfill
from labels import LABEL, directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

Shown = ast.FunctionDef | ast.ClassDef
MARKED = re.compile(rf"`*(?P<label>{LABEL.pattern})`*|`+(?P<code>[^`]+)`+|(?<!\S)\*(?P<word>\w[^*]*\w)\*(?!\w)")
APPLICATIONS = ("experiments", "claims", "reports", "reproduce", "cli", "course")  # named by their modules alone


def library() -> list[str]:
    """List the modules of the library by their names under the package, folders after files."""
    paths = sorted(PACKAGE.rglob("*.py"), key=lambda path: (len(path.parts), path))
    names = [path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".") for path in paths]
    return [name for name in names if "__" not in name and name.split(".")[0] not in APPLICATIONS]


def listed(page: str) -> list[str]:
    """List the modules that a page names in directives ``api``."""
    text = (BOOK / f"{page}.md").read_text("utf8")
    return [module for name, argument, _, _ in directives(text) if name == "api" for module in argument.split()]


def public(body: list[ast.stmt]) -> Iterator[Shown]:
    """Yield the functions and classes whose names do not begin with an underscore."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def below(body: list[ast.stmt], name: str) -> str | None:
    """Return the text that stands below what a module assigns to a name."""
    for node, after in pairwise(body):
        assigned = isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name
        if assigned and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            return str(after.value.value)
    return None


def signature(node: Shown) -> str:
    """Write what a call looks like."""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {node.name}" + f"({bases})" * bool(bases)
    if any(ast.unparse(d) in ("property", "cached_property") for d in node.decorator_list):
        return node.name
    plain = re.sub(r"^(self|cls)(, |$)", "", ast.unparse(node.args))
    return f"{node.name}({plain})" + (f" -> {ast.unparse(node.returns)}" if node.returns else "")


def fields(node: ast.ClassDef) -> str:
    """Write the annotated fields of a class, a line each."""
    return "\n".join(ast.unparse(field) for field in node.body if isinstance(field, ast.AnnAssign))


def first_line(docstring: str) -> list[nodes.Node]:
    """Set the first paragraph of a docstring as text, with code, emphasis, and equations by their numbers."""
    text = " ".join(re.sub(r":\w+:`", "`", docstring.split("\n\n")[0]).split())
    found: list[nodes.Node] = []
    end = 0
    for mark in MARKED.finditer(text):
        found += [nodes.Text(text[end : mark.start()]), marked(mark)]
        end = mark.end()
    return [*found, nodes.Text(text[end:])]


def marked(mark: re.Match[str]) -> nodes.Node:
    """Build what stands between the marks of a docstring."""
    if mark["label"]:
        name = nodes.literal("", mark["label"])
        return addnodes.pending_xref("", name, refdomain="math", reftype="eq", reftarget=mark["label"])
    return nodes.literal("", mark["code"]) if mark["code"] else nodes.emphasis("", mark["word"])


def literal(text: str, language: str = "text") -> nodes.literal_block:
    """Build a block of code or text."""
    return nodes.literal_block(text, text, language=language)


class Api(SphinxDirective):
    """The public objects of some modules."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Build a section for each module, or the two lists that are told by name."""
        self.env.note_reread()
        wanted = self.arguments[0].split()
        if wanted == ["minimal_order"]:
            return [self.own_names()]
        if wanted == ["rest"]:
            named = listed(self.env.docname)
            return [self.module(name) for name in library() if name not in named]
        if wanted == ["applications"]:
            return [self.applications()]
        return [self.module(name) for name in wanted]

    def own_names(self) -> nodes.Node:
        """List what ``import minimal_order as mo`` offers, linked to where it stands below."""
        items = nodes.bullet_list(classes=["api-list"])
        for node in ast.parse((PACKAGE / "__init__.py").read_text("utf8")).body:
            if not isinstance(node, ast.ImportFrom) or not node.level or not node.module:
                continue
            for alias in node.names:
                text = nodes.literal("", f"mo.{alias.name}")
                items += nodes.list_item("", self.own_name(node.module, alias.name, text))
        return items

    def own_name(self, module: str, name: str, text: nodes.Node) -> nodes.paragraph:
        """Say in a line what one name is."""
        module = "orders.table" if module == "orders" else module
        body = self.tree(module).body
        found = next((node for node in public(body) if node.name == name), None)
        docstring = (ast.get_docstring(found) if found else below(body, name)) or ""
        place = nodes.make_id(f"api-{module}.{name}" if found else f"{PACKAGE.name}.{module}")
        link = nodes.reference("", "", text, internal=True, refid=place)
        return nodes.paragraph("", "", link, nodes.Text(": "), *first_line(docstring))

    def applications(self) -> nodes.Node:
        """Name the modules above the library, each with the first line of its docstring."""
        items = nodes.bullet_list(classes=["api-list"])
        for path in sorted(path for folder in APPLICATIONS for path in (PACKAGE / folder).rglob("*.py")):
            docstring = ast.get_docstring(ast.parse(path.read_text("utf8"))) or ""
            name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
            if docstring:
                line = nodes.paragraph("", "", nodes.literal("", name), nodes.Text(": "), *first_line(docstring))
                items += nodes.list_item("", line)
        return items

    def tree(self, module: str) -> ast.Module:
        """Parse a module of the library."""
        path = PACKAGE / f"{module.replace('.', '/')}.py"
        if not path.is_file():
            raise ExtensionError(f"api: the package has no module {module!r}")
        return ast.parse(path.read_text("utf8"))

    def module(self, name: str) -> nodes.section:
        """Build the section of one module."""
        tree, title = self.tree(name), f"{PACKAGE.name}.{name}"
        section = nodes.section("", nodes.title("", name), ids=[nodes.make_id(title)], names=[title])
        docstring = ast.get_docstring(tree) or ""
        section += nodes.paragraph("", "", *first_line(docstring))
        path = Path(PACKAGE.name, *name.split(".")).with_suffix(".py").as_posix()
        for node in public(tree.body):
            section += self.entry(node, f"{name}.{node.name}", path)
        return section

    def entry(self, node: Shown, place: str, path: str) -> nodes.Node:
        """Build one object: its signature and first line, and folded away the rest."""
        docstring = ast.get_docstring(node) or ""
        line = nodes.inline("", "", nodes.literal("", signature(node)), nodes.Text(" "), *first_line(docstring))
        summary = box("", line, tag="summary", classes=[])
        source = file_link(self.env.app, path, path, node.lineno, node.end_lineno)
        parts: list[nodes.Node] = [summary, literal(unfill(docstring))]
        if isinstance(node, ast.ClassDef):
            if fields(node):
                parts.append(literal(fields(node), "python"))
            for method in public(node.body):
                text = ast.get_docstring(method) or ""
                parts.append(nodes.paragraph("", "", nodes.literal("", signature(method)), classes=["api-method"]))
                parts.append(literal(unfill(text)))
        parts.append(nodes.paragraph("", "", nodes.Text("In "), *source))
        entry = box("", *parts, tag="details", classes=["api-entry"])
        entry["ids"] = [nodes.make_id(f"api-{place}")]
        return entry


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("api", Api)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
