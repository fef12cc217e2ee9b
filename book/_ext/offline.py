"""A book that needs no other host: MathJax from its npm package."""

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


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the step."""
    app.connect("config-inited", use_vendored)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
