"""A book that needs no other host: MathJax from its npm package, links to the forge only when asked for."""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from vendor import vendor

MATHJAX = "mathjax@3.2.2"
PARTS = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts", "a11y", "sre", "ui")


def use_vendored(app: Sphinx, config: Config) -> None:
    """Point the pages to the vendored MathJax."""
    try:
        folder = vendor(MATHJAX, PARTS, inside="es5")
    except RuntimeError as error:
        raise ExtensionError(str(error)) from error
    config.html_static_path.append(str(folder.parent))
    config.mathjax_path = f"mathjax/{PARTS[0]}"


def set_forge_links(app: Sphinx, config: Config) -> None:
    """Show what leads to the repository when its address is set in _config.yml, and nothing of it before."""
    options = config.html_theme_options
    known = bool(options.get("repository_url"))
    options.update({f"use_{kind}_button": known for kind in ("repository", "edit_page", "issues")})
    if not known:
        options["launch_buttons"] = {}


def offer_notebook(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """Let a page with code be downloaded as a notebook, next to its source."""
    notebook = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if doctree is not None and "kernelspec" in app.env.metadata[pagename] and notebook.is_file():
        target = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(notebook, target)
        context["ipynb_source"] = f"{pagename}.ipynb"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the steps."""
    app.connect("config-inited", use_vendored)
    app.connect("config-inited", set_forge_links)
    app.connect("html-page-context", offer_notebook, priority=400)  # before the theme draws its buttons
    return {"parallel_read_safe": True, "parallel_write_safe": True}
