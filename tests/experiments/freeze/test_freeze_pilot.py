"""The step t0 by rule."""

import numpy as np
import pytest
from freeze_trainings import RUNS, mean_losses
from tiny import tiny

from minimal_order.experiments.freeze import pilot as pilot_module
from minimal_order.experiments.freeze.branches import freeze_part
from minimal_order.experiments.freeze.config import published_multiple
from minimal_order.experiments.freeze.outcome import Outcome
from minimal_order.experiments.freeze.pilot import PILOT_EVERY, find_t0, pilot
from minimal_order.experiments.freeze.runs import generator, of_runs, prepare
from minimal_order.reports.freeze import freeze_report
from minimal_order.training.train import train


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
