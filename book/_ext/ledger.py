r"""The directives ``verdicts``, a table of all claims, and ``claims``, the claims of one document with their evidence.

    ```{claims} a
    ```

Everything comes from the tables ``results/*/claims.csv`` that the commands of the package write. A claim without
a row there has not been run yet; a row without a claim here stops the build.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from eqcode import BOOK, box
from evidence import CLAIMS, COMMANDS, UNTESTED, Claim, Rows, met_where, number, read_tables
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from minimal_order.claims.ledger import CONDITIONS
from minimal_order.reports.text import places


def text_table(head: Sequence[str], rows: Iterable[Sequence[nodes.Node | str]]) -> nodes.table:
    """Build a table; cells are texts or nodes."""

    def row(cells: Sequence[nodes.Node | str]) -> nodes.row:
        entries = []
        for cell in cells:
            content = nodes.paragraph("", "", nodes.Text(cell)) if isinstance(cell, str) else cell
            entries.append(nodes.entry("", content))
        return nodes.row("", *entries)

    columns = [nodes.colspec(colwidth=1) for _ in head]
    body = nodes.tbody("", *map(row, rows))
    return nodes.table("", nodes.tgroup("", *columns, nodes.thead("", row(head)), body, cols=len(head)))


class Ledger(SphinxDirective):
    """What both directives know."""

    def prepare(self) -> dict[str, tuple[str, Rows]]:
        """Read the tables; the page is read anew with every build, since tables come and go."""
        self.env.note_reread()
        return read_tables(BOOK / "results")

    def markdown(self, text: str) -> list[nodes.Node]:
        """Parse a line of Markdown."""
        parsed = nodes.Element()
        self.state.nested_parse(StringList([text], source="ledger"), self.content_offset, parsed)
        return parsed.children

    def page(self, claim: Claim) -> str:
        """Link to a page if the book has it."""
        return f"{{doc}}`/{claim.page}`" if claim.page in self.env.found_docs else claim.page


class Verdicts(Ledger):
    """A table of all claims with their verdicts."""

    def run(self) -> list[nodes.Node]:
        """Build it."""
        tables = self.prepare()
        rows = []
        for name, claim in CLAIMS.items():
            link = nodes.paragraph("", "", nodes.reference("", name, internal=True, refid=name))
            verdict = tables[name][1][0]["verdict"] if name in tables else UNTESTED
            rows.append((link, claim.text, verdict, *self.markdown(self.page(claim))))
        return [text_table(("", "claim", "verdict", "chapter"), rows)]


class Claims(Ledger):
    """The claims of one document, a section each: the verdict, the rule, the evidence."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Build the sections."""
        tables = self.prepare()
        chosen = {name: claim for name, claim in CLAIMS.items() if name[0] == self.arguments[0]}
        if not chosen:
            raise ExtensionError(f"claims: no claim begins with {self.arguments[0]!r}")
        return [self.section(name, claim, tables.get(name)) for name, claim in chosen.items()]

    def section(self, name: str, claim: Claim, found: tuple[str, Rows] | None) -> nodes.section:
        """Build the section of one claim."""
        title = nodes.title("", f"{name}: {claim.text}")
        section = nodes.section("", title, ids=[name], names=[name])
        read_on = f"Read on in {self.page(claim)}."
        if found is None:
            section += self.markdown(f"**{UNTESTED.capitalize()}.** {read_on}")
            return section
        folder, rows = found
        command = COMMANDS.get(folder, f"minimal-order reproduce {folder}")
        section += self.markdown(f"**{rows[0]['verdict'].capitalize()}.** From `{command}`. {read_on}")
        section += nodes.paragraph("", "", nodes.emphasis("", "In full: "), nodes.Text(rows[0]["text"]))
        section += nodes.paragraph("", "", nodes.emphasis("", "Rule: "), nodes.Text(rows[0]["rule"]))
        if rows[0]["verdict"] == CONDITIONS and (met := met_where(rows)):
            section += self.markdown(f"The rule is met on {places(met)}, and nowhere else.")
        evidence = [(row["where"], row["what"], number(row), row["met"]) for row in rows if row["where"]]
        if evidence:
            summary = box("", nodes.Text(f"Evidence, {len(evidence)} numbers"), tag="summary", classes=[])
            listed = text_table(("where", "what", "value [95 % interval]", "meets the rule"), evidence)
            section += box("", summary, listed, tag="details", classes=["ledger-evidence"])
        return section


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("verdicts", Verdicts)
    app.add_directive("claims", Claims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
