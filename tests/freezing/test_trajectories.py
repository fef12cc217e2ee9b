import numpy as np
import pytest

from minimal_order.freezing.trajectories import convergence_time


@pytest.mark.parametrize("band", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("tau", [3.0, 20.0, 200.0])
def test_time_of_an_exponential_approach(tau, band):
    """The closed form: e^(-t/tau) - e^(-T/tau) <= band (1 - e^(-T/tau))."""
    times = np.arange(101)
    path = 5 - 2 * np.exp(-times / tau)
    expected = np.ceil(-tau * np.log(band + (1 - band) * np.exp(-100 / tau)))
    assert convergence_time(path[:, None], times, band) == [expected]


def test_time_of_a_straight_path():
    """A parameter that moves on steadily is within a tenth of its way after nine tenths of it."""
    path = np.linspace(1, 0, 11)[:, None] * np.array([1.0, -40.0])
    assert convergence_time(path + 3, np.arange(11) * 7, band=0.15).tolist() == [63, 63]


def test_parameter_that_leaves_its_band_again_has_not_converged():
    path = np.array([[0.0, 1, 0.0], [1, 0, 0], [0, 0.5, 9], [1, 0, 0], [0, 0, 0]])
    assert convergence_time(path, [10, 20, 30, 40, 50]).tolist() == [50, 40, 40]


def test_parameter_that_never_moved_has_converged_at_the_first_time():
    assert convergence_time(np.ones((4, 2)), [3, 5, 7, 9]).tolist() == [3, 3]
    assert convergence_time(np.zeros((1, 2)), [3]).tolist() == [3, 3]


def test_parameter_that_diverged_has_not_converged():
    path = np.zeros((5, 3))
    path[2:, 0], path[3:, 1] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        assert convergence_time(path, np.arange(5)).tolist() == [4, 4, 0]


def test_time_by_looking_at_every_time():
    """First time at which a parameter is within its band, then and ever after."""
    rng = np.random.default_rng(27)
    path = rng.standard_normal((30, 2, 20)) * np.exp(-np.arange(30) / 5)[:, None, None]
    times = np.cumsum(rng.integers(1, 5, 30))
    found = convergence_time(path, times, 0.2)
    assert found.shape == (2, 20)
    for place in np.ndindex(2, 20):
        away = [abs(w - path[(-1, *place)]) for w in path[(slice(None), *place)]]
        first = next(t for t in range(30) if all(a <= 0.2 * max(away) for a in away[t:]))
        assert found[place] == times[first]
    np.testing.assert_array_equal(convergence_time(4 * path, times, 0.2), found)
    np.testing.assert_array_equal(convergence_time(-path, times, 0.2), found)


@pytest.mark.parametrize("band", [0, 1, -0.1, np.nan])
def test_band_out_of_range_is_refused(band):
    with pytest.raises(ValueError, match=rf"^band = {band}: expected a number in \(0, 1\)$"):
        convergence_time(np.zeros((3, 2)), range(3), band)


def test_times_that_do_not_fit_the_path_are_refused():
    with pytest.raises(ValueError, match=r"^times\.shape = \(4,\): expected \(3,\), one a row of path$"):
        convergence_time(np.zeros((3, 2)), range(4))
