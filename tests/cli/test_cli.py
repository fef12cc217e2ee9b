import os
import shlex
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from folders import contents
from threadpoolctl import threadpool_info

import minimal_order
from minimal_order.cli import main, ordering
from minimal_order.cli.program import build_parser, execute
from minimal_order.data.loading import available
from minimal_order.experiments.freeze.config import QUICK, SETTINGS, FreezeConfig
from minimal_order.orders import ORDERS
from minimal_order.runs.store import Store

ROOT = Path(minimal_order.__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
TINY = shlex.split(
    "freeze synthetic3 --set n_train=200 --set n_test=100 --orders random,magnitude"
    " --runs 1 --t0 5 --t1 5 --levels 0,.5 --jobs 1"
)


def refused(capsys, arguments, *expected):
    """Check that a command ends with code 2 and one line that says so; return the line."""
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert end.value.code == 2
    assert out == ""
    assert err.startswith("minimal-order: ") and err.endswith("\n") and err.count("\n") == 1
    for words in expected:
        assert words in err
    return err


# --- what was asked for does not exist


# fmt: off
WRONG = [
    # words of the command                          what the line says
    (["freeze", "bostn"],                           ["dataset = 'bostn'", "nearest: boston"]),
    (["freeze", "wine"],                            ["dataset = 'wine'", "one that the paper has"]),
    (["freeze"],                                    ["required: DATASET"]),
    (["freeze", "boston", "mnist"],                 ["mnist: expected"]),
    (["freze", "boston"],                           ["command = 'freze'", "expected freeze"]),
    ([],                                            ["required: command"]),
    (["reproduce", "orderin"],                      ["DOCUMENT = 'orderin'", "expected ordering"]),
    (["freeze", "boston", "--orders", "randm"],     ["orders = 'randm'", "nearest: random"]),
    (["freeze", "boston", "--orders", "lasso"],     ["orders = lasso", "needs a linear model"]),
    (["freeze", "boston", "--run", "3"],            ["--run: expected", "--runs"]),
    (["freeze", "boston", "--rtae=3"],              ["--rtae=3: expected", "--rate"]),
    (["reproduce", "--quik"],                       ["--quik: expected --quick"]),
    (["course", "check", "--tsk", "kl"],            ["--tsk: expected --task"]),
    (["complexity", "digits", "--nots", "6"],       ["--nots: expected --knots"]),
    (["list", "--runs", "3"],                       ["--runs: expected"]),
    (["freeze", "boston", "--optimizer", "adagrad"], ["optimizer = 'adagrad'", "adam"]),
    (["freeze", "boston", "--vary", "inti"],        ["vary = 'inti'", "nearest: init"]),
    (["freeze", "boston", "--covariance", "full"],  ["covariance = 'full'", "running, batch"]),
    (["freeze", "boston", "--dtype", "float16"],    ["dtype = 'float16'", "float32"]),
    (["freeze", "boston", "--t0", "plato"],         ["t0 = 'plato'", "nearest: plateau"]),
    (["freeze", "boston", "--t0", "published"],     ["nothing usable is published for boston"]),
    (["freeze", "boston", "--set", "tets_size=9"],  ["option of boston = 'tets_size'", "nearest: test_size"]),
    # values out of range
    (["freeze", "boston", "--runs", "0"],           ["runs = 0: expected a whole number, 1 or more"]),
    (["freeze", "boston", "--runs", "x"],           ["--runs", "'x'"]),
    (["freeze", "boston", "--runs"],                ["--runs", "expected one argument"]),
    (["freeze", "boston", "--levels", "0,1.5"],     ["levels = (0.0, 1.5): expected shares in [0, 1]"]),
    (["freeze", "boston", "--levels", "-.5"],       ["levels = (-0.5,): expected shares in [0, 1]"]),
    (["freeze", "boston", "--levels=-.5"],          ["levels = (-0.5,): expected shares in [0, 1]"]),
    (["freeze", "boston", "--levels", "nan"],       ["levels = (nan,): expected shares in [0, 1]"]),
    (["freeze", "boston", "--levels", "a"],         ["--levels", "'a': expected numbers such as 0,.5,1"]),
    (["freeze", "boston", "--levels", ""],          ["--levels: '': expected numbers such as 0,.5,1"]),
    (["select", "boston", "--prune-by", ","],       ["--prune-by: ',': expected a word or more"]),
    (["freeze", "boston", "--t0", "0"],             ["t0 = 0: expected a step, 1 or more"]),
    (["freeze", "boston", "--t0", "-3"],            ["t0 = -3: expected a step, 1 or more"]),
    (["freeze", "boston", "--t0", "1.5"],           ["t0 = '1.5'", "plateau"]),
    (["freeze", "boston", "--t1", "0"],             ["t1 = 0: expected a whole number, 1 or more"]),
    (["freeze", "boston", "--batch-size", "1"],     ["batch_size = 1", "one object has no covariance"]),
    (["freeze", "boston", "--batch-size", "406"],   ["batch_size = 406", "2..405"]),
    (["freeze", "boston", "--rate", "nan"],         ["rate = nan: expected a positive finite number"]),
    (["freeze", "boston", "--rate", "inf"],         ["rate = inf: expected a positive finite number"]),
    (["freeze", "boston", "--rate", "-1"],          ["rate = -1.0: expected a positive finite number"]),
    (["freeze", "boston", "--keep", "0"],           ["keep = 0: expected"]),
    (["freeze", "boston", "--collect-from", "0"],   ["collect_from = 0: expected"]),
    (["freeze", "boston", "--collect-from", "9", "--t0", "8"], ["collect_from = 9", "1 ... t0 = 8"]),
    (["freeze", "boston", "--seed", "-1"],          ["seed = -1: expected a whole number, 0 or more"]),
    (["freeze", "boston", "--jobs", "0"],           ["jobs = 0: expected at least 1"]),
    (["freeze", "boston", "--scheduler", "here"],   ["scheduler = here: expected an address"]),
    (["freeze", "boston", "--set", "test_size"],    ["--set", "'test_size': expected NAME=VALUE"]),
    (["freeze", "boston", "--set", "test_size=506"], ["test_size = 506: expected"]),
    (["freeze", "boston", "--set", "seed=3"],       ["data = seed=3: expected an argument of the data set"]),
    (["freeze", "boston", "--set", "scaling=max"],  ["scaling = 'max'", "nearest: "]),
    (["freeze", "synthetic3", "--set", "noise=nan"], ["noise = nan: expected"]),
    (["freeze", "synthetic3", "--set", "n_features=9"], ["sizes[0] = 200: expected the data's 9 features"]),
    (["freeze", "synthetic3", "--set", "n_train=50"], ["batch_size = 64", "2..50"]),
    (["freeze", "boston", "--plugin", "none.py"],   ["plugin = none.py: expected a Python file"]),
    (["list", "--plugin", "none.py"],               ["plugin = none.py: expected a Python file"]),
    # the other commands
    (["settings", "--runs", "0"],                   ["runs = 0: expected"]),
    (["settings", "--seed", "-1"],                  ["seed = -1: expected"]),
    (["settings", "--jobs", "0"],                   ["jobs = 0: expected at least 1"]),
    (["settings", "--scheduler", "here"],           ["scheduler = here: expected an address"]),
    (["cost", "--seed", "-1"],                      ["seed = -1: expected"]),
    (["cost", "--jobs", "-7"],                      ["jobs = -7: expected at least 1"]),
    (["reproduce", "--seed", "-1"],                 ["seed = -1: expected"]),
    (["reproduce", "--jobs", "0"],                  ["jobs = 0: expected at least 1"]),
    (["reproduce", "--plugin", "none.py"],          ["plugin = none.py: expected a Python file"]),
]
# fmt: on


@pytest.mark.parametrize("words, expected", WRONG, ids=lambda case: " ".join(case)[:60])
def test_wrong_input_is_one_line_and_code_2_and_no_folder(capsys, tmp_path, monkeypatch, words, expected):
    monkeypatch.chdir(tmp_path)
    refused(capsys, words, *expected)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words, expected",
    [
        ("freeze bostn", "dataset = 'bostn': expected one of the known names; nearest: boston"),
        ("freeze boston --rate nan", "rate = nan: expected a positive finite number"),
        ("freeze synthetic3 --batch-size 2001", "batch_size = 2001: expected a whole number in 2..2000"),
    ],
    ids=["unknown", "nan", "batch"],
)
def test_wrong_input_to_the_program(tmp_path, words, expected):
    command = [sys.executable, "-m", "minimal_order", *words.split()]
    done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"minimal-order: {expected}") and done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


# --- the folder for the results


def test_out_is_a_file(capsys, tmp_path):
    (tmp_path / "out").write_text("mine")
    line = refused(capsys, [*TINY, "--out", tmp_path / "out"], "expected a folder that can be written")
    assert f"out = {tmp_path / 'out'}: " in line
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("command", ["settings", "cost", "reproduce"])
def test_out_of_the_other_commands_is_a_file(capsys, tmp_path, command):
    (tmp_path / "out").write_text("mine")
    refused(capsys, [command, "--quick", "--out", tmp_path / "out"], "expected a folder that can be written")


def test_out_cannot_be_written(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    refused(capsys, [*TINY, "--out", tmp_path / "file" / "out"], "expected a folder that can be written")
    refused(capsys, [*TINY, "--out", "/proc/out"], "out = /proc/out: expected a folder that can be written")
    refused(capsys, [*TINY, "--out", tmp_path / ("x" * 300)], "expected a folder that can be written")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_out_is_read_only(capsys, tmp_path):
    (tmp_path / "out").mkdir(mode=0o500)
    refused(capsys, [*TINY, "--out", tmp_path / "out"], "expected a folder that can be written")


def test_out_holds_something_else(capsys, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    refused(capsys, [*TINY, "--out", tmp_path], "expected a new folder", "holds thesis.tex")
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_out_holds_results_of_another_configuration(capsys, tmp_path):
    store = Store.open(tmp_path / "out", FreezeConfig("boston", seed=3).as_dict())
    store.save("runs-000-004", {"loss": np.ones(3)})
    before = contents(tmp_path)
    words = ["freeze", "boston", "--seed", "4", "--out", tmp_path / "out"]
    line = refused(capsys, words, "were made with others")
    assert "seed: 3 -> 4" in line and "rate" not in line
    assert contents(tmp_path) == before


# --- options


def config_of(words):
    return ordering.freeze_config(build_parser().parse_args(words.split()))


def test_every_setting_has_its_option():
    config = config_of(
        "freeze synthetic3 --orders random,oracle --runs 4 --levels 0,.25,1 --t0 7 --t1 8 --batch-size 9"
        " --rate .01 --optimizer momentum --vary init,data --covariance batch --collect-from 2 --keep 3 --seed 5"
        " --dtype float64 --set n_train=30 --set noise=.5 --set scale_y=false --set scaling=none"
    )
    assert config == FreezeConfig(
        dataset="synthetic3",
        orders=("random", "oracle"),
        runs=4,
        levels=(0.0, 0.25, 1.0),
        t0=7,
        t1=8,
        batch_size=9,
        rate=0.01,
        optimizer="momentum",
        vary=("data", "init"),
        covariance="batch",
        collect_from=2,
        keep=3,
        seed=5,
        dtype="float64",
        data={"n_train": 30, "noise": 0.5, "scale_y": False, "scaling": "none"},
    )


@pytest.mark.parametrize("dataset", SETTINGS)
def test_no_option_is_the_default(dataset):
    assert config_of(f"freeze {dataset}") == FreezeConfig(dataset)


def test_quick_is_smaller_and_gives_way_to_what_is_said():
    assert config_of("freeze boston --quick") == FreezeConfig("boston", **QUICK)
    changed = QUICK | {"runs": 7, "t0": "plateau"}
    assert config_of("freeze boston --quick --runs 7 --t0 plateau") == FreezeConfig("boston", **changed)


def test_words_may_have_spaces_and_trailing_commas():
    arguments = build_parser().parse_args(["freeze", "boston", "--orders", "random, magnitude,"])
    assert ordering.freeze_config(arguments).orders == ("random", "magnitude")


@pytest.mark.parametrize("command", ["", "list", "freeze", "settings", "cost", "reproduce"])
def test_help(capsys, command):
    with pytest.raises(SystemExit) as end:
        main([*command.split(), "--help"])
    assert end.value.code == 0
    assert "usage: minimal-order" in capsys.readouterr().out


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"minimal-order {minimal_order.__version__}\n"


# --- commands


def test_list_names_everything_there_is(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    data, orders = out.split("\nOrders\n")
    for name, source in available().items():
        (row,) = [line for line in data.splitlines() if line.startswith(f"| {name} ")]
        assert source.task in row and str(source.n_objects) in row and source.licence in row
        assert ("MLP(" in row) == (name in SETTINGS)
        if name in SETTINGS:
            assert f"{SETTINGS[name].model().n_params} parameters" in row
    for name, order in ORDERS.items():
        (row,) = [line for line in orders.splitlines() if line.startswith(f"| {name} ")]
        assert order.summary in row and order.equation in row


def test_freeze_writes_its_files_and_names_them(capsys, tmp_path):
    assert main([*TINY, "--out", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    assert "t0 = 5, t1 = 5, 1 run;" in out
    assert "| random " in out and "| magnitude " in out
    (line,) = [line for line in out.splitlines() if line.startswith("wrote ")]
    folder, names = line.removeprefix("wrote ").split("/: ")
    assert folder == str(tmp_path / "out")
    written = {path.name for path in (tmp_path / "out").iterdir()} - {"parts"}
    assert set(names.split(", ")) == written
    figures = {f"{name}.{kind}" for name in ("loss", "alpha", "orders") for kind in ("png", "svg")}
    assert {"loss.csv", "stability.csv", "alpha.npz", "report.md"} | figures <= written
    assert "training: 100%" in err and "Traceback" not in err


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_everything_that_diverges_is_reported_not_raised(capsys, tmp_path):
    options = shlex.split("--optimizer sgd --rate 1e30 --runs 3 --t0 9 --out")
    assert main([*TINY, *options, str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if line.startswith("| ")][1:]
    assert all(row.count("diverged") == 3 and "nan" not in row for row in rows) and len(rows) == 2
    assert "3 of 3 runs diverged" in (tmp_path / "out" / "report.md").read_text()
    steps = {line.rsplit(",", 1)[1] for line in (tmp_path / "out" / "loss.csv").read_text().splitlines()[1:]}
    assert all(1 < int(step) <= 9 for step in steps)


def test_interrupt_is_one_line_too(capsys, monkeypatch):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(ordering, "do_list", interrupted)
    assert main(["list"]) == 130
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "the same command goes on" in err


def test_error_of_several_lines_is_put_on_one(capsys, monkeypatch):
    def failing(arguments):
        raise ValueError("first line\n  second line")

    monkeypatch.setattr(ordering, "do_list", failing)
    assert refused(capsys, ["list"]) == "minimal-order: first line second line\n"


def test_error_names_the_part_it_comes_from(capsys, monkeypatch):
    def fail(*_):
        error = ValueError("w = nan: expected a number")
        error.add_note("in part runs-000-004")
        raise error

    monkeypatch.setattr("minimal_order.cli.program.check_workers", fail)
    with pytest.raises(SystemExit) as stopped:
        main(["freeze", "boston"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "minimal-order: w = nan: expected a number in part runs-000-004\n"


def test_beside_workers_linear_algebra_has_one_thread_and_afterwards_those_it_had():
    threads, seen = (lambda: [library["num_threads"] for library in threadpool_info()]), []
    before = threads()
    execute(Namespace(jobs=1, scheduler=None, run=lambda arguments: seen.append(threads())))
    execute(Namespace(run=lambda arguments: seen.append(threads())))
    assert before and seen == [[1] * len(before), before] and threads() == before
