"""A number with its interval, and the intervals that a handful of independent runs can support."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import check, check_finite


class Estimate(NamedTuple):
    """A value with the ends of its confidence interval: floats, or arrays of one shape.

    ``str`` rounds so that the interval's width shows two digits: ``.46 [.41, .51]``.
    """

    value: NDArray | float
    low: NDArray | float
    high: NDArray | float

    def __str__(self) -> str:
        return ", ".join(_text(*map(float, each)) for each in np.broadcast(self.value, self.low, self.high))

    def covers(self, value: ArrayLike) -> NDArray[np.bool_]:
        """Whether the interval holds the value; an undefined interval holds nothing."""
        return np.less_equal(self.low, value) & np.greater_equal(self.high, value)


def _text(value: float, low: float, high: float) -> str:
    if not all(map(math.isfinite, (value, low, high))):
        return "undefined"
    digits = max(0, 1 - math.floor(math.log10(high - low))) if high > low else 2

    def short(number: float) -> str:
        text = f"{round(number, digits) + 0.0:.{digits}f}"  # + 0: no minus before a zero
        return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text

    return f"{short(value)} [{short(low)}, {short(high)}]"


def t_quantile(confidence: float, dof: int) -> float:
    """Half-width of the central ``confidence`` share of Student's t with ``dof`` degrees of freedom."""
    from scipy.special import stdtrit  # quicker to import than scipy.stats, by far

    check(0 < confidence < 1, "confidence", confidence, "a number between 0 and 1")
    return float(stdtrit(dof, (1 + confidence) / 2))


def leave_one_out_interval(value: NDArray | float, without: NDArray, confidence: float = 0.95) -> Estimate:
    """Jackknife: value -+ t_{r-1} sqrt((r-1)/r sum_i (theta_{-i} - mean)^2), Tukey 1958.

    Parameters
    ----------
    value : (...) the statistic of all r runs
    without : (r, ...) the statistic with run i left out
    confidence : the coverage aimed at
    """
    r = len(without)
    check(r >= 3, "number of runs", r, "at least 3 for a jackknife interval")
    half = t_quantile(confidence, r - 1) * np.sqrt((r - 1) * np.var(without, axis=0))
    return Estimate(value, value - half, value + half)


def mean_interval(x: ArrayLike, confidence: float = 0.95, axis: int = 0) -> Estimate:
    """Student's interval for the mean over runs, mean -+ t_{n-1} s / sqrt(n).

    Give it the differences of two orders over the same runs and it is the paired t interval.

    Parameters
    ----------
    x : array with the n >= 2 runs along ``axis``, finite
    confidence : the coverage aimed at
    axis : the runs
    """
    x = check_finite("x", x)
    check(x.ndim > 0 and x.shape[axis] >= 2, "x.shape", x.shape, f"at least 2 runs along axis {axis}")
    n = x.shape[axis]
    half = t_quantile(confidence, n - 1) * np.std(x, axis=axis, ddof=1) / np.sqrt(n)
    mean = np.mean(x, axis=axis)
    return Estimate(mean, mean - half, mean + half)


def variance_ratio_interval(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Estimate:
    """Ratio of the variances over runs of two paired samples, in the geometric mean over the levels.

    theta = mean over levels of ln(Var a / Var b); the jackknife drops a run from both samples and from all
    levels at once, so neither the pairing nor the dependence between the levels of one run needs a model. The
    ends are those of theta's interval, exponentiated: below 1 throughout means that ``a`` varies less.

    Parameters
    ----------
    a, b : (r, levels) or (r,), run i of both on the same data; every level must vary
    confidence : the coverage aimed at
    """
    a, b = check_finite("a", a), check_finite("b", b)
    fits = a.shape == b.shape and a.ndim in (1, 2)
    check(fits, "a.shape, b.shape", (a.shape, b.shape), "both (runs, levels)")
    check(len(a) >= 3, "number of runs", len(a), "at least 3 for a jackknife interval")

    def theta(runs: NDArray) -> NDArray:  # runs (..., n) -> (...)
        var_a, var_b = (np.var(x[runs], axis=runs.ndim - 1, ddof=1) for x in (a, b))
        varies = bool(np.all(var_a > 0) and np.all(var_b > 0))
        check(varies, "variance of a or b", 0, "above 0 at every level, with any one run left out")
        log_ratio = np.log(var_a / var_b)
        return log_ratio if a.ndim == 1 else log_ratio.mean(axis=-1)

    everyone = np.arange(len(a))
    others = (everyone[:, None] + everyone[1:]) % len(a)  # row i: all runs but i
    log_ratio = leave_one_out_interval(theta(everyone), theta(others), confidence)
    return Estimate(*(np.exp(each) for each in log_ratio))
