"""A book that needs no other host: MathJax from its npm package, links to the forge only when asked for."""

import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

MATHJAX = "mathjax@3.2.2"
PARTS = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts", "a11y", "sre", "ui")
VENDOR = Path(__file__).resolve().parents[1] / "_build" / "vendor"


def vendor_mathjax(folder: Path) -> Path:
    """Put the needed parts of MathJax's npm package into ``folder/mathjax``, once, and return ``folder``.

    Raises
    ------
    ExtensionError : when npm is not installed or cannot fetch the package.
    """
    if not (folder / "mathjax" / PARTS[0]).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.which("npm") is None:
            raise ExtensionError(f"npm is not installed: the book takes {MATHJAX} through it; install Node.js")
        command = ["npm", "pack", MATHJAX, "--silent"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if run.returncode:
            raise ExtensionError(f"{' '.join(command)} failed: {run.stderr.strip() or run.stdout.strip()}")
        archive = folder / run.stdout.split()[-1]
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        fetched = folder / "package" / "es5"
        (folder / "mathjax").mkdir(exist_ok=True)
        for part in reversed(PARTS):  # the script itself last: it tells that the rest is there
            kept = folder / "mathjax" / part
            kept.parent.mkdir(parents=True, exist_ok=True)
            if kept.is_dir():
                shutil.rmtree(kept)
            shutil.move(fetched / part, kept)
        shutil.rmtree(folder / "package")
        archive.unlink()
    return folder


def use_vendored(app: Sphinx, config: Config) -> None:
    """Point the pages to the vendored MathJax."""
    config.html_static_path.append(str(vendor_mathjax(VENDOR)))
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
