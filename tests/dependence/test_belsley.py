"""Belsley's decomposition against closed forms, the inverse matrix, and what it must not depend on."""

import numpy as np
import pytest
from belsley_oracles import covariance, talks_synthetic, toy, with_eigenvalues

from minimal_order.dependence.belsley import (
    NULL,
    SCALES,
    Decomposition,
    condition_index,
    covariance_in,
    decompose,
    first_of_largest,
    group_starts,
    loadings,
    most_dependent,
    variance_proportion,
)

TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}


# The decomposition and its groups


def test_decomposition_gives_the_matrix_back():
    """eq:belsley-decomposition"""
    A = covariance(7)
    found = decompose(A)
    np.testing.assert_allclose((found.vectors * found.values) @ found.vectors.T, A, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(7), **TOLERANCE)
    assert (np.diff(found.values) > 0).all() and found.starts.tolist() == list(range(7))


def test_equal_eigenvalues_are_one_group():
    """eq:belsley-decomposition"""
    found = decompose(with_eigenvalues([3, 1, 1, 1, 2, 2]))
    assert found.starts.tolist() == [0, 3, 5]
    assert decompose(with_eigenvalues([1, 1 + 1e-7, 1 + 1e-5]), equal=1e-6).starts.tolist() == [0, 2]


def test_the_null_space_is_one_group_of_zeros():
    """eq:belsley-decomposition of a matrix of rank 4."""
    found = decompose(covariance(9, rank=4))
    assert (found.values[:5] == 0).all() and (found.values[5:] > 0).all()
    assert found.starts.tolist() == [0, 5, 6, 7, 8]


def test_the_talks_matrix_has_one_eigenvalue_ninety_eight_times():
    """eq:belsley-decomposition"""
    found = decompose(talks_synthetic())
    np.testing.assert_allclose(found.values[:98], 0.05, **TOLERANCE)
    assert found.starts.tolist() == [0, 98, 99]


def test_groups_end_where_neither_tolerance_nor_rounding_explains_the_step():
    values = np.array([0, 0, 1.0, 1.0 + 1e-9, 2.0])
    assert group_starts(values, 1e-8, np.zeros(5)).tolist() == [0, 2, 4]
    assert group_starts(values, 1e-10, np.zeros(5)).tolist() == [0, 2, 3, 4]
    assert group_starts(values, 1e-10, np.full(5, 1e-8)).tolist() == [0, 2, 4]


# Condition indices


def test_condition_index_of_two_correlated_parameters():
    """eq:condition-index (1 + r) / (1 - r), 1"""
    for r in (0.3, -0.9):
        found = decompose(np.array([[1, r], [r, 1]]))
        np.testing.assert_allclose(condition_index(found.values), [(1 + abs(r)) / (1 - abs(r)), 1], **TOLERANCE)


def test_condition_index_is_the_reciprocal_of_what_the_talk_prints():
    """eq:condition-index; leading axes are replicas"""
    values = np.random.default_rng(0).uniform(0.1, 5, (3, 4))
    np.testing.assert_allclose(1 / condition_index(values), values / values.max(axis=-1, keepdims=True), **TOLERANCE)
    assert condition_index([0.0, 1.0]).tolist() == [np.inf, 1]


def test_condition_indices_of_the_toy():
    """eq:condition-index; the reference has 1, 1.5469, 3.3227 and a null space of dimension 3"""
    found = decompose(covariance_in("correlation", toy()))
    index = condition_index(found.values)
    assert np.isinf(index[:3]).all()
    np.testing.assert_allclose(index[3:], [3.3227, 1.5469, 1], rtol=0, atol=5e-5)


# Proportions


def test_proportions_are_those_of_the_diagonal_of_the_inverse():
    """eq:variance-proportion, written out with loops; sum_j u_ij^2 / lambda_j = [A^-1]_ii"""
    A = covariance(6)
    found = decompose(A)
    q, inverse = variance_proportion(found), np.linalg.inv(A)
    for i in range(6):
        for j in range(6):
            part = found.vectors[i, j] ** 2 / found.values[j]
            np.testing.assert_allclose(q[i, j], part / inverse[i, i], rtol=1e-9)
    np.testing.assert_allclose(q.sum(axis=1), 1, **TOLERANCE)


def test_the_diagonal_of_the_inverse_is_a_conditional_precision():
    """eq:variance-proportion: with a covariance, [A^-1]_ii = 1 / Var(w_i | the others)"""
    A = covariance(5)
    for i in range(5):
        rest = np.arange(5) != i
        explained = A[i, rest] @ np.linalg.solve(A[np.ix_(rest, rest)], A[rest, i])
        np.testing.assert_allclose(np.linalg.inv(A)[i, i], 1 / (A[i, i] - explained), rtol=1e-9)


@pytest.mark.parametrize("A", [with_eigenvalues([3, 1, 1, 1, 2, 2]), covariance(8, rank=5)], ids=["equal", "null"])
def test_proportions_do_not_change_under_a_rotation_inside_a_group(A):
    """eq:variance-proportion of a group is joint"""
    found = decompose(A)
    turned = found.vectors.copy()
    for start, stop in zip(found.starts, [*found.starts[1:], len(A)], strict=True):
        turn = np.linalg.qr(np.random.default_rng(start).standard_normal((stop - start,) * 2))[0]
        turned[:, start:stop] = turned[:, start:stop] @ turn
    other = found._replace(vectors=turned)
    assert abs(turned - found.vectors).max() > 0.1
    np.testing.assert_allclose(variance_proportion(other), variance_proportion(found), **TOLERANCE)
    np.testing.assert_allclose(loadings(other), loadings(found), **TOLERANCE)
    assert most_dependent(other) == most_dependent(found)


def test_the_null_space_has_the_limit_of_a_small_eigenvalue():
    """eq:variance-proportion in the null space"""
    U = np.linalg.qr(np.random.default_rng(3).standard_normal((4, 4)))[0]
    U = np.block([[U, np.zeros((4, 2))], [np.zeros((2, 4)), np.eye(2)]])
    values = np.array([0, 0, 1, 2, 3, 4.0])
    starts = np.array([0, 2, 3, 4, 5])
    limit = variance_proportion(Decomposition(values, U, starts))
    near = variance_proportion(Decomposition(np.where(values == 0, 1e-13, values), U, starts))
    np.testing.assert_allclose(limit, near, rtol=0, atol=1e-10)
    assert limit[:, 0].tolist() == [1, 1, 1, 1, 0, 0]


def test_the_five_dependent_parameters_of_the_toy():
    """eq:variance-proportion: all of the five that stand in an exact relation, and x in none"""
    for scale in SCALES:
        q = variance_proportion(decompose(covariance_in(scale, toy())))
        assert q[:, 0].tolist() == [1, 1, 1, 1, 1, 0]
        np.testing.assert_allclose(q.sum(axis=1), 1, **TOLERANCE)


# The choice


def test_choice_is_the_largest_proportion_at_the_largest_index():
    """eq:belsley-choice"""
    A = covariance(6, seed=1)
    values, U = np.linalg.eigh(A)
    q = [U[i, 0] ** 2 / values[0] / np.linalg.inv(A)[i, i] for i in range(6)]
    assert most_dependent(decompose(A)) == int(np.argmax(q))


def test_ties_go_to_the_larger_loading_and_then_to_the_lower_index():
    """eq:belsley-choice in the toy: c + s lies most in the null space, sin and 2 + sin equally much"""
    found = decompose(covariance_in("correlation", toy()))
    assert most_dependent(found) == 4 == loadings(found)[:, 0].argmax()
    np.testing.assert_allclose(loadings(found)[[0, 1], 0], loadings(found)[[3, 2], 0], **TOLERANCE)
    assert most_dependent(decompose(toy())) == 0  # as they are: sin, cos, 2 + cos, 2 + sin have 5/8 each
    np.testing.assert_allclose(loadings(decompose(toy()))[:, 0], [5 / 8] * 4 + [1 / 2, 0], **TOLERANCE)
    assert most_dependent(decompose(talks_synthetic())) == 1  # the first parameter is the independent one
    assert first_of_largest(np.array([1, 3, 3 + 1e-12, 2.0]), tolerance=1e-9) == 1
    assert first_of_largest(np.array([1, 3, 3.0]), np.array([9, 1, 2.0]), tolerance=0) == 2


def test_parameters_that_can_be_exchanged_tie_in_spite_of_rounding():
    """eq:belsley-choice where eigenvalues of 1e-9 leave 7 digits of a proportion"""
    for seed in range(10):
        B, c = covariance(10, seed, rank=15), 1e-7 * np.random.default_rng(100 + seed).standard_normal(10)
        A = np.block([[1e-9 * np.array([[2, -0.2], [-0.2, 2]]), np.stack([c, c])], [np.stack([c, c]).T, B]])
        A[2:, 2:] /= np.linalg.norm(B, 2)
        found = decompose(A)
        assert 1e-8 < np.ptp(variance_proportion(found)[:2, 0]) < 1e-5 and most_dependent(found) == 0


# What is refused


def test_scales():
    A = covariance(4)
    np.testing.assert_allclose(covariance_in("covariance", A), A, **TOLERANCE)
    d = np.diag(1 / np.sqrt(np.diag(A)))
    np.testing.assert_allclose(covariance_in("correlation", A), d @ A @ d, **TOLERANCE)
    assert (np.diag(covariance_in("correlation", A)) == 1).all()


REFUSED = {
    r"A\.shape = \(2, 3\)": np.ones((2, 3)),
    r"A\.shape = \(1, 2, 2\)": np.ones((1, 2, 2)),
    r"A\.shape = \(0, 0\)": np.ones((0, 0)),
    r"A\[0, 1\] = nan: expected a finite": np.array([[1, np.nan], [0, 1]]),
    r"A = differs from its transpose by 1: expected symmetric": np.array([[1, 1], [0, 1.0]]),
    r"A\[1, 1\] = 0\.0: expected a positive variance": np.diag([1.0, 0]),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_no_covariance_matrix_is_refused(message):
    with pytest.raises(ValueError, match=message):
        covariance_in("correlation", REFUSED[message])


def test_negative_eigenvalues_are_refused_unless_they_are_rounding():
    with pytest.raises(ValueError, match=r"smallest eigenvalue of A = -1\.0\d*: expected 0 or more"):
        decompose(np.array([[0, 1], [1, 0.0]]))
    assert decompose(np.diag([-1e-3 * NULL, 1])).values.tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"scale = 'corelation': .*nearest: correlation"):
        covariance_in("corelation", np.eye(2))
    with pytest.raises(ValueError, match=r"largest eigenvalue = 0\.0: expected above 0"):
        condition_index([0.0, 0.0])
