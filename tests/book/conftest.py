"""What the tests of the book's making share."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))


def pytest_addoption(parser):
    parser.addoption("--every-notebook", action="store_true", help="run the notebooks of all pages, not of a few")


def pytest_generate_tests(metafunc):
    if "notebook" in metafunc.fixturenames:
        folder = ROOT / "book" / "_build" / "html" / "_sources"
        few = ["intro", "stability"] if not metafunc.config.getoption("--every-notebook") else ["*"]
        found = sorted(path for name in few for path in folder.rglob(f"{name}.ipynb"))
        metafunc.parametrize("notebook", found or [pytest.param(None, id="none")], ids=lambda path: path.stem)
