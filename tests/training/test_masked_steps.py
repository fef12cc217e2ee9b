"""Frozen and pruned parameters: one step by hand, and hundreds of steps of every rule."""

import numpy as np
import oracles
import pytest
from small_trainings import CLOSE, RULES, generator, path_of, problem

from minimal_order.data.loading import batches
from minimal_order.networks.losses import LOSSES
from minimal_order.training.loop import freeze_and_prune, masked_update
from minimal_order.training.optim import StepRule, momentum
from minimal_order.training.train import train

# --- one step ------------------------------------------------------------------------------------------


def test_masked_update_moves_only_what_is_optimised():
    """eq:masked-update by hand, with masks of any type."""
    w, update = np.array([[1.0, 2, 3], [4, 5, 6]]), np.array([[0.5, -1, 2], [1, 1, 1]])
    for kind in (float, bool, int, np.float32):
        alpha = np.array([1, 0, 1]).astype(kind)
        assert masked_update(w, update, alpha).tolist() == [[1.5, 2, 5], [5, 5, 7]]
    assert masked_update(w, update, None).tolist() == [[1.5, 1, 5], [5, 6, 7]]
    assert w.tolist() == [[1, 2, 3], [4, 5, 6]]
    out = np.empty_like(w)
    assert masked_update(w, update, alpha, out=out) is out
    assert out.tolist() == [[1.5, 2, 5], [5, 5, 7]]


def test_freeze_and_prune_by_hand():
    """eq:freeze-and-prune: what is pruned is 0 whether it is frozen or not, what is frozen stays."""
    w, update = np.array([1.0, 2, 3, 4]), np.full(4, 0.5)
    alpha, beta = np.array([1.0, 0, 1, 0]), np.array([1.0, 1, 0, 0])
    assert freeze_and_prune(w, update, alpha, beta).tolist() == [1.5, 2, 0, 0]
    assert freeze_and_prune(w, update, None, beta).tolist() == [1.5, 2.5, 0, 0]
    assert freeze_and_prune(w, update, alpha, None).tolist() == [1.5, 2, 3.5, 4]
    assert freeze_and_prune(w, update, None, None).tolist() == [1.5, 2.5, 3.5, 4.5]
    assert w.tolist() == [1, 2, 3, 4]
    assert freeze_and_prune(w, update, alpha, beta, out=w) is w
    assert w.tolist() == [1.5, 2, 0, 0]


# --- frozen and pruned parameters ----------------------------------------------------------------------


def warm_state(setting, rule):
    """Parameters and the state of a rule after some steps with nothing frozen."""
    warm = train(**setting, steps=20, rng=generator(), rule=rule)
    return setting | {"w": warm.w}, warm.state


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("name", RULES)
def test_frozen_parameters_keep_their_bits(name, dtype):
    """eq:masked-update over 200 steps, with all the momentum of a training behind them."""
    setting, state = warm_state(problem(dtype=dtype, shape=(2,)), RULES[name])
    alpha = (generator().random(setting["w"].shape) < 0.5).astype(dtype)
    path = path_of(**setting, rng=generator(25), rule=RULES[name], state=state, alpha=alpha, steps=200)
    assert path.dtype == dtype
    frozen = path[:, alpha == 0]
    assert {row.tobytes() for row in frozen} == {frozen[0].tobytes()}
    assert (path[-1] != path[0])[alpha == 1].all()


@pytest.mark.parametrize("name", RULES)
def test_masking_the_gradient_would_not_freeze(name):
    """eq:masked-update: momentum and Adam move on past gradients, so the test above can fail."""
    rule = RULES[name]
    setting, state = warm_state(problem(), rule)
    alpha = (generator().random(setting["w"].shape) < 0.5).astype(float)
    wrong = StepRule("masks the gradient", rule.init, lambda state, g, w: rule.step(state, alpha * g, w))
    path = path_of(**setting, rng=generator(25), rule=wrong, state=state, steps=200)
    moved = (path[-1] != path[0])[alpha == 0]
    assert moved.all() if name != "sgd" else not moved.any()


@pytest.mark.parametrize("name", RULES)
def test_pruned_parameters_are_exactly_zero(name):
    """eq:freeze-and-prune at every one of 50 steps."""
    setting, state = warm_state(problem(), RULES[name])
    beta = (generator().random(setting["w"].shape) < 0.5).astype(float)
    path = path_of(**setting, rng=generator(25), rule=RULES[name], state=state, beta=beta, steps=50)
    assert (path[1:, beta == 0] == 0).all()
    assert (path[1:, beta == 1] != 0).all()


def test_schedules_are_those_of_each_step():
    """eq:freeze-and-prune step by step from its definition, with masks that change at every step.

    At the end nothing is optimised any more, alpha(T) = 0, and two parameters of four are left.
    """
    setting = problem("regression", hidden=())
    asked = []

    def alpha(t):
        asked.append(t)
        return np.array([t < 4, t < 7, t < 10]).astype(float)

    def beta(t):
        return np.array([1.0, t != 5, t < 8])

    path = path_of(**setting, rng=generator(), rule=momentum(0.05, 0.9), alpha=alpha, beta=beta, steps=12)
    data, w, v = setting["data"], setting["w"].copy(), np.zeros(3)
    rows_of = batches(generator(), data.n_train, 6)
    for t in range(1, 13):
        rows = next(rows_of)
        g = oracles.per_example_gradients(
            setting["model"], LOSSES["regression"], w, data.X_train[rows], data.y_train[rows]
        ).mean(axis=0)
        v = 0.9 * v - 0.05 * g
        for j in range(3):
            w[j] = w[j] + v[j] if t < (4, 7, 10)[j] else w[j]
            w[j] = 0 if (j == 1 and t == 5) or (j == 2 and t >= 8) else w[j]
        np.testing.assert_allclose(path[t], w, **CLOSE)
    assert asked == list(range(1, 13))
    np.testing.assert_array_equal(path[10:], np.broadcast_to(path[9], (3, 3)))
    assert (path[5, 1], path[6, 1] == 0, path[-1, 2]) == (0, False, 0)
