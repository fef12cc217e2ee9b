"""What a step costs: counts against loops that count, and the step that leaves out what is not needed."""

import csv
import io
import math
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from small import small_dataset

from minimal_order.claims.cost import cost_claim
from minimal_order.estimates import Estimate
from minimal_order.experiments.cost import config as cost_config
from minimal_order.experiments.cost import outcome as cost
from minimal_order.experiments.cost import savings as cost_savings
from minimal_order.experiments.cost import stopwatch
from minimal_order.experiments.cost.config import SETUPS, WAYS, CostConfig
from minimal_order.freezing.masks import freeze_mask
from minimal_order.freezing.operations import collecting_operations, step_operations
from minimal_order.freezing.partial import (
    as_runs,
    descend_live,
    live_gradient,
    live_parts,
    lowest_live,
    plan_step,
    put,
    take,
)
from minimal_order.networks.gradients import backprop, first_gradient, mean_gradient
from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import MLP, linear, mlp
from minimal_order.reports import cost as cost_report
from minimal_order.runs.store import Store
from minimal_order.training.covariance import batch_covariance, covariance_update
from minimal_order.training.loop import descend, draw_batches
from minimal_order.training.optim import STEP_RULES
from minimal_order.training.train import train

# --- the oracle: a step in loops, counting as it goes ----------------------------------------------------


class Tally(dict):
    def __call__(self, part, value):
        self[part] = self.get(part, 0) + 1
        return value


SLOPE = {"tanh": lambda a: 1 - a * a, "sigmoid": lambda a: a - a * a, "relu": lambda a: float(a > 0)}
VALUE = {"tanh": math.tanh, "sigmoid": lambda z: 1 / (1 + math.exp(-z)), "relu": lambda z: max(z, 0.0)}


def cut(layout, vector):
    """[(W, b or None)] of the layers as lists."""
    views = layout.views(vector)
    return [(views[f"W{i}"], views.get(f"b{i}")) for i in range(1, layout.n_layers + 1)]


def looped_backprop(model, task, w, alpha, X, y, count):
    """Inputs a[l][s] and deltas delta[l][s], the latter down to the lowest layer with a live parameter."""
    layers, live = cut(model.layout, w), cut(model.layout, np.asarray(alpha, bool))
    inputs, deltas = [[] for _ in layers], [[None] * len(X) for _ in layers]
    lowest = [i for i, (W, b) in enumerate(live) if W.any() or (b is not None and b.any())][:1]
    for s, x in enumerate(X):
        a = list(x)
        for i, (W, b) in enumerate(layers):
            inputs[i].append(a)
            z = [0.0] * len(W)
            for j in range(len(W)):
                for k in range(len(a)):
                    z[j] = count("forward", z[j] + W[j, k] * a[k])
                if b is not None:
                    z[j] = count("forward", z[j] + b[j])
            if i < len(layers) - 1 and model.activation != "identity":
                z = [count("forward", VALUE[model.activation](value)) for value in z]
            a = z
        if not lowest:
            continue
        if task == "regression":
            delta = [count("deltas", 2 * count("deltas", a[0] - y[s]))]
        elif task == "binary":
            delta = [count("deltas", count("deltas", VALUE["sigmoid"](a[0])) - y[s])]
        else:
            e, total = [count("deltas", math.exp(h)) for h in a], 0.0
            for value in e:
                total = count("deltas", total + value)
            delta = [count("deltas", count("deltas", v / total) - (j == y[s])) for j, v in enumerate(e)]
        deltas[-1][s] = delta
        for i in range(len(layers) - 2, lowest[0] - 1, -1):
            W, above, a = layers[i + 1][0], deltas[i + 1][s], inputs[i + 1][s]
            delta = [0.0] * W.shape[1]
            for k in range(len(delta)):
                for j in range(len(above)):
                    delta[k] = count("deltas", delta[k] + W[j, k] * above[j])
                if model.activation != "identity":
                    slope = count("deltas", SLOPE[model.activation](a[k]))
                    delta[k] = count("deltas", delta[k] * slope)
            deltas[i][s] = delta
    return inputs, deltas


def looped_gradient(model, alpha, inputs, deltas, count):
    """The mean gradient (p,), NaN where it need not be computed."""
    S, g = len(inputs[0]), np.full(model.n_params, np.nan)
    for i, ((G, Gb), (L, Lb)) in enumerate(zip(cut(model.layout, g), cut(model.layout, alpha), strict=True)):
        rows = [j for j in range(len(L)) if L[j].any() or (Lb is not None and Lb[j])]
        columns = [k for k in range(L.shape[1]) if L[:, k].any()]
        for j in rows:
            scaled = [count("gradient", deltas[i][s][j] / S) for s in range(S)]
            for k in columns:
                G[j, k] = 0
                for s in range(S):
                    G[j, k] = count("gradient", G[j, k] + scaled[s] * inputs[i][s][k])
            if Gb is not None:
                Gb[j] = 0
                for s in range(S):
                    Gb[j] = count("gradient", Gb[j] + scaled[s])
    return g


def looped_update(rule, rate, w, alpha, g, count):
    """The first step of a rule from an empty state."""
    w = w.copy()
    for j in np.flatnonzero(alpha):
        if rule == "sgd":
            w[j] = count("update", w[j] - rate * g[j])
        elif rule == "momentum":
            v = count("update", count("update", 0.9 * 0.0) - rate * g[j])
            w[j] = count("update", w[j] + v)
        else:
            m = count("update", 0.9 * 0.0 + g[j])
            v = count("update", 0.999 * 0.0 + count("update", g[j] * g[j]))
            root = count("update", count("update", math.sqrt(v)) + 1e-8 / math.sqrt(1.0))
            w[j] = count("update", w[j] - rate * count("update", m / root))
    return w


def random_masks(model, seed=0):
    """Masks of every kind, by name."""
    rng, layout = np.random.default_rng(seed), model.layout
    p = model.n_params
    masks = {f"{share:.0%} at random": rng.random(p) >= share for share in (0.1, 0.5, 0.9)}
    masks |= {"nothing frozen": np.ones(p, bool), "all frozen": np.zeros(p, bool)}
    masks["one live"] = np.arange(p) == rng.integers(p)
    for layer in range(1, layout.n_layers + 1):
        masks[f"only layer {layer} live"] = layout.layer == layer
        masks[f"only layer {layer} frozen"] = layout.layer != layer
        few = rng.permutation(layout.sizes[layer])[: 1 + layout.sizes[layer] // 10]
        masks[f"few units of layer {layer} live"] = (layout.layer == layer) & np.isin(layout.unit, few)
        masks[f"few units of layer {layer} frozen"] = ~masks[f"few units of layer {layer} live"]
    masks["few features live"] = (layout.layer == 1) & (layout.input >= 0) & (layout.input < 2)
    masks["only biases live"] = layout.input < 0
    return masks


SMALL = [
    ("regression", linear(3)),
    ("regression", MLP((3, 4, 1))),
    ("binary", MLP((3, 2, 3, 1), "sigmoid")),
    ("multiclass", MLP((3, 4, 3), "relu", bias=False)),
    ("multiclass", MLP((3, 2, 3), "identity")),
]


SMALL = [
    ("regression", linear(3)),
    ("regression", MLP((3, 4, 1))),
    ("binary", MLP((3, 2, 3, 1), "sigmoid")),
    ("multiclass", MLP((3, 4, 3), "relu", bias=False)),
    ("multiclass", MLP((3, 2, 3), "identity")),
]
S = 5


@pytest.mark.parametrize("rule", STEP_RULES)
@pytest.mark.parametrize("task, model", SMALL, ids=str)
def test_operations_are_those_of_the_loops(task, model, rule):
    """eq:step-cost against a step in loops that counts each multiply-add, with the right new parameters."""
    data, w = small_dataset(task), model.init(np.random.default_rng(1))
    X, y = next(draw_batches(data, np.random.default_rng(3), S))
    how = {"rule": STEP_RULES[rule](0.01), "batch_size": S}
    for name, alpha in random_masks(model).items():
        count = Tally()
        inputs, deltas = looped_backprop(model, task, w, alpha, X, y, count)
        g = looped_gradient(model, alpha, inputs, deltas, count)
        new = looped_update(rule, 0.01, w, alpha, g, count)
        found = step_operations(model, alpha, S, task, rule)
        assert found._asdict() == {part: count.get(part, 0) for part in found._fields}, name
        assert found.total == sum(count.values())
        step = next(descend(model, data, w, rng=np.random.default_rng(3), alpha=alpha, **how))
        np.testing.assert_allclose(new, step.w, rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("task, model", SMALL, ids=str)
def test_collecting_is_that_of_the_loops(task, model):
    """eq:step-cost, the part of collecting C: loops that count and whose C is right."""
    data, w = small_dataset(task), model.init(np.random.default_rng(1))
    X, y = next(draw_batches(data, np.random.default_rng(3), S))
    back = backprop(model, LOSSES[task], w, X, y)
    C, t = np.random.default_rng(5).random(model.n_params), 4
    live = np.ones(model.n_params)
    inputs, deltas = looped_backprop(model, task, w, live, X, y, Tally())
    g = looped_gradient(model, live, inputs, deltas, Tally())

    count, new, first = Tally(), np.empty_like(C), np.empty_like(C)
    for i, (F, Fb) in enumerate(cut(model.layout, first)):
        for j, k in np.ndindex(F.shape):
            F[j, k] = count("g_1", deltas[i][0][j] * inputs[i][0][k])
        if Fb is not None:
            Fb[:] = deltas[i][0]
    for j in range(len(C)):
        d = count("C", first[j] - g[j])
        scaled = count("C", (1 / t) * count("C", d * d))
        new[j] = count("C", (1 - 1 / t) * C[j] + scaled)
    np.testing.assert_allclose(new, covariance_update(C, first_gradient(back), g, t), rtol=0, atol=1e-10)
    assert collecting_operations(model, "running", S) == sum(count.values())

    count, new, squares = Tally(), np.empty_like(C), np.zeros_like(C)
    for i, (Q, Qb) in enumerate(cut(model.layout, squares)):
        a2 = [[count("squares", x * x) for x in a] for a in inputs[i]]
        d2 = [[count("squares", x * x) for x in d] for d in deltas[i]]
        for j in range(len(Q)):
            for s in range(S):
                for k in range(Q.shape[1]):
                    Q[j, k] = count("product", Q[j, k] + d2[s][j] * a2[s][k])
                if Qb is not None:
                    Qb[j] = count("product", Qb[j] + d2[s][j])
    for j in range(len(C)):
        left = count("C", squares[j] - count("C", S * g[j]) * g[j])
        one = count("C", count("C", max(left, 0)) / (S - 1))
        new[j] = count("C", C[j] + count("C", one - C[j]) * (1 / t))
    np.testing.assert_allclose(new, C + (batch_covariance(back) - C) / t, rtol=0, atol=1e-10)
    assert collecting_operations(model, "batch", S) == sum(count.values())


def test_operations_by_hand():
    """eq:step-cost of a linear model with 200 weights: 64 x 200 forward, twice that and the step rule."""
    model = linear(200)
    whole = step_operations(model, np.ones(200), 64)
    assert whole == (12_800, 128, 12_864, 1_400)
    assert step_operations(model, np.arange(200) < 100, 64) == (12_800, 128, 6_464, 700)
    assert step_operations(model, np.zeros(200), 64) == (12_800, 0, 0, 0)
    assert collecting_operations(model, "running", 64) == 1_000


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", [linear(9), mlp(4, 6, 1), mlp(7, 5, 4, 3)], ids=str)
def test_more_frozen_never_costs_more(model, way):
    """eq:step-cost falls with the share frozen, from the plain step to the forward pass alone."""
    rng = np.random.default_rng(0)
    levels = [i / 10 for i in range(11)]
    masks = cost_config.masks_of_way(way, model.layout, rng.permutation(model.n_params), rng, levels)
    assert masks[0].all() and not masks[-1].any()
    assert (masks[:-1] >= masks[1:]).all()
    total = [step_operations(model, alpha).total for alpha in masks]
    assert total == sorted(total, reverse=True)
    assert total[0] == step_operations(model, np.ones(model.n_params)).total
    assert total[-1] == step_operations(model, np.ones(model.n_params)).forward


def test_ways_freeze_what_they_say():
    model = mlp(4, 6, 3)
    layout, order = model.layout, np.random.default_rng(1).permutation(model.n_params)

    def masks(way):
        return cost_config.masks_of_way(way, layout, order, np.random.default_rng(2), [0, 0.3, 1])

    np.testing.assert_array_equal(masks("weights, covariance order"), freeze_mask(order, [0, 0.3, 1]))
    assert np.count_nonzero(~masks("weights, random")[1]) == round(0.3 * model.n_params)
    units = list(zip(layout.layer, layout.unit, strict=True))
    for i, alpha in enumerate(masks("units, random")):
        frozen = {unit for unit, live in zip(units, alpha, strict=True) if not live}
        assert len(frozen) == i
        assert all(not live for unit, live in zip(units, alpha, strict=True) if unit in frozen)
    np.testing.assert_array_equal(masks("layers, input first")[1], layout.layer == 2)
    np.testing.assert_array_equal(masks("layers, output first")[1], layout.layer == 1)


# --- the step that leaves out what is not needed ---------------------------------------------------------

WIDE = [
    ("regression", MLP((3, 40, 30, 1))),
    ("multiclass", MLP((3, 150, 3), "relu", bias=False)),
    ("binary", MLP((3, 30, 1), "sigmoid")),
    ("regression", linear(3)),
]


@pytest.mark.parametrize("rule", STEP_RULES)
@pytest.mark.parametrize("task, model", WIDE, ids=str)
def test_compacted_steps_are_masked_steps(task, model, rule):
    """eq:masked-update: the same parameters after every step, up to rounding; frozen ones keep their bits."""
    data, w = small_dataset(task, n_train=40), model.init(np.random.default_rng(1))
    how = {"rule": STEP_RULES[rule](0.01), "batch_size": 8}
    before = train(model, data, w, rng=np.random.default_rng(2), steps=3, **how)
    how |= {"state": before.state}
    for name, alpha in random_masks(model).items():
        masked = descend(model, data, before.w, rng=np.random.default_rng(7), alpha=alpha, **how)
        compacted = descend_live(model, data, before.w, alpha, rng=np.random.default_rng(7), **how)
        for step, (w_live, losses) in islice(zip(masked, compacted, strict=True), 4):
            np.testing.assert_allclose(w_live, step.w, rtol=0, atol=1e-10, err_msg=name)
            np.testing.assert_allclose(losses, step.back.loss, rtol=0, atol=1e-10, err_msg=name)
        np.testing.assert_array_equal(w_live[~alpha], before.w[~alpha], err_msg=name)
        assert (w_live[alpha] != before.w[alpha]).any() or not alpha.any(), name


def test_plans_leave_out_what_they_can():
    """The masks above take every path: rows and columns left out, layers below, numbers picked, runs."""
    _, model = WIDE[0]
    plans = {name: plan_step(model, alpha) for name, alpha in random_masks(model).items()}
    assert plans["only layer 3 live"].lowest == 3 and len(plans["only layer 3 live"].parts) == 1
    assert len(plans["few units of layer 2 live"].parts[0].rows) == 4
    assert len(plan_step(model, (model.layout.layer == 2) & (model.layout.input == 0)).parts[0].columns) == 1
    assert plans["10% at random"].alpha is not None and plans["90% at random"].kept is not None
    assert isinstance(plans["only layer 2 live"].places, list)
    assert isinstance(plans["one live"].places, np.ndarray)
    assert plans["all frozen"].lowest == 4
    parts = live_parts(model.layout, np.zeros(model.n_params))
    assert lowest_live(parts) == 4 and not any(part.rows.size or part.columns.size for part in parts)


def test_live_gradient_is_part_of_the_whole():
    task, model = WIDE[0]
    data, w = small_dataset(task), model.init(np.random.default_rng(1))
    whole = mean_gradient(backprop(model, LOSSES[task], w, data.X_train, data.y_train))
    for name, alpha in random_masks(model).items():
        plan = plan_step(model, alpha)
        _, g = live_gradient(plan, LOSSES[task], w, data.X_train, data.y_train)
        np.testing.assert_allclose(g, take(whole, plan.places), rtol=0, atol=1e-10, err_msg=name)


def test_places_hold_what_was_put():
    for index in (np.arange(250), np.r_[0:200, 300:450], np.array([1, 4, 5]), np.empty(0, int)):
        places, w = as_runs(index), np.arange(500.0)
        np.testing.assert_array_equal(take(w, places), index)
        values = -1.0 - np.arange(index.size)
        put(w, places, values)
        expected = np.arange(500.0)
        expected[index] = values
        np.testing.assert_array_equal(w, expected)
    assert as_runs(np.r_[0:200, 300:450]) == [slice(0, 200), slice(300, 450)]


def test_compacted_steps_refuse_replicas_at_once():
    data, model = small_dataset("regression"), linear(3)
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"w\.shape = \(2, 3\): expected"):
        descend_live(model, data, np.zeros((2, 3)), np.ones(3), rng=rng)
    with pytest.raises(ValueError, match=r"alpha\.shape = \(2, 3\): expected"):
        descend_live(model, data, np.zeros(3), np.ones((2, 3)), rng=rng)
    with pytest.raises(ValueError, match="batch_size = 1: expected"):
        descend_live(model, data, np.zeros(3), np.ones(3), rng=rng, batch_size=1)


# --- the experiment --------------------------------------------------------------------------------------

TINY = CostConfig(models=("linear 200", "13-20-1"), levels=(0, 0.5, 1), order_steps=3, runs=2, repeats=2, chunk=1e-4)


@pytest.fixture(scope="module")
def tiny():
    return cost.run_cost(TINY)


def test_counts_are_the_same_every_time(tiny):
    again = cost.run_cost(TINY)
    assert again.counted == tiny.counted
    files, new = cost_report.cost_files(tiny), cost_report.cost_files(again)
    assert all(files[name] == new[name] for name in ("operations.csv", "savings.csv"))
    assert files["seconds.csv"] != new["seconds.csv"]


def test_counted_rows_add_up(tiny):
    for row in tiny.counted:
        assert row.operations == row.forward + row.deltas + row.gradient + row.update + row.collecting
        assert row.share == row.frozen / SETUPS[row.model].model.n_params
    assert {row.way for row in tiny.counted} == {*WAYS, "collecting, running", "collecting, batch"}
    shares = [r.relative for r in tiny.counted if (r.model, r.way, r.run) == ("linear 200", "weights, random", 1)]
    assert shares == [1, 20_092 / 27_192, 12_800 / 27_192]


def test_every_kind_of_step_is_timed(tiny):
    steps = {(row.step, row.way) for row in tiny.timed if row.model == "13-20-1"}
    assert steps == {
        ("plain", ""),
        ("masked", "weights, random"),
        ("compacted", ""),
        *(("compacted", way) for way in WAYS),
        ("collecting", "collecting, running"),
        ("collecting", "collecting, batch"),
    }
    assert all(row.seconds > 0 and row.relative_low <= row.relative <= row.relative_high for row in tiny.timed)
    assert all(row.relative == 1 for row in tiny.timed if row.step == "plain")


def test_files(tiny, tmp_path):
    paths = cost_report.write_cost(Store.open(tmp_path, TINY.as_dict()), tiny)
    names = {"config.json", "operations.csv", "savings.csv", "seconds.csv", "cost.csv", "cost.png", "cost.svg"}
    assert {path.name for path in paths} == names == {path.name for path in tmp_path.iterdir() if path.is_file()}
    tables = {name: list(csv.DictReader(io.StringIO((tmp_path / name).read_text()))) for name in names if "csv" in name}
    assert len(tables["operations.csv"]) == len(tiny.counted)
    assert {row["machine"] for row in tables["seconds.csv"]} == {stopwatch.machine()}
    both = [row for row in tables["cost.csv"] if row["seconds"]]
    assert {row["way"] for row in both} == {*WAYS, "collecting, running", "collecting, batch"}
    half = [row for row in both if row["model"] == "linear 200" and row["share"] == "0.5"]
    assert {float(row["operations_relative"]) for row in half} == {20_092 / 27_192}


def test_summary_is_of_half(tiny):
    rows = {(row.model, row.way): row for row in cost.summary(tiny)}
    assert len(rows) == len(tiny.savings)
    row = rows["linear 200", "weights, random"]
    timed = next(t for t in tiny.timed if (t.model, t.way, t.step, t.frozen) == (*row[:2], "compacted", 100))
    assert row.seconds_saved == 1 - timed.relative
    assert row.operations_saved == pytest.approx(7_100 / 27_192, abs=1e-10) and row.met
    assert row.frozen_steps == pytest.approx(1_000 / 7_100, abs=1e-10)


def test_a_stored_part_is_not_measured_again(tiny, tmp_path, monkeypatch):
    store = Store.open(tmp_path / "out", TINY.as_dict())
    first = cost.run_cost(TINY, store)
    cost_report.write_cost(store, first)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.is_file()}
    monkeypatch.setattr(cost, "cost_part", None)
    assert len(list(store.folder.glob("parts/*.npz"))) == len(TINY.models)
    again = cost.run_cost(TINY, store)
    assert (again.counted, again.timed, again.machine) == (first.counted, first.timed, first.machine)
    cost_report.write_cost(store, again)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.is_file()}


def test_collecting_step_collects():
    """eq:covariance-update and eq:covariance-batch: what is timed leaves the C of ``train``."""
    data, model = small_dataset("regression"), MLP((3, 4, 1))
    w = model.init(np.random.default_rng(0))
    for estimator in ("running", "batch"):
        steps = descend(model, data, w, rng=np.random.default_rng(1), batch_size=6)
        *_, C = islice(stopwatch.collect(steps, estimator), 5)
        run = train(model, data, w, rng=np.random.default_rng(1), batch_size=6, steps=5, covariance=estimator)
        np.testing.assert_allclose(C, run.C, rtol=0, atol=1e-10)


def test_all_take_their_turns():
    taken = {"a": 0, "b": 0}

    def steps(name):
        while True:
            taken[name] += 1
            yield

    seconds = stopwatch.take_turns({name: steps(name) for name in taken}, repeats=4, chunk=1e-5)
    assert all(len(times) == 4 and (times > 0).all() for times in seconds.values())
    assert min(taken.values()) >= 1 + 3 + 4 * 2


# --- the verdict -----------------------------------------------------------------------------------------


def test_half_is_the_first_mask_with_half_frozen(tiny):
    of = {(saving.model, saving.way): saving for saving in tiny.savings}
    assert ("linear 200", "units, random") not in of and ("linear 200", "layers, input first") not in of
    assert ("13-20-1", "layers, output first") not in of  # the output layer is less than half of the network
    assert of["13-20-1", "layers, input first"].share == 280 / 301
    assert 0.5 <= of["13-20-1", "units, random"].share < 0.5 + 21 / 301
    linear_half = of["linear 200", "weights, covariance order"]
    np.testing.assert_allclose(linear_half.saved, 7_100 / 27_192, rtol=0, atol=1e-10)
    assert linear_half.met
    assert linear_half.frozen_steps("running", 1000) == pytest.approx(1000 * 1000 / 7_100, rel=1e-12)
    assert linear_half.frozen_steps("running") == pytest.approx(1000 / 7_100, rel=1e-12)


def test_claim_is_judged_by_the_covariance_order(tiny):
    found = cost_claim(tiny)
    assert (found.id, found.rule, found.verdict) == ("a9", cost_savings.RULE, tiny.verdict)
    judged = [finding for finding in found.findings if finding.met is not None]
    assert [finding.where for finding in judged] == list(TINY.models)
    assert all("covariance order" in finding.what for finding in judged)
    assert [finding.met for finding in judged] == [s.met for s in tiny.savings if s.way == cost_savings.JUDGED]
    assert len(found.findings) == len(tiny.savings) + len(TINY.models)
    assert not any("second" in finding.what for finding in found.findings)  # they differ from run to run


@pytest.mark.parametrize("way", ["weights, random", "weights, covariance order"])
def test_largest_batch_is_the_last_that_saves_enough(tiny, way):
    model = "13-20-1"
    plain, *_ = of_model = [row for row in tiny.counted if row.model == model]
    halves = cost_savings.halves_of(SETUPS[model].model, [row for row in of_model if row.way == way])
    orders = cost_config.covariance_orders(TINY, model, cost_config.dataset_of(TINY, model))
    masks = cost_config.masks_of(TINY, model, orders)

    def saved(S):
        config = replace(TINY, models=(model,), batch_size=int(S))
        rows = cost_savings.count(config, masks, "regression")
        return next(s.saved.value for s in cost_savings.savings(config, rows) if s.way == way)

    S = cost_savings.largest_batch(plain, halves, TINY.batch_size)
    assert saved(min(S, 10**6)) >= 0.1 and (math.isinf(S) or saved(S + 1) < 0.1)
    assert math.isfinite(S) or way != "weights, random"


def saving(model, way, low):
    return cost_savings.Saving(model, way, 0.5, Estimate(low + 0.01, low, low + 0.02), low >= 0.1, 0, {"running": 0.1})


ORDER, RANDOM, UNITS = cost_savings.JUDGED, "weights, random", "units, random"


@pytest.mark.parametrize(
    "by_order, by_units, verdict",
    [(0.1, 0.3, "holds"), (0.09, 0.1, "holds for units or layers only"), (0.09, 0.09, "does not hold")],
)
def test_verdict_follows_the_rule(by_order, by_units, verdict):
    found = [
        saving("13-20-1", ORDER, by_order),
        saving("13-20-1", RANDOM, 0.5),
        saving("13-20-1", UNITS, by_units),
    ]
    assert cost_savings.judge(found) == {"13-20-1": verdict}
    assert cost_savings.verdict(found) == verdict
    mixed = [*found, saving("linear 200", ORDER, 0.01)]
    if verdict != "does not hold":
        expected = f"holds under conditions: {verdict} on 13-20-1; does not hold on linear 200"
        assert cost_savings.verdict(mixed) == expected
    assert found[0].frozen_steps("running", 7) == pytest.approx(7 * 0.1 / (by_order + 0.01))
    assert saving("13-20-1", ORDER, -0.01).frozen_steps("running") == math.inf


@pytest.mark.parametrize(
    "wrong",
    [
        {"models": ("13-20-2",)},
        {"runs": 1},
        {"t0": 0},
        {"batch_size": 1},
        {"levels": (0, 1.5)},
        {"optimizer": "adan"},
        {"rate": math.nan},
        {"chunk": 0.0},
        {"dtype": "float16"},
    ],
    ids=str,
)
def test_config_refuses(wrong):
    with pytest.raises(ValueError, match=r" = .*: expected"):
        CostConfig(**wrong)
