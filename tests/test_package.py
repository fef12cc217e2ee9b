"""The package as it is shipped: built, checked, complete, light to import, nothing in it from elsewhere."""

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"scipy", "sklearn", "matplotlib", "joblib", "tqdm", "pandas", "distributed"}


def run(*command, **options):
    """Run a command and return what it printed; a failure shows all that it said."""
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def committed():
    """Return the committed files, or of an unpacked archive all of its files."""
    if not (ROOT / ".git").exists():
        return [path for path in ROOT.rglob("*") if path.is_file() and not {".venv", "_build"} & set(path.parts)]
    return [ROOT / name for name in run("git", "ls-files", "-z", cwd=ROOT).split("\0") if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """The sdist and the wheel that is built from it."""
    out = tmp_path_factory.mktemp("dist")
    local = ["--no-isolation"] if importlib.util.find_spec("hatchling") else []
    run(sys.executable, "-m", "build", *local, "--outdir", out, ROOT)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return sdist, wheel


def test_archives_pass_twine(archives):
    run(sys.executable, "-m", "twine", "check", "--strict", *archives)


def test_wheel_holds_code_data_and_licence(archives):
    with zipfile.ZipFile(archives[1]) as wheel:
        names = set(wheel.namelist())
        metadata = next(wheel.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
    files = [path.relative_to(ROOT) for path in committed()]
    package = {str(path) for path in files if path.parts[0] == "minimal_order"}
    data = {f"minimal_order/_data/{path.name}" for path in files if path.parts[0] == "data"}
    tables = {
        f"minimal_order/_results/{Path(*path.parts[2:])}" for path in files if path.parts[:2] == ("book", "results")
    }
    assert data and tables
    assert names >= package | data | tables | {"minimal_order/py.typed"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "Requires-Python: >=3.11" in metadata
    assert not [name for name in names if name.startswith(("tests/", "book/", "data/"))]


def test_wheel_holds_assignments_for_students_and_no_solution(archives):
    with zipfile.ZipFile(archives[1]) as wheel:
        bundles = {name for name in wheel.namelist() if name.startswith("minimal_order/course/bundles/")}
        text = "".join(wheel.read(name).decode() for name in bundles if name.endswith(".json"))
        course = {name for name in wheel.namelist() if "course/" in name or "assignments/" in name}
        assert {name for name in course if not name.endswith(".py")} == bundles  # and code, but no master
    stems = {Path(name).stem for name in bundles}
    assert stems >= {"assignment4", "project"}
    assert bundles == {f"minimal_order/course/bundles/{stem}.{suffix}" for stem in stems for suffix in ("json", "npz")}
    assert "NotImplementedError" in text
    assert "BEGIN SOLUTION" not in text
    assert "def hidden" not in text


def test_sdist_holds_what_a_reader_needs(archives):
    with tarfile.open(archives[0]) as sdist:
        names = {name.split("/", 1)[1] for name in sdist.getnames() if "/" in name}
    wanted = {"README.md", "LICENSE", "CITATION.cff", "CHANGELOG.md", "pyproject.toml", "book/_toc.yml"}
    assert names >= wanted | {"book/_ext/labels.py", "tests/test_package.py", "data/boston.csv"}
    assert not [name for name in names if "_build" in name]


def test_wheel_alone_loads_its_data(archives, tmp_path):
    with zipfile.ZipFile(archives[1]) as wheel:
        wheel.extractall(tmp_path)
    code = (
        "import minimal_order.data.loading as data; boston = data.load('boston');"
        "print(data.__file__, len(boston.y_train) + len(boston.y_test))"
    )
    environment = {"PYTHONPATH": str(tmp_path)}
    place, n_objects = run(sys.executable, "-P", "-c", code, cwd=tmp_path, env=environment).split()
    assert Path(place).is_relative_to(tmp_path)
    assert n_objects == "506"


def test_commands_exist():
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="minimal-order")
    assert callable(command.load())
    assert "freeze" in run(sys.executable, "-m", "minimal_order", "--help", cwd=ROOT)


def test_version_is_the_same_everywhere():
    import minimal_order

    for file, pattern in {"pyproject.toml": r'^version = "(.*)"', "CITATION.cff": r"^version: (.*)"}.items():
        found = re.search(pattern, (ROOT / file).read_text("utf8"), re.MULTILINE)
        assert found[1] == minimal_order.__version__, file


def test_import_leaves_heavy_libraries_out():
    code = "import sys, minimal_order; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    assert not HEAVY & set(run(sys.executable, "-c", code, cwd=ROOT).split())


def test_no_file_names_a_registry_or_a_folder_of_this_machine():
    # put together here, so that this file does not name them
    registries = [
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
    ]
    foreign = re.compile("|".join(map(re.escape, [*registries, str(ROOT)])).encode())
    found = {
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in committed()
        for match in foreign.finditer(path.read_bytes())
    }
    assert not found
