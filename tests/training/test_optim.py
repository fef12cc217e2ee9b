import numpy as np
import oracles
import pytest

from minimal_order.training.optim import STEP_RULES, AdamState, adam, map_state, momentum, sgd, spread_state

# a rule, and the same as its paper prints it
RULES = {
    "sgd by default": (sgd(), lambda gs: oracles.sgd_steps(gs, 0.01)),
    "momentum by default": (momentum(), lambda gs: oracles.momentum_steps(gs, 0.01, 0.9)),
    "adam by default": (adam(), lambda gs: oracles.adam_steps(gs, 1e-3, 0.9, 0.999, 1e-8)),
    "sgd": (sgd(0.1), lambda gs: oracles.sgd_steps(gs, 0.1)),
    "momentum": (momentum(0.1, 0.8), lambda gs: oracles.momentum_steps(gs, 0.1, 0.8)),
    "momentum 0": (momentum(0.1, 0), lambda gs: oracles.sgd_steps(gs, 0.1)),
    "adam": (adam(0.1), lambda gs: oracles.adam_steps(gs, 0.1, 0.9, 0.999, 1e-8)),
    "adam, other": (adam(0.02, 0.7, 0.95, 0.1), lambda gs: oracles.adam_steps(gs, 0.02, 0.7, 0.95, 0.1)),
    "adam, no memory": (adam(0.02, 0, 0, 0.5), lambda gs: oracles.adam_steps(gs, 0.02, 0, 0, 0.5)),
}


def gradients(steps, shape=(2, 5), dtype=np.float64):
    rng = np.random.default_rng(16)
    g = rng.standard_normal((steps, *shape)) * 10.0 ** rng.uniform(-3, 3, shape)
    g[::7] = 0
    g[..., 0] = 0  # a parameter that never gets a gradient
    return g.astype(dtype)


def updates_of(rule, gs, state=None):
    """The updates, copied because the next step writes over them, and the last state."""
    state = rule.init(np.zeros_like(gs[0])) if state is None else state
    updates = []
    for g in gs:
        update, state = rule.step(state, g, g)
        updates.append(np.copy(update))
    return np.array(updates), state


@pytest.mark.parametrize("name", RULES)
def test_rule_is_the_recursion_of_its_paper(name):
    rule, on_paper = RULES[name]
    gs = gradients(50)
    expected = np.array(on_paper(gs))
    assert np.abs(updates_of(rule, gs)[0] - expected).max() <= 1e-12 * np.abs(expected).max()
    np.testing.assert_allclose(updates_of(rule, gs)[0], expected, rtol=1e-10, atol=1e-300)


def test_first_step_of_adam_is_the_rate():
    update, _ = updates_of(adam(0.3, eps=1e-30), np.array([[5.0, -1e-4, 1e8]]))
    np.testing.assert_allclose(update[0], [-0.3, 0.3, -0.3], rtol=1e-12)


@pytest.mark.parametrize("number", [float, np.float32, np.float64], ids=lambda number: number.__name__)
@pytest.mark.parametrize("name", STEP_RULES)
def test_float32_stays_float32_whatever_the_rate_is(name, number):
    rule = STEP_RULES[name](number(0.01))
    updates, state = updates_of(rule, gradients(20, dtype=np.float32))
    assert updates.dtype == np.float32
    map_state(lambda a: np.testing.assert_equal(a.dtype, np.float32), state)
    reference = updates_of(STEP_RULES[name](0.01), gradients(20))[0]
    np.testing.assert_allclose(updates, reference, rtol=2e-4, atol=1e-7 * np.abs(reference).max())


def test_float32_stays_float32_whatever_the_moments_are():
    gs = gradients(5, dtype=np.float32)
    for rule in (
        adam(0.01, np.float64(0.9), np.float64(0.99), np.float64(1e-8)),
        momentum(0.01, np.float64(0.9)),
    ):
        assert updates_of(rule, gs)[0].dtype == np.float32


@pytest.mark.parametrize("name", STEP_RULES)
def test_rule_goes_on_from_its_state(name):
    rule, gs = STEP_RULES[name](0.1), gradients(30)
    whole, _ = updates_of(rule, gs)
    first, state = updates_of(rule, gs[:10])
    kept = spread_state(state, gs[0].shape)
    second, _ = updates_of(rule, gs[10:], state)
    again, _ = updates_of(rule, gs[10:], kept)
    np.testing.assert_array_equal(np.concatenate([first, second]), whole)
    np.testing.assert_array_equal(again, second)


@pytest.mark.parametrize("name", STEP_RULES)
def test_rule_leaves_parameters_and_gradient_alone(name):
    rule, w, g = STEP_RULES[name](0.1), np.ones(4), np.arange(4.0)
    rule.step(rule.init(w), g, w)
    assert w.tolist() == [1, 1, 1, 1]
    assert g.tolist() == [0, 1, 2, 3]


def test_state_of_a_run_goes_to_all_its_branches():
    state = AdamState(7, *(np.random.default_rng(17).random((2, 4)) for _ in range(3)))
    spread = spread_state(state, (2, 3, 4))
    assert spread.t == 7
    for array, own in zip(spread[1:], state[1:], strict=True):
        assert array.shape == (2, 3, 4)
        for run, branch in np.ndindex(2, 3):
            np.testing.assert_array_equal(array[run, branch], own[run])
        array[0, 0] = -1  # a copy, writable and not shared between branches
        assert (array[0, 1] >= 0).all()
        assert (own >= 0).all()
    assert spread_state(None, (2, 3, 4)) is None
    np.testing.assert_array_equal(spread_state(np.arange(4.0), (2, 4))[1], np.arange(4))


def test_function_reaches_every_array_of_a_state():
    state = AdamState(7, np.zeros(3), np.ones(3), np.full(3, 2.0))
    found = map_state(lambda a: a + 1, state)
    assert isinstance(found, AdamState)
    assert [found.t, *(a.tolist() for a in found[1:])] == [7, [1] * 3, [2] * 3, [3] * 3]
    assert map_state(lambda a: a[0], np.array([4, 5])) == 4
    assert map_state(lambda a: a, None) is None


@pytest.mark.parametrize("name", STEP_RULES)
@pytest.mark.parametrize("rate", [0, -0.1, np.nan, np.inf])
def test_rate_that_is_none_is_refused(name, rate):
    with pytest.raises(ValueError, match=rf"^rate = {rate}: expected a positive finite number$"):
        STEP_RULES[name](rate)


@pytest.mark.parametrize(
    ("rule", "options", "argument"),
    [
        (momentum, {"mu": 1}, "mu"),
        (momentum, {"mu": -0.1}, "mu"),
        (momentum, {"mu": np.nan}, "mu"),
        (adam, {"b1": 1}, "b1"),
        (adam, {"b1": np.nan}, "b1"),
        (adam, {"b2": 1.5}, "b2"),
        (adam, {"eps": 0}, "eps"),
        (adam, {"eps": np.nan}, "eps"),
    ],
)
def test_options_out_of_range_are_refused(rule, options, argument):
    with pytest.raises(ValueError, match=rf"^{argument} = {options[argument]}: expected a"):
        rule(**options)


def test_rules_are_known_by_their_names():
    assert {name: rule().name for name, rule in STEP_RULES.items()} == {name: name for name in STEP_RULES}
