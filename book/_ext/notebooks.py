r"""Every page with code can be downloaded as a notebook that any Jupyter shows and runs.

Directives and roles are the book's, so they become plain Markdown: an ``eqcode`` its formula and the name of the
function, an ``admonition`` a quotation, included code its place. A first cell installs the package where that is
possible.
"""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forge import Forge, forge_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FENCE = re.compile(r"^( *)(`{3,}|:{3,})\{([\w-]+)\} *(.*)\n((?:\1 *:[\w-]+:.*\n)*)((?:.*\n)*?)\1\2 *$", re.M)
ROLE = re.compile(r"\{[\w:-]+\}`([^`]+)`")


def plain(text: str) -> str:
    """Turn the book's Markdown into that of any notebook."""

    def written(match: re.Match) -> str:
        indent, _, name, argument, options, content = match.groups()
        if name == "eqcode":
            formula, _, note = content.partition("---\n")
            label = re.search(r":label: (\S+)", options)[1]
            return f"$$\n{formula.strip()}\n$$\n\n({label}, `{argument}`) {note.strip()}"
        if name == "admonition":
            lines = [f"**{argument}**", "", *(line.removeprefix(indent) for line in content.splitlines())]
            return "\n".join(f"{indent}> {line}".rstrip() for line in lines)
        if name == "literalinclude":
            thing = re.search(r":(?:pyobject|start-at): (.*)", options)
            return f"The code: `{argument.removeprefix('../')}`" + (f", from `{thing[1]}` on." if thing else ".")
        return match[0]

    return ROLE.sub(r"[\1]", FENCE.sub(written, f"{text}\n").rstrip("\n"))


def first_cell(forge: Forge | None) -> dict:
    """Return the cell that sees to the package."""
    text = "This notebook needs the package `minimal_order`: `pip install .` in a copy of its repository."
    if forge is None:
        return {"cell_type": "markdown", "id": "package", "metadata": {}, "source": text}
    code = f'try:\n    import minimal_order\nexcept ImportError:\n    %pip install -q "{forge.requirement()}"'
    return {
        "cell_type": "code",
        "id": "package",
        "metadata": {},
        "source": code,
        "outputs": [],
        "execution_count": None,
    }


def offer_notebook(app: "Sphinx", pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """Write the notebook of a page with code next to its source."""
    executed = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if doctree is None or "kernelspec" not in app.env.metadata[pagename] or not executed.is_file():
        return
    notebook = json.loads(executed.read_text("utf8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = plain("".join(cell["source"]))
    notebook["cells"].insert(0, first_cell(forge_of(app.config)))
    target = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf8")
    context["ipynb_source"] = f"{pagename}.ipynb"


def setup(app: "Sphinx") -> dict[str, Any]:
    """Register the step."""
    app.connect("html-page-context", offer_notebook, priority=400)  # before the theme draws its buttons
    return {"parallel_read_safe": True, "parallel_write_safe": True}
