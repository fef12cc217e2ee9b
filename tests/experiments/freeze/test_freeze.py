import numpy as np
import pytest
from tiny import tiny

from minimal_order.experiments.freeze import branches as freeze
from minimal_order.experiments.freeze import pilot as pilot_module
from minimal_order.experiments.freeze.branches import branches_of, continue_branches, freeze_part, orders_of, pieces
from minimal_order.experiments.freeze.config import FreezeConfig, published_multiple
from minimal_order.experiments.freeze.outcome import Outcome, loss_rows
from minimal_order.experiments.freeze.pilot import PILOT_EVERY, find_t0, pilot
from minimal_order.experiments.freeze.runs import conditions_of, dataset_of, generator, of_runs, parts_of, prepare
from minimal_order.experiments.freeze.watching import Estimates
from minimal_order.freezing.masks import by_score, freeze_mask, rank_of
from minimal_order.networks.losses import LOSSES
from minimal_order.reports.freeze import freeze_report, summary_table
from minimal_order.training.train import train

RUNS = (0, 1, 2)
PAIR = ("random", "gradient_covariance")
CLOSE = {"rtol": 1e-10, "atol": 1e-10}


def recorded(monkeypatch):
    """Let every training of the experiment leave its arguments and its result in a list."""
    calls = []

    def recording(model, data, w, **options):
        result = train(model, data, w, **options)
        calls.append((w, options, result))
        return result

    monkeypatch.setattr(freeze, "train", recording)
    return calls


def first_phase(config, runs=RUNS):
    """The training up to t0 as the experiment does it."""
    group = prepare(config, of_runs(runs, config.vary))
    rng = [generator(config, "batches", run, config.vary) for run in runs]
    options = {"rule": config.rule, "covariance": config.covariance, "keep": config.keep}
    return train(config.model, group.data, group.w, steps=config.t0, rng=rng, **options)


def mean_losses(config, data, w):
    """Mean loss on train and test, object by object."""
    loss = LOSSES[data.task]
    means = []
    for X, y in ((data.X_train, data.y_train), (data.X_test, data.y_test)):
        objects = zip(X, y, strict=True)
        means.append(np.mean([loss(config.model.outputs(w, x[None]), np.array([t]))[0] for x, t in objects]))
    return means


# --- branches


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "momentum", "rate": 1e-2, "vary": ("data", "split", "init", "batches")},
        {"dataset": "boston", "orders": ("random", "magnitude"), "data": {}, "t1": 12},
        {"dataset": "synthetic2", "optimizer": "sgd", "vary": ("init",), "t1": 12},
    ],
    ids=["synthetic3", "momentum, new data", "boston", "synthetic2"],
)
def test_branch_is_what_training_it_alone_gives(changes):
    """eq:masked-update, eq:freeze-mask: all branches of all runs at once against one replica at a time."""
    config = tiny(**changes)
    training = first_phase(config)
    orders = orders_of(config, training, RUNS)
    found = continue_branches(config, training, orders, RUNS)
    for i, run in enumerate(RUNS):
        before = training.run(i)
        data = dataset_of(config, run, config.vary)
        for b, (order, k) in enumerate(branches_of(config)):
            frozen = orders[order or "random"][i][:k]
            alpha = np.ones(config.model.n_params)
            alpha[frozen] = 0
            alone = train(
                config.model,
                data,
                before.w,
                steps=config.t1,
                rng=generator(config, "batches after freezing", run, config.vary),
                rule=config.rule,
                state=before.state,
                batch_size=config.batch_size,
                alpha=alpha,
            )
            loss = mean_losses(config, data, alone.w)
            np.testing.assert_allclose(found["loss"][i, b], loss, **CLOSE)
            if data.task == "regression":
                np.testing.assert_allclose(found["metric"][i, b], np.sqrt(loss) * data.y_scale, **CLOSE)
            else:
                labels = config.model.outputs(alone.w, data.X_test)[0] > 0
                assert found["metric"][i, b, 1] == pytest.approx(np.mean(labels == data.y_test), abs=1e-12)
    assert not found["diverged"].any()


def test_frozen_keeps_its_bits_and_the_rest_moves(monkeypatch):
    """eq:masked-update: bit-identical from t0 on, for every order and level."""
    config = tiny(levels=(0, 0.25, 0.5, 1), orders=PAIR)
    calls = recorded(monkeypatch)
    part = freeze_part(config, 40, RUNS)
    (w_end,) = [result.w for w, options, result in calls if options.get("alpha") is not None]
    w_t0 = part["w/init,batches"]
    assert w_end.shape[1] == len(branches_of(config)) - 1  # with everything frozen there is nothing to train
    for b, (order, k) in enumerate(branches_of(config)[:-1]):
        for i in range(3):
            rank = part[f"rank/init,batches/{order or 'random'}"][i]
            assert w_end[i, b][rank <= k].tobytes() == w_t0[i][rank <= k].tobytes()
            assert (w_end[i, b][rank > k] != w_t0[i][rank > k]).all()


def test_level_1_leaves_everything_as_at_t0_and_level_0_is_ordinary_training(monkeypatch):
    config = tiny()
    calls = recorded(monkeypatch)
    part = freeze_part(config, 40, RUNS)
    assert branches_of(config)[0] == ("", 0) and branches_of(config)[-1] == ("", 200)
    assert len(branches_of(config)) == 2 + len(config.orders)
    w_end = calls[1][2].w
    np.testing.assert_array_equal(part["loss"][:, -1], part["start_loss"])
    np.testing.assert_array_equal(part["metric"][:, -1], part["start_metric"])
    before = first_phase(config)
    rng = [generator(config, "batches after freezing", run, config.vary) for run in RUNS]
    free = train(config.model, before.data, before.w, steps=30, rng=rng, rule=config.rule, state=before.state)
    np.testing.assert_allclose(w_end[:, 0], free.w, **CLOSE)


def test_branches_see_the_same_batches_however_they_are_cut_into_pieces(monkeypatch):
    config = tiny()
    training = first_phase(config)
    orders = orders_of(config, training, RUNS)
    whole = continue_branches(config, training, orders, RUNS)

    def one_by_one(n_runs, n_branches, n_params):
        return ((slice(i, i + 1), slice(b, b + 1)) for b in range(n_branches) for i in range(n_runs))

    monkeypatch.setattr(freeze, "pieces", one_by_one)
    cut = continue_branches(config, training, orders, RUNS)
    for name in whole:
        np.testing.assert_allclose(cut[name], whole[name], **CLOSE)
    twins = {"one": orders["random"], "two": orders["random"]}
    same = continue_branches(config, training, twins, RUNS)
    at = {branch: i for i, branch in enumerate(branches_of(config, twins))}
    np.testing.assert_array_equal(same["loss"][:, at["one", 100]], same["loss"][:, at["two", 100]])


@pytest.mark.parametrize("n_params", [1, 200, 301, 4041, 7960, 100_000])
def test_pieces_cover_everything_once(n_params):
    for n_runs in (1, 2, 5, 25):
        for n_branches in (1, 2, 20, 83, 300):
            covered = np.zeros((n_runs, n_branches), int)
            for rows, columns in pieces(n_runs, n_branches, n_params):
                covered[rows, columns] += 1
                assert 1 <= covered[rows, columns].size <= 128
            assert (covered == 1).all()


# --- parts


def test_parts_hold_every_run_once_in_sequence():
    assert parts_of(tiny(runs=12)) == [(0, 1, 2, 3, 4), (5, 6, 7, 8, 9), (10, 11)]
    assert parts_of(tiny(runs=1)) == [(0,)]


def same_part(one, other):
    assert set(one) == set(other)
    for name, values in one.items():
        if values.dtype.kind in "bi":
            np.testing.assert_array_equal(other[name], values)
        else:
            np.testing.assert_allclose(other[name], values, **CLOSE)


@pytest.mark.parametrize("vary", [("init", "batches"), ("data", "init", "batches")])
def test_run_does_not_depend_on_the_others_of_its_part(vary):
    config = tiny(vary=vary, orders=("random", "gradient_covariance", "oracle"))
    together = freeze_part(config, 40, (0, 1, 2, 3))
    alone = freeze_part(config, 40, (2,))
    same_part(alone, {name: values[2:3] for name, values in together.items()})


def test_random_order_is_new_in_every_run_and_does_not_hang_on_the_other_orders():
    few = freeze_part(tiny(orders=("random",)), 40, (0, 1))
    many = freeze_part(tiny(orders=("magnitude", "full_gradient", "random")), 40, (0, 1))
    rank = few["rank/init,batches/random"]
    assert (rank[0] != rank[1]).any()
    np.testing.assert_array_equal(rank, many["rank/init,batches/random"])


def test_ranks_are_those_of_the_orders_at_t0():
    """eq:order, eq:rank: from the covariance of the first phase, and of every condition its own."""
    config = tiny()
    part, training = freeze_part(config, 40, RUNS), first_phase(config)
    for order, score in (("gradient_covariance", training.C), ("magnitude", abs(training.w))):
        for i in range(3):
            np.testing.assert_array_equal(part[f"rank/init,batches/{order}"][i], rank_of(by_score(score[i])))
    np.testing.assert_allclose(part["w/init,batches"], training.w, **CLOSE)
    np.testing.assert_array_equal(part["live"], np.ones((3, 200), bool))


def test_estimates_of_the_covariance_stand_against_the_exact_one():
    config = tiny(t0=200, rate=1e-5)  # hardly moves: the estimates are of one matrix
    part = freeze_part(config, 200, (0, 1))
    found = np.stack([part[f"estimate/{name}"] for name in ("running", "running, late half", "batch")])
    rho, ratio = found[..., 0], found[..., 1]
    assert (rho[2] > rho[0]).all() and (rho[0] > rho[1]).all() and (rho[2] > 0.9).all()
    assert np.allclose(ratio[2], 1, atol=0.05)
    assert (ratio[:2] > 0.7).all() and (ratio[:2] < 1.4).all()


def test_estimates_are_those_that_a_training_collects():
    """eq:covariance-update, eq:covariance-batch: from step 1, from the late half, from all of the batch."""
    config = tiny(t0=41)
    group, watched = prepare(config, of_runs(RUNS, config.vary)), Estimates(len(RUNS), 41)
    for name, options in {
        "running": {"covariance": "running", "watch": watched},
        "running, late half": {"covariance": "running", "collect_from": 21},
        "batch": {"covariance": "batch"},
    }.items():
        rng = [generator(config, "batches", run, config.vary) for run in RUNS]
        training = train(config.model, group.data, group.w, steps=41, rng=rng, rule=config.rule, **options)
        np.testing.assert_allclose(watched.C[name], training.C, **CLOSE)


def test_convergence_is_that_of_the_path_with_nothing_frozen(monkeypatch):
    config = tiny(optimizer="sgd", rate=0.05, runs=2)
    calls = recorded(monkeypatch)
    part = freeze_part(config, 40, (0, 1))
    before_freezing = calls[0][2].run(slice(2))  # of the two conditions the experiment's
    w_start, w_end = calls[0][0][:2], calls[1][2].w[:, 0]
    path = [w_start * np.nan]
    for t0, before in ((40, None), (30, before_freezing)):
        w = w_start if before is None else before.w
        purpose = "batches" if before is None else "batches after freezing"
        rng = [generator(config, purpose, run, config.vary) for run in (0, 1)]
        options = {"rng": rng, "rule": config.rule, "steps": t0}
        train(config.model, calls[0][2].data, w, watch=lambda step: path.append(step.w.copy()), **options)
    np.testing.assert_allclose(path[-1], w_end, **CLOSE)
    for i in range(2):
        for j in range(0, 200, 20):
            away = [abs(w[i, j] - w_end[i, j]) for w in path]
            outside = [t for t in range(1, 71) if away[t] > 0.1 * max(away[1:])]
            assert part["converged"][i, j] == (max(outside) + 1 if outside else 1)


# --- what varies


def starts(calls):
    """The initial parameters, data and first batches of a recorded first phase, one of each a run."""
    w, options, training = calls[0]
    X = training.data.X_train
    data = X if X.ndim == 3 else np.stack([X] * len(w))
    return {
        "init": w,
        "data": data,
        "batches": [rng.bit_generator.seed_seq.entropy for rng in options["rng"]],
    }


@pytest.mark.parametrize("factor", ["data", "split", "init", "batches"])
def test_vary_varies_what_it_says_and_nothing_else(monkeypatch, factor):
    changes = {"dataset": "boston", "data": {"scaling": "none", "scale_y": False}} if factor == "split" else {}
    config = tiny(orders=PAIR, vary=(factor,), t0=3, t1=2, rate=1e-6, **changes)
    calls = recorded(monkeypatch)
    freeze_part(config, 3, (0, 1))
    found = starts(calls)
    same = {name: bool(np.array_equal(values[0], values[1])) for name, values in found.items()}
    assert same == {name: name != {"split": "data"}.get(factor, factor) for name in same}
    after = next(options["rng"] for _, options, _ in calls if options.get("alpha") is not None)
    drawn = [rng.bit_generator.seed_seq.entropy for rng in after]
    assert (drawn[0] == drawn[1]) == (factor != "batches")
    if factor == "split":
        both = [calls[0][2].data.run(i) for i in (0, 1)]
        rows = [np.column_stack([np.vstack([d.X_train, d.X_test]), np.append(d.y_train, d.y_test)]) for d in both]
        np.testing.assert_array_equal(*(r[np.lexsort(r.T)] for r in rows))
    if factor == "data":
        w_star = calls[0][2].data.w_star
        assert (w_star[0] != w_star[1]).all()


def test_data_and_split_of_a_generated_set_are_two_things():
    config = tiny(vary=("data",))
    sets = {(run, vary): dataset_of(config, run, vary) for run in (0, 1) for vary in [("data",), ("split",)]}
    # w* is in units of y's deviation on the training part: another split only stretches it
    ratio = sets[0, ("split",)].w_star / sets[1, ("split",)].w_star
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-10)
    ratio = sets[0, ("data",)].w_star / sets[1, ("data",)].w_star
    assert np.ptp(ratio) > 1


def test_conditions_under_which_runs_are_compared(monkeypatch):
    config = tiny(dataset="boston", data={}, orders=PAIR, t0=5, t1=2)
    assert list(conditions_of(config)) == ["split,init,batches", "init,batches", "batches"]
    calls = recorded(monkeypatch)
    part = freeze_part(config, 5, (0, 1))
    ((w, options, training),) = [call for call in calls if call[1].get("alpha") is None]
    for i, name in enumerate(conditions_of(config)):
        a, b = 2 * i, 2 * i + 1
        X = training.data.X_train
        assert np.array_equal(X[a], X[b]) == ("split" not in name)
        assert np.array_equal(w[a], w[b]) == ("init" not in name)
        one, other = (options["rng"][k].bit_generator.seed_seq.entropy for k in (a, b))
        assert one != other
        np.testing.assert_array_equal(part[f"w/{name}"], training.w[[a, b]])
        assert part[f"rank/{name}/random"].shape == (2, 301)
    assert list(conditions_of(tiny(vary=("data", "init", "batches")))) == ["data,init,batches"]
    assert list(conditions_of(tiny(vary=("batches",)))) == ["batches", "init,batches"]
    assert list(conditions_of(tiny(vary=("init", "batches")))) == ["init,batches", "batches"]


# --- t0 by rule


def by_rule(curve, config, every=25):
    """What the pilot makes of a curve: the rule asked after each new point."""
    steps = np.arange(0, every * len(curve), every)
    for n in range(2, len(curve) + 1):
        t0 = find_t0(steps[:n], np.array(curve[:n]), config)
        if t0 is not None:
            return t0
    return None


def test_plateau_is_the_first_step_from_which_t1_more_lower_the_loss_by_a_tenth_at_most():
    config = tiny(t0="plateau", t1=100)  # four points of the curve
    #          0    25   50   75  100   125   150   175   200  225  250
    curve = [180.0, 160, 80, 40, 20.0, 16.0, 12.0, 10.0, 10.0, 9.2, 9.0]
    assert by_rule(curve, config) is None  # from 150 on it falls by (12 - 9) / 12, a quarter
    assert by_rule([*curve, 9.0], config) == 175  # (10 - 9) / 10 is exactly a tenth
    assert by_rule([*curve, 8.99, 9.01], config) == 200
    assert by_rule([1.0] * 6, config) == 25  # never step 0
    assert by_rule([1.0, 1.0, 1.2, 1.3, 1.4, 1.5], config) == 25  # it rises: no less a plateau


@pytest.mark.parametrize("dataset, multiple", [("synthetic3", 10.4), ("synthetic1", 2.1)])
def test_published_is_the_first_step_within_the_published_multiple(dataset, multiple):
    config = tiny(dataset=dataset, orders=("random",), t0="published", t1=100)
    assert published_multiple(dataset) == pytest.approx(multiple, rel=0.01)
    multiple = published_multiple(dataset)
    steps = np.arange(0, 5000, 25)
    curve = 0.01 + np.exp(-steps / 30.0)
    t0 = by_rule(curve, config)
    ratio = dict(zip(steps[:-4].tolist(), curve[:-4] / curve[4:], strict=True))
    assert t0 == min(s for s in ratio if s > 0 and ratio[s] <= multiple)
    assert ratio[t0 - 25] > multiple >= ratio[t0]
    assert t0 > 50


@pytest.mark.parametrize("t1", [1, 10, 25, 60, 100, 130])
def test_rule_looks_at_least_t1_steps_ahead(t1):
    """Between the points where the pilot looks, too."""
    config = tiny(t0="plateau", t1=t1)
    rng = np.random.default_rng(t1)
    steps, curve = np.arange(0, 2000, 25), np.exp(-np.arange(80) / 10) + 0.1 + 0.01 * rng.random(80)
    ahead = -(-t1 // 25)
    good = [i for i in range(1, 80 - ahead) if curve[i] - curve[i + ahead] <= 0.1 * curve[i]]
    assert by_rule(curve, config) == steps[good[0]]


def test_pilot_finds_t0_on_batches_of_its_own(monkeypatch):
    config = tiny(t0="plateau", t1=50, rate=0.02)
    found = pilot(config)
    t0, steps, loss = int(found["t0"]), found["steps"], found["loss"]
    np.testing.assert_array_equal(steps, PILOT_EVERY * np.arange(len(steps)))
    at = {s: value for s, value in zip(steps.tolist(), loss, strict=True)}
    assert steps[-1] == t0 + 50 and t0 > 25
    assert at[t0] - at[t0 + 50] <= 0.1 * at[t0]
    assert all(at[s] - at[s + 50] > 0.1 * at[s] for s in range(25, t0, 25))
    group = prepare(config, of_runs(RUNS, config.vary))
    expected = np.mean([mean_losses(config, group.data, w)[0] for w in group.w])
    np.testing.assert_allclose(loss[0], expected, rtol=1e-10)
    rng = [generator(config, "batches", run, config.vary) for run in RUNS]
    same = train(config.model, group.data, group.w, steps=25, rng=rng, rule=config.rule)
    assert abs(loss[1] - np.mean([mean_losses(config, group.data, w)[0] for w in same.w])) > 1e-6


def test_pilot_of_a_given_t0_has_nothing_to_do():
    assert pilot(tiny(t0=17))["t0"] == 17


def test_rule_that_is_never_met_is_said_to_be_so(monkeypatch):
    monkeypatch.setattr(pilot_module, "PILOT_LIMIT", 75)
    monkeypatch.setattr("minimal_order.reports.freeze.PILOT_LIMIT", 75)
    config = tiny(t0="plateau", t1=100)
    assert pilot(config)["t0"] == 75
    outcome = Outcome.assemble(config, 75, [freeze_part(config, 75, RUNS)])
    assert "t0 = 75 steps (the last step tried: the rule `plateau` was met at none)" in freeze_report("x", outcome)


# --- runs that diverge


def explode(monkeypatch, *bad):
    """Let some runs begin so far away that their loss overflows."""

    def prepared(config, replicas):
        group = prepare(config, replicas)
        w = group.w.copy()
        w[[i for i, (run, _) in enumerate(replicas) if run in bad]] *= 1e200
        return group._replace(w=w)

    for module in (freeze, pilot_module):
        monkeypatch.setattr(module, "prepare", prepared)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "changes",
    [{}, {"dtype": "float32"}, {"covariance": "batch"}, {"dataset": "boston", "data": {}, "orders": PAIR}],
    ids=str,
)
def test_all_runs_diverge(changes):
    config = tiny(optimizer="sgd", rate=1e25, **changes)
    part = freeze_part(config, 40, RUNS)
    training = first_phase(config)
    first_bad = [int(np.flatnonzero(~np.isfinite(losses))[0]) + 1 for losses in training.losses.T]
    assert max(first_bad) <= 40
    assert part["diverged"].tolist() == [[step] * len(branches_of(config)) for step in first_bad]
    outcome = Outcome.assemble(config, 40, [part])
    assert outcome.n_diverged == 3
    assert all(np.isnan(outcome.loss(order)).all() for order in config.orders)
    assert {row[-1] for row in loss_rows(outcome)} == set(first_bad)
    report = freeze_report("x", outcome)
    assert "3 of 3 runs diverged" in report and "nan" not in report and "holds" not in report
    summary = summary_table(outcome)
    assert "nan" not in summary and summary.count("diverged") == 4 * len(config.orders)


@pytest.mark.filterwarnings("error")
def test_one_run_diverges_and_the_others_do_not_notice(monkeypatch):
    config = tiny(runs=5, orders=PAIR)
    usual = freeze_part(config, 40, (0, 1, 2, 3, 4))
    explode(monkeypatch, 1)
    part = freeze_part(config, 40, (0, 1, 2, 3, 4))
    others = [0, 2, 3, 4]
    same_part(*({name: values[others] for name, values in found.items()} for found in (usual, part)))
    assert part["diverged"].tolist() == [[step] * 4 for step in (0, 1, 0, 0, 0)]
    outcome = Outcome.assemble(config, 40, [part])
    assert outcome.n_diverged == 1
    assert np.isnan(outcome.loss("random")[1]).all() and np.isfinite(outcome.loss("random")[others]).all()
    assert all(len(ranks["random"]) == 4 for ranks in outcome.comparisons.values())
    mean = outcome.loss("random")[others, 1, 1].mean()
    deviation = outcome.loss("random")[others, 1, 1].std(ddof=1)
    report = freeze_report("x", outcome)
    assert "1 of 5 runs diverged" in report and "nan" not in report
    assert f"{mean:.3g} ({deviation:.1g})" in report
    rows = list(loss_rows(outcome))
    assert {row[3] for row in rows if row[-1]} == {1} and {row[-1] for row in rows if row[3] == 1} == {1}


def test_run_that_overflows_in_its_very_last_step_has_diverged():
    config = tiny(optimizer="sgd", rate=1e15, dtype="float32", t0=1, t1=1, orders=("random",))
    part = freeze_part(config, 1, RUNS)
    at = {branch: i for i, branch in enumerate(branches_of(config))}
    assert (part["diverged"][:, [at["", 0], at["random", 100]]] == 2).all()
    assert (part["diverged"][:, at["", 200]] == 0).all() and np.isfinite(part["loss"][:, at["", 200]]).all()


def test_run_that_overflows_in_the_last_step_before_t0_has_no_order():
    config = tiny(optimizer="sgd", rate=1e25, dtype="float32", t0=1, t1=1)
    part = freeze_part(config, 1, RUNS)
    assert (part["diverged"] == 2).all()
    assert np.isnan(part["w/init,batches"]).all() and not part["live"].any()


@pytest.mark.filterwarnings("error")
def test_pilot_leaves_out_what_diverges_and_stops_when_all_has(monkeypatch):
    config = tiny(t0="plateau", t1=50, rate=0.02)
    explode(monkeypatch, 1)
    loss = pilot(config)["loss"]
    assert np.isfinite(loss).all() and loss[0] < 10
    explode(monkeypatch, 0, 1, 2)
    assert pilot(config)["steps"][-1] == PILOT_EVERY


def test_divergence_of_every_kind_of_step(monkeypatch):
    """Adam's steps are bounded: it is the data's loss that overflows, at the first step."""
    explode(monkeypatch, 0, 1, 2)
    for optimizer in ("adam", "momentum"):
        assert (freeze_part(tiny(optimizer=optimizer), 40, RUNS)["diverged"] == 1).all()


# --- the whole, once


def test_default_float_type_is_kept(monkeypatch):
    config = tiny(dtype="float32", orders=("random",))
    calls = recorded(monkeypatch)
    freeze_part(config, 40, (0,))
    for w, options, result in calls:
        assert {w.dtype, result.w.dtype, result.data.X_train.dtype} == {np.dtype("float32")}
        assert options.get("alpha") is None or options["alpha"].dtype == np.float32


def test_config_is_all_that_a_part_depends_on():
    again = FreezeConfig(**tiny().as_dict() | {"plugins": ()})
    same_part(freeze_part(tiny(), 40, RUNS), freeze_part(again, 40, RUNS))


def test_masks_are_nested_in_the_level():
    """eq:freeze-mask"""
    part = freeze_part(tiny(), 40, RUNS)
    order = np.argsort(part["rank/init,batches/random"], axis=1)
    alpha = freeze_mask(order, np.array([0, 0.25, 0.5, 1]))
    assert (alpha[:, :-1] >= alpha[:, 1:]).all()
    assert alpha.sum(axis=-1).tolist() == [[200, 150, 100, 0]] * 3
