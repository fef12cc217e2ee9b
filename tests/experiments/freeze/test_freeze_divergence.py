"""Runs that diverge: reported at their step, and nothing to the others."""

import numpy as np
import pytest
from freeze_trainings import PAIR, RUNS, first_phase, same_part
from tiny import tiny

from minimal_order.experiments.freeze import branches as freeze
from minimal_order.experiments.freeze import pilot as pilot_module
from minimal_order.experiments.freeze.branches import branches_of, freeze_part
from minimal_order.experiments.freeze.outcome import Outcome, loss_rows
from minimal_order.experiments.freeze.pilot import PILOT_EVERY, pilot
from minimal_order.experiments.freeze.runs import prepare
from minimal_order.reports.freeze import freeze_report, summary_table


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
