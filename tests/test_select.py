"""Experiment select: what its parts compute, how they are put together, its claims, files and command."""

import csv
import shlex
import shutil
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from minimal_order.claims import selection as claims
from minimal_order.claims.ledger import FAILS, HOLDS, UNTESTED
from minimal_order.cli import main
from minimal_order.data.loading import batches
from minimal_order.experiments.select import parts, rules, runs
from minimal_order.experiments.select.config import AUTHORS, COARSE, DEFAULT_ORDERS, FINE, QUICK, SelectConfig
from minimal_order.experiments.select.oracle import (
    ORACLE_COLUMNS,
    PROBLEMS,
    OracleConfig,
    OracleOutcome,
    oracle_part,
    oracle_parts,
    oracle_rows,
    problem,
)
from minimal_order.experiments.select.outcome import SelectOutcome, joint_rows, pruned_rows, quality_rows, speed_rows
from minimal_order.experiments.select.parts import branch_of, branches_of, mask_of, order_of, select_part
from minimal_order.experiments.select.run import assemble, select_parts
from minimal_order.experiments.select.runs import data_of, generator, groups_of, start_of
from minimal_order.experiments.select.speeds import speed_part
from minimal_order.freezing.masks import by_score, freeze_mask, prune_mask
from minimal_order.networks.gradients import value_and_gradient
from minimal_order.networks.losses import squared_error
from minimal_order.orders import compute_order
from minimal_order.plots import select as plots
from minimal_order.reports.select import select_report
from minimal_order.reports.selection import selection_report
from minimal_order.reproduce import selection as reproduction
from minimal_order.training.optim import adam
from minimal_order.training.train import evaluate, train

TINY = {
    "dataset": "boston",
    "orders": ("random", "full_gradient", "preconditioned_gradient"),
    "runs": 2,
    "levels": (0.0, 0.4, 1.0),
    "eta0": 6,
    "eta1": 4,
    "dtype": "float64",
}


def tiny(**changes):
    return SelectConfig(**TINY | changes)


def run_all(config):
    """The outcome of all parts, one after the other."""
    return assemble(config, [part.function(*part.arguments) for part in select_parts(config, None)])


@pytest.fixture(scope="module")
def outcome():
    return run_all(tiny())


# --- settings -------------------------------------------------------------------------------------------


def test_defaults_are_the_talks():
    config = SelectConfig("mnist")
    assert (config.runs, config.eta0, config.eta1, config.batch_size, config.model.n_params) == (
        5,
        100,
        500,
        512,
        159010,
    )
    assert config.orders == DEFAULT_ORDERS
    assert [config.levels_of(name) for name in AUTHORS] == [FINE] * 3 and config.levels_of("magnitude") == COARSE
    assert len(FINE) == 51 and set(COARSE) <= set(FINE)
    assert SelectConfig("boston").runs == SelectConfig("digits").runs == 25
    assert [SelectConfig(name).model.n_params for name in ("boston", "digits")] == [301, 2410]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dataset": "bostn"}, "dataset = 'bostn'.*nearest: boston"),
        ({"orders": ("randm",)}, "orders = 'randm'.*nearest: random"),
        ({"orders": ("oracle",)}, "orders = oracle: expected an order to be had here; oracle needs a linear model"),
        ({"prune_by": ()}, "prune_by = \\(\\): expected one order or more"),
        ({"orders": ("second_moment",), "optimizer": "sgd"}, "orders = second_moment"),
        ({"levels": (0.5, 1.5)}, "levels = "),
        ({"levels": 0.5}, "levels = 0.5: expected a tuple"),
        ({"runs": 0}, "runs = 0"),
        ({"eta0": 0}, "eta0 = 0"),
        ({"eta1": 1.5}, "eta1 = 1.5"),
        ({"batch_size": 1}, "batch_size = 1"),
        ({"rate": -1}, "rate = -1"),
        ({"optimizer": "adm"}, "optimizer = 'adm'.*nearest: adam"),
        ({"per": "layer"}, "per = 'layer'"),
        ({"biases": "no"}, "biases = no"),
        ({"covariance": "all"}, "covariance = 'all'"),
        ({"dtype": "float16"}, "dtype = 'float16'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, said):
    with pytest.raises(ValueError, match=f"^{said}"):
        tiny(**changes)


def test_command_makes_the_same_settings():
    config = tiny(per="tensor", biases=False, seed=3)
    words = config.command().split()
    assert words[:3] == ["minimal-order", "select", "boston"] and "--no-biases" in words
    given = dict(pairwise(words))
    assert given["--levels"] == "0,0.4,1" and given["--per"] == "tensor" and given["--eta0"] == "6"
    assert SelectConfig("boston").command() == "minimal-order select boston"


# --- branches and parts ---------------------------------------------------------------------------------


def test_branches_share_their_ends():
    branches = branches_of(SelectConfig("boston"))
    assert len(branches) == len(set(branches)) == 2 + 3 * 49 + 3 * 9
    assert branches[0] == ("", 0) and ("", 301) in branches and ("magnitude", 150) in branches
    assert branches_of(tiny(levels=(0.4,)))[0] == ("", 0), "pruning needs the branch in which all are optimised"


def test_part_is_what_the_loop_gives_run_by_run():
    """One run, one branch: eta0 steps, the order, eta1 steps from there with the rule's state, prune."""
    config = tiny()
    found = select_part(config, (0, 1), (0, len(branches_of(config))))
    data, w = data_of(config, (0, 1)), start_of(config, (0, 1))
    for run in (0, 1):
        one, options = data.run(run), {"rule": adam(config.rate), "batch_size": 64}
        before = train(
            config.model, one, w[run], steps=6, rng=generator(config, "batches", run), covariance="batch", **options
        )
        order = compute_order("preconditioned_gradient", before, generator(config, "", run))
        after = train(
            config.model,
            one,
            before.w,
            steps=4,
            rng=generator(config, "batches after ordering", run),
            state=before.state,
            alpha=freeze_mask(order, 0.4),
            **options,
        )
        column = branches_of(config).index(("preconditioned_gradient", 120))
        for beta, value in (
            (np.ones(301), found["metric"][run, column, 1]),
            (prune_mask(by_score(np.abs(after.w)), 0.4), found["joint"][run, column, 1]),
            (np.zeros(301), found["joint"][run, column, 2]),
        ):
            loss, _ = evaluate(config.model, beta * after.w, one.X_test, one.y_test, "regression")
            assert value == pytest.approx(np.sqrt(loss) * one.y_scale, rel=1e-10)
        loss, _ = evaluate(config.model, before.w, one.X_test, one.y_test, "regression")
        assert found["start"][run, 1] == pytest.approx(np.sqrt(loss) * one.y_scale, rel=1e-10)


def test_nothing_optimised_leaves_the_start(outcome):
    for order in outcome.config.orders:
        np.testing.assert_allclose(outcome.metric(order)[:, 2], outcome.start, rtol=1e-10)


def test_pruning_all_optimised_is_a_column_of_the_surface(outcome):
    np.testing.assert_array_equal(outcome.pruned["magnitude"], outcome.joint("random")[:, 0])
    np.testing.assert_allclose(outcome.pruned["random"][:, 0], outcome.metric_at("random", 0.0), rtol=1e-10)
    assert np.all(outcome.pruned["random"][:, 1] != outcome.pruned["magnitude"][:, 1])


def test_without_biases_no_bias_stands_still():
    config = tiny(biases=False)
    assert config.n_selectable == 301 - 21
    data = data_of(config, (0, 1))
    orders = {"random": order_of(config, "random", parts.common_steps(config, (0, 1), data), (0, 1))}
    for level in (0.4, 1.0):
        alpha = mask_of(branch_of(config, "random", level), orders, slice(0, 2))
        assert alpha[:, config.model.layout.input == -1].all()
        assert (~alpha).sum(axis=1).tolist() == [round(280 * level)] * 2


def test_without_biases_none_is_pruned():
    config = tiny(biases=False)
    trained = parts.common_steps(config, (0, 1), data_of(config, (0, 1)))
    for run in (0, 1):
        alone = trained.run(run)
        only_biases = np.where(config.model.layout.input == -1, alone.w, 0)
        loss, _ = evaluate(config.model, only_biases, alone.data.X_test, alone.data.y_test, "regression")
        found = parts.pruned(config, alone, run, "magnitude", (1.0,))
        assert found == pytest.approx(np.sqrt(loss) * alone.data.y_scale, rel=1e-10)


def test_pruned_by_any_order_of_the_table():
    """The metric of the trained network without the first half of the order, computed here from the order itself."""
    config = tiny(prune_by=("obd", "obs", "belsley"))
    outcome = run_all(config)
    trained = parts.common_steps(config, (0, 1), data_of(config, (0, 1)))
    for name in config.prune_by:
        direct = parts.pruned(config, trained.run(1), 1, name, (0.5,))
        alone = trained.run(1)
        beta = np.ones(301)
        beta[compute_order(name, alone, generator(config, "pruning", 1))[:150]] = 0
        loss, _ = evaluate(config.model, beta * alone.w, alone.data.X_test, alone.data.y_test, "regression")
        assert direct == pytest.approx(np.sqrt(loss) * alone.data.y_scale, rel=1e-10)
        assert outcome.pruned[name].shape == (2, len(config.prune_levels)) and np.isfinite(outcome.pruned[name]).all()


def test_figure_says_which_orders_are_of_the_first_steps():
    early = run_all(tiny(prune_by=("magnitude", "gradient_covariance")))
    for outcome, said in ((early, "As ordered after 6 steps: gradient covariance."), (run_all(tiny()), "")):
        text = " ".join(plots.pruned(outcome).get_supxlabel().split())
        assert text.endswith(said) and ("As ordered" in text) == bool(said)


@pytest.mark.parametrize("optimizer", ["sgld", "psgld"])
def test_sampling_rules_drift_as_their_rate_says(optimizer, monkeypatch):
    """Without noise and prior a step of SGLD is one of SGD; with them the parameters spread by sqrt(2 rate / N)."""
    config = tiny(optimizer=optimizer, rate=0.01)
    rule = rules.first_rule(config, 404, np.random.default_rng(0))
    w = np.zeros((4000, 1))
    update, _ = rule.step(rule.init(w), np.ones_like(w), w)
    gain = 1 / (1e-5 + np.sqrt(1 - 0.99)) if optimizer == "psgld" else 1
    drift, deviation = -0.01 * gain, np.sqrt(2 * 0.01 * gain / 404)
    assert abs(update.mean() - drift) < 5 * deviation / np.sqrt(w.size)  # five standard errors
    assert update.std() == pytest.approx(deviation, rel=5 / np.sqrt(2 * w.size))
    found = run_all(config)
    assert np.isfinite(found.end_loss).all()


def test_preconditioned_steps_take_the_collected_covariance():
    """eq:preconditioned-step in the masked steps: one step from the end of the first ones, nothing frozen, by hand."""
    config = tiny(optimizer="preconditioned_sgd", rate=0.05, eta1=1, levels=(0.0, 1.0))
    found = select_part(config, (0, 1), (0, 1))
    before = parts.common_steps(config, (0, 1), data_of(config, (0, 1)))
    for run in (0, 1):
        alone = before.run(run)
        H = np.minimum(2 * 64 / (alone.data.n_train * alone.C), 0.05)
        rows = next(batches(generator(config, "batches after ordering", run), alone.data.n_train, 64))
        X, y = alone.data.X_train[rows], alone.data.y_train[rows]
        w = alone.w - H * value_and_gradient(config.model, squared_error, alone.w, X, y)[1]
        loss, _ = evaluate(config.model, w, alone.data.X_train, alone.data.y_train, "regression")
        assert found["loss"][run, 0, 0] == pytest.approx(loss, rel=1e-10)


def test_prune_by_what_cannot_be_had_is_refused():
    with pytest.raises(ValueError, match="prune_by = lasso"):
        tiny(prune_by=("lasso",))
    with pytest.raises(ValueError, match="prune_by = obs"):
        SelectConfig("digits", prune_by=("obs",))


def test_prune_by_what_the_first_steps_collected():
    """An order by the covariance is that of eta0, and prunes the network of the end."""
    config = tiny(prune_by=("gradient_covariance",))
    found = select_part(config, (0, 1), (0, 1))["pruned/gradient_covariance"]
    before, free = parts.common_steps(config, (0, 1), data_of(config, (0, 1))), select_part(config, (0, 1), (0, 1))
    first = parts.pruned(config, before.run(1), 1, "gradient_covariance", (0.4,))
    assert found.shape == (2, 3) and found[1, 1] != first[0]  # other weights
    np.testing.assert_array_equal(found[:, 0], free["metric"][:, 0, 1])  # nothing is pruned
    order = compute_order("gradient_covariance", before.run(0), np.random.default_rng(0))
    assert prune_mask(order, k=config.k(0.4)).sum() == 301 - config.k(0.4)


@pytest.mark.parametrize("dataset", ["wine", "synthetic1", "synthetic2", "synthetic3"])
def test_other_sets(dataset):
    """Every order that can be had freezes and prunes there."""
    linear = dataset in ("synthetic2", "synthetic3")
    orders = ("random", "gradient_covariance", "taylor", *(("lasso", "oracle") if linear else ()))
    config = SelectConfig(**TINY | {"dataset": dataset, "orders": orders, "prune_by": orders})
    outcome = run_all(config)
    assert np.isfinite(outcome.end_loss).all() and set(outcome.pruned) == set(orders)


@pytest.mark.parametrize(("keep", "kept"), [(3, 3), (100, 6)])
def test_last_iterates_are_kept_for_the_order_that_sums_them(keep, kept):
    config = tiny(keep=keep)
    before = parts.common_steps(config, (0,), data_of(config, (0,)))
    assert len(before.iterates) == kept
    np.testing.assert_array_equal(before.iterates[-1], before.w)


def test_large_network_is_cut_into_parts_that_agree(monkeypatch, outcome):
    """Each run alone and two branches at a time gives the same numbers, to rounding."""
    monkeypatch.setattr(runs, "LARGE", 300)
    monkeypatch.setattr(runs, "BRANCHES_A_PART", 2)
    config = tiny()
    groups = groups_of(config, len(branches_of(config)))
    assert groups == [((run,), columns) for run in (0, 1) for columns in [(0, 2), (2, 4), (4, 5)]]
    cut = run_all(config)
    for name in ("end_metric", "end_joint", "start", "converged"):
        np.testing.assert_allclose(getattr(cut, name), getattr(outcome, name), rtol=1e-10)
    np.testing.assert_allclose(cut.pruned["random"], outcome.pruned["random"], rtol=1e-10)


def test_official_split_is_shared():
    config = tiny(dataset="mnist")
    assert data_of(config, (0, 1)).X_train.ndim == 2


def test_twins_start_alike_and_see_other_batches():
    found = speed_part(tiny(eta0=30, eta1=30), (0, 1))
    assert found["converged"].shape == found["moved"].shape == (2, 2, 301)
    assert found["moved"].all() and found["converged"].max() <= 60
    assert (found["converged"][:, 0] != found["converged"][:, 1]).any()
    np.testing.assert_array_equal(speed_part(tiny(eta0=30, eta1=30), (1,))["converged"][0], found["converged"][1])


def test_run_that_diverges_is_left_out():
    config = tiny(optimizer="sgd", rate=1e200, eta0=3)
    found = run_all(config)
    assert found.n_diverged == 2 and np.isnan(found.metric("random")).all() and np.isnan(found.joint("random")).all()
    assert "diverged" in select_report("boston", found)
    assert [name for name, _ in plots.figures(found)] == FIGURES


FIGURES = ["quality", "pruned", "joint", "speed"]


@pytest.mark.parametrize("changes", [{"runs": 1, "levels": (0.5,)}, {"orders": ("random",), "levels": (0.0, 0.1, 1.0)}])
def test_figures_of_little(changes):
    """One run and one level; no order to compare with the random one."""
    config = tiny(**changes)
    found = dict(plots.figures(run_all(config)))
    assert list(found) == FIGURES
    captions = [figure.get_supxlabel() for figure in found.values()]
    assert not any("1 run, each" in caption for caption in captions)
    assert ("(b)" in captions[0]) == (len(config.orders) > 1)
    panel = found["joint"].axes[0]  # cells of one size, each with its own level
    n = len(config.levels)
    assert panel.images[0].get_array().shape == (n, n) and len(panel.get_xticks()) == n
    assert panel.get_xlim() == (-0.5, n - 0.5)


@pytest.mark.parametrize("dataset", ["boston", "digits", "mnist"])
def test_titles_fit_their_figures(dataset):
    for _, figure in plots.figures(made_up(dataset, quality=GOOD, pruned={"magnitude": 0.9, "random": 0.5})):
        figure.canvas.draw()
        assert figure._suptitle.get_window_extent().x1 <= figure.bbox.x1


# --- tables ---------------------------------------------------------------------------------------------


def test_tables_are_tidy(outcome):
    rows = list(quality_rows(outcome))
    assert len(rows) == 3 * 3 * 2 * 2
    assert rows[0] == ("boston", "random", "0", 0, "train", outcome.end_loss[0, 0, 0], outcome.end_metric[0, 0, 0])
    assert len(list(pruned_rows(outcome))) == 2 * 3 * 2
    joint = {row[1:4]: row[4:] for row in joint_rows(outcome)}
    assert joint["random", "0.4", "1"][0] == 2 and len(joint) == 3 * 9
    assert joint["random", "0", "0"][1] == pytest.approx(outcome.metric_at("random", 0.0).mean(), rel=1e-10)
    last = {row[1:3]: row[4] for row in speed_rows(outcome)}
    assert set(last.values()) == {1.0} and len(last) == 4


# --- claims ---------------------------------------------------------------------------------------------


def made_up(dataset="mnist", quality=None, pruned=None, times=None, n_runs=5, levels=(0.0, 0.6, 0.8, 1.0)):
    """An outcome with these accuracies (runs,) by order at its inner levels, and these convergence times."""
    config = SelectConfig(dataset, orders=AUTHORS, runs=n_runs, levels=levels)
    branches, rng = branches_of(config), np.random.default_rng(0)
    jitter = rng.normal(size=n_runs) * 1e-4
    metric = np.full((n_runs, len(branches), 2), 0.97) + jitter[:, None, None]
    for i, (order, _) in enumerate(branches):
        if order and quality:
            metric[:, i] = (quality[order] + jitter + rng.normal(size=n_runs) * 1e-6)[:, None]
    p = config.model.n_params
    times = times if times is not None else np.tile(np.arange(p) % 600, (n_runs, 2, 1))
    n_levels, n_joint = len(config.prune_levels), len(config.joint_levels)
    flat = {
        name: np.full((n_runs, n_levels), 0.96 if pruned is None else pruned[name]) + jitter[:, None]
        for name in CRITERIA
    }
    return SelectOutcome(
        config,
        start=metric[:, 0],
        end_loss=1 - metric,
        end_metric=metric,
        diverged=np.zeros((n_runs, len(branches)), int),
        pruned=flat,
        end_joint=np.repeat(metric[..., 1:], n_joint, axis=-1),
        converged=times,
        moved=np.ones(times.shape, bool),
    )


CRITERIA = ("magnitude", "random")
GOOD = {"random": 0.961, "full_gradient": 0.963, "preconditioned_gradient": 0.964}


def verdicts(*outcomes):
    return {claim.id: claim.verdict for claim in claims.judge({o.config.dataset: o for o in outcomes})}


def test_claims_hold_where_the_numbers_say_so():
    found = made_up(quality=GOOD, pruned={"magnitude": 0.955, "random": 0.5})
    assert verdicts(found) == {"b1": HOLDS, "b2": HOLDS, "b3": HOLDS, "b4": HOLDS}


@pytest.mark.parametrize(
    ("claim", "changes"),
    [
        ("b1", {"times": "chance"}),
        ("b1", {"times": "together"}),
        ("b2", {"quality": GOOD | {"preconditioned_gradient": 0.962}}),
        ("b2", {"quality": GOOD | {"full_gradient": 0.960}}),
        ("b3", {"quality": GOOD | {"preconditioned_gradient": 0.960}}),
        ("b4", {"pruned": {"magnitude": 0.95, "random": 0.99}}),
    ],
)
def test_claims_fail_where_the_numbers_say_so(claim, changes):
    rng = np.random.default_rng(1)
    times = {"chance": rng.integers(0, 600, (5, 2, 2000)), "together": np.tile(np.arange(2000) % 100, (5, 2, 1))}
    if "times" in changes:
        changes = {"times": times[changes["times"]]}
    assert verdicts(made_up(**{"quality": GOOD} | changes))[claim] == FAILS


def test_claims_on_mnist_are_not_tested_elsewhere():
    found = verdicts(made_up("digits", quality=GOOD))
    assert (found["b2"], found["b3"], found["b4"]) == (HOLDS, UNTESTED, UNTESTED)
    assert set(verdicts(made_up(quality=GOOD, n_runs=2)).values()) == {UNTESTED}


def test_order_that_only_compares_and_diverges_leaves_the_verdict_alone():
    found = made_up(quality=GOOD, pruned={"magnitude": 0.955, "random": np.nan})
    branches = branches_of(found.config)
    found.diverged[:, branches.index(branch_of(found.config, "random", 0.6))] = 7
    assert (verdicts(found)["b3"], verdicts(found)["b4"]) == (HOLDS, HOLDS)
    found.diverged[:, branches.index(branch_of(found.config, claims.HG, 0.6))] = 7
    assert verdicts(found)["b3"] == UNTESTED


def test_error_is_better_when_it_is_smaller():
    worse = made_up("boston", quality=GOOD)
    assert claims.lead(worse, claims.HG, claims.RANDOM).value == pytest.approx(-0.003, abs=1e-5)


def test_rank_correlation_shares_ranks():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, (2, 100))
    np.testing.assert_allclose(claims.average_rank(x), stats.rankdata(x), rtol=1e-10)
    assert claims.rank_correlation(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, rel=1e-10)
    assert np.isnan(claims.rank_correlation(x, np.zeros(100)))


@pytest.mark.parametrize("levels", [(), (0.0, 0.6, 0.8, 1.0)])
def test_report_stands_beside_the_published(levels):
    """The published mean is over 51 levels: it stands beside none over others."""
    text = select_report("mnist", made_up(quality=GOOD, levels=levels))
    assert "80% not optimised" in text and "### b4: " in text and "nan" not in text
    assert (".96380" in text) == (levels == ())


# --- the best there is ----------------------------------------------------------------------------------

SMALL_ORACLE = OracleConfig(runs=2, ks=(3,), ls=(5, 9), eta0=5, eta1=5)


def test_oracle_is_never_beaten_and_every_pair_is_counted():
    parts_ = [part.function(*part.arguments) for part in oracle_parts(SMALL_ORACLE, None)]
    found = OracleOutcome.assemble(SMALL_ORACLE, parts_)
    for name in PROBLEMS:
        assert found.best[name].shape == (2, 2) and found.loss[name].shape == (2, 2, len(DEFAULT_ORDERS))
        assert np.all(found.gap(name) >= 0) and np.all((found.better[name] >= 0) & (found.better[name] < 1))
        np.testing.assert_array_equal(found.gap(name) == 0, found.better[name] == 0)
        assert np.all(found.best[name][:, 0] >= 0)
    rows = list(oracle_rows(found))
    assert len(rows) == 2 * 2 * 6 * 2 and len(rows[0]) == len(ORACLE_COLUMNS)
    selected = {"mnist": made_up(quality=GOOD)}
    text = selection_report("a command", selected, found, claims.judge(selected))
    assert "boston: loss above the best, %" in text and "| b4 | " in text


def test_oracle_problems_have_nine_parameters():
    assert [problem(name, np.random.default_rng(0))[0].n_params for name in PROBLEMS] == [9, 9]


def test_oracle_part_is_a_function_of_its_runs():
    both, second = oracle_part(SMALL_ORACLE, "boston", (0, 1)), oracle_part(SMALL_ORACLE, "boston", (1,))
    np.testing.assert_array_equal(both["loss"][1:], second["loss"])


def test_reproduction_tells_all(monkeypatch, tmp_path):
    monkeypatch.setattr(reproduction, "REPRODUCED", ("boston",))
    monkeypatch.setattr(reproduction, "QUICK", {"runs": 3, "levels": (0.0, 0.5, 1.0), "eta0": 5, "eta1": 5})
    found = list(reproduction.reproduce_selection(tmp_path, quick=True, jobs=1, progress=False))
    assert [name for name, _, _ in found] == ["boston", "oracle", "report"]
    assert all(path.exists() for _, _, paths in found for path in paths)
    assert [claim.id for claim in found[-1][1]] == ["b1", "b2", "b3", "b4"]
    report = (tmp_path / "report.md").read_text("utf8")
    assert "minimal-order reproduce selection --quick --seed 0" in report and "From 3 runs only" in report


# --- the command ----------------------------------------------------------------------------------------

COMMAND = shlex.split("select boston --orders random,magnitude --runs 6 --levels 0,.5,1 --eta0 5 --eta1 5")


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("select") / "out"
    assert main([*COMMAND, "--jobs", "1", "--out", str(folder)]) == 0
    return folder


def test_folder_is_complete(whole):
    files = set(contents(whole))
    tables = {"quality.csv", "pruned.csv", "joint.csv", "speed.csv", "select.npz", "report.md", "config.json"}
    figures = {f"{name}.{suffix}" for name in ("quality", "pruned", "joint", "speed") for suffix in ("png", "svg")}
    parts_ = {
        f"parts/{name}.npz" for name in ("runs-000-004-000", "runs-005-005-000", "speed-000-004", "speed-005-005")
    }
    assert tables | figures | parts_ <= files
    with open(whole / "quality.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 6 * 2 and all(np.isfinite(float(row["metric"])) for row in rows)


def test_two_processes_write_the_same_bytes(whole, tmp_path):
    assert main([*COMMAND, "--jobs", "2", "--out", str(tmp_path / "out")]) == 0
    assert contents(tmp_path / "out") == contents(whole)


def test_interrupted_run_goes_on(whole, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(whole, folder)
    for lost in ("parts/runs-005-005-000.npz", "parts/speed-000-004.npz", "report.md", "joint.png"):
        (folder / lost).unlink()
    kept = {path.name: path.stat().st_mtime_ns for path in (folder / "parts").glob("*.npz")}
    assert main([*COMMAND, "--jobs", "1", "--out", str(folder)]) == 0
    assert contents(folder) == contents(whole)
    assert {name: (folder / "parts" / name).stat().st_mtime_ns for name in kept} == kept


def test_quick_version_is_announced(capsys, tmp_path):
    command = ["select", "boston", "--quick", "--orders", "random", "--jobs", "1", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert f"eta0 = {QUICK['eta0']}" in said and "wrote" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["select", "xor"], "dataset = 'xor'"),
        (["select", "boston", "--order", "random"], "--order: expected --orders"),
        (["select", "boston", "--batch-size", "500"], "batch_size = 500"),
    ],
)
def test_mistakes_are_told_in_one_line(capsys, tmp_path, words, said):
    with pytest.raises(SystemExit) as stop:
        main([*words, "--out", str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count("\n") == 1 and said in error
    assert not (tmp_path / "out").exists()
