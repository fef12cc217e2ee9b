"""Elimination against an oracle that decomposes what is left anew at every step, and formulas against inverses."""

import warnings

import numpy as np
import pytest
from belsley_oracles import covariance, slow_elimination, talks_synthetic, toy, with_eigenvalues

from minimal_order.dependence.belsley import EQUAL, NULL, SCALES, decompose, most_dependent
from minimal_order.dependence.elimination import (
    REMOVALS,
    condition,
    condition_singular,
    eliminate,
    least_group,
    marginalise,
)

TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}
CHOICES = [(scale, removal) for scale in SCALES for removal in REMOVALS]


def check_against_the_oracle(A, scale, removal, rtol=1e-10):
    found, expected = eliminate(A, scale=scale, removal=removal), slow_elimination(A, scale, removal)
    assert found.order.tolist() == expected[0].tolist()
    assert found.multiplicity.tolist() == expected[2].tolist()
    np.testing.assert_allclose(found.condition_index, expected[1], rtol=rtol)
    np.testing.assert_allclose(found.proportion, expected[3], rtol=0, atol=rtol)
    return found


@pytest.mark.parametrize(("scale", "removal"), CHOICES)
@pytest.mark.parametrize("p", [1, 2, 3, 9, 24])
def test_order_is_that_of_the_oracle(p, scale, removal):
    """eq:belsley-elimination"""
    for seed in range(4):
        found = check_against_the_oracle(covariance(p, seed), scale, removal, rtol=1e-9)
        assert sorted(found.order) == list(range(p))


@pytest.mark.parametrize(("scale", "removal"), CHOICES)
def test_order_is_that_of_the_oracle_when_nearly_singular(scale, removal):
    """eq:belsley-elimination with condition numbers up to 1e9, where the inverse is taken anew on the way"""
    for seed in range(4):
        A = with_eigenvalues(np.geomspace(1e-9, 1, 16), seed)
        check_against_the_oracle(A, scale, removal, rtol=1e-5)


@pytest.mark.parametrize("removal", REMOVALS)
def test_equal_eigenvalues_that_rounding_has_parted_are_one_group(removal):
    """eq:belsley-elimination, four eigenvalues of 1e-9 whose difference shows in their eighth digit"""
    A = with_eigenvalues([1e-9] * 4 + [1.0, 1.5, 2, 3])
    assert np.ptp(np.linalg.eigvalsh(A)[:4]) > 1e-17
    assert eliminate(A, removal=removal).multiplicity[:4].tolist() == [4, 3, 2, 1]


@pytest.mark.parametrize("removal", REMOVALS)
def test_eigenvalues_all_equal_but_for_rounding(removal):
    """eq:belsley-elimination of what is left of Boston's posterior when only dead units are: inverse iteration fails"""
    diagonal = [1.1129245452989562, 1.1129245454524457, 1.1129245502864957, 1.1129245452989593]
    diagonal += [1.112924545298956, 1.1129245452989562, 1.1129245452989567, 1.112924545298957]
    beside = [5.852011934090972e-16, 8.749366683350741e-10, -1.9372483981844175e-14, 1.798819639587433e-16]
    beside += [-5.034347082055785e-16, 1.2104319155390073e-16, -1.7110435795003882e-16]
    P = np.diag(diagonal) + np.diag(beside, -1) + np.diag(beside, 1)
    values, U = least_group(P, EQUAL)
    np.testing.assert_allclose(np.sort(1 / values), np.linalg.eigvalsh(P), **TOLERANCE)
    np.testing.assert_allclose(U.T @ P @ U, np.diag(1 / values), **TOLERANCE)
    np.testing.assert_allclose(U.T @ U, np.eye(8), **TOLERANCE)
    found = eliminate(np.linalg.inv(P), removal=removal)
    assert found.multiplicity.tolist() == [8, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("scale", SCALES)
def test_order_is_that_of_the_oracle_with_a_null_space(scale):
    """eq:belsley-elimination of a covariance of few samples, rank 6"""
    for seed in range(4):
        found = check_against_the_oracle(covariance(15, seed, rank=6), scale, "marginalise", rtol=1e-9)
        assert found.multiplicity[:9].tolist() == list(range(9, 0, -1))
        assert np.isinf(found.condition_index[:9]).all() and np.isfinite(found.condition_index[9:]).all()


def test_eigenvalues_between_the_tolerance_and_its_multiples_are_looked_at_anew():
    """eq:belsley-elimination: a dimension of the null space can outlast the removal that was to take it"""
    A = with_eigenvalues([0, 0, 2e-10, 5e-10, 1e-9, 1e-6, 1, 1.5, 2], seed=2)
    check_against_the_oracle(A, "correlation", "marginalise", rtol=1e-4)


@pytest.mark.parametrize(("scale", "removal"), CHOICES)
def test_elimination_of_the_talks_matrix(scale, removal):
    """eq:belsley-elimination: of the 99 that correlate the lowest index first, as they are all alike"""
    found = check_against_the_oracle(talks_synthetic(30), scale, removal, rtol=1e-9)
    assert found.order[:28].tolist() == list(range(1, 29)) and set(found.order[28:]) == {0, 29}
    assert found.multiplicity[:28].tolist() == list(range(28, 0, -1))


def test_elimination_of_the_toy():
    """eq:belsley-elimination: three of the five leave, and what is left has no exact relation"""
    found = check_against_the_oracle(toy(), "correlation", "marginalise")
    assert found.order[:3].tolist() == [4, 0, 1] and found.multiplicity[:4].tolist() == [3, 2, 1, 1]
    assert found.condition_index[3] < 2
    found = eliminate(toy(), removal="condition")
    assert found.order[-1] == 5  # given any two of the five, the others are known, but not x
    assert np.isinf(found.condition_index[:5]).all()


@pytest.mark.parametrize("removal", REMOVALS)
def test_order_does_not_depend_on_units(removal):
    """eq:belsley-elimination: a common unit never counts, in correlations none does"""
    A, d = covariance(8), np.diag(np.geomspace(1e-3, 1e3, 8))
    order = eliminate(A, removal=removal).order
    for unit in (1e-7, 1e-290, 1e290):
        assert eliminate(unit * A, removal=removal).order.tolist() == order.tolist()
    nearly = with_eigenvalues(np.geomspace(1e-9, 1, 6))  # in such a unit its precision is beyond the largest number
    expected = eliminate(nearly, removal=removal).order
    assert eliminate(1e-300 * nearly, removal=removal).order.tolist() == expected.tolist()
    order = eliminate(A, scale="correlation", removal=removal).order
    for unit in (1e-290, 1e290):
        assert eliminate(unit * A, scale="correlation", removal=removal).order.tolist() == order.tolist()
    assert eliminate(d @ A @ d, scale="correlation", removal=removal).order.tolist() == order.tolist()
    assert eliminate(d @ A @ d, removal=removal).order.tolist() != order.tolist()


# What is left


def test_marginalising_drops_from_the_covariance():
    """eq:marginalising, by inversion"""
    A = covariance(6)
    left, precision = marginalise(A, np.linalg.inv(A), 2)
    rest = [0, 1, 3, 4, 5]
    np.testing.assert_allclose(left, A[np.ix_(rest, rest)], **TOLERANCE)
    np.testing.assert_allclose(precision, np.linalg.inv(A[np.ix_(rest, rest)]), **TOLERANCE)


def test_conditioning_drops_from_the_precision():
    """eq:conditioning, by inversion"""
    A = covariance(6)
    left, precision = condition(A, np.linalg.inv(A), 2)
    rest = [0, 1, 3, 4, 5]
    np.testing.assert_allclose(precision, np.linalg.inv(A)[np.ix_(rest, rest)], **TOLERANCE)
    np.testing.assert_allclose(left, np.linalg.inv(precision), **TOLERANCE)


def test_conditioning_is_what_samples_near_the_value_show():
    """eq:conditioning, by simulation"""
    A = np.array([[2, 0.9, -0.3], [0.9, 1, 0.2], [-0.3, 0.2, 0.5]])
    w = np.random.default_rng(0).multivariate_normal(np.zeros(3), A, size=400_000)
    near = w[np.abs(w[:, 0]) < 0.05][:, 1:]
    expected, _ = condition(A, np.linalg.inv(A), 0)
    assert abs(np.cov(near.T) - expected).max() < 5 * np.sqrt(2 / len(near))


def test_conditioning_through_the_root_is_the_same_and_lowers_the_rank():
    """eq:conditioning of a singular covariance"""
    A = covariance(6)
    expected, _ = condition(A, np.linalg.inv(A), 3)
    np.testing.assert_allclose(condition_singular(decompose(A), 3), expected, **TOLERANCE)
    rank, A = 5, covariance(12, rank=5)
    while rank:
        found = decompose(A, floor=NULL * np.trace(A))
        assert (found.values > 0).sum() == rank
        A, rank = condition_singular(found, most_dependent(found)), rank - 1
    np.testing.assert_allclose(A, 0, atol=1e-12)


def test_after_as_many_as_the_rank_nothing_is_uncertain():
    """eq:belsley-elimination, conditioning on a singular covariance"""
    found = eliminate(covariance(12, rank=5), removal="condition")
    assert np.isinf(found.condition_index).all() and sorted(found.order) == list(range(12))
    assert found.multiplicity[:5].tolist() == [7] * 5 and found.multiplicity[5:].tolist() == [7, 6, 5, 4, 3, 2, 1]
    assert (np.diff(found.order[5:]) > 0).all()


# Bad input


@pytest.mark.parametrize("A", [np.diag([1.0, 2, 3]), np.zeros((2, 2)), np.array([[1, 1e-14], [1e-14, 1]])])
def test_a_diagonal_matrix_is_refused(A):
    with pytest.raises(ValueError, match="A = a diagonal matrix: expected parameters that correlate"):
        eliminate(A)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"removal = 'marginalize': .*nearest: marginalise"):
        eliminate(covariance(3), removal="marginalize")
    with pytest.raises(ValueError, match=r"A\[2, 2\] = 0\.0: expected a positive variance"):
        eliminate(np.pad(covariance(2), (0, 1)), scale="correlation")
    with pytest.raises(ValueError, match="smallest eigenvalue of A"):
        eliminate(np.array([[1, 2], [2, 1.0]]))


@pytest.mark.parametrize("removal", REMOVALS)
def test_constants_and_duplicates_have_a_place(removal):
    """No warning and no NaN: what doesn't vary lies in the null space alone, a duplicate with its original"""
    A = covariance(4)
    A = A[np.ix_([0, 1, 1, 2, 3], [0, 1, 1, 2, 3])]
    A = np.pad(A, (0, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = eliminate(A, removal=removal)
    assert sorted(found.order) == list(range(6)) and found.order[0] == 5
    assert set(found.order[: 2 + (removal == "condition")]) <= {5, 1, 2}
    assert np.isfinite(found.proportion).all()
