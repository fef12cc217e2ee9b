"""What the reproduction of the talk on relevance runs."""

from minimal_order.experiments.noise.config import NoiseConfig
from minimal_order.experiments.relevance.config import RelevanceConfig
from minimal_order.experiments.surgeon.config import MONKS, XORS, SurgeonConfig
from minimal_order.reproduce import relevance as reproduction


def test_reproduction_tells_all(monkeypatch, tmp_path):
    less = {"runs": 1, "levels": (0.0, 0.5, 1.0), "steps": 30, "orders": ("random", "obd", "belsley")}
    monkeypatch.setattr(reproduction, "SETTINGS", ("wine",))
    monkeypatch.setattr(RelevanceConfig, "QUICK", less)
    monkeypatch.setattr(NoiseConfig, "QUICK", less | {"noises": (0.5, 1.0), "draws": 3})
    steps = {"xor_steps": 600, "monk_steps": 60, "retrain_steps": 1}
    small = SurgeonConfig(tuple(XORS)[:1], tuple(MONKS)[:1], starts=3, draws=2, restarts=1, **steps)
    monkeypatch.setattr(reproduction.SurgeonConfig, "quick", classmethod(lambda cls, seed: small))
    found = list(reproduction.reproduce_relevance(tmp_path, quick=True, jobs=1, progress=False))
    names = [name for name, _, _ in found]
    assert names[0] == "belsley-toy" and names[-1] == "report"
    assert set(names) == {"belsley-toy", "wine", "boston-no-decay", "noise-wine", "surgeon", "report"}
    assert all(path.exists() for _, _, paths in found for path in paths)
    assert [claim.id for claim in found[-1][1]] == ["c1", "c2", "c3"]
    report = (tmp_path / "report.md").read_text("utf8")
    assert "minimal-order reproduce relevance --quick --seed 0" in report and "From 1 run only" in report


def test_reproduction_runs_every_set_and_boston_without_a_penalty_too():
    configs = reproduction.relevance_configs(quick=False, seed=4)
    assert list(configs)[:5] == ["wine", "boston", "synthetic", "synthetic-drawn", "boston-no-decay"]
    assert configs["boston-no-decay"].decay == 0 and configs["boston"].decay > 0
    assert all(config.runs == 25 and config.seed == 4 for config in configs.values())
