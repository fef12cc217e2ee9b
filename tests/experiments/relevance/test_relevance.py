"""Experiments relevance and noise: what their parts compute, how they are put together, claims, files, commands."""

import csv
import shlex
import shutil

import numpy as np
import pytest
from small import small_dataset

from minimal_order.claims import relevance as claims
from minimal_order.claims.ledger import FAILS, HOLDS, UNTESTED
from minimal_order.claims.relevance import Evidence
from minimal_order.cli import main
from minimal_order.data import synthetic
from minimal_order.data.loading import load
from minimal_order.dependence.belsley import decompose
from minimal_order.dependence.laplace import conditional_mean
from minimal_order.experiments.belsley_toy.outcome import ToyConfig, run_toy
from minimal_order.experiments.noise.config import NoiseConfig
from minimal_order.experiments.noise.outcome import NOISE_COLUMNS, NoiseOutcome, noise_rows
from minimal_order.experiments.noise.parts import noise_part, noise_parts
from minimal_order.experiments.relevance import moving, runs
from minimal_order.experiments.relevance.config import CRITERIA, FREEZING, GIVEN, RelevanceConfig
from minimal_order.experiments.relevance.moving import MOVED, RETRAINED, ZEROED, moved, retrained, ways_of, zeroed
from minimal_order.experiments.relevance.outcome import RelevanceOutcome, mean_rows, quality_rows
from minimal_order.experiments.relevance.parts import curves_of, relevance_part, relevance_parts
from minimal_order.experiments.surgeon.config import MONKS, XORS, SurgeonConfig
from minimal_order.freezing.masks import prune_mask
from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import mlp
from minimal_order.orders import compute_order
from minimal_order.plots.relevance import markers
from minimal_order.pruning.noise import noise_first_order, noise_propagation
from minimal_order.pruning.removal import retraining
from minimal_order.reports.noise import noise_report
from minimal_order.reports.relevance import relevance_report
from minimal_order.reproduce import relevance as reproduction
from minimal_order.training.optim import adam, sgd
from minimal_order.training.penalty import PenalisedLoss
from minimal_order.training.train import evaluate, train

TINY = {
    "dataset": "wine",
    "orders": ("random", "obd", "belsley"),
    "runs": 2,
    "levels": (0.0, 0.3, 0.6, 1.0),
    "steps": 60,
}


def tiny(**changes):
    return RelevanceConfig(**TINY | changes)


def tiny_noise(**changes):
    return NoiseConfig(**TINY | {"noises": (0.2, 1.0), "draws": 4, "objects": 9} | changes)


@pytest.fixture(scope="module")
def outcome():
    config = tiny()
    return RelevanceOutcome.assemble(config, [p.function(*p.arguments) for p in relevance_parts(config, None)])


@pytest.fixture(scope="module")
def noise():
    config = tiny_noise()
    return NoiseOutcome.assemble(config, [p.function(*p.arguments) for p in noise_parts(config, None)])


# --- the synthetic set ----------------------------------------------------------------------------------


def test_weights_of_stage_one_are_as_the_talk_prints_them():
    m, A = synthetic.dependent_weights()
    assert m[0] == 1 and np.all(m[1:] == 0.0025)
    assert np.all(np.diagonal(A) == 1) and np.all(A[0, 1:] == 1e-3) and np.all(A[1:, 0] == 1e-3)
    assert A[5, 17] == A[17, 5] == 0.95
    values = np.linalg.eigvalsh(A)
    np.testing.assert_allclose(values[:98], 0.05, rtol=1e-10)
    found = decompose(A)
    assert np.diff([*found.starts, 100]).tolist() == [98, 1, 1]


def test_draws_of_stage_one_have_its_moments():
    m, A = synthetic.dependent_weights(5)
    w = synthetic.weight_samples(np.random.default_rng(0), 200_000, 5)
    np.testing.assert_allclose(w.mean(axis=0), m, atol=5 / np.sqrt(200_000))
    np.testing.assert_allclose(np.cov(w, rowvar=False), A, atol=5 * np.sqrt(2 / 200_000))


def test_stage_two_needs_one_feature():
    data = load("relevance-synthetic", scale_y=False)
    assert (data.n_train, data.n_test, data.n_features) == (8000, 2000, 100)
    np.testing.assert_array_equal(data.y_train, data.X_train[:, 0])
    np.testing.assert_array_equal(data.X_test @ data.w_star, data.y_test)
    assert abs(data.X_train.mean() - 1) < 0.01


@pytest.mark.parametrize("changes", [{"n_objects": 0}, {"n_features": 1.5}])
def test_stage_two_refuses(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        load("relevance-synthetic", **changes)


# --- settings -------------------------------------------------------------------------------------------


def test_defaults_are_the_talks():
    sizes = [RelevanceConfig(name).model.n_params for name in ("wine", "boston", "synthetic", "synthetic-drawn")]
    assert sizes == [224, 586, 100, 100]
    config = RelevanceConfig("wine")
    assert config.runs == 25 and len(config.levels) == 51 and config.retrain == 0
    assert set(config.orders) == {*CRITERIA, *FREEZING} - {GIVEN}
    assert RelevanceConfig("synthetic").orders[:5] == ("random", "obd", "variational", "belsley", GIVEN)
    drawn = RelevanceConfig("synthetic-drawn")
    assert "gradient_covariance" not in drawn.orders and "full_gradient" in drawn.orders
    assert set(RelevanceConfig("synthetic").possible_orders) >= {"lasso", "oracle"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dataset": "win"}, "dataset = 'win'.*nearest: wine"),
        ({"orders": ("obt",)}, "orders = 'obt'.*nearest: .*ob"),
        ({"orders": (GIVEN,)}, "orders = belsley_given: expected one that can be had"),
        ({"orders": "obd"}, "orders = 'obd'"),
        ({"levels": (0.5, 1.5)}, "levels = "),
        ({"levels": ()}, "levels = "),
        ({"runs": 0}, "runs = 0"),
        ({"steps": 2}, "steps = 2"),
        ({"rate": 0}, "rate = 0"),
        ({"decay": -1.0}, "decay = -1"),
        ({"retrain": -1}, "retrain = -1"),
        ({"batch_size": 1}, "batch_size = 1"),
    ],
)
def test_mistakes_in_settings_are_named(changes, said):
    with pytest.raises(ValueError, match=said):
        tiny(**changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"noises": (0.0,)}, "noises"), ({"noises": ()}, "noises"), ({"draws": 1}, "draws"), ({"objects": 0}, "objects")],
)
def test_mistakes_in_settings_of_noise_are_named(changes, said):
    with pytest.raises(ValueError, match=f"{said} = "):
        tiny_noise(**changes)


def test_command_makes_the_same_configuration():
    config = tiny(decay=0.0, retrain=2)
    words = config.command()
    assert words.startswith("minimal-order relevance wine --orders random,obd,belsley --runs 2")
    assert "--decay 0" in words and "--retrain 2" in words and "--seed" not in words
    assert tiny_noise().command().startswith("minimal-order noise wine") and "--draws 4" in tiny_noise().command()


def test_a_single_class_is_refused():
    data = small_dataset("binary")
    one = type(data)("one", "binary", data.X_train, 0 * data.y_train, data.X_test, data.y_test, n_classes=2)
    with pytest.raises(ValueError, match=r"y_train = of one class, 0"):
        runs.check_classes(one)


def test_training_that_diverges_is_named():
    with pytest.raises(ValueError, match=r"rate = 1e\+300: expected a smaller one"):
        runs.trained(tiny(rate=1e300, dataset="boston"), (0,))


# --- parts ----------------------------------------------------------------------------------------------


def test_decay_in_the_rule_is_the_penalised_loss():
    data, model = small_dataset("regression"), mlp(3, 4, 1)
    w = model.init(np.random.default_rng(0))
    by_rule = train(
        model, data, w, steps=7, rng=np.random.default_rng(1), rule=runs.with_decay(sgd(0.1), 0.05), batch_size=5
    )
    again = retraining(model, data, steps=7, rng=np.random.default_rng(1), rule=sgd(0.1), batch_size=5,
                       objective=PenalisedLoss(model, LOSSES["regression"], 0.05))  # fmt: skip
    np.testing.assert_allclose(by_rule.w, again(w, np.ones(w.shape, bool)), rtol=1e-10)


def test_part_is_what_its_steps_say(outcome):
    """Train, order, remove and evaluate again, one run and one curve at a time."""
    config = outcome.config
    training = runs.trained(config, (0, 1))
    for i in (0, 1):
        run, data = training.run(i), training.run(i).data
        for name in config.orders:
            rng = runs.generator(config, f"order {name}", i)
            order = compute_order(name, run, rng)
            np.testing.assert_array_equal(outcome.order[i, config.orders.index(name)], order)
            w = run.w.copy()
            w[order[: round(0.6 * w.size)]] = 0
            loss, accuracy = evaluate(config.model, w, data.X_test, data.y_test, "multiclass")
            np.testing.assert_allclose(outcome.loss(name)[i, 2, 1], loss, rtol=1e-10)
            assert outcome.metric(name)[i, 2, 1] == accuracy
    assert np.all(outcome.metric("obd")[:, 0] == outcome.metric("random")[:, 0])
    np.testing.assert_allclose(outcome.loss("obd")[:, -1], np.log(3), rtol=1e-10)


def test_runs_differ_and_a_part_depends_on_its_runs_alone(outcome):
    second = relevance_part(outcome.config, (1,))
    np.testing.assert_allclose(second["loss"][0], outcome.end_loss[1], rtol=1e-7)
    assert not np.array_equal(outcome.order[0], outcome.order[1])


def test_boston_is_measured_in_dollars():
    config = tiny(dataset="boston", orders=("magnitude",), runs=1, levels=(1.0,))
    part = relevance_part(config, (0,))
    data = runs.dataset_of(config, 0)
    assert part["metric"][0, 0, 0, 1] == pytest.approx(np.sqrt(np.mean(data.y_test**2)) * data.y_scale)


def test_zeroed_follows_the_order():
    w, order = np.array([5.0, 6.0, 7.0]), np.array([2, 0, 1])
    np.testing.assert_array_equal(zeroed(w, order, np.array([0, 1, 3])), [[5, 6, 7], [5, 6, 0], [0, 0, 0]])


def test_moved_is_the_conditional_mean():
    """Another formula for the same: one inverse for all that are removed instead of a removal at a time."""
    rng = np.random.default_rng(0)
    B, w, order = rng.standard_normal((7, 9)), rng.standard_normal(7), rng.permutation(7)
    A, ks = B @ B.T, np.array([0, 2, 5, 7])
    found = moved(w, order, ks, A)
    for row, k in zip(found, ks, strict=True):
        np.testing.assert_allclose(row, conditional_mean(w, A, order[:k]), rtol=1e-8, atol=1e-10)
        assert np.all(row[order[:k]] == 0)


def test_retrained_trains_what_is_left_between_levels():
    config = tiny(retrain=3, orders=("random", "magnitude"), decay=0.01)
    training = runs.trained(config, (0, 1))
    orders = np.stack([[np.random.default_rng([i, o]).permutation(224) for o in (0, 1)] for i in (0, 1)])
    path = list(retrained(config, training, orders, (0, 1)))
    beta = prune_mask(orders, k=config.ks)
    for level, w in enumerate(path):
        assert w.shape == (2, 2, 224) and np.all(w[~beta[:, :, level]] == 0)
    np.testing.assert_array_equal(path[0], np.repeat(training.w[:, None], 2, axis=1))
    alone = retraining(config.model, training.data.run(1), steps=3, rng=runs.generator(config, "retraining", 1),
                       objective=PenalisedLoss(config.model, LOSSES["multiclass"], 0.01), rule=adam(1e-3))  # fmt: skip
    np.testing.assert_allclose(path[1][1, 0], alone(training.w[1] * beta[1, 0, 1], beta[1, 0, 1]), rtol=1e-9)
    assert not path[-1].any()


def test_curves_are_those_that_the_methods_have():
    assert ways_of(tiny(), "obd") == [ZEROED] and ways_of(tiny(retrain=1), "obd") == [ZEROED, RETRAINED]
    assert curves_of(tiny(orders=("obs", "belsley"))) == [
        (o, way) for o in ("obs", "belsley") for way in (ZEROED, MOVED)
    ]
    assert ways_of(RelevanceConfig("synthetic-drawn"), "obs") == [ZEROED]


def test_moving_by_obs_is_its_own_path():
    training = runs.trained(tiny(), (0,)).run(0)
    order = compute_order("obs", training, np.random.default_rng(0))
    w = moved(training.w, order, np.array([3]), moving.obs_covariance(training))[0]
    assert np.all(w[order[:3]] == 0) and not np.array_equal(w[order[3:]], training.w[order[3:]])


def test_given_covariance_finds_the_dependent_parameters():
    config = RelevanceConfig("synthetic-drawn", orders=(GIVEN, "magnitude"), runs=3, levels=(0.0, 0.9, 1.0))
    found = RelevanceOutcome.assemble(config, [relevance_part(config, (0, 1, 2))])
    assert np.all(found.rank(GIVEN)[:, 0] >= 99)
    estimate = claims.outlived(found, GIVEN)
    assert estimate.low > 0.95
    training = runs.trained(config, (0, 1))
    assert training.C is None and not np.array_equal(training.w[0], training.w[1])


# --- noise ----------------------------------------------------------------------------------------------


def test_noise_part_is_what_its_steps_say(noise):
    config = noise.config
    training = runs.trained(config, (0, 1))
    run = training.run(1)
    order = compute_order("obd", run, np.random.default_rng(0))
    w = zeroed(run.w, order, config.ks)
    X = run.data.X_test[:9]
    drawn = noise_propagation(config.model, w, X, 1.0, "multiclass", runs.generator(config, "noise", 1), 4)
    np.testing.assert_allclose(noise.variance("obd")[1, :, 1], drawn, rtol=1e-8)
    first = noise_first_order(config.model, w, X, 0.2, "multiclass")
    np.testing.assert_allclose(noise.first_order("obd")[1, :, 0], first, rtol=1e-8)
    assert np.all(noise.drawn[:, :, -1] == 0) and np.all(noise.first[:, :, -1] == 0)
    second = noise_part(config, (1,))
    np.testing.assert_allclose(second["drawn"][0], noise.drawn[1], rtol=1e-6, atol=1e-15)


def test_both_experiments_train_the_same_networks(outcome, noise):
    np.testing.assert_array_equal(noise.metric[:, 1], outcome.metric("obd")[..., 1])


# --- tables ---------------------------------------------------------------------------------------------


def test_tables_are_tidy(outcome, noise):
    rows = list(quality_rows(outcome))
    n_curves = len(outcome.curves)
    assert len(rows) == n_curves * 4 * 2 * 2 and rows[0][:6] == ("wine", "random", ZEROED, "0", 0, "train")
    assert len(list(mean_rows(outcome))) == n_curves * 4 * 2
    rows = list(noise_rows(noise))
    assert len(rows) == 3 * 4 * 2 and len(rows[0]) == len(NOISE_COLUMNS)
    assert all(np.isfinite(row[5:]).all() for row in rows)


# --- claims ---------------------------------------------------------------------------------------------


def made_up(dataset="wine", n_runs=5, **qualities):
    """An outcome with these metrics at the inner level, plus what is different in every run."""
    orders = tuple(qualities)
    config = RelevanceConfig(dataset, orders=orders, runs=n_runs, levels=(0.0, 0.5, 1.0))
    jitter = np.linspace(-0.01, 0.01, n_runs)[:, None]
    curves = curves_of(config)
    metric = np.empty((n_runs, len(curves), 3, 2))
    sign = 1 if dataset == "wine" else -1
    for c, (order, _) in enumerate(curves):
        metric[:, c, 0], metric[:, c, 2] = 0.97, 0.97 - 0.6 * sign
        metric[:, c, 1] = qualities[order] + jitter + 0.0001 * np.sin(np.arange(n_runs) + c)[:, None]
    p = config.model.n_params
    order = np.tile(np.arange(p), (n_runs, len(orders), 1)).astype(np.int16)
    return RelevanceOutcome(config, 1 - metric, metric, order, np.full(n_runs, 1e-4), np.ones(n_runs))


def made_up_noise(n_runs=5, signal=None, **variances):
    orders = tuple(variances)
    config = NoiseConfig("wine", orders=orders, runs=n_runs, levels=(0.0, 0.5, 1.0), noises=(0.5, 1.0))
    drawn = np.empty((n_runs, len(orders), 3, 2))
    jitter = 1 + 0.01 * np.random.default_rng(0).standard_normal((n_runs, len(orders), 3, 2))
    drawn[:] = np.array(list(variances.values()))[:, None, None] * jitter
    signals = np.array([1.0 if signal is None else signal[order] for order in orders])
    return NoiseOutcome(config, drawn, drawn[..., 0], np.tile(signals[:, None], (n_runs, 1, 3)), drawn[..., 0])


def verdict(id, **evidence):
    return {claim.id: claim.verdict for claim in claims.judge(Evidence(**evidence))}[id]


BEST = {"random": 0.5, "obd": 0.8, "variational": 0.85, "belsley": 0.9}


def test_first_claim_follows_the_numbers():
    assert verdict("c1", relevance={"wine": made_up(**BEST)}) == HOLDS
    assert verdict("c1", relevance={"wine": made_up(**BEST | {"obd": 0.95})}) == FAILS
    assert verdict("c1", relevance={"wine": made_up(**BEST | {"variational": 0.9})}) == FAILS
    assert verdict("c1", relevance={"boston": made_up("boston", **BEST)}) == FAILS
    assert verdict("c1", relevance={"boston": made_up("boston", **BEST | {"belsley": 0.4})}) == HOLDS
    assert verdict("c1", relevance={"wine": made_up(n_runs=2, **BEST)}) == UNTESTED
    assert verdict("c1", relevance={"wine": made_up(random=0.5, belsley=0.9)}) == HOLDS


def test_rounding_errors_are_no_quality():
    found = made_up("synthetic", **BEST, **{GIVEN: 0.9})
    tiny_errors = np.random.default_rng(0).random(found.end_metric.shape) * 1e-14
    perfect = RelevanceOutcome(found.config, tiny_errors, tiny_errors, found.order, found.steepest, found.size)
    assert claims.lead(perfect, GIVEN, "obd") == (0, 0, 0)
    assert verdict("c1", relevance={"synthetic": perfect}) == FAILS and claims.standing(perfect)[0] == "random"
    assert claims.free_share(perfect, "obd") == 1
    x = np.array([1.0, 2.0, 3.0])
    assert claims.ratio(x * (1 - 1e-15), x) == (1, 1, 1)


def test_second_claim_follows_the_numbers():
    low = {"random": 0.2, "obd": 0.3, "variational": 0.25, "belsley": 0.1}
    assert verdict("c2", noise={"wine": made_up_noise(**low)}) == HOLDS
    assert verdict("c2", noise={"wine": made_up_noise(**low | {"obd": 0.05})}) == FAILS
    dead = dict.fromkeys(low, 1.0) | {"belsley": 0.01}
    assert verdict("c2", noise={"wine": made_up_noise(signal=dead, **low)}) == FAILS
    assert verdict("c2", noise={"wine": made_up_noise(random=0.2, obd=0.1)}) == UNTESTED


def test_third_claim_follows_the_numbers():
    found = made_up("synthetic", **BEST, **{GIVEN: 0.9})
    assert verdict("c3", relevance={"synthetic": found}) == FAILS  # parameter 0 leaves first there
    found.order[:] = found.order[..., ::-1].copy()
    assert verdict("c3", relevance={"synthetic": found}) == HOLDS
    toy = run_toy(ToyConfig(turns=5))
    assert verdict("c3", relevance={"synthetic": found}, toy=toy) == HOLDS
    assert verdict("c3", toy=None) == UNTESTED


def test_share_without_loss():
    found = made_up(**BEST | {"obd": 0.965})
    assert claims.free_share(found, "random") == 0 and claims.free_share(found, "obd") == 0.5
    assert claims.standing(found)[0] == "obd"


def test_reports_stand_beside_the_published(outcome, noise):
    text = relevance_report("wine", made_up(**BEST))
    assert "| random  " in text and "0.824" in text and "### c1: holds" in text and "nan" not in text
    text = relevance_report("wine", outcome)
    assert "## If the rest does not stay" in text and "nan" not in text
    text = noise_report("wine", noise)
    assert "### c2: " in text and "nan" not in text and "### c1" not in text


def test_reports_of_a_few_runs_say_so(outcome, noise):
    assert "From 2 runs only" in relevance_report("wine", outcome) and "From 2 runs only" in noise_report("wine", noise)
    assert "only: this shows" not in relevance_report("wine", made_up(**BEST))


def test_curves_that_coincide_have_their_markers_side_by_side():
    assert [markers(51, place, 5) for place in range(5)] == [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5)]
    assert markers(3, 1, 2) == (0, 1)


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


# --- the commands ---------------------------------------------------------------------------------------

COMMANDS = {
    "relevance": shlex.split("relevance wine --orders random,obs --runs 6 --levels 0,.5,1 --steps 30 --retrain 1"),
    "noise": shlex.split("noise wine --orders random,obd --runs 6 --levels 0,.5,1 --steps 30 --noises .5,1 --draws 3"),
}


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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
