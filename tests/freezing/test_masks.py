import warnings

import numpy as np
import pytest

from minimal_order.freezing.masks import (
    alpha_hat,
    by_score,
    freeze_mask,
    live_order,
    n_frozen,
    only_live,
    prune_mask,
    rank_of,
)

LEVELS = np.linspace(0, 1, 11)


def test_order_puts_the_smallest_score_first():
    """eq:order against a selection sort, for replicas."""
    score = np.random.default_rng(0).integers(0, 4, size=(3, 2, 12)) * 0.5
    order = by_score(score)
    for place in np.ndindex(3, 2):
        left = list(range(12))
        for j in order[place]:
            smallest = min(score[place][i] for i in left)
            assert j == next(i for i in left if score[place][i] == smallest)
            left.remove(j)


def test_ties_go_by_index_and_infinity_is_last():
    """eq:order stable, also between the two zeros; a preconditioned gradient may be infinite."""
    assert by_score([2.0, 0.0, 2.0, -0.0, np.inf, -np.inf, np.inf]).tolist() == [5, 1, 3, 0, 2, 4, 6]


def test_order_does_not_depend_on_a_positive_scale():
    """eq:order."""
    score = np.random.default_rng(1).standard_normal((4, 30))
    np.testing.assert_array_equal(by_score(score), by_score(2.5 * score))


def test_nan_has_no_place_in_an_order():
    """eq:order."""
    with pytest.raises(ValueError, match=r"score\[1, 2\] = nan"):
        by_score([[1.0, 2.0, 3.0], [1.0, 2.0, np.nan]])


def test_rank_of_the_papers_example():
    """eq:rank diag C = (.3, .2, .25); its argsort is (2, 3, 1) when counted from one."""
    order = by_score([0.3, 0.2, 0.25])
    assert (order + 1).tolist() == [2, 3, 1]
    assert rank_of(order).tolist() == [3, 1, 2]


def test_rank_is_the_inverse_of_the_order():
    """eq:rank rank[order[i]] = i + 1, and twice the inverse is the order."""
    order = np.random.default_rng(2).permuted(np.tile(np.arange(9), (2, 5, 1)), axis=-1)
    rank = rank_of(order)
    for place in np.ndindex(2, 5):
        assert [rank[place][j] for j in order[place]] == list(range(1, 10))
    np.testing.assert_array_equal(rank_of(rank - 1) - 1, order)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([0, 1, 1], "order = one without 2: expected a permutation of 0 ... 2"),
        ([0, 1, 3], "order = .*3.*: expected a permutation of 0 ... 2"),
        ([[0, 1], [-1, 1]], "order = .*-1.*: expected a permutation"),
        ([0.0, 1.0], "order.dtype = float64: expected whole numbers"),
        (3, "order = 3: expected an array"),
    ],
)
def test_what_is_no_permutation_is_refused(order, message):
    """eq:rank."""
    with pytest.raises(ValueError, match=message):
        rank_of(order)


def test_freeze_mask_freezes_the_first_k():
    """eq:freeze-mask by its definition, element by element."""
    order = np.random.default_rng(3).permuted(np.tile(np.arange(8), (4, 1)), axis=-1)
    alpha = freeze_mask(order, k=np.arange(9))
    assert alpha.shape == (4, 9, 8)
    for run, k in np.ndindex(4, 9):
        frozen = set(order[run, :k])
        assert [bool(a) for a in alpha[run, k]] == [j not in frozen for j in range(8)]


def test_masks_are_nested_in_k_and_exact_at_the_ends():
    """eq:freeze-mask: level 0 optimises all, level 1 nothing, and between them nothing thaws."""
    for p in (1, 7, 301):
        alpha = freeze_mask(np.random.default_rng(p).permutation(p), LEVELS)
        assert alpha.shape == (11, p) and alpha.dtype == bool
        assert alpha[0].all() and not alpha[-1].any()
        assert not np.any(alpha[1:] & ~alpha[:-1])
        np.testing.assert_array_equal((~alpha).sum(axis=-1), [round(level * p) for level in LEVELS])


def test_one_level_gives_one_mask():
    """eq:freeze-mask."""
    order = by_score([[0.3, 0.2, 0.25, 0.9], [1.0, 2.0, 3.0, 4.0]])
    one = freeze_mask(order, 0.5)
    assert one.tolist() == [[True, False, False, True], [False, False, True, True]]
    np.testing.assert_array_equal(one, freeze_mask(order, [0.25, 0.5])[:, 1])
    np.testing.assert_array_equal(one, freeze_mask(order, k=2))
    np.testing.assert_array_equal(one, prune_mask(order, 0.5))
    np.testing.assert_array_equal(one, prune_mask(order, k=[2])[:, 0])


def test_a_mask_leaves_float32_as_it_is():
    alpha = freeze_mask([2, 0, 1], 1 / 3)
    step = alpha * np.array([1.0, 2.0, 3.0], np.float32)
    assert step.dtype == np.float32 and step.tolist() == [1.0, 2.0, 0.0]


def test_halves_round_to_even():
    assert n_frozen([0.0, 0.1, 0.3, 0.5, 0.7, 1.0], 5).tolist() == [0, 0, 2, 2, 4, 5]
    assert n_frozen(0.5, 301) == 150


@pytest.mark.parametrize("level", [-0.1, 1.0001, np.nan, [0.5, np.inf]])
def test_levels_lie_between_0_and_1(level):
    with pytest.raises(ValueError, match=r"level = .*: expected shares from 0 to 1"):
        freeze_mask([1, 0], level)


@pytest.mark.parametrize("k", [-1, 3, 1.0, [0, 5]])
def test_k_lies_between_0_and_p(k):
    with pytest.raises(ValueError, match=r"k = .*: expected whole numbers from 0 to 2"):
        freeze_mask([1, 0], k=k)


@pytest.mark.parametrize("how", [{}, {"level": 0.5, "k": 1}])
def test_either_a_level_or_k(how):
    with pytest.raises(ValueError, match=r"level, k = .*exactly one"):
        freeze_mask([1, 0], **how)


def test_alpha_hat_is_the_mean_over_runs():
    """eq:alpha-hat by counting."""
    rng = np.random.default_rng(4)
    alpha = freeze_mask(by_score(rng.random((6, 10))), LEVELS)
    mean = alpha_hat(alpha)
    assert mean.shape == (11, 10)
    for level, j in np.ndindex(11, 10):
        count = sum(int(alpha[run, level, j]) for run in range(6))
        assert abs(mean[level, j] - count / 6) < 1e-15
    np.testing.assert_allclose(mean.mean(axis=-1), 1 - LEVELS, atol=1e-12)


def test_live_order_keeps_the_sequence():
    """What remains is in the same sequence, and its masks freeze equally many live ones in every run."""
    rng = np.random.default_rng(5)
    order = by_score(rng.random((3, 20)))
    live = rng.random(20) < 0.6
    number = {j: i for i, j in enumerate(np.flatnonzero(live))}
    for run, short in zip(order, live_order(order, live), strict=True):
        assert [number[j] for j in run if live[j]] == short.tolist()
    np.testing.assert_array_equal(live_order(order, None), order)


@pytest.mark.parametrize(
    ("live", "message"),
    [
        ([1, 0, 1], "live.dtype"),
        ([True, False], "live.shape"),
        ([False, False, False], "at least one live parameter"),
    ],
)
def test_live_is_a_mask_of_the_parameters(live, message):
    with pytest.raises(ValueError, match=message), warnings.catch_warnings():
        only_live(np.zeros((2, 3)), live)
