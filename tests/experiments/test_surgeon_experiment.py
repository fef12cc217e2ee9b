"""Experiment ``surgeon``: its training against a closed form, its counting by hand, its files as promised."""

from dataclasses import replace

import numpy as np
import oracles
import pytest
from small import small_dataset, small_model

from minimal_order.cli import main
from minimal_order.data.loading import load
from minimal_order.experiments.surgeon.config import CRITERIA, MONKS, WAYS, XOR_DECAY, XORS, SurgeonConfig, criteria
from minimal_order.experiments.surgeon.monk import MonkOutcome, monk_part
from minimal_order.experiments.surgeon.outcome import against, assemble_surgeon, surgeon_parts
from minimal_order.experiments.surgeon.training import fit, steepest, value
from minimal_order.experiments.surgeon.xor import XorOutcome, xor_outcome, xor_part
from minimal_order.networks.losses import logistic, squared_error
from minimal_order.networks.models import linear
from minimal_order.pruning.hessian import full_gauss_newton
from minimal_order.reports.surgeon import surgeon_files
from minimal_order.runs.parallel import run_groups
from minimal_order.training.penalty import PenalisedLoss

XOR, MONK = next(iter(XORS)), "MONK-2, 17-2-1"
TINY = SurgeonConfig(
    xors=(XOR,), monks=(MONK,), starts=3, xor_steps=600, draws=3, restarts=2, monk_steps=240, retrain_steps=2
)


@pytest.fixture(scope="module")
def parts():
    groups = {"surgeon": surgeon_parts(TINY)}
    ((_, found),) = run_groups(groups, progress=False)
    return found


def test_training_reaches_the_bottom():
    """Ridge regression of three runs against its normal equations."""
    data, model, decay = small_dataset("regression", runs=(3,)), linear(3), 0.1
    objective = PenalisedLoss(model, squared_error, decay)
    rngs = [np.random.default_rng(i) for i in range(3)]
    w = fit(objective, data, np.zeros((3, 2, 3)), rngs, 6000)
    for i in range(3):
        X, y = data.X_train[i], data.y_train[i]
        expected = np.linalg.solve(X.T @ X / len(y) + decay * np.eye(3), X.T @ y / len(y))
        np.testing.assert_allclose(w[i], [expected, expected], atol=1e-6)
        lowest = ((X @ expected - y) ** 2).mean() + decay * expected @ expected
        np.testing.assert_allclose(value(objective, w, data)[i], lowest, rtol=1e-9)
    assert steepest(objective, w, data).max() < 1e-5
    assert steepest(objective, w + 1, data).min() > 0.1


def test_training_keeps_what_is_removed_at_zero():
    data, model = small_dataset("regression"), linear(3)
    beta = np.array([1.0, 0.0, 1.0])
    objective = PenalisedLoss(model, squared_error, 0.0)
    w = fit(objective, data, beta.copy(), np.random.default_rng(0), 6000, beta)
    X = data.X_train[:, [0, 2]]
    np.testing.assert_allclose(w[[0, 2]], np.linalg.lstsq(X, data.y_train, rcond=None)[0], atol=1e-6)
    assert w[1] == 0


def test_surgeon_alone_deletes_the_right_weight_of_the_exclusive_or():
    """SPEC section 8: 20 starts, each weight deleted and the others trained on."""
    config = SurgeonConfig.quick(xor_steps=12_000)
    xor = xor_outcome(XOR, xor_part(config, XOR))
    assert len(xor.w) == 20
    assert xor.judged.sum() >= 18
    assert xor.right("obs").all()
    assert 8 <= xor.right("obd").sum() < xor.judged.sum()
    assert xor.right("obd").sum() < xor.right("magnitude").sum() < xor.judged.sum()
    assert (xor.price[xor.judged] > 0).all()
    assert xor.regret("obs").max() == 0
    # a saliency is what the loss would grow by if it were quadratic: the best one is of the size of the truth
    best = xor.price[xor.judged].min(axis=-1)
    ratio = xor.saliency["obs"][xor.judged].min(axis=-1) / best
    assert 0.3 < np.median(ratio) < 1.5
    # and the curvature is that of the penalised loss
    data, objective, start = load("xor"), PenalisedLoss(*XORS[XOR], XOR_DECAY), np.flatnonzero(xor.judged)[0]

    def gradient(w):
        g = np.empty_like(w)
        objective.gradient(w, data.X_train, data.y_train, g)
        return g

    H, w = oracles.central_differences(gradient, xor.w[start]), xor.w[start]
    np.testing.assert_allclose(xor.saliency["obd"][start], np.diag(H) * w**2 / 2, rtol=1e-5)
    np.testing.assert_allclose(xor.saliency["obs"][start], w**2 / (2 * np.diag(np.linalg.inv(H))), rtol=1e-4)


def test_criteria_are_of_the_penalised_loss():
    """eq:taylor, eq:obd and eq:obs of mean loss + decay ||w||^2, whose Hessian is taken by differences."""
    data, model, decay = small_dataset("binary"), small_model("binary"), 0.3
    objective = PenalisedLoss(model, logistic, decay)
    w = model.init(np.random.default_rng(0))

    def gradient(w):
        g = np.empty_like(w)
        objective.gradient(w, data.X_train, data.y_train, g)
        return g

    h = np.diag(oracles.central_differences(gradient, w))
    G = full_gauss_newton(model, logistic, w, data.X_train, data.y_train) + 2 * decay * np.eye(len(w))
    expected = {
        "magnitude": abs(w),
        "taylor": abs(-gradient(w) * w + h * w**2 / 2),
        "obd": h * w**2 / 2,
        "obd, Gauss-Newton": np.diag(G) * w**2 / 2,
        "obs": w**2 / (2 * np.diag(np.linalg.inv(G))),
    }
    compared = criteria(model, logistic, data, decay, np.random.default_rng(1))
    assert list(compared) == list(CRITERIA) == ["random", *expected]
    for name, saliency in expected.items():
        state = compared[name].look(w, np.ones(w.shape, bool))
        np.testing.assert_allclose(compared[name].saliency(state, w), saliency, rtol=1e-6, err_msg=name)


def test_right_and_regret_by_hand():
    price = np.array([[1.0, 2.0, 4.0], [3.0, 1.0, 1.005], [9.0, 9.0, 1.0], [2.0, 1.0, 1.0]])
    scores = np.array([[0.0, 5.0, 5.0], [5.0, 5.0, 1.0], [5.0, 5.0, 1.0], [1.0, 2.0, 3.0]])
    yes = np.ones(4, bool)
    xor = XorOutcome("", np.zeros((4, 3)), yes, np.array([True, True, False, True]), price, {"obs": scores})
    assert xor.judged.tolist() == [True, True, False, True]
    assert xor.picks("obs").tolist() == [0, 2, 0]
    assert xor.right("obs").tolist() == [True, True, False]  # half a per cent more is as good
    np.testing.assert_allclose(xor.regret("obs"), [0, 0, 1])


def test_removed_is_counted_to_the_first_fall():
    train = np.array([[0.9, 0.95, 0.9, 0.8, 0.9], [1, 1, 1, 1, 1], [0.9, 0.8, 0.9, 0.9, 0.9]])
    test = np.arange(15).reshape(3, 5) / 100
    quality = np.stack([train, test], axis=-1)
    monk = MonkOutcome(MONK, {("obs", "anew"): quality, ("magnitude", "anew"): quality[::-1]})
    assert monk.removed("obs", "anew").tolist() == [2, 4, 0]
    np.testing.assert_allclose(monk.test_accuracy("obs", "anew"), [0.02, 0.09, 0.10])
    np.testing.assert_allclose(monk.whole, quality[:, 0])
    difference = against(monk, ("obs", "anew"), ("magnitude", "anew"))
    assert difference.value == pytest.approx(0) and difference.covers(0)


def test_every_way_starts_at_the_whole_network_and_ends_at_nothing(parts):
    found = parts[0]
    paths = [found[f"{criterion}/{way}"] for criterion in CRITERIA for way in WAYS]
    p = MONKS[MONK].model.n_params
    for path in paths:
        assert path.shape == (3, p + 1, 2)
        np.testing.assert_array_equal(path[:, 0], paths[0][:, 0])
    end = [path[:, -1] for path in paths]  # only the output 0, which stands for the class 0
    np.testing.assert_allclose([one[:, 1] for one in end], 1 - 142 / 432)
    np.testing.assert_array_equal(found["magnitude/once"], found["magnitude/anew"])  # nothing else moves
    assert (found["obs/anew"] != found["obs/once"]).any()


def test_parts_depend_on_the_seed_alone(parts):
    again = monk_part(TINY, MONK)
    for key, values in parts[0].items():
        np.testing.assert_array_equal(again[key], values)
    other = monk_part(replace(TINY, seed=1), MONK)
    assert any((other[key] != values).any() for key, values in parts[0].items())


def test_files_hold_every_number(parts):
    files = surgeon_files(assemble_surgeon(TINY, parts))
    rows = {name: text.splitlines() for name, text in files.items()}
    assert len(rows["xor.csv"]) == 1 + 3 * 9
    assert len(rows["picks.csv"]) == 1 + 3
    assert len(rows["monk.csv"]) == 1 + len(CRITERIA) * len(WAYS)
    assert len(rows["paths.csv"]) == 1 + len(CRITERIA) * len(WAYS) * 40
    report = files["report.md"]
    assert "From 3 draws only" in report and "nan" not in report.replace("undefined", "")
    assert f"### {MONK}" in report


def test_command_writes_what_it_says(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(SurgeonConfig, "quick", classmethod(lambda cls, seed: replace(TINY, seed=seed)))
    main(["surgeon", "--quick", "--jobs", "1", "--out", str(tmp_path)])
    said = capsys.readouterr().out
    expected = {"config.json", "report.md", *(f"{name}.csv" for name in ("xor", "picks", "monk", "paths"))}
    expected |= {f"{name}.{suffix}" for name in ("xor", "monk", "paths") for suffix in ("png", "svg")}
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == expected
    assert "| MONK-2, 17-2-1 |" in said and "wrote" in said
    report = (tmp_path / "report.md").read_bytes()
    main(["surgeon", "--quick", "--jobs", "1", "--out", str(tmp_path)])  # from the finished parts
    assert (tmp_path / "report.md").read_bytes() == report


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"xors": ("sigmoid",)}, "xors = 'sigmoid'"),
        ({"monks": ("MONK-4",)}, "monks = 'MONK-4'"),
        ({"xors": ()}, r"xors = \(\): expected one network or more"),
        ({"draws": 1}, "draws = 1: expected a whole number, 2 or more"),
        ({"xor_steps": 5}, "xor_steps = 5"),
        ({"seed": -1}, "seed = -1"),
        ({"restarts": 1.5}, "restarts = 1.5"),
    ],
)
def test_wrong_settings_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        SurgeonConfig(**changes)
