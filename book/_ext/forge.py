"""What leads to the repository: links to it appear when its address is set in _config.yml, and nothing before.

Notebooks are made by the build, so Binder and Colab find them where the built site is published: on the branch
``notebooks_branch`` of the same repository, with what Binder is to install.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

BINDER, COLAB = "https://mybinder.org/v2", "https://colab.research.google.com"
BUTTONS = ("repository", "edit_page", "issues")


class Forge(NamedTuple):
    """Where the repository is, the branch of its sources, and the branch with the built site."""

    url: str
    branch: str
    site: str

    def lines(self, path: str, first: int, last: int | None = None) -> str:
        """Return the address of lines of a file."""
        return f"{self.url}/blob/{self.branch}/{path}#L{first}" + (f"-L{last}" if last else "")

    def requirement(self) -> str:
        """Return what pip installs the package from."""
        return f"minimal_order @ git+{self.url}@{self.branch}"

    def launchers(self, page: str) -> dict[str, str]:
        """Return the address under which each service opens the notebook of a page."""
        notebook, where = f"_sources/{page}.ipynb", urlsplit(self.url)
        if where.netloc != "github.com":  # the only one that Colab can read
            return {"Binder": f"{BINDER}/git/{quote(self.url, safe='')}/{self.site}?labpath={notebook}"}
        return {
            "Binder": f"{BINDER}/gh{where.path}/{self.site}?labpath={notebook}",
            "Colab": f"{COLAB}/github{where.path}/blob/{self.site}/{notebook}",
        }


def forge_of(config: "Config") -> Forge | None:
    """Return where the repository is, if that is set."""
    options = config.html_theme_options
    url = (options.get("repository_url") or "").rstrip("/").removesuffix(".git")
    return Forge(url, options.get("repository_branch") or "main", config.notebooks_branch) if url else None


def set_links(app: "Sphinx", config: "Config") -> None:
    """Show the theme's own links to the repository, or none of them."""
    config.html_theme_options |= {f"use_{kind}_button": forge_of(config) is not None for kind in BUTTONS}


def add_launchers(app: "Sphinx", pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """Offer to open a page that can be downloaded as a notebook on the services that run it."""
    forge = forge_of(app.config)
    if forge and context.get("ipynb_source"):
        logos = {"Binder": "_static/images/logo_binder.svg", "Colab": "_static/images/logo_colab.png"}
        buttons = [
            {"type": "link", "text": name, "tooltip": f"Launch on {name}", "icon": logos[name], "url": url}
            for name, url in forge.launchers(pagename).items()
        ]
        group = {"type": "group", "tooltip": "Run this page", "icon": "fas fa-rocket", "label": "launch-buttons"}
        context["header_buttons"].append(group | {"buttons": buttons})


def write_requirements(app: "Sphinx", error: Exception | None) -> None:
    """Tell Binder what to install beside the notebooks."""
    forge = forge_of(app.config)
    if forge and error is None and app.builder.format == "html":
        (Path(app.outdir) / "requirements.txt").write_text(f"{forge.requirement()}\n", "utf8")


def setup(app: "Sphinx") -> dict[str, Any]:
    """Register the steps."""
    app.add_config_value("notebooks_branch", "gh-pages", "html", str)
    app.connect("config-inited", set_links)
    app.connect("html-page-context", add_launchers, priority=502)  # after the theme's own buttons
    app.connect("build-finished", write_requirements)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
