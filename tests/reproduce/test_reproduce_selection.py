"""What the reproduction of the talk on selection runs."""

from minimal_order.reproduce import selection as reproduction


def test_reproduction_tells_all(monkeypatch, tmp_path):
    monkeypatch.setattr(reproduction, "REPRODUCED", ("boston",))
    monkeypatch.setattr(reproduction, "QUICK", {"runs": 3, "levels": (0.0, 0.5, 1.0), "eta0": 5, "eta1": 5})
    found = list(reproduction.reproduce_selection(tmp_path, quick=True, jobs=1, progress=False))
    assert [name for name, _, _ in found] == ["boston", "oracle", "report"]
    assert all(path.exists() for _, _, paths in found for path in paths)
    assert [claim.id for claim in found[-1][1]] == ["b1", "b2", "b3", "b4"]
    report = (tmp_path / "report.md").read_text("utf8")
    assert "minimal-order reproduce selection --quick --seed 0" in report and "From 3 runs only" in report
