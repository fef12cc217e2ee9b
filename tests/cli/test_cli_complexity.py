"""``minimal-order complexity``: its files, what was interrupted, and networks pruned from them."""

import csv
import io
import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from tiny_complexity import TINY

from minimal_order.cli import main
from minimal_order.complexity.hypernet_file import load
from minimal_order.experiments.complexity.parts import model_part
from minimal_order.networks.models import MLP


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("complexity")
    options = {key: value for key, value in TINY.items() if key not in ("dataset", "runs", "models")}
    words = [f"--{key.replace('_', '-')}={','.join(map(str, np.atleast_1d(value)))}" for key, value in options.items()]
    models = "--models=base,base-piecewise,variational-linear"
    arguments = ["complexity", "digits", "--runs=1", *words, models, "--jobs=1", f"--out={place / 'out'}"]
    assert main(arguments) == 0
    return place / "out", arguments


def test_files(folder):
    out, _ = folder
    for name in ("accuracy", "chosen", "terms", "history", "cost"):
        rows = list(csv.reader(io.StringIO((out / f"{name}.csv").read_text())))
        assert len(rows) > 1 and len({len(row) for row in rows}) == 1
    for name in ("surfaces", "pruned", "curves", "terms", "cost"):
        assert (out / f"{name}.png").stat().st_size > 5000
    assert load(out / "models" / "base-piecewise.npz", MLP((64, 50, 10), "relu")).dataset == "digits"
    assert not (out / "models" / "base.npz").exists()


def test_interrupted_run_goes_on(folder, monkeypatch):
    out, arguments = folder
    (out / "parts" / "base-000.npz").unlink()
    before = (out / "report.md").read_bytes()
    computed = []
    monkeypatch.setattr("minimal_order.experiments.complexity.run.model_part", record(computed))
    assert main(arguments) == 0
    assert computed == [("base", 0)]
    assert (out / "report.md").read_bytes() == before


def record(computed):
    def part(config, name, run):
        computed.append((name, run))
        return model_part(config, name, run)

    return part


def test_prune_command(folder, tmp_path, capsys):
    out, _ = folder
    hypernet = out / "models" / "variational-linear.npz"
    words = ["complexity", "prune", "--lam", "0.1", "--share", "0.8", "--hypernet", str(hypernet)]
    assert main([*words, "--test", "--out", str(tmp_path / "p.npz")]) == 0
    said = capsys.readouterr().out
    assert "2960 parameters removed, 800 left" in said and "accuracy on test: 0." in said
    with np.load(tmp_path / "p.npz") as pruned:
        assert np.count_nonzero(pruned["w"]) <= 800
        assert_array_equal(pruned["w"], load(hypernet).pruned(0.1, 0.8).w)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--lam", "0", "--share", ".5"], "lam = 0.0: expected a positive number"),
        (["--lam", "nan", "--share", ".5"], "lam = nan: expected a finite number"),
        (["--lam", "1", "--share", "nan"], "share = nan: expected shares from 0 to 1"),
        (["--lam", "1", "--share", ".5", "--test", "--folder", "x"], "option of digits = 'folder'"),
        (["--lam", "1e-4", "--share", ".5"], "lam = 0.0001: expected 0.01 ... 100"),
        (["--lam", "1", "--share", "1.5"], "share = 1.5: expected"),
        (["--lam", "1"], "required: --share"),
        (["--lam", "1", "--share", ".5", "--pre", "tensor"], "--pre: expected --per"),
        (["--lam", "1", "--share", ".5", "--per", "layer"], "per = 'layer'"),
    ],
)
def test_prune_refuses(folder, capsys, words, said, tmp_path):
    out, _ = folder
    hypernet = out / "models" / "variational-linear.npz"
    with pytest.raises(SystemExit) as end:
        main(["complexity", "prune", "--hypernet", str(hypernet), "--out", str(tmp_path / "p"), *words])
    assert end.value.code == 2 and said in capsys.readouterr().err
    assert not (tmp_path / "p").exists()


def test_prune_without_a_file(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["complexity", "prune", "--lam", "1", "--share", ".5"]
    for more, said in ((["--hypernet", "none.npz"], "none.npz"), ([], "`minimal-order complexity mnist` makes")):
        with pytest.raises(SystemExit):
            main([*words, *more])
        assert said in capsys.readouterr().err


def test_prune_says_which_lam_it_took(folder, tmp_path, capsys):
    hypernet = folder[0] / "models" / "variational-linear.npz"
    words = ["complexity", "prune", "--lam", "1e-9", "--share", "0", "--clamp", "--hypernet", str(hypernet)]
    assert main([*words, "--out", str(tmp_path / "p.npz")]) == 0
    assert "lam = 0.01: 0 parameters removed" in capsys.readouterr().out
    with np.load(tmp_path / "p.npz") as pruned:
        assert json.loads(str(pruned["description"]))["lam"] == 0.01
        assert_array_equal(pruned["w"], load(hypernet).pruned(0.01, 0).w)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["complexity"], "required: DATASET|prune"),
        (["complexity", "mnits"], "expected mnist"),
        (["complexity", "mnist", "--modles=base"], "--models"),
        (["complexity", "digits", "--lams", "0,1"], "lams"),
    ],
)
def test_command_refuses(capsys, words, said):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2 and said in capsys.readouterr().err
