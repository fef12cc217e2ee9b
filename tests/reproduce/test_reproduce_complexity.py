"""What the reproduction of the talk on hypernetworks runs, and where CIFAR-10 cannot be."""

import pytest
from tiny_complexity import tiny

from minimal_order.cli import main
from minimal_order.experiments.complexity.config import ComplexityConfig
from minimal_order.reproduce import complexity as reproduction
from minimal_order.reproduce.complexity import complexity_configs


def test_reproduction(tmp_path, monkeypatch):
    config = tiny(runs=1, models=("base", "base-linear"))
    monkeypatch.setattr(reproduction, "complexity_configs", lambda *_: {"digits": config})
    small = {"runs": 2, "steps": 100, "pieces": (2,), "knots": (2, 4)}
    monkeypatch.setattr(reproduction, "QUICK_CONVERGENCE", small)
    found = {name: result for name, result, _ in reproduction.reproduce_complexity(tmp_path, quick=True, jobs=1)}
    assert list(found) == ["convergence", "digits", "report"]
    assert [claim.id for claim in found["report"]] == ["d1", "d2", "d3", "d4"]
    text = (tmp_path / "report.md").read_text("utf8")
    assert "decides nothing" in text and "[digits](digits/report.md)" in text
    with pytest.raises(ValueError, match="plugin"):
        list(reproduction.reproduce_complexity(tmp_path, plugins=(("a", "b"),)))


def test_what_is_reproduced():
    assert list(complexity_configs(True, 0)) == ["digits"]
    assert list(complexity_configs(False, 3)) == ["mnist"]
    whole = complexity_configs(False, 3, "/data/cifar10")
    assert whole["cifar10"].folder == "/data/cifar10" and whole["mnist"] == ComplexityConfig("mnist", seed=3)


@pytest.mark.parametrize(
    "words, said",
    [
        ("selection --cifar10 .", "--cifar10 = .: expected complexity only"),
        ("complexity --quick --cifar10 .", "cifar10 = .: expected nothing with --quick"),
        ("complexity --cifar10 /nowhere", "data_batch_1.bin"),
    ],
)
def test_cifar10_where_it_cannot_be(tmp_path, capsys, words, said):
    with pytest.raises(SystemExit) as stopped:
        main(["reproduce", *words.split(), "--out", str(tmp_path / "out")])
    assert stopped.value.code == 2 and said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
