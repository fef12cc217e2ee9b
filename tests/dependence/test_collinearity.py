"""The collinearity diagnostic on Longley's data, on designs with known answers, and its table."""

import doctest
import sys

import numpy as np
import pytest

from minimal_order.data.columns import Columns, columns_of, read_csv
from minimal_order.data.sources import data_folder
from minimal_order.dependence.collinearity import collinearity
from minimal_order.dependence.collinearity_table import Dependency
from minimal_order.dependence.least_squares import least_squares

TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}


@pytest.fixture(scope="module")
def longley():
    return read_csv(data_folder() / "longley.csv").split("TOTEMP")


def design(m=20, n=4, seed=0):
    return np.random.default_rng(seed).standard_normal((m, n)) + np.arange(n)


# Longley


def test_longley_to_all_published_digits(longley):
    """eq:collinearity with an intercept, columns of unit length, not centred"""
    found = collinearity(longley[0])
    index = [1, 9.14172, 12.25574, 25.33661, 230.42395, 1048.08030, 43275.04359]
    np.testing.assert_allclose(found.condition_indices, index, rtol=0, atol=5.001e-6)
    assert found.names == ("const", "DEFL", "GNP", "UNEMP", "ARMED", "POP", "YEAR")
    last = [0.99985, 0.03833, 0.65463, 0.68926, 0.30205, 0.15973, 0.99984]
    np.testing.assert_allclose(found.proportions[-1], last, rtol=0, atol=5.001e-6)
    np.testing.assert_allclose(found.proportions.sum(axis=0), 1, **TOLERANCE)


def test_longley_least_squares_has_the_certified_coefficients(longley):
    """Values of the Statistical Reference Datasets"""
    found = least_squares(*longley)
    # fmt: off
    certified = [-3482258.63459582, 15.0618722713733, -0.0358191792925910, -2.02022980381683, -1.03322686717359,
                 -0.0511041056535807, 1829.15146461355]
    errors = [890420.383607373, 84.9149257747669, 0.0334910077722432, 0.488399681651699, 0.214274163161675,
              0.226073200069370, 455.478499142212]
    # fmt: on
    np.testing.assert_allclose(found.estimate, certified, rtol=1e-9)
    np.testing.assert_allclose(found.standard_error, errors, rtol=1e-9)


# The formulas


def test_proportions_are_shares_of_the_variance_of_the_coefficients():
    """eq:collinearity: s^2 sum_k v_jk^2 / mu_k^2 is the variance of least squares"""
    X = design()
    full = np.column_stack([np.ones(20), X])
    full = full / np.sqrt((full**2).sum(axis=0))
    values, V = np.linalg.eigh(full.T @ full)
    found = collinearity(X)
    variance = np.diag(np.linalg.inv(full.T @ full))
    for row, k in enumerate(range(4, -1, -1)):
        np.testing.assert_allclose(found.condition_indices[row], np.sqrt(values[-1] / values[k]), rtol=1e-9)
        np.testing.assert_allclose(found.proportions[row], V[:, k] ** 2 / values[k] / variance, rtol=1e-8)


def test_two_columns_of_known_angle():
    """eq:collinearity sqrt((1 + r) / (1 - r)) for columns of correlation r about 0"""
    r = 0.99
    X = np.array([[1.0, r], [0, np.sqrt(1 - r**2)]])
    found = collinearity(X, intercept=False)
    np.testing.assert_allclose(found.condition_indices, [1, np.sqrt((1 + r) / (1 - r))], **TOLERANCE)
    np.testing.assert_allclose(found.proportions, [[(1 - r) / 2] * 2, [(1 + r) / 2] * 2], **TOLERANCE)


def test_orthogonal_columns_are_one_row_of_index_1():
    """eq:collinearity of an orthogonal design"""
    Q = np.linalg.qr(design(9, 4))[0]
    found = collinearity(Q * [1, 10, 100, 1e3], intercept=False)
    assert found.condition_indices.tolist() == [1] and found.multiplicity.tolist() == [4]
    assert found.proportions.tolist() == [[1] * 4] and found.dependencies() == []
    unscaled = collinearity(Q * [1, 10, 100, 1e3], intercept=False, scale=False)
    np.testing.assert_allclose(unscaled.condition_indices, [1, 10, 100, 1000], **TOLERANCE)
    np.testing.assert_allclose(unscaled.proportions, np.eye(4)[::-1], atol=1e-10)


def test_equal_singular_values_that_rounding_has_parted_are_one_row():
    """eq:collinearity, three singular values of 1e-9"""
    left, right = np.linalg.qr(design(9, 5))[0], np.linalg.qr(design(5, 5, seed=1))[0]
    X = (left * [1, 1, 1e-9, 1e-9, 1e-9]) @ right
    found = collinearity(X, intercept=False, scale=False)
    assert found.multiplicity.tolist() == [2, 3]
    np.testing.assert_allclose(found.condition_indices, [1, 1e9], rtol=1e-6)


def test_units_do_not_count_and_a_shift_does():
    """eq:collinearity: unit length takes units away; what stands far from 0 depends on the intercept"""
    X = design()
    found = collinearity(X)
    scaled = collinearity(X * [1e-3, 1, 1e5, -7])
    np.testing.assert_allclose(scaled.condition_indices, found.condition_indices, **TOLERANCE)
    np.testing.assert_allclose(scaled.proportions, found.proportions, **TOLERANCE)
    shifted = X + np.array([1e4, 0, 0, 0])
    far = collinearity(shifted)
    assert far.condition_indices[-1] > 1e3
    assert far.dependencies()[-1].names == ("const", "x1")
    np.testing.assert_allclose(
        collinearity(shifted, center=True).condition_indices,
        collinearity(X, center=True).condition_indices,
        rtol=1e-6,
    )


def test_centred_columns_have_the_condition_number_of_their_correlations():
    """eq:collinearity, center: no intercept, eigenvalues of the correlation matrix"""
    X = design()
    found = collinearity(X, center=True)
    values = np.linalg.eigvalsh(np.corrcoef(X.T))
    assert found.names == ("x1", "x2", "x3", "x4")
    np.testing.assert_allclose(found.condition_indices, np.sqrt(values[-1] / values[::-1]), rtol=1e-9)


# Exact dependencies


def test_exact_dependencies_are_one_infinite_row_and_told_apart():
    """eq:collinearity: a duplicate, a sum, a constant beside the intercept, and a column of its own"""
    Z = design(30, 5)
    X = np.column_stack([Z, Z[:, 0], Z[:, 1] + Z[:, 2], np.full(30, 7.0)])
    found = collinearity(X)
    assert found.condition_indices[-1] == np.inf and found.multiplicity.tolist() == [1] * 6 + [3]
    assert found.proportions[-1].tolist() == [1, 1, 1, 1, 0, 0, 1, 1, 1]
    assert set(found.exact) == {("const", "x8"), ("x1", "x6"), ("x2", "x3", "x7")}
    assert found.dependencies()[-3:] == [Dependency(np.inf, names) for names in found.exact]
    assert np.isfinite(found.proportions).all() and "3 x inf*" in str(found)


def test_more_columns_than_rows():
    """eq:collinearity, m < p: all columns depend exactly"""
    found = collinearity(design(4, 9))
    assert found.condition_indices[-1] == np.inf and found.multiplicity[-1] == 6
    assert (found.proportions[-1] == 1).all() and found.exact == (found.names,)
    assert collinearity(design(2, 1)).condition_indices.shape == (2,)


def test_many_rows_and_a_small_column():
    found = collinearity(design(100_000, 3) * [1, 1e-300, 1e150])
    assert (found.condition_indices < 10).all()


# The table


def test_table_marks_large_numbers(longley):
    found = collinearity(longley[0])
    lines = str(found).splitlines()
    assert lines[0].split() == ["index", *found.names] and len(lines) == 8 + 3
    assert lines[7].split() == ["43275.044*", "1.000*", "0.038", "0.655*", "0.689*", "0.302", "0.160", "1.000*"]
    assert lines[4].split() == ["25.337", "0.000", "0.000", "0.001", "0.065", "0.427", "0.000", "0.000"]
    assert lines[8] == "* condition index above 30, proportion above 0.5"
    assert lines[9] == "depend on each other (index 1048): DEFL and POP"
    assert lines[10] == "depend on each other (index 4.328e+04): const, GNP, UNEMP and YEAR"
    assert len({len(line.rstrip("* ")) for line in lines[1:8]}) <= 2  # columns stand under each other
    strict = found.table(threshold=0.7, limit=2000, digits=1, fuzz=0.2).splitlines()
    assert strict[7].split() == ["43275.0*", "1.0*", ".", "0.7", "0.7", "0.3", ".", "1.0*"]
    assert strict[9:] == ["depend on each other (index 4.328e+04): const and YEAR"]
    assert collinearity(design()).table(limit=1e6).endswith("no dependency by these limits")


def test_wide_tables_go_on_below():
    found = collinearity(design(60, 30))
    blocks = found.table().split("\n\n")
    assert len(blocks) > 2 and all(len(line) <= 80 for line in found.table().splitlines())
    heads = [block.splitlines()[0].split() for block in blocks]
    assert all(head[0] == "index" for head in heads)
    assert [name for head in heads for name in head[1:]] == list(found.names)
    many = collinearity(np.column_stack([design(60, 30), design(60, 30).sum(axis=1)]))
    lines = many.table(width=50).splitlines()
    assert all(len(line) <= 50 for line in lines) and lines[-1].startswith("  ") and lines[-1].endswith(" and x31")


def test_rows_with_a_small_index_can_be_left_out(longley):
    found = collinearity(longley[0])
    whole, part = (found.table(least=least).splitlines() for least in (0, 1000))
    assert part == [whole[0], *whole[6:]]
    assert found.table(least=1e6).splitlines()[1:] == whole[8:]


def test_notebooks_show_a_table_with_names_escaped():
    page = collinearity(design(9, 2), names=["a<b", "c&d"])._repr_html_()
    assert page.startswith("<table>") and "a&lt;b" in page and "c&amp;d" in page and page.count("<tr>") == 4


def test_degraded_share_adds_up_competing_dependencies(longley):
    found = collinearity(longley[0])
    np.testing.assert_allclose(found.degraded_share(), found.proportions[4:].sum(axis=0), **TOLERANCE)


# Arrays, frames, bad input


def test_data_frames_keep_their_names(longley):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(longley[0].values, columns=list(longley[0].names))
    assert collinearity(frame).names[1:] == longley[0].names
    frame["DEFL"] = frame["DEFL"].astype(object)
    np.testing.assert_allclose(collinearity(frame).proportions, collinearity(longley[0].values).proportions)
    frame.loc[3, "GNP"] = None
    with pytest.raises(ValueError, match="column 'GNP', row 3 = 'nan': expected a finite number"):
        collinearity(frame)
    frame["GNP"] = "much"
    with pytest.raises(ValueError, match="column 'GNP', row 0 = 'much': expected a finite number"):
        collinearity(frame)


class Frame:
    """As much of a data frame as is needed."""

    columns = ("a", "b")

    def __array__(self, dtype=None, copy=None):
        return np.array([[1, True], [2, 0], [4, 0]], dtype=object)


def test_any_library_of_data_frames_will_do():
    assert columns_of(Frame()).names == ("a", "b")
    np.testing.assert_array_equal(columns_of(Frame()).values, [[1, 1], [2, 0], [4, 0]])


REFUSED = {
    r"X\.shape = \(5,\): expected \(m, n\), at least 2 rows": (np.ones(5), {}),
    r"X\.shape = \(1, 3\)": (np.ones((1, 3)), {}),
    r"X\.shape = \(3, 0\)": (np.ones((3, 0)), {}),
    r"column 'x2', row 1 = 'nan': expected a finite number": ([[1, 2], [3, np.nan]], {}),
    r"column 'x1', row 0 = 'inf'": ([[np.inf, 2], [3, 1]], {}),
    r"column 'x1', row 1 = 'one'": ([[1, 2], ["one", 1]], {}),
    r"column 'x1', row 1 = '1_000'": ([[1, 2], ["1_000", 1]], {}),
    r"column 'x1', row 1 = '1000+'": ([[1, 2], [10**400, 1]], {}),
    r"column 'x2', row 0 = missing": (np.ma.masked_equal([[1, -9], [3, 1]], -9), {}),
    r"X = rows of different lengths: expected a table": ([[1, 2], [3]], {}),
    r"column 'x2', row 1 = missing": ([[1, 2], [3, None]], {}),
    r"X\.dtype = complex128: expected real numbers": ([[1j, 2], [3, 1]], {}),
    r"column 'x2' = all 0": ([[1, 0], [3, 0]], {}),
    r"column 'x2' = constant: expected one that varies, to be centred": ([[1, 5], [3, 5]], {"center": True}),
    r"names = \('a',\): expected 2 of them": ([[1, 2], [3, 1]], {"names": ["a"]}),
    r"names = 'a': expected names that differ": ([[1, 2], [3, 1]], {"names": ["a", "a"]}),
    r"names = 'const': expected a name that the intercept doesn't have, or no": (
        [[1, 2], [3, 1]],
        {"names": ["a", "const"]},
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_tables_are_refused_with_their_place(message):
    X, options = REFUSED[message]
    with pytest.raises(ValueError, match=message):
        collinearity(X, **options)


def test_least_squares_against_the_normal_equations():
    rng = np.random.default_rng(0)
    X, y = design(), rng.standard_normal(20) + 3
    for options, full in (
        ({}, np.column_stack([np.ones(20), X])),
        ({"intercept": False}, X),
    ):
        inverse = np.linalg.inv(full.T @ full)
        b = inverse @ full.T @ y
        s2 = ((y - full @ b) ** 2).sum() / (20 - full.shape[1])
        found = least_squares(X, y, **options)
        np.testing.assert_allclose(found.estimate, b, rtol=1e-8)
        np.testing.assert_allclose(found.standard_error, np.sqrt(s2 * np.diag(inverse)), rtol=1e-8)
    centred, plain = least_squares(X, y, center=True), least_squares(X, y)
    np.testing.assert_allclose(centred.estimate, plain.estimate[1:], rtol=1e-8)
    np.testing.assert_allclose(centred.standard_error, plain.standard_error[1:], rtol=1e-8)


def test_no_fit_without_freedom_or_with_exact_dependencies():
    with pytest.raises(ValueError, match="rows = 4: expected more than 4"):
        least_squares(design(4, 3), np.ones(4))
    X = design()
    with pytest.raises(ValueError, match="columns = exactly dependent ones"):
        least_squares(np.column_stack([X, X[:, 0]]), np.ones(20))
    with pytest.raises(ValueError, match=r"y\.shape = \(3,\)"):
        least_squares(Columns(X, tuple("abcd")), np.ones(3))


def test_example_of_the_module():
    result = doctest.testmod(sys.modules["minimal_order.dependence.collinearity"])
    assert result.attempted == 3 and not result.failed
