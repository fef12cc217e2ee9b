import csv
import io
import itertools

import numpy as np
import pytest
from tiny import outcome_of, tiny

from minimal_order.experiments.freeze.branches import branches_of
from minimal_order.experiments.freeze.outcome import (
    ALIGNED,
    LOSS_COLUMNS,
    PANELS,
    STABILITY_COLUMNS,
    Outcome,
    agreements,
    alpha_arrays,
    conditions_of,
    loss_rows,
    stability_rows,
)
from minimal_order.runs.files import csv_text, npz_bytes

LEVELS = (0.0, 0.25, 0.5, 1.0)


def numbered_part(config, runs):
    """A part in which every number says where it belongs: run, branch, split."""
    branches, p = len(branches_of(config)), config.model.n_params
    run = np.array(runs, float)
    cell = 100 * run[:, None, None] + np.arange(branches)[:, None] + np.array([0, 0.5])
    part = {"loss": cell, "metric": -cell, "diverged": np.zeros((len(runs), branches), int)}
    part |= {
        "start_loss": cell[:, 0],
        "start_metric": -cell[:, 0],
        "converged": np.tile(run[:, None], p).astype(np.int32),
    }
    part["live"] = np.arange(p) % 3 == np.array(runs)[:, None] % 2  # live in any run: two thirds
    part["estimate/running"] = np.stack([run, -run], axis=1)
    for c, condition in enumerate(conditions_of(config)):
        part[f"w/{condition}"] = np.tile(run[:, None], p) + 1000 * c
        for o, order in enumerate(config.orders):
            part[f"rank/{condition}/{order}"] = np.stack([np.roll(np.arange(p), r + o + 10 * c) + 1 for r in runs])
    return part


def random_loss(orders, runs=4, levels=LEVELS, seed=0):
    """Losses of all orders, the same for all at levels 0 and 1."""
    rng = np.random.default_rng(seed)
    loss = {order: rng.random((runs, len(levels), 2)) + 0.5 for order in orders}
    for values in loss.values():
        for i in np.flatnonzero(np.isin(levels, (0, 1))):
            values[:, i] = loss[orders[0]][:, i]
    return loss


# --- putting parts together


def test_assemble_keeps_every_run_branch_and_split_in_its_place():
    config = tiny(runs=5, levels=LEVELS, vary=("data", "init", "batches"))
    outcome = Outcome.assemble(config, 40, [numbered_part(config, (0, 1, 2)), numbered_part(config, (3, 4))])
    branches = branches_of(config)
    for order, (i, level) in itertools.product(config.orders, enumerate(LEVELS)):
        b = branches.index((order, round(level * 200)) if 0 < level < 1 else ("", int(level * 200)))
        expected = np.array([[100 * run + b, 100 * run + b + 0.5] for run in range(5)])
        np.testing.assert_array_equal(outcome.loss(order)[:, i], expected)
        np.testing.assert_array_equal(outcome.metric(order)[:, i], -expected)
    for c, condition in enumerate(conditions_of(config)):
        np.testing.assert_array_equal(outcome.w[condition][:, 0], np.arange(5) + 1000 * c)
        for o, order in enumerate(config.orders):
            np.testing.assert_array_equal(outcome.rank[condition][order].argmin(axis=1), np.arange(5) + o + 10 * c)
    np.testing.assert_array_equal(outcome.live, np.arange(200) % 3 < 2)
    np.testing.assert_array_equal(outcome.estimates["running"], np.stack([np.arange(5), -np.arange(5)], axis=1))
    np.testing.assert_array_equal(outcome.converged[:, 7], range(5))
    np.testing.assert_array_equal(outcome.start_loss[:, 1], 100 * np.arange(5) + 0.5)
    assert (outcome.t0, outcome.main, outcome.n_diverged) == (40, "data,init,batches", 0)


def test_metric_has_its_name():
    for dataset, name in [
        ("synthetic3", "RMSE"),
        ("boston", "RMSE"),
        ("synthetic2", "accuracy"),
        ("mnist", "accuracy"),
    ]:
        assert outcome_of(random_loss(("random",)), LEVELS, dataset).metric_name == name


def test_diverged_runs_are_nan_where_they_diverged_and_counted_once():
    loss = random_loss(("random", "magnitude"))
    diverged = {order: np.zeros((4, 4), int) for order in loss}
    diverged["random"][1, 1] = diverged["random"][1, 2] = 130  # run 1 at two levels
    diverged["magnitude"][3, 2] = 150
    outcome = outcome_of(loss, LEVELS, diverged=diverged)
    assert outcome.n_diverged == 2
    for order in loss:
        np.testing.assert_array_equal(np.isnan(outcome.loss(order)[..., 0]), diverged[order] > 0)
        np.testing.assert_array_equal(np.isnan(outcome.metric(order)[..., 1]), diverged[order] > 0)
        np.testing.assert_array_equal(outcome.diverged_at(order), diverged[order])


def test_level_0_that_diverged_has_diverged_for_every_order():
    diverged = {"random": np.array([[7, 0, 0, 0]] + [[0] * 4] * 3), "magnitude": np.zeros((4, 4), int)}
    outcome = outcome_of(random_loss(("random", "magnitude")), LEVELS, diverged=diverged)
    assert np.isnan(outcome.loss("magnitude")[0, 0]).all() and outcome.diverged_at("magnitude")[0, 0] == 7


# --- tables


def test_loss_table_has_one_row_for_each_order_level_run_and_split():
    loss = random_loss(("random", "magnitude", "oracle"))
    diverged = {order: np.zeros((4, 4), int) for order in loss} | {"oracle": np.array([[0, 120, 0, 0]] * 4)}
    outcome = outcome_of(loss, LEVELS, diverged=diverged)
    rows = list(csv.DictReader(io.StringIO(csv_text(LOSS_COLUMNS, loss_rows(outcome)))))
    assert len(rows) == 3 * 4 * 4 * 2
    assert len({(row["order"], row["level"], row["run"], row["split"]) for row in rows}) == len(rows)
    for row in rows:
        i, run, s = LEVELS.index(float(row["level"])), int(row["run"]), ("train", "test").index(row["split"])
        assert row["dataset"] == "synthetic3"
        if row["order"] == "oracle" and i == 1:
            assert (row["loss"], row["metric"], row["diverged_at"]) == ("nan", "nan", "120")
        else:
            assert float(row["loss"]) == loss[row["order"]][run, i, s]  # the same bits
            assert float(row["metric"]) == np.sqrt(loss[row["order"]][run, i, s])
            assert row["diverged_at"] == ""


def test_levels_in_tables_are_told_apart():
    levels = (0.0, 1 / 3, 0.333, 1e-7, 1.0)
    outcome = outcome_of(random_loss(("random",), levels=sorted(levels)), sorted(levels))
    assert {float(row[2]) for row in loss_rows(outcome)} == set(levels)


# --- orders between runs


def test_agreement_of_orders_that_are_known():
    p, rng = 200, np.random.default_rng(3)
    same = np.tile(rng.permutation(p) + 1, (4, 1))
    opposite = same.copy()
    opposite[2:] = p + 1 - opposite[2:]
    outcome = outcome_of(random_loss(("random", "magnitude")), LEVELS, rank={"random": opposite, "magnitude": same})
    table = {(row.condition, row.order): row for row in agreements(outcome)}
    assert set(table) == set(itertools.product((PANELS, "batches"), ("random", "magnitude")))
    for (_, order), row in table.items():
        assert row.parameters == "all" and row.levels.tolist() == [0.25, 0.5]
        if order == "magnitude":
            assert tuple(row.kendall) == tuple(row.spearman) == pytest.approx((1, 1, 1))
            np.testing.assert_allclose(row.s, 1)
            np.testing.assert_allclose(np.array(row.rho), 1)
        else:  # two and two opposite: of six pairs four disagree
            assert row.kendall.value == pytest.approx(-1 / 3) and row.spearman.value == pytest.approx(-1 / 3)
            rho_half, rho_quarter = -1 / 3, (2 * 1 + 4 * (-1 / 3)) / 6  # masks of a quarter, disjoint: -1/3
            np.testing.assert_allclose(row.rho.value, [rho_quarter, rho_half])
            np.testing.assert_allclose(row.s, 1 / 4 + 3 / 4 * row.rho.value)  # eq:stability


def test_stability_table_has_a_row_for_each_number():
    table = list(agreements(outcome_of(random_loss(("random", "magnitude")), LEVELS)))
    rows = [dict(zip(STABILITY_COLUMNS, row, strict=True)) for row in stability_rows(table)]
    assert len(table) == 4 and len(rows) == 4 * (2 + 2 * 2)
    for row in rows:
        assert (row["level"] is None) == (row["statistic"] in ("kendall", "spearman"))
        assert row["value"] == pytest.approx(1)
        assert (row["low"] is None) == (row["statistic"] == "s")
    assert {row["level"] for row in rows} == {None, "0.25", "0.5"}


def test_agreement_among_live_parameters_leaves_out_ties_of_the_dead():
    p, live = 200, np.arange(200) >= 80
    ranks = np.empty((4, p), int)
    for i in range(4):  # the dead first, by index, and then anything
        ranks[i] = np.concatenate([np.arange(1, 81), 81 + np.random.default_rng(i).permutation(120)])
    outcome = outcome_of(random_loss(("random",)), LEVELS, rank={"random": ranks}, live=live)
    table = {row.parameters: row for row in agreements(outcome) if row.condition == PANELS}
    assert table["all"].spearman.value > 0.6
    assert abs(table["live"].spearman.value) < 0.15
    assert table["all"].rho.value[0] == pytest.approx(1) and abs(table["live"].rho.value[0]) < 0.2


def test_units_of_a_permuted_network_are_aligned():
    """Run 1 is run 0 with two hidden units exchanged and one negated: aligned, their orders are the same."""
    config = tiny(dataset="boston", orders=("random",), data={})
    layout = config.model.layout
    rng = np.random.default_rng(0)
    w, rank = rng.standard_normal(301), rng.permutation(301) + 1
    unit = np.arange(20)
    unit[[3, 5]] = 5, 3

    def moved(flat, sign):
        t = layout.views(flat.astype(float))
        return layout.pack(
            {
                "W1": t["W1"][unit] * sign[:, None],
                "b1": t["b1"][unit] * sign,
                "W2": t["W2"][:, unit] * sign,
                "b2": t["b2"],
            }
        )

    sign = np.where(unit == 7, -1.0, 1.0)
    other_w, other_rank = moved(w, sign), moved(rank, np.ones(20)).astype(int)
    loss = random_loss(("random",), runs=3)
    conditions = {c: np.stack([w, other_w, w]) for c in ("split,init,batches", "init,batches", "batches")}
    outcome = outcome_of(loss, LEVELS, "boston", rank={"random": np.stack([rank, other_rank, rank])}, w=conditions)
    assert set(outcome.comparisons) == {*conditions, ALIGNED}
    np.testing.assert_array_equal(outcome.comparisons[ALIGNED]["random"], np.stack([rank] * 3))
    assert (outcome.comparisons[PANELS]["random"][1] != rank).sum() == 2 * 15


def test_linear_models_have_no_units_to_align():
    assert ALIGNED not in outcome_of(random_loss(("random",)), LEVELS).comparisons


def test_runs_that_diverged_are_not_compared():
    w = {c: np.ones((4, 200)) for c in (PANELS, "batches")}
    w[PANELS][1] = np.nan
    outcome = outcome_of(random_loss(("random",)), LEVELS, w=w)
    assert len(outcome.comparisons[PANELS]["random"]) == 3 and len(outcome.comparisons["batches"]["random"]) == 4
    w[PANELS][2] = np.nan
    assert {row.condition for row in agreements(outcome_of(random_loss(("random",)), LEVELS, w=w))} == {"batches"}


def test_alpha_hat_is_the_share_of_runs_that_optimise():
    """eq:alpha-hat"""
    rank = np.array([np.roll(np.arange(200), 50 * i) + 1 for i in range(4)])
    outcome = outcome_of(random_loss(("random",)), LEVELS, rank={"random": rank})
    expected = [[np.mean([rank[i, j] > round(200 * level) for i in range(4)]) for j in range(200)] for level in LEVELS]
    np.testing.assert_array_equal(outcome.alpha_hat("random"), expected)
    arrays = alpha_arrays(outcome)
    np.testing.assert_array_equal(arrays[f"alpha_hat/{PANELS}/random"], expected)
    np.testing.assert_array_equal(arrays["rank/batches/random"], rank)
    np.testing.assert_array_equal(arrays["levels"], LEVELS)
    np.testing.assert_array_equal(arrays["live"], np.ones(200, bool))
    with np.load(io.BytesIO(npz_bytes(arrays))) as file:
        assert set(file.files) == set(arrays)


# --- little to go by


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("runs", [1, 2, 3])
@pytest.mark.parametrize("levels", [(0.5,), (0.0, 1.0), (0.0,), LEVELS], ids=str)
def test_few_runs_and_levels(runs, levels):
    outcome = outcome_of(random_loss(("random", "magnitude"), runs, levels), levels)
    table = list(agreements(outcome))
    assert len(table) == (4 if runs == 3 else 0)
    assert len(list(loss_rows(outcome))) == 2 * len(levels) * runs * 2
    csv_text(STABILITY_COLUMNS, stability_rows(table))
    assert alpha_arrays(outcome)[f"alpha_hat/{PANELS}/random"].shape == (len(levels), 200)


@pytest.mark.filterwarnings("error")
def test_nothing_left():
    """All runs diverged before they could be ordered."""
    loss = {order: np.full((3, 4, 2), np.nan) for order in ("random", "magnitude")}
    diverged = {order: np.full((3, 4), 5) for order in loss}
    w = {c: np.full((3, 200), np.nan) for c in (PANELS, "batches")}
    outcome = outcome_of(loss, LEVELS, diverged=diverged, w=w, live=np.zeros(200, bool))
    assert list(agreements(outcome)) == [] and outcome.n_diverged == 3
    assert set(alpha_arrays(outcome)) == {"levels", "live"}
    assert all(row[-1] == 5 for row in loss_rows(outcome))


def test_level_so_small_that_it_freezes_nothing_has_no_correlation():
    levels = (0.0, 0.001, 0.5)
    (row, _) = agreements(outcome_of(random_loss(("random",), levels=levels), levels))
    assert np.isnan(row.s[0]) and np.isnan(row.rho.value[0]) and row.rho.value[1] == pytest.approx(1)
