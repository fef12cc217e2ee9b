import numpy as np
import pytest

from minimal_order.checks import check, check_finite, check_name, check_whole, is_whole


def test_error_names_argument_value_and_expectation():
    check(True, "rate", 0.1, "a positive number")
    with pytest.raises(ValueError, match=r"^rate = -0\.1: expected a positive number$"):
        check(False, "rate", -0.1, "a positive number")


@pytest.mark.parametrize("value", [3, 4, np.int32(3), np.uint8(200)])
def test_whole_numbers_from_the_least_on(value):
    assert is_whole(value, 3)
    check_whole("runs", value, 3)


@pytest.mark.parametrize("value", [2, -3, np.int64(2), 3.0, np.float64(3), "3", None])
def test_what_is_no_whole_number_or_too_small_is_named(value):
    assert not is_whole(value, 3)
    with pytest.raises(ValueError, match=rf"^runs = {value}: expected a whole number, 3 or more$"):
        check_whole("runs", value, 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_first_number_that_is_not_finite_is_named_with_its_place(bad):
    array = np.zeros((3, 4), np.float32)
    array[1, 2] = array[2, 0] = bad
    with pytest.raises(ValueError, match=rf"^X\[1, 2\] = {bad}: expected a finite number$"):
        check_finite("X", array)


def test_a_scalar_that_is_not_finite_is_named():
    with pytest.raises(ValueError, match=r"^rate = nan: expected a finite number$"):
        check_finite("rate", np.nan)


def test_finite_numbers_come_back_as_an_array():
    array = np.arange(6.0).reshape(2, 3)
    assert check_finite("X", array) is array
    assert check_finite("X", [1, 2]).tolist() == [1, 2]


def test_unknown_name_is_answered_with_the_nearest():
    names = ("random", "magnitude", "oracle")
    assert check_name("order", "oracle", names) == "oracle"
    assert check_name("order", "oracle", (name for name in names)) == "oracle"
    with pytest.raises(ValueError, match=r"^order = 'magnitud': .*nearest: magnitude\b"):
        check_name("order", "magnitud", names)
    for unlike in ("zzz", 3):
        with pytest.raises(ValueError, match=rf"^order = {unlike!r}: .*nearest: random, magnitude, oracle$"):
            check_name("order", unlike, names)
