"""``minimal-order relevance`` and ``noise``: their folders, with one process or two, whole or interrupted."""

import csv
import shlex
import shutil

import pytest
from folders import contents

from minimal_order.cli import main

COMMANDS = {
    "relevance": shlex.split("relevance wine --orders random,obs --runs 6 --levels 0,.5,1 --steps 30 --retrain 1"),
    "noise": shlex.split("noise wine --orders random,obd --runs 6 --levels 0,.5,1 --steps 30 --noises .5,1 --draws 3"),
}


@pytest.fixture(scope="module", params=COMMANDS)
def whole(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "out"
    command = COMMANDS[request.param]
    assert main([*command, "--jobs", "1", "--out", str(folder)]) == 0
    return command, folder


def test_folder_is_complete(whole):
    command, folder = whole
    tables, figures = {
        "relevance": ({"quality.csv", "means.csv"}, ("quality", "train", "rest")),
        "noise": ({"noise.csv"}, ("heatmap", "surface", "first-order")),
    }[command[0]]
    pictures = {f"{name}.{suffix}" for name in figures for suffix in ("png", "svg")}
    parts = {"parts/runs-000-004.npz", "parts/runs-005-005.npz"}
    assert set(contents(folder)) == tables | pictures | parts | {"report.md", "config.json"}
    with open(folder / sorted(tables)[-1]) as file:
        rows = list(csv.DictReader(file))
    assert rows and not any(value == "nan" for row in rows for value in row.values())


def test_two_processes_write_the_same_bytes(whole, tmp_path):
    command, folder = whole
    assert main([*command, "--jobs", "2", "--out", str(tmp_path / "out")]) == 0
    assert contents(tmp_path / "out") == contents(folder)


def test_interrupted_run_goes_on(whole, tmp_path):
    command, folder = whole
    again = tmp_path / "out"
    shutil.copytree(folder, again)
    for lost in ("parts/runs-005-005.npz", "report.md"):
        (again / lost).unlink()
    kept = (again / "parts/runs-000-004.npz").stat().st_mtime_ns
    assert main([*command, "--jobs", "1", "--out", str(again)]) == 0
    assert contents(again) == contents(folder)
    assert (again / "parts/runs-000-004.npz").stat().st_mtime_ns == kept


PLUGIN = """
from minimal_order.freezing.masks import by_score
from minimal_order.orders import order


@order("largest_first", "largest |w| first")
def largest_first(run, rng):
    return by_score(-abs(run.w))
"""


def test_orders_of_ones_own_take_part(orders_table, tmp_path, capsys):
    (tmp_path / "own.py").write_text(PLUGIN)
    command = f"relevance wine --quick --orders largest_first,random --runs 2 --steps 30 --plugin {tmp_path / 'own.py'}"
    assert main([*shlex.split(command), "--jobs", "1", "--out", str(tmp_path / "out")]) == 0
    assert "largest_first" in capsys.readouterr().out
    assert "--plugin own.py" in (tmp_path / "out" / "report.md").read_text("utf8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["relevance", "mnist"], "dataset = 'mnist'"),
        (["relevance", "wine", "--order", "random"], "--order: expected --orders"),
        (["relevance", "wine", "--batch-size", "500"], "batch_size = 500"),
        (["noise", "wine", "--noises", "0,1"], "noises = "),
        (["noise", "boston", "--orders", "belsley_given"], "orders = belsley_given"),
    ],
)
def test_mistakes_are_told_in_one_line(capsys, tmp_path, words, said):
    with pytest.raises(SystemExit) as stop:
        main([*words, "--out", str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count("\n") == 1 and said in error
    assert not (tmp_path / "out").exists()
