"""The table of orders: name -> function, what it needs, its equation.

An order is a permutation of the p parameters of one trained run; the parameter that stands first is frozen
or pruned first. Adding one is one function under one decorator:

    @order("distance", "what moved least since the start, first")
    def distance(run, rng):
        return by_score(abs(run.w - run.w_start))

The command line, the experiments, the figures and the tests take it from the table.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import check, check_name
from ..networks.models import MLP
from ..pruning.surgeon import MOST_PARAMS
from ..training.optim import AdamState
from ..training.train import Training

OrderFunction = Callable[[Training, np.random.Generator], NDArray]


class Order(NamedTuple):
    """One row of the table."""

    name: str
    function: OrderFunction
    summary: str
    equation: str = ""
    needs: tuple[str, ...] = ()
    default: bool = True
    plugin: str = ""  # the user's file that it came from

    def __repr__(self) -> str:
        needs = f"; needs {', '.join(self.needs)}" if self.needs else ""
        return f"Order({self.name}: {self.summary}{needs})"


ORDERS: dict[str, Order] = {}
"""The table of orders: by name the function that makes each, and what it needs."""


class Need(NamedTuple):
    """What an order may need beyond the trained parameters and the data, and whether a run has it."""

    what: str
    met: Callable[[Training], bool]


# fmt: off
NEEDS = {
    "covariance": Need("the covariance of the gradient, collected while training", lambda run: run.C is not None),
    "iterates":   Need("the last iterates of the training, kept",         lambda run: len(run.iterates) > 0),
    "linear":     Need("a linear model with one output and no bias",      lambda run: is_linear(run.model)),
    "w_star":     Need("data whose true weights are known",               lambda run: run.data.w_star is not None),
    "adam":       Need("Adam as the step rule",                           lambda run: isinstance(run.state, AdamState)),
    "small":      Need(f"at most {MOST_PARAMS} parameters", lambda run: run.model.n_params <= MOST_PARAMS),
}
# fmt: on


def is_linear(model: MLP) -> bool:
    """Whether every parameter of the model is the weight of one feature."""
    return model.n_params == model.sizes[0]


def order(name: str, summary: str, equation: str = "", needs: tuple[str, ...] = (), default: bool = True) -> Callable:
    """Decorate ``function(run, rng) -> permutation (p,)`` to enter it in the table.

    Parameters
    ----------
    name : how it is asked for
    summary : one line for tables
    equation : its label, `eq:...`, if it has one
    needs : names from ``NEEDS``; the order is left out where they cannot be had
    default : whether experiments take it when they are not told which orders to take
    """
    check(name.isidentifier(), "name", repr(name), "a Python identifier")
    for need in needs:
        check_name("needs", need, NEEDS)

    def enter(function: OrderFunction) -> OrderFunction:
        ORDERS[name] = Order(name, function, summary, equation, needs, default)
        return function

    return enter


def compute_order(name: str, run: Training, rng: np.random.Generator) -> NDArray:
    """The order called ``name`` of one trained run, checked to be a permutation; shape (p,).

    Raises
    ------
    ValueError : when there is no such order, the run lacks what it needs, or its function gives no permutation.
    """
    entry = ORDERS[check_name("order", name, ORDERS)]
    check(run.w.ndim == 1, "run.w.shape", run.w.shape, "(p,), one run: take training.run(i)")
    for need in entry.needs:
        check(NEEDS[need].met(run), "run", run, f"one with what the order {name} needs: {NEEDS[need].what}")
    full_name = f"order {name!r}" + f" of {entry.plugin}" * bool(entry.plugin)
    try:
        result = np.asarray(entry.function(run, rng))
    except Exception as error:
        if not entry.plugin:
            raise
        raise ValueError(f"{full_name}: expected a function that runs ({type(error).__name__}: {error})") from error
    fits = result.shape == run.w.shape and np.array_equal(np.sort(result), np.arange(result.size))
    check(fits, full_name, f"array of shape {result.shape}", f"a permutation of 0 ... {run.w.size - 1}")
    return result


def read_plugin(path: str | Path) -> str:
    """Read the text of a file with orders."""
    check(Path(path).is_file(), "plugin", path, "a Python file")
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ValueError(f"plugin = {path}: expected a Python file in UTF-8 ({error})") from error


def load_plugin(path: str | Path, source: str | None = None) -> list[str]:
    """Run a file of the user's that enters orders in the table; return the names it entered.

    ``source`` is its text where the file itself cannot be read, as in a process on another machine.
    """
    before = dict(ORDERS)
    source = read_plugin(path) if source is None else source
    try:
        exec(compile(source, str(path), "exec"), {"__name__": Path(path).stem, "__file__": str(path)})
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"plugin = {path}: expected a Python file that runs ({what})") from error
    entered = [name for name in ORDERS if ORDERS[name] is not before.get(name)]
    check(bool(entered), "plugin", path, "a file that enters an order with @order")
    ORDERS.update({name: ORDERS[name]._replace(plugin=str(path)) for name in entered})
    return entered
