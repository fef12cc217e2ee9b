"""Experiment complexity: settings, parts, costs, claims, files and commands."""

import csv
import io
import json
import shlex
import weakref
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from minimal_order.claims.complexity import best_over_lam, judge
from minimal_order.claims.ledger import CONDITIONS, FAILS, HOLDS, UNTESTED
from minimal_order.cli import main
from minimal_order.complexity.hypernet_file import load, prune
from minimal_order.complexity.objectives import FAMILIES
from minimal_order.experiments.complexity import parts as work
from minimal_order.experiments.complexity.config import ComplexityConfig
from minimal_order.experiments.complexity.cost import MARGIN, first_look, network_operations, spent, step_cost
from minimal_order.experiments.complexity.models import LAMS, LEVELS, MODELS, QUICK, SETTINGS
from minimal_order.experiments.complexity.outcome import (
    ComplexityOutcome,
    accuracy_rows,
    chosen_rows,
    cost_rows,
    history_rows,
    terms_rows,
)
from minimal_order.experiments.complexity.parts import kinds_of, looks_of, model_part, seconds_part
from minimal_order.experiments.complexity.published import PUBLISHED
from minimal_order.experiments.complexity.run import complexity_parts
from minimal_order.experiments.complexity.runs import data_of, generator, start_of, steps_of
from minimal_order.freezing.operations import step_operations
from minimal_order.networks.models import MLP
from minimal_order.plots.complexity import figures
from minimal_order.reports.complexity import complexity_report, published_text, together_text
from minimal_order.reports.complexity_tables import following_table
from minimal_order.reports.text import mean_with_interval
from minimal_order.reproduce import complexity as reproduction
from minimal_order.reproduce.complexity import complexity_configs
from minimal_order.training.train import evaluate
from minimal_order.variational.gaussian import Normal

TINY = {
    "dataset": "digits",
    "runs": 2,
    "lams": (0.01, 1.0, 100.0),
    "levels": (0.0, 0.5, 0.8, 1.0),
    "epochs": 2,
    "hyper_epochs": 2,
    "knots": 3,
    "validation": 50,
    "objects": 250,
    "samples": 1,
    "repeats": 1,
}


def tiny(**changes):
    return ComplexityConfig(**TINY | changes)


@pytest.fixture(scope="module")
def outcome():
    config = tiny()
    results = [part.function(*part.arguments) for part in complexity_parts(config, None)]
    return ComplexityOutcome.assemble(config, results)


# --- settings -------------------------------------------------------------------------------------------


def test_nine_models():
    assert len(MODELS) == 9 == len(set(MODELS.values()))
    assert {spec.family for spec in MODELS.values()} == set(FAMILIES)
    assert set(PUBLISHED) == set(MODELS)


def test_defaults_of_mnist():
    config = ComplexityConfig("mnist")
    assert config.model == MLP((784, 50, 10), "relu") and config.model.n_params == 39_760
    assert (config.runs, config.epochs, config.hyper_epochs, config.batch_size) == (5, 25, 50, 256)
    assert config.lams == LAMS == (1e-3, 1e-2, 1e-1, 1, 10, 100)
    assert config.levels == LEVELS and LEVELS[0] == 0 and LEVELS[-1] == 0.98
    assert config.hypernet("piecewise").n_rows == 6 and config.hypernet("linear").n_rows == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"dataset": "mnits"}, "nearest: mnist"),
        ({"models": ("variationl",)}, "nearest: variational"),
        ({"models": ()}, "models"),
        ({"runs": 0}, "runs = 0"),
        ({"lams": (0.0, 1.0)}, "lams"),
        ({"lams": (1.0,)}, "lams"),
        ({"levels": (0.5, 1.2)}, "levels"),
        ({"rate": 0.0}, "rate"),
        ({"clip": -1.0}, "clip"),
        ({"knots": 1}, "knots = 1"),
        ({"knots": (0.01, 3.0)}, "knots"),
        ({"scale": "linear"}, "scale"),
        ({"sampling": "both"}, "sampling"),
        ({"prior_std": 0.0}, "prior_std"),
        ({"per": "layer"}, "per"),
        ({"pixels": "unti"}, "nearest: unit"),
        ({"validation": 0}, "validation = 0"),
        ({"dtype": "float16"}, "dtype"),
    ],
)
def test_wrong_settings(changed, said):
    with pytest.raises(ValueError, match=said):
        tiny(**changed)


def test_what_does_not_fit_the_data():
    for changed, said in (({"validation": 250}, "validation = 250"), ({"objects": 5000}, "objects = 5000")):
        with pytest.raises(ValueError, match=said):
            data_of(tiny(**changed))


def test_folder_is_no_setting():
    assert "folder" not in tiny(folder="/data").as_dict()


def test_command_makes_the_same_configuration(monkeypatch):
    config = tiny(biases=True, pixels="symmetric", knots=(0.01, 2.0, 100.0), per="network", clip=0.0)
    seen = {}
    monkeypatch.setattr("minimal_order.experiments.complexity.run.run_complexity", lambda c, *_: seen.update(c) or ())
    assert main(shlex.split(config.command())[1:]) == 0
    assert seen == {"digits": config}


# --- data and starts ------------------------------------------------------------------------------------


def test_data_in_three_parts():
    data = data_of(tiny())
    assert data.of.n_train == 200 and len(data.X_valid) == len(data.y_valid) == 50
    assert data.of.X_train.min() == 0 and data.of.X_train.max() == 1 and data.of.X_train.dtype == np.float32
    symmetric = data_of(tiny(pixels="symmetric"))
    assert_allclose(symmetric.of.X_train, 2 * data.of.X_train - 1, atol=1e-6)
    assert_allclose(symmetric.of.X_test, 2 * data.of.X_test - 1, atol=1e-6)
    rows = {row.tobytes() for row in data.of.X_train}
    assert not rows & {row.tobytes() for row in data.X_valid}


def test_every_purpose_and_run_has_a_stream_of_its_own():
    config = tiny()
    drawn = [generator(config, purpose, run).integers(2**62)
             for purpose in ("init", "batches", "noise", "lam", "terms") for run in (0, 1)]  # fmt: skip
    assert len(set(drawn)) == 10
    assert drawn[0] == generator(config, "init", 0).integers(2**62)


def test_settings_reach_the_training():
    config = tiny(prior_mean=0.5, prior_std=2.0, sampling="weights", draws=3, epochs=1, hyper_epochs=3)
    data = data_of(config)
    of = start_of(config, "reparameterised", 0, data.of).objective
    generated = start_of(config, "variational-linear", 0, data.of).objective
    assert generated.lams == 3
    for objective, family in ((of, "reparameterised"), (generated.of, "variational")):
        assert (objective.family, objective.prior, objective.sampling) == (family, Normal(0.5, 2.0), "weights")
    assert [steps_of(config, name, 200) for name in ("base", "base-linear")] == [3, 9]
    g, w = np.array([100.0]), np.zeros(1)
    for clip, moment in ((0.5, 0.5), (0.0, 100.0)):
        rule = tiny(clip=clip).rule
        _, state = rule.step(rule.init(w), g, w)
        assert state.m == moment


@pytest.mark.parametrize("name", MODELS)
def test_all_models_of_a_run_begin_as_one_network(name):
    config, data = tiny(), data_of(tiny())
    start = start_of(config, name, 1, data.of)
    theta = start.parameters(start.w, config.lams)
    assert theta.dtype == np.float32 and theta.shape[0] == 3
    means = config.family(name).means(theta)
    first = start_of(config, "base", 1, data.of).w
    assert_array_equal(means, first)
    assert (start_of(config, name, 0, data.of).w != start.w).any()
    if config.family(name).spread:
        assert_allclose(theta[:, config.model.n_params :], config.log_sigma)


# --- parts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["variational", "base-linear", "reparameterised-piecewise"])
def test_part_measures_what_it_trained(name):
    config, data = tiny(), data_of(tiny())
    found = model_part(config, name, 0)
    start = start_of(config, name, 0, data.of)
    means = config.family(name).means(start.parameters(found["w"], config.lams))
    sides = (data.X_valid, data.y_valid), (data.of.X_test, data.of.y_test)
    dense = [evaluate(config.model, means, X, y, "multiclass")[1] for X, y in sides]
    assert_allclose(found["accuracy"][:, :, 0], dense, atol=1e-6)
    assert_allclose(found["history"][-1], dense[0], atol=1e-6)
    assert found["looks"][-1] == looks_of(config, name, 200)[-1] == 2 * (200 // config.batch_size)
    assert np.isfinite(found["terms"]).all() and np.isfinite(found["accuracy"]).all()
    (fit, complexity, value), family = found["terms"], config.family(name)
    theta, lams = start.parameters(found["w"], config.lams).astype(float), np.array(config.lams)
    assert_allclose(value, family.objective(fit, theta, lams, config.prior), rtol=1e-6)
    weight = 1 if family.name == "reparameterised" else lams
    assert_allclose(value, fit - weight * complexity, rtol=1e-6)
    again = model_part(config, name, 0)
    assert all(np.array_equal(found[key], again[key]) for key in found)


def test_steps_on_the_way_are_not_kept(monkeypatch):
    """A step holds its backward pass: a few thousand of them would be gigabytes."""
    alive = []

    class Step:
        def __init__(self):
            self.w = np.zeros(1)
            alive.append(weakref.ref(self))

    def steps(*_, **__):
        while True:
            yield Step()
            assert sum(one() is not None for one in alive) <= 3

    monkeypatch.setattr(work, "descend", steps)
    config, data = tiny(), data_of(tiny())
    looks = np.array([2, 30, 60])
    assert len(list(work.training(config, start_of(config, "base", 0, data.of), data.of, 0, looks))) == 3


@pytest.mark.parametrize("options", [{}, {"per": "network"}, {"biases": True}], ids=str)
def test_share_is_taken_as_told(options):
    config, data = tiny(**options), data_of(tiny())
    theta = 0.1 + np.random.default_rng(0).standard_normal((3, 2 * config.model.n_params), np.float32)
    found = work.pruned_accuracy(config, "variational", theta, data)
    for i, share in enumerate(config.levels):
        w = prune(FAMILIES["variational"], config.model, theta, share, **{"per": "tensor", "biases": False} | options).w
        sides = (data.X_valid, data.y_valid), (data.of.X_test, data.of.y_test)
        expected = [evaluate(config.model, w, X, y, "multiclass")[1] for X, y in sides]
        assert_allclose(found[:, :, i], expected, atol=1e-6)


def test_diverged_network_is_left_out():
    config, data = tiny(), data_of(tiny())
    theta = np.zeros((3, config.model.n_params), np.float32)
    theta[1, 0] = np.nan
    found = work.pruned_accuracy(config, "base", theta, data)
    assert np.isnan(found[:, 1]).all() and np.isfinite(found[:, [0, 2]]).all()


def test_seconds_of_every_kind():
    config = tiny(models=("base", "base-linear"))
    assert kinds_of(config) == [("base", 0), ("base-linear", 0), ("base", 1)]
    assert (seconds_part(config)["seconds"] > 0).all()


# --- costs ----------------------------------------------------------------------------------------------


def test_operations_of_a_step():
    config = tiny()
    model, S = config.model, config.batch_size
    p = model.n_params
    plain = step_operations(model, np.ones(p), S, "multiclass").total
    assert step_cost(config, "base", 1) == plain + 2 * p
    assert step_cost(config, "base") == 3 * step_cost(config, "base", 1)
    one = network_operations(model, S, spread=True)
    assert 2 * S * (64 * 50 + 50 * 10) < one - network_operations(model, S, spread=False) < 4 * S * (64 * 50 + 50 * 10)
    assert step_cost(config, "variational-piecewise") == 5 * (one + 2 * 3 * 2 * p) + 7 * 3 * 2 * p
    assert step_cost(replace(config, sampling="weights"), "variational") < step_cost(config, "variational")


def test_operations_that_a_q_adds():
    """By hand for 4-3-2 and 5 objects: p = 15 + 8; what is drawn is 5 units for each object, or the weights."""
    model, S, p = MLP((4, 3, 2), "relu"), 5, 23
    plain = network_operations(model, S, spread=False)
    products = S * p + S * p + S * 3 * 2  # variances, their gradients, back through the hidden layer
    assert network_operations(model, S, spread=True) - plain == products + S * (4 + 3) + S * (3 + 2) * (4 + 3) + 6 * p
    assert network_operations(model, S, spread=True, sampling="weights") - plain == 6 * p


def test_steps_until_equally_good():
    looks = np.array([1, 2, 4])
    direct = np.array([[[0.2, 0.5], [0.8, 0.6], [0.9, 0.6]]])  # (runs, looks, lams)
    hyper = np.array([[[0.9, 0.1], [0.5, 0.6], [0.9 - MARGIN / 2, 0.6]]])
    found = spent(direct, looks, hyper, 10 * looks)
    assert_array_equal(found.direct, [[4, 2]])
    assert_array_equal(found.hyper, [40])
    assert_array_equal(found.reached, [2])
    never = spent(direct, looks, hyper - 0.1, looks)
    assert_array_equal(never.hyper, [np.inf])
    assert_array_equal(first_look(np.array([[False, True], [True, False]]), looks[:2]), [2, 1])


def test_saving_and_break_even(outcome):
    for name in outcome.rivals:
        steps = outcome.spent(name)
        direct = step_cost(outcome.config, outcome.direct_of(name), 1) * steps.direct.sum(axis=1)
        expected = direct / (step_cost(outcome.config, name) * steps.hyper)
        assert_allclose(outcome.saving(name), expected)
        finite = np.isfinite(outcome.break_even(name))
        assert_allclose(outcome.break_even(name)[finite], 3 / expected[finite])
    assert_allclose(outcome.budget("base-linear"), 3 * step_cost(outcome.config, "base", 1)
                    / step_cost(outcome.config, "base-linear"))  # fmt: skip


# --- outcome --------------------------------------------------------------------------------------------


def test_lam_is_chosen_on_objects_held_out(outcome):
    for name, accuracy in outcome.accuracy.items():
        for run in range(2):
            for j in range(4):
                best = accuracy[run, 0, :, j].argmax()
                assert outcome.chosen(name)[run, j] == best
                assert outcome.test_at_chosen(name)[run, j] == accuracy[run, 1, best, j]


def test_share_of_all_still_predicts(outcome):
    for accuracy in outcome.accuracy.values():
        assert np.all(accuracy[..., -1] < 0.3) and np.all(accuracy[..., -1] > 0)


def test_tables(outcome):
    n = 9 * 3 * 4
    assert len(list(accuracy_rows(outcome))) == 2 * n
    assert len(list(chosen_rows(outcome))) == 9 * 4 * 2
    assert len(list(terms_rows(outcome))) == 9 * 3 * 2
    assert len(list(history_rows(outcome))) == 3 * sum(map(len, outcome.looks.values()))
    assert len(list(cost_rows(outcome))) == 6 * 3 * 2


def test_report_and_figures(outcome):
    text = complexity_report("digits", outcome)
    assert "## What it costs" in text and "variational-piecewise" in text and "published" not in text
    assert len(dict(figures(outcome))) == 5


def test_report_beside_the_published_table(outcome):
    as_mnist = replace(outcome, config=replace(outcome.config, dataset="mnist"))
    text = complexity_report("mnist", as_mnist)
    assert "| .8714" in text or "0.8714" in text
    value, lam = best_over_lam(outcome, "base", 0.5)
    assert value == outcome.accuracy["base"][:, 1, :, 1].mean(axis=0).max() and lam in outcome.config.lams


def test_report_names_what_is_below_the_published(outcome):
    config = replace(outcome.config, dataset="mnist")
    published = [value for one in PUBLISHED.values() for level, value in one.items() if level in config.levels]

    def text(accuracy):
        return published_text(replace(outcome, config=config, accuracy=accuracy))

    good = {name: np.ones_like(values) for name, values in outcome.accuracy.items()}
    assert "None is below theirs." in text(good) and "seldom lit" not in text(good)
    found = text(good | {"variational": np.zeros_like(good["variational"])})
    assert "Below theirs: variational at 50%, variational at 80%." in found and "seldom lit" not in found
    found = text(good | {"base-linear": np.zeros_like(good["base-linear"])})
    assert "Below theirs: base-linear at 50%, base-linear at 80%. Pixels in [0, 1]" in found
    assert len(published) == 18 and found.count("| -") == 2


def test_how_far_networks_follow_lam(outcome):
    rows = [line.strip("| ").split("|") for line in following_table(outcome).splitlines()[2:]]
    cells = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}
    for name in MODELS:
        dense, complexity = outcome.accuracy[name][:, 1, :, 0].mean(axis=0), outcome.terms[name][:, 1].mean(axis=0)
        assert float(cells[name][0]) == pytest.approx(dense.max() - dense.min(), abs=1e-4)
        assert float(cells[name][1]) == pytest.approx(complexity[0] / complexity[2], rel=0.01)
        if name in outcome.rivals:
            gain = outcome.terms[name][:, 2] - outcome.terms[MODELS[name].family][:, 2]
            assert cells[name][2:] == [mean_with_interval(gain[:, i]) for i in (0, 2)]
        else:
            assert len(cells[name]) == 2 or cells[name][2:] == ["", ""]


def test_seconds_that_are_left_where_direct_networks_train_together():
    outcome = made(0.0)
    seconds = outcome.seconds | {("base", 1): 1.0, ("base", 0): 1.5, ("base-linear", 0): 6.0}
    # steps 40 of each direct network, 2 of a hypernetwork: 3 * 40 / (2 * 6), and with half of the direct seconds
    text = together_text(replace(outcome, seconds=seconds))
    assert "base-linear from 10.00 to 5.00" in text
    slow = {kind: 1.0 if kind[1] else 1e6 for kind in seconds}
    assert together_text(replace(outcome, seconds=slow)) == ""


def test_report_without_the_network_that_nothing_is_removed_from():
    """Shares removed that leave 0 out: what is about accuracy with nothing removed is left open, after the training."""
    outcome = made(0.0)
    config = replace(outcome.config, levels=(0.5, 0.8, 1.0))
    accuracy = {name: values[..., 1:] for name, values in outcome.accuracy.items()}
    outcome = replace(outcome, config=config, accuracy=accuracy)
    text = complexity_report("digits", outcome)
    assert "follow lam" not in text.partition("## What it costs")[0]
    assert [claim.verdict for claim in judge({"digits": outcome})[:3]] == [UNTESTED, UNTESTED, HOLDS]


def test_some_models_only():
    config = tiny(models=("base",), runs=1)
    results = [part.function(*part.arguments) for part in complexity_parts(config, None)]
    outcome = ComplexityOutcome.assemble(config, results)
    assert outcome.rivals == [] and outcome.files() == {}
    assert "no hypernetwork" in complexity_report("digits", outcome)
    assert list(dict(figures(outcome))) == ["surfaces", "pruned", "curves", "terms"]


# --- claims ---------------------------------------------------------------------------------------------


def made(shift, steps_of_hyper=2):
    """An outcome of three starts: accuracy of the direct networks, and that of the others shifted."""
    config = tiny(runs=3)
    rng = np.random.default_rng(0)
    accuracy, history, looks = {}, {}, {}
    for name, spec in MODELS.items():
        base = {"variational": 0.9, "reparameterised": 0.85, "base": 0.5}[spec.family]
        level = np.array([0.95, 0.945, base, 0.1]) + (shift if spec.is_hypernet else 0)
        accuracy[name] = level + 1e-4 * rng.standard_normal((3, 2, 3, 4))
        history[name] = np.tile([[0.2], [0.95]], (3, 1, 3)) + (shift if spec.is_hypernet else 0)
        looks[name] = np.array([1, steps_of_hyper if spec.is_hypernet else 40])
    terms = {name: np.ones((3, 3, 3)) for name in MODELS}
    w = dict.fromkeys(MODELS, np.zeros(1))
    return ComplexityOutcome(config, accuracy, terms, looks, history, w, dict.fromkeys(kinds_of(config), 1.0))


@pytest.mark.parametrize(
    ("outcome_of", "verdicts"),
    [
        (lambda: made(0.0), (HOLDS, HOLDS, HOLDS)),
        (lambda: made(-0.1), (HOLDS, FAILS, FAILS)),
        (lambda: made(0.0, 4000), (HOLDS, FAILS, HOLDS)),
    ],
    ids=["alike and cheap", "worse", "alike but dear"],
)
def test_verdicts(outcome_of, verdicts):
    claims = judge({"toy": outcome_of()})
    assert tuple(claim.verdict for claim in claims[:3]) == verdicts
    assert claims[3].verdict == UNTESTED


@pytest.mark.parametrize(("level", "accuracy"), [(1, 0.9), (2, 0.45)], ids=["loses by half", "below base at 80 %"])
def test_variational_network_that_cannot_be_pruned(level, accuracy):
    outcome = made(0.0)
    outcome.accuracy["variational"][..., level] = accuracy
    assert judge({"toy": outcome})[0].verdict == FAILS


def test_verdict_under_conditions():
    outcome = made(0.0)
    for name in ("base-linear", "base-piecewise"):
        outcome.accuracy[name][...] -= 0.1
    claims = judge({"toy": outcome})
    assert [claim.verdict for claim in claims[:3]] == [HOLDS, CONDITIONS, CONDITIONS]


def test_few_starts_decide_nothing(outcome):
    assert {claim.verdict for claim in judge({"digits": outcome})} == {UNTESTED}


# --- files and commands ---------------------------------------------------------------------------------


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


def test_quick_settings_are_settings():
    assert set(QUICK) <= set(ComplexityConfig.__dataclass_fields__)
    assert set(SETTINGS) == {"mnist", "cifar10", "digits", "cifar10-subset"}


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
