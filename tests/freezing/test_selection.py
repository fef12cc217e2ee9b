"""Selection of parameters: the operator, shares taken from groups, and the exact solution of the joint problem."""

from itertools import combinations, islice

import numpy as np
import oracles
import pytest
from small import small_dataset, small_model

from minimal_order.freezing.masks import by_score, freeze_mask
from minimal_order.freezing.selection import (
    LARGEST,
    gradient_operator,
    joint_selection,
    order_within,
    pieces,
    selectable,
    subsets,
)
from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import linear
from minimal_order.networks.params import Layout
from minimal_order.training.loop import descend
from minimal_order.training.optim import momentum, sgd
from minimal_order.training.train import train


def test_operator_moves_what_is_optimised():
    """eq:gradient-operator by hand."""
    w, g, alpha = np.array([1.0, 2.0, 3.0]), np.array([10.0, -10.0, 1.0]), np.array([1.0, 0.0, 1.0])
    np.testing.assert_allclose(gradient_operator(w, g, 0.1), [0.0, 3.0, 2.9], rtol=1e-10)
    np.testing.assert_allclose(gradient_operator(w, g, 0.1, alpha), [0.0, 2.0, 2.9], rtol=1e-10)


@pytest.mark.parametrize("task", LOSSES)
def test_loop_with_sgd_applies_the_operator(task):
    """eq:gradient-operator to a power: the loop on all objects, against gradients taken one object at a time."""
    data, model = small_dataset(task, n_train=6), small_model(task)
    rng = np.random.default_rng(1)
    w = model.init(rng, (2,))
    alpha = rng.random(w.shape) < 0.5
    for step in islice(descend(model, data, w, rng=rng, rule=sgd(0.3), batch_size=6, alpha=alpha), 4):
        g = oracles.per_example_gradients(model, LOSSES[task], w, data.X_train, data.y_train).mean(axis=-2)
        w = gradient_operator(w, g, 0.3, alpha)
        np.testing.assert_allclose(step.w, w, rtol=1e-10)


# --- from what a share is taken -------------------------------------------------------------------------

LAYOUT = Layout((3, 4, 2))


def orders(shape=(5,), seed=0):
    return by_score(np.random.default_rng(seed).random((*shape, LAYOUT.n_params)))


def test_whole_network_with_biases_is_the_order_itself():
    np.testing.assert_array_equal(order_within(orders(), LAYOUT), orders())


@pytest.mark.parametrize("biases", [True, False])
def test_every_tensor_loses_the_same_share(biases):
    """The first k hold the same share of each tensor, up to rounding: half a parameter for each tensor, and one."""
    order = order_within(orders(), LAYOUT, per="tensor", biases=biases)
    tensors = [block for block in LAYOUT.blocks if biases or block.name.startswith("W")]
    n = sum(block.stop - block.start for block in tensors)
    assert n == selectable(LAYOUT, biases).sum()
    for k in range(n + 1):
        frozen = ~freeze_mask(order, k=k)
        for block in tensors:
            size = block.stop - block.start
            lost = frozen[:, block.start : block.stop].sum(axis=1)
            assert np.all(np.abs(lost - k / n * size) <= len(tensors) / 2 + 1)
    spread = [frozen[:, b.start : b.stop].sum() for b in LAYOUT.blocks if b not in tensors]
    assert sum(spread) == 0


@pytest.mark.parametrize(("k", "lost"), [(13, [6, 2, 4, 1]), (7, [3, 1, 2, 1]), (26, [12, 4, 8, 2])])
def test_shares_are_rounded(k, lost):
    """Of tensors of 12, 4, 8 and 2 parameters: 13 are half, 7 are 3.23, 1.08, 2.15 and .54."""
    frozen = ~freeze_mask(order_within(orders(), LAYOUT, per="tensor"), k=k)
    assert [frozen[0, b.start : b.stop].sum() for b in LAYOUT.blocks] == lost


def test_tensors_of_any_size_are_left_alike():
    """The j-th of a tensor of n stands at (j - 1/2) / n: of 4 and 1 the middle of both comes after 2 of the 4."""
    layout = Layout((4, 1))
    assert order_within([4, 0, 1, 2, 3], layout, per="tensor").tolist() == [0, 1, 4, 2, 3]


@pytest.mark.parametrize("per", ["network", "tensor"])
@pytest.mark.parametrize("biases", [True, False])
def test_sequence_within_a_tensor_is_kept(per, biases):
    order = orders((2,))
    rearranged = order_within(order, LAYOUT, per, biases)
    np.testing.assert_array_equal(np.sort(rearranged), np.tile(np.arange(LAYOUT.n_params), (2, 1)))
    for block in LAYOUT.blocks:
        for before, after in zip(order, rearranged, strict=True):
            own = (block.start <= before) & (before < block.stop), (block.start <= after) & (after < block.stop)
            assert before[own[0]].tolist() == after[own[1]].tolist() or (not biases and block.name.startswith("b"))


def test_biases_come_last():
    order = order_within(orders(), LAYOUT, biases=False)
    n = selectable(LAYOUT, False).sum()
    assert n == 3 * 4 + 4 * 2
    assert np.all(LAYOUT.input[order[:, :n]] >= 0) and np.all(LAYOUT.input[order[:, n:]] == -1)


def test_grouping_and_shape_are_checked():
    with pytest.raises(ValueError, match=r"^per = 'layer': expected one of the known names; nearest: network"):
        order_within(orders(), LAYOUT, per="layer")
    with pytest.raises(ValueError, match=r"^order.shape = \(3,\): expected \(..., 26\)"):
        order_within([0, 1, 2], LAYOUT)


# --- every answer ---------------------------------------------------------------------------------------


def started(p=4, steps=5, task="regression"):
    data, model = small_dataset(task, n_train=12, n_features=p), linear(p)
    rng = np.random.default_rng(3)
    return train(model, data, model.init(rng), steps=steps, rng=rng, rule=sgd(0.05), batch_size=4)


def obvious(start, k, n_kept, steps, rate):
    """The same by loops over masks, steps and objects, for a linear model."""
    X, y = start.data.X_train, start.data.y_train
    found = {}
    for chosen in combinations(range(len(start.w)), k):
        w = start.w.copy()
        for _ in range(steps):
            gradient = [sum(2 * (w @ x - t) * x[j] for x, t in zip(X, y, strict=True)) / len(y) for j in range(len(w))]
            for j in chosen:
                w[j] -= rate * gradient[j]
        for kept in combinations(range(len(w)), n_kept):
            pruned = [w[j] if j in kept else 0.0 for j in range(len(w))]
            found[chosen, kept] = sum((np.dot(x, pruned) - t) ** 2 for x, t in zip(X, y, strict=True)) / len(y)
    return found


@pytest.mark.parametrize(("k", "l"), [(2, 2), (1, 3), (0, 2), (3, 4), (4, 0)])
def test_joint_selection_is_the_best_of_all(k, l):  # noqa: E741
    """eq:joint-selection, every loss and the smallest."""
    start = started()
    found = joint_selection(start, k, l, steps=3, rng=np.random.default_rng(4), rule=sgd(0.05))
    expected = obvious(start, k, l, 3, 0.05)
    np.testing.assert_allclose(found.loss.ravel(), list(expected.values()), rtol=1e-10)
    alpha, beta, loss = found.best
    chosen, kept = min(expected, key=expected.get)
    assert (tuple(np.flatnonzero(alpha)), tuple(np.flatnonzero(beta))) == (chosen, kept)
    assert loss == pytest.approx(min(expected.values()), rel=1e-10)
    assert loss == found.of(alpha, beta)
    np.testing.assert_array_equal(found.w[:, ~alpha] == start.w[~alpha], ~found.alphas[:, ~alpha] | (k == 0))


def test_all_masks_see_the_same_batches_and_start_afresh():
    start = started()
    options = {"steps": 3, "batch_size": 4, "rule": momentum(0.05)}
    found = joint_selection(start, 2, 4, rng=np.random.default_rng(4), **options)
    alone = train(start.model, start.data, start.w, rng=np.random.default_rng(4), alpha=found.alphas[1], **options)
    np.testing.assert_allclose(found.w[1], alone.w, rtol=1e-10)


@pytest.mark.filterwarnings("error")
def test_a_training_that_diverges_is_not_the_best():
    """One feature is so large that every alpha that moves its weight diverges."""
    start = started()
    start.data.X_train[:, 2] *= 1e80
    found = joint_selection(start, 2, 3, steps=3, rng=np.random.default_rng(4), rule=sgd(0.05))
    diverged = ~np.isfinite(found.loss).any(axis=1)
    np.testing.assert_array_equal(diverged, found.alphas[:, 2])
    alpha, _, loss = found.best
    assert not alpha[2] and loss == np.nanmin(found.loss)
    every = joint_selection(start, 4, 3, steps=3, rng=np.random.default_rng(4), rule=sgd(0.05))
    with pytest.raises(ValueError, match=r"^loss = nan for all pairs: expected a training that does not diverge$"):
        assert every.best


def test_subsets_are_all_of_them():
    found = subsets(5, 2)
    assert found.shape == (10, 5) and np.all(found.sum(axis=1) == 2) and len(np.unique(found, axis=0)) == 10


@pytest.mark.parametrize("n", [(10, 10), (924, 924), (3, 100_000)])
def test_pieces_cover_all_pairs_once(n):
    rows = np.concatenate([np.arange(n[0])[piece] for piece in pieces(*n)])
    assert rows.tolist() == list(range(n[0]))


@pytest.mark.parametrize(
    ("p", "k", "l", "said"),
    [
        (LARGEST + 1, 1, 1, r"start.w.shape = \(13,\)"),
        (4, 5, 1, "k = 5"),
        (4, 1, -1, "kept = -1"),
        (4, 0.5, 1, "k = 0.5"),
    ],
)
def test_what_cannot_be_searched_is_refused(p, k, l, said):  # noqa: E741
    with pytest.raises(ValueError, match=rf"^{said}: expected"):
        joint_selection(started(p), k, l, steps=1, rng=np.random.default_rng(0), rule=sgd())


def test_masks_of_other_sizes_are_refused():
    found = joint_selection(started(), 2, 2, steps=1, rng=np.random.default_rng(0), rule=sgd())
    with pytest.raises(ValueError, match="expected masks with the k and l ones"):
        found.of(np.ones(4, bool), found.betas[0])
