"""Experiment cost: ways to freeze, what is counted and timed, and the verdict."""

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
from minimal_order.freezing.operations import step_operations
from minimal_order.networks.models import MLP, linear, mlp
from minimal_order.reports import cost as cost_report
from minimal_order.runs.store import Store
from minimal_order.training.loop import descend
from minimal_order.training.train import train

# --- ways to freeze ------------------------------------------------------------------------------------


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
