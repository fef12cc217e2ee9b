import numpy as np
import pytest

from minimal_order.freezing.alignment import (
    UnitMap,
    aligned,
    aligned_index,
    aligned_weights,
    match_activations,
    match_units,
)
from minimal_order.freezing.masks import by_score, freeze_mask, rank_of
from minimal_order.freezing.stability import jackknife_interval, mask_correlation, spearman
from minimal_order.networks.params import Layout

FUNCTIONS = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "identity": lambda z: z,
             "sigmoid": lambda z: 1 / (1 + np.exp(-z))}  # fmt: skip
DEPTHS = [(5, 8, 2), (5, 7, 6, 3), (4, 6, 5, 7, 2)]


def forward(w, layout, x, activation):
    """Activations of every layer for objects in columns, one layer after the other."""
    tensors, a, layers = layout.views(w), x, []
    for layer in range(1, layout.n_layers + 1):
        z = tensors[f"W{layer}"] @ a
        if layout.bias:
            z = z + tensors[f"b{layer}"][:, None]
        a = FUNCTIONS[activation](z) if layer < layout.n_layers else z
        layers.append(a)
    return layers


def disguised(w, layout, activation, rng):
    """The same function in other parameters: units shuffled, and flipped (tanh) or rescaled (relu).

    Returns the parameters, where each came from, and the units and signs that undo it.
    """
    tensors = {name: t.copy() for name, t in layout.views(w).items()}
    source = {name: t.copy() for name, t in layout.views(np.arange(layout.n_params)).items()}
    undo = []
    for layer, h in enumerate(layout.sizes[1:-1], start=1):
        shuffle = rng.permutation(h)
        factor = {"tanh": rng.choice([-1.0, 1.0], h), "relu": rng.uniform(0.2, 5, h)}.get(activation, np.ones(h))
        for parts in (tensors, source):
            parts[f"W{layer}"] = parts[f"W{layer}"][shuffle]
            parts[f"W{layer + 1}"] = parts[f"W{layer + 1}"][:, shuffle]
            if layout.bias:
                parts[f"b{layer}"] = parts[f"b{layer}"][shuffle]
        tensors[f"W{layer}"] *= factor[:, None]
        tensors[f"W{layer + 1}"] /= factor
        if layout.bias:
            tensors[f"b{layer}"] *= factor
        undo.append((np.argsort(shuffle), np.sign(factor)[np.argsort(shuffle)]))
    return layout.pack(tensors), layout.pack(source), undo


@pytest.mark.parametrize("sizes", DEPTHS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", list(FUNCTIONS))
def test_a_shuffled_network_is_recognised(sizes, bias, activation):
    """By its weights and by its activations, exactly, for several runs at once."""
    layout, rng = Layout(sizes, bias), np.random.default_rng(0)
    x = rng.standard_normal((sizes[0], 100))
    varied = False
    while not varied:  # silent relu units of one layer are all alike
        w = rng.standard_normal(layout.n_params)
        varied = all((layer.std(axis=1) > 0.01).all() for layer in forward(w, layout, x, activation)[:-1])
    runs, sources, undo = zip(*[disguised(w, layout, activation, rng) for _ in range(3)], strict=True)
    a_ref = forward(w, layout, x, activation)
    a = [forward(run, layout, x, activation) for run in runs]
    for run in a:
        np.testing.assert_allclose(run[-1], a_ref[-1], atol=1e-10)  # the disguise changed nothing
    hidden = [np.stack(layer) for layer in list(zip(*a, strict=True))[:-1]]

    for maps in (
        match_units(np.stack(runs), w, layout, activation),
        match_activations(hidden, a_ref[:-1], activation),
    ):
        for layer, found in enumerate(maps):
            np.testing.assert_array_equal(found.unit, [each[layer][0] for each in undo])
            np.testing.assert_array_equal(found.sign, [each[layer][1] for each in undo])
        index = aligned_index(layout, maps)
        assert index.dtype.kind == "i"
        for run, source in zip(index, sources, strict=True):
            np.testing.assert_array_equal(source[run], np.arange(layout.n_params))
        if activation != "relu":
            np.testing.assert_allclose(aligned_weights(runs, layout, maps), [w, w, w], rtol=1e-14)


@pytest.mark.parametrize("sizes", DEPTHS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_trained_copy_is_still_recognised(sizes, activation):
    """A shuffled network that then moved a little in every parameter."""
    layout, rng = Layout(sizes), np.random.default_rng(1)
    w = rng.standard_normal(layout.n_params)
    run, source, undo = disguised(w + 0.02 * rng.standard_normal(layout.n_params), layout, activation, rng)
    maps = match_units(run, w, layout, activation)
    for found, (unit, sign) in zip(maps, undo, strict=True):
        np.testing.assert_array_equal(found.unit, unit)
        np.testing.assert_array_equal(found.sign, sign)
    np.testing.assert_array_equal(source[aligned_index(layout, maps)], np.arange(layout.n_params))


@pytest.mark.parametrize("sizes", DEPTHS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_unrelated_networks_still_compute_the_same_when_aligned(sizes, activation):
    layout, rng = Layout(sizes), np.random.default_rng(2)
    w, w_ref = rng.standard_normal((2, layout.n_params))
    x = rng.standard_normal((sizes[0], 20))
    maps = match_units(w, w_ref, layout, activation)
    moved = aligned_weights(w, layout, maps)
    outputs = forward(w, layout, x, activation)[-1]
    np.testing.assert_allclose(forward(moved, layout, x, activation)[-1], outputs, atol=1e-10)
    if activation == "tanh":
        assert np.sum((moved - w_ref) ** 2) < np.sum((w - w_ref) ** 2)


@pytest.mark.parametrize("bias", [True, False])
def test_one_hidden_layer_is_matched_at_the_smallest_distance(bias):
    """Against all 4! permutations and 2^4 signs."""
    from itertools import permutations, product

    layout, rng = Layout((3, 4, 2), bias), np.random.default_rng(3)
    w, w_ref = rng.standard_normal((2, layout.n_params))
    found = aligned_weights(w, layout, match_units(w, w_ref, layout, "tanh"))
    tried = [
        aligned_weights(w, layout, [UnitMap(np.array(unit), np.array(sign))])
        for unit in permutations(range(4))
        for sign in product([-1.0, 1.0], repeat=4)
    ]
    smallest = min(np.sum((each - w_ref) ** 2) for each in tried)
    assert abs(np.sum((found - w_ref) ** 2) - smallest) < 1e-10


@pytest.mark.parametrize("sizes", DEPTHS[1:])
def test_deep_networks_are_matched_at_a_local_minimum(sizes):
    """No exchange of two units and no flip of one brings unrelated networks closer."""
    layout, rng = Layout(sizes), np.random.default_rng(7)
    for w, w_ref in rng.standard_normal((5, 2, layout.n_params)):
        moved = aligned_weights(w, layout, match_units(w, w_ref, layout, "tanh"))
        distance = np.sum((moved - w_ref) ** 2)
        for layer, h in enumerate(sizes[1:-1]):
            for i, j in np.ndindex(h, h):
                step = [UnitMap(np.arange(n), np.ones(n)) for n in sizes[1:-1]]
                if i == j:
                    step[layer].sign[i] = -1
                else:
                    step[layer].unit[[i, j]] = [j, i]
                other = aligned_weights(moved, layout, step)
                assert np.sum((other - w_ref) ** 2) > distance - 1e-9


def test_activations_are_compared_by_correlation():
    """Neither their level nor their scale matters; the sign matters except for tanh."""
    rng = np.random.default_rng(8)
    a_ref, shuffle = rng.random((6, 40)), rng.permutation(6)
    run = 5 * a_ref[shuffle] + 10 * rng.random((6, 1))
    for activation in FUNCTIONS:
        found = match_activations([run], [a_ref], activation)[0]
        np.testing.assert_array_equal(found.unit, np.argsort(shuffle))
        assert np.all(found.sign == 1)
    found = match_activations([30 - run], [a_ref], "tanh")[0]
    np.testing.assert_array_equal(found.unit, np.argsort(shuffle))
    assert np.all(found.sign == -1)
    assert np.all(match_activations([30 - run], [a_ref], "relu")[0].sign == 1)


def test_rounding_of_a_constant_unit_is_no_correlation():
    """Saturated units, whose centred activations are not exactly 0, are not taken for flipped ones."""
    values = np.linspace(0.05, 0.95, 91)
    constant = np.tile(values[:, None], 7)
    rounding = (constant - constant.mean(axis=1, keepdims=True))[:, 0]
    a_ref, a = constant[[rounding.argmax()]], constant[[rounding.argmin()]]
    assert rounding.min() < 0 < rounding.max()  # else this test shows nothing
    assert match_activations([a], [a_ref], "tanh")[0].sign.tolist() == [1.0]


def test_random_orders_stay_at_chance():
    """Ranks and masks of 25 unrelated networks, aligned by weights: nothing there looks at the orders."""
    layout, rng = Layout((6, 10, 2)), np.random.default_rng(4)
    w = rng.standard_normal((25, layout.n_params))
    order = by_score(rng.random((25, layout.n_params)))
    index = aligned_index(layout, match_units(w, w[0], layout, "tanh"))
    assert np.any(index != np.arange(layout.n_params))
    assert jackknife_interval(spearman(aligned(rank_of(order), index))).covers(0)
    alpha = aligned(freeze_mask(order, [0.3, 0.5]), index)
    assert jackknife_interval(mask_correlation(alpha)).covers(0).all()


def test_common_orders_come_back_by_alignment():
    """Runs whose order is the same up to their units' sequence: near chance raw, equal aligned."""
    layout, rng = Layout((6, 10, 2)), np.random.default_rng(5)
    w, score = rng.standard_normal(layout.n_params), rng.random(layout.n_params)
    runs, sources, _ = zip(*[disguised(w, layout, "tanh", rng) for _ in range(6)], strict=True)
    rank = rank_of(by_score(score[np.array(sources)]))
    index = aligned_index(layout, match_units(np.stack(runs), w, layout, "tanh"))
    assert jackknife_interval(spearman(rank)).value < 0.3
    np.testing.assert_allclose(spearman(aligned(rank, index)), 1, atol=1e-12)
    levels = np.array([0.2, 0.7])
    alpha = aligned(freeze_mask(by_score(rank), levels), index)
    expected = freeze_mask(by_score(score), levels)
    np.testing.assert_array_equal(alpha, np.broadcast_to(expected, alpha.shape))


def test_a_linear_model_stays_as_it_is():
    layout = Layout((4, 1), bias=False)
    w = np.arange(8.0).reshape(2, 4)
    maps = match_units(w, w[0], layout, "identity")
    assert maps == ()
    index = aligned_index(layout, maps)
    assert index.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(aligned(w, index), w)
    np.testing.assert_array_equal(aligned_weights(w, layout, maps), w)


def test_dead_relu_units_are_no_obstacle():
    """A unit without incoming weights, and one that is silent on all objects."""
    layout, rng = Layout((3, 4, 2)), np.random.default_rng(6)
    w = rng.standard_normal(layout.n_params)
    layout.views(w)["W1"][1] = 0
    layout.views(w)["b1"][1] = 0
    run, _, undo = disguised(w, layout, "relu", rng)
    np.testing.assert_array_equal(match_units(run, w, layout, "relu")[0].unit, undo[0][0])
    x = rng.standard_normal((3, 30))
    a, a_ref = (forward(each, layout, x, "relu")[:1] for each in (run, w))
    np.testing.assert_array_equal(match_activations(a, a_ref, "relu")[0].unit, undo[0][0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: match_units(np.zeros(5), x, Layout((2, 3, 1)), "tanh"), "w.shape"),
        (lambda x: match_units(x, np.zeros((1, 13)), Layout((2, 3, 1)), "tanh"), "w_ref.shape"),
        (lambda x: match_units(x * np.nan, x, Layout((2, 3, 1)), "tanh"), r"w\[0\] = nan"),
        (lambda x: match_units(x, x, Layout((2, 3, 1)), "tahn"), "nearest: tanh"),
        (lambda x: match_activations([np.zeros((3, 4))], [np.zeros((2, 4))], "tanh"), "a.shape, a_ref.shape"),
        (lambda x: match_activations([np.zeros((3, 4))], [], "tanh"), "as many layers"),
        (lambda x: aligned_index(Layout((2, 3, 1)), []), "units of the maps"),
        (lambda x: aligned(x, np.arange(5)), "array.shape, index.shape"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.zeros(13))
