"""Pages are made anew when what they show or run has changed, although their own text has not.

The results of executed pages are kept in one cache for each state of the package's code, so a changed formula
executes the pages again. A changed test or docstring makes them read again, without executing them.
"""

import ast
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

BOOK = Path(__file__).resolve().parents[1]
ROOT = BOOK.parent


def code_alone(path: Path) -> bytes:
    """Return what Python executes of a file, without comments and docstrings; of other files the bytes."""
    if path.suffix != ".py":
        return path.read_bytes()
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.dump(tree).encode()


def digest(paths: Iterable[Path], content: Callable[[Path], bytes] = Path.read_bytes) -> str:
    """Return a hash of the files' names and contents."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(content(path)).digest())
    return total.hexdigest()[:16]


def key_by_sources(app: Sphinx, config: Config) -> None:
    """Name the cache after what is run; Sphinx reads every page again when either of two settings differs."""
    package = list((ROOT / "minimal_order").rglob("*.py"))
    tests = list((ROOT / "tests").rglob("test_*.py"))
    tables = [p for p in BOOK.rglob("*") if p.suffix in (".csv", ".json", ".npz") and "_build" not in p.parts]
    folder = Path(app.outdir).parent / ".jupyter_cache"
    config.nb_execution_cache_path = str(folder / digest([*package, *tables], code_alone))
    config.shown_files = digest([*package, *tests, *(BOOK / "_ext").glob("*.py"), *BOOK.glob("*.bib")])
    for old in folder.glob("*"):
        if str(old) != config.nb_execution_cache_path:
            shutil.rmtree(old)
    # the kernels run the package that the pages show, not an older one installed elsewhere
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    # the products are small: threads would only wait for each other, and add numbers in an order of their own
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the step."""
    app.add_config_value("shown_files", "", "env", str)
    app.connect("config-inited", key_by_sources)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
