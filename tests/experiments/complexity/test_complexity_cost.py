"""What the models of experiment complexity cost, in operations and in steps."""

from dataclasses import replace

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from tiny_complexity import tiny

from minimal_order.experiments.complexity.cost import MARGIN, first_look, network_operations, spent, step_cost
from minimal_order.freezing.operations import step_operations
from minimal_order.networks.models import MLP


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
