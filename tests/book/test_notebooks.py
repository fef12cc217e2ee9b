"""The notebooks that the pages offer run where nothing but the wheel is installed: no checkout, no tables.

A few in the usual run, all with ``pytest tests/book --every-notebook``; build the book first.
"""

import importlib.util
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """A folder with what the wheel installs, and nothing else."""
    out = tmp_path_factory.mktemp("wheel")
    local = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", *local, "--wheel-dir", out, ROOT]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(out / "installed")
    return out / "installed"


def test_notebook_runs_against_the_wheel(notebook, package, tmp_path, monkeypatch):
    assert notebook, "no notebooks: jupyter-book build book"
    book = nbformat.read(notebook, as_version=4)
    book.cells.append(nbformat.v4.new_code_cell("import minimal_order\nprint(minimal_order.__file__)"))
    monkeypatch.setenv("PYTHONPATH", str(package))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # as the build has it
    where = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(book, timeout=300, kernel_name="python3", resources=where).execute()
    assert Path(book.cells[-1].outputs[0].text.strip()).is_relative_to(package)


def test_notebook_is_plain_markdown(notebook):
    book = nbformat.read(notebook, as_version=4)
    nbformat.validate(book)
    text = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    assert not re.findall(r"\{(?:eqcode|admonition|literalinclude|cite[:\w]*|eq|doc)\}.*", text)
