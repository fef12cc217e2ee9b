"""``minimal-order select``: its folder, with one process or two, whole or interrupted."""

import csv
import shlex
import shutil

import numpy as np
import pytest
from folders import contents

from minimal_order.cli import main
from minimal_order.experiments.select.config import QUICK

COMMAND = shlex.split("select boston --orders random,magnitude --runs 6 --levels 0,.5,1 --eta0 5 --eta1 5")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("select") / "out"
    assert main([*COMMAND, "--jobs", "1", "--out", str(folder)]) == 0
    return folder


def test_folder_is_complete(whole):
    files = set(contents(whole))
    tables = {"quality.csv", "pruned.csv", "joint.csv", "speed.csv", "select.npz", "report.md", "config.json"}
    figures = {f"{name}.{suffix}" for name in ("quality", "pruned", "joint", "speed") for suffix in ("png", "svg")}
    parts_ = {
        f"parts/{name}.npz" for name in ("runs-000-004-000", "runs-005-005-000", "speed-000-004", "speed-005-005")
    }
    assert tables | figures | parts_ <= files
    with open(whole / "quality.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 6 * 2 and all(np.isfinite(float(row["metric"])) for row in rows)


def test_two_processes_write_the_same_bytes(whole, tmp_path):
    assert main([*COMMAND, "--jobs", "2", "--out", str(tmp_path / "out")]) == 0
    assert contents(tmp_path / "out") == contents(whole)


def test_interrupted_run_goes_on(whole, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(whole, folder)
    for lost in ("parts/runs-005-005-000.npz", "parts/speed-000-004.npz", "report.md", "joint.png"):
        (folder / lost).unlink()
    kept = {path.name: path.stat().st_mtime_ns for path in (folder / "parts").glob("*.npz")}
    assert main([*COMMAND, "--jobs", "1", "--out", str(folder)]) == 0
    assert contents(folder) == contents(whole)
    assert {name: (folder / "parts" / name).stat().st_mtime_ns for name in kept} == kept


def test_quick_version_is_announced(capsys, tmp_path):
    command = ["select", "boston", "--quick", "--orders", "random", "--jobs", "1", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert f"eta0 = {QUICK['eta0']}" in said and "wrote" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["select", "xor"], "dataset = 'xor'"),
        (["select", "boston", "--order", "random"], "--order: expected --orders"),
        (["select", "boston", "--batch-size", "500"], "batch_size = 500"),
    ],
)
def test_mistakes_are_told_in_one_line(capsys, tmp_path, words, said):
    with pytest.raises(SystemExit) as stop:
        main([*words, "--out", str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count("\n") == 1 and said in error
    assert not (tmp_path / "out").exists()
