"""Where what the theme writes tells a screen reader something wrong."""

from typing import Any

from sphinx.application import Sphinx


def name_entries(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """Make the entries of the bibliography items of its list; their own role is no longer allowed in one."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the step."""
    app.connect("html-page-context", name_entries)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
