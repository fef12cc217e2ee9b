"""The step that leaves out what is not needed, against the masked one."""

from itertools import islice

import numpy as np
import pytest
from many_masks import random_masks
from small import small_dataset

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
from minimal_order.networks.gradients import backprop, mean_gradient
from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import MLP, linear
from minimal_order.training.loop import descend
from minimal_order.training.optim import STEP_RULES
from minimal_order.training.train import train

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
