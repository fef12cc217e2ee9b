import csv
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from tiny import tiny

from minimal_order.cli import main
from minimal_order.experiments.freeze.branches import freeze_part
from minimal_order.experiments.freeze.config import FreezeConfig
from minimal_order.experiments.freeze.runs import generator
from minimal_order.experiments.plugins import read_plugins
from minimal_order.freezing.masks import by_score, rank_of
from minimal_order.orders import ORDERS, load_plugin

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
(EXAMPLE,) = [block for block in re.findall(r"```python\n(.*?)```", README, re.S) if "@mo.order" in block]
FREEZE = shlex.split("freeze synthetic3 --set n_train=200 --set n_test=100 --runs 6 --levels 0,.5,1 --t0 20 --t1 10")

pytestmark = pytest.mark.usefixtures("orders_table")


@pytest.fixture
def plugin(tmp_path):
    """Write the README's worked example to a file."""
    path = tmp_path / "my_order.py"
    path.write_text(EXAMPLE)
    return path


def refused(capsys, words, *expected):
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    err = capsys.readouterr().err
    (line,) = [line for line in err.splitlines() if line.startswith("minimal-order: ")]
    assert end.value.code == 2
    assert "Traceback" not in err
    for text in expected:
        assert text in line
    return err


# --- the worked example of the README


def test_example_is_the_one_that_is_promised():
    assert '@mo.order("distance", "what moved least since the start, first")' in EXAMPLE
    assert "def distance(run, rng):\n    return mo.by_score(abs(run.w - run.w_start))" in EXAMPLE


def test_example_appears_in_the_list(capsys, plugin):
    assert main(["list", "--plugin", str(plugin)]) == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| distance ")]
    assert "what moved least since the start, first" in row


def test_example_appears_in_every_table_and_figure_from_two_processes(capsys, plugin, tmp_path):
    out = tmp_path / "out"
    options = f"--orders random,distance --plugin {plugin} --jobs 2 --out {out}"
    assert main(FREEZE + options.split()) == 0
    assert "| distance " in capsys.readouterr().out
    with open(out / "loss.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["order"] == "distance"]
    assert len(rows) == 3 * 6 * 2 and all(np.isfinite(float(row["loss"])) for row in rows)
    with open(out / "stability.csv") as file:
        assert "distance" in {row["order"] for row in csv.DictReader(file)}
    with np.load(out / "alpha.npz") as file:
        assert "alpha_hat/init,batches/distance" in file.files
    assert "| distance " in (out / "report.md").read_text()
    assert "--plugin my_order.py" in (out / "report.md").read_text()
    assert "<!-- distance -->" in (out / "orders.svg").read_text()
    assert '"my_order.py": "' in (out / "config.json").read_text()


def test_without_being_asked_for_it_is_among_the_orders(plugin):
    config = FreezeConfig("boston", plugins=tuple(read_plugins([plugin])))
    assert "distance" in config.orders and "random" in config.orders


def test_its_ranks_are_those_of_its_function(plugin):
    plugins = tuple(read_plugins([plugin]))
    config = tiny(orders=("distance",), plugins=plugins)
    del ORDERS["distance"]  # as in another process
    part = freeze_part(config, 20, (0, 1))
    for i in range(2):
        start, end = config.model.init(generator(config, "init", i, config.vary)), part["w/init,batches"][i]
        rank = part["rank/init,batches/distance"][i]
        np.testing.assert_array_equal(rank, rank_of(by_score(abs(end - start))))


def test_order_of_the_package_may_be_told_apart_from_a_plugins(plugin):
    assert load_plugin(plugin) == ["distance"]
    assert ORDERS["distance"].plugin == str(plugin)
    assert {order.plugin for name, order in ORDERS.items() if name != "distance"} == {""}


def test_text_of_a_plugin_is_part_of_the_configuration(capsys, plugin, tmp_path):
    """Results of another version of the file in the same folder would be a mixture."""
    before = FreezeConfig("boston", plugins=tuple(read_plugins([plugin]))).as_dict()
    plugin.write_text(EXAMPLE.replace("abs(run.w - run.w_start)", "abs(run.w)"))
    assert FreezeConfig("boston", plugins=tuple(read_plugins([plugin]))).as_dict() != before


# --- files that do not do


IMPORT = "import minimal_order as mo\n"
HEAD = IMPORT + "@mo.order('mine', 'a test')\ndef mine(run, rng):\n    "


@pytest.mark.parametrize(
    "text, expected",
    [
        ("def broken(:\n", ["SyntaxError", "line 1"]),
        ("import minimal_order\n1 / 0\n", ["ZeroDivisionError: division by zero"]),
        ("import nowhere_to_be_found\n", ["ModuleNotFoundError", "nowhere_to_be_found"]),
        ("raise SystemExit(0)\n", ["SystemExit"]),
        ("raise ValueError('one\\ntwo')\n", ["ValueError: one two"]),
        ("x = 1\n", ["a file that enters an order"]),
        (IMPORT + "@mo.order('no name', '')\ndef f(run, rng): pass\n", ["name = 'no name'"]),
        (IMPORT + "@mo.order('f', '', needs=('w',))\ndef f(run, rng): pass\n", ["needs = 'w'", "w_star"]),
    ],
)
def test_file_that_does_not_run(capsys, tmp_path, text, expected):
    path = tmp_path / "bad.py"
    path.write_text(text)
    for words in (["list"], ["freeze", "boston", "--out", tmp_path / "out"]):
        err = refused(capsys, [*words, "--plugin", path], f"plugin = {path}: expected", *expected)
        assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_file_that_is_none(capsys, tmp_path):
    (tmp_path / "data.py").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, tmp_path / "none.py", tmp_path / "data.py"):
        refused(capsys, ["list", "--plugin", path], f"plugin = {path}: expected a Python file")


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(
    "body, expected",
    [
        ("return run.w", ["array of shape (200,): expected a permutation of 0 ... 199"]),
        ("return [0, 1, 1]", ["array of shape (3,): expected a permutation of 0 ... 199"]),
        (
            "return rng.integers(200, size=200)",
            ["array of shape (200,): expected a permutation of 0 ... 199"],
        ),
        ("return run.no_such_thing", ["AttributeError", "no_such_thing"]),
        ("return 1 / 0", ["ZeroDivisionError"]),
    ],
    ids=["floats", "short", "repeated", "attribute", "division"],
)
def test_order_that_fails_at_run_time_is_named_with_its_file(capsys, tmp_path, body, expected, jobs):
    path = tmp_path / "mine.py"
    path.write_text(HEAD + body + "\n")
    options = f"--orders mine --jobs {jobs} --plugin {path} --out {tmp_path / 'out'}"
    refused(capsys, FREEZE + options.split(), f"order 'mine' of {path}", *expected)
