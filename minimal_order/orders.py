"""The table of orders: name -> function, what it needs, its equation.

An order is a permutation of the p parameters of one trained run; the parameter that stands first is frozen
or pruned first. Adding one is one function under one decorator:

    @order("distance", "what moved least since the start, first")
    def distance(run, rng):
        return by_score(abs(run.w - run.w_start))

The command line, the experiments, the figures and the tests take it from the table.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .checks import check, check_name
from .covariance import exact_covariance
from .dataset import Dataset
from .losses import LOSSES
from .masks import by_score, rank_of
from .models import MLP
from .optim import AdamState
from .params import Layout
from .training import Training

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
"""The table."""


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


# --- the orders -----------------------------------------------------------------------------------------


@order("random", "any order is as good as another: the chance level", equation="eq:random-order")
def random(run: Training, rng: np.random.Generator) -> NDArray:
    """`eq:random-order` xi ~ U(A): parameters leave in random order."""
    return rng.permutation(run.w.size)


@order("gradient_covariance", "smallest variance of the gradient first", "eq:order", ("covariance",))
def gradient_covariance(run: Training, rng: np.random.Generator) -> NDArray:
    """Smallest diag C first; Grabovoy, Bakhteev, Strijov, section 2.1."""
    assert run.variance is not None  # ``NEEDS`` has seen to it
    return by_score(run.variance)


@order("exact_covariance", "smallest exact variance of the gradient at the end first", default=False)
def by_exact_covariance(run: Training, rng: np.random.Generator) -> NDArray:
    """What ``gradient_covariance`` would be without noise in its estimate: `exact_covariance` of all objects."""
    loss = LOSSES[run.data.task]
    return by_score(exact_covariance(run.model, loss, run.w, run.data.X_train, run.data.y_train))


@order(
    "second_moment",
    "smallest second moment of the batch gradient, as Adam keeps it, first",
    needs=("adam",),
    default=False,
)
def second_moment(run: Training, rng: np.random.Generator) -> NDArray:
    """Adam's v: unlike a covariance it is not centred, so it also sees the mean gradient."""
    return by_score(run.state.v)


def accumulated_gradient(gradients: NDArray) -> NDArray:
    """`eq:accumulated-gradient` score_j = sum_i |dL/dw_j| over the last iterates; the largest stay optimised.

    Shapes: full gradients (iterates, p) -> (p,). Source: Muravev, talk.
    """
    return np.abs(gradients).sum(axis=0)


@order(
    "accumulated_gradient",
    "smallest sum of |gradient| over the last iterates first",
    "eq:accumulated-gradient",
    ("iterates",),
)
def by_accumulated_gradient(run: Training, rng: np.random.Generator) -> NDArray:
    """Full gradients, as in the talk: that of a mini-batch would mostly show the scale of its noise."""
    return by_score(accumulated_gradient(run.full_gradient(run.iterates)))


@order("full_gradient", "smallest |full gradient| at the end first")
def full_gradient(run: Training, rng: np.random.Generator) -> NDArray:
    """Score |dL/dw| at the end of training: what the code of the talk on selection really used."""
    return by_score(np.abs(run.gradient))


def preconditioner(C: NDArray, batch_size: int, n_samples: int) -> NDArray:
    """`eq:preconditioner` H = 2 S / (N C), elementwise.

    Shapes: C (..., p), the *per-object* covariance: that of a mini-batch gradient is C/S. Infinite where C is
    0. Source: Mandt, Hoffman, Blei 2017; Muravev (talk), who writes it with the mini-batch's C.
    """
    with np.errstate(divide="ignore"):
        return np.divide(2 * batch_size, n_samples * C)


def preconditioned_gradient(H: NDArray, g: NDArray) -> NDArray:
    """`eq:preconditioned-gradient` score = |H g|; the largest stay optimised.

    Shapes: (..., p). Where C is 0 (H infinite) the gradient is 0 too and the score is 0; a gradient that is
    not 0 there scores infinity and is kept. Source: Muravev, talk.
    """
    return np.abs(np.where(g == 0, 0, H) * g)


@order(
    "preconditioned_gradient", "smallest |preconditioned gradient| first", "eq:preconditioned-gradient", ("covariance",)
)
def by_preconditioned_gradient(run: Training, rng: np.random.Generator) -> NDArray:
    """Score |H g| with H from the covariance collected so far; Muravev, talk."""
    assert run.variance is not None  # ``NEEDS`` has seen to it
    return by_score(
        preconditioned_gradient(preconditioner(run.variance, run.batch_size, run.data.n_train), run.gradient)
    )


@order("magnitude", "smallest |w| first", "eq:magnitude")
def magnitude(run: Training, rng: np.random.Generator) -> NDArray:
    """`eq:magnitude` smallest |w_j| first: pruning keeps the largest. Source: Muravev, talk."""
    return by_score(np.abs(run.w))


@order("lasso", "last to enter the lasso path first", needs=("linear",))
def lasso(run: Training, rng: np.random.Generator) -> NDArray:
    """Features in the order in which the l1 penalty lets them in, reversed; Tibshirani 1996."""
    return by_penalty_path(run.data, l1_ratio=1.0)


@order("elastic_net", "last to enter the elastic-net path first", needs=("linear",))
def elastic_net(run: Training, rng: np.random.Generator) -> NDArray:
    """As ``lasso``, with half of the penalty quadratic; Zou & Hastie 2005."""
    return by_penalty_path(run.data, l1_ratio=0.5)


@lru_cache(maxsize=4)
def by_penalty_path(data: Dataset, l1_ratio: float, n_penalties: int = 200) -> NDArray:
    """Order features by the penalty at which they enter; those that enter together by their last weight.

    Worked out once for all runs on the same data. For two classes the squared error is taken on the labels:
    with the logistic loss the path takes minutes.
    """
    from sklearn.linear_model import enet_path

    X, y = (np.asarray(a, float) - np.mean(a, axis=0) for a in (data.X_train, data.y_train))
    largest = np.abs(X.T @ y).max() / (len(y) * l1_ratio)  # where the first feature enters
    penalties, weights, _ = enet_path(X, y, l1_ratio=l1_ratio, alphas=largest * np.geomspace(1, 1e-3, n_penalties))
    enters = np.where(weights != 0, penalties, 0).max(axis=1)
    return np.lexsort((np.arange(len(enters)), np.abs(weights[:, -1]), enters))


@order("oracle", "nearest to the true weights first", needs=("linear", "w_star"))
def oracle(run: Training, rng: np.random.Generator) -> NDArray:
    """Score |w - w*|: freeze what is already where it should be. Known for synthetic linear data only."""
    return by_score(np.abs(run.w - run.data.w_star))


# --- what an order of parameters says of features -------------------------------------------------------


def feature_order(order: NDArray, layout: Layout) -> NDArray:
    """`eq:feature-order` the order on features that an order (p,) on parameters induces, shape (n,).

    Features by the mean rank of the weights that read them; for a linear model with one output that is the
    order itself. Source: Grabovoy, Bakhteev, Strijov, section 3, Synthetic 3.
    """
    reads = layout.input[layout.layer == 1]
    rank = rank_of(order)[layout.layer == 1]
    total = np.bincount(reads[reads >= 0], rank[reads >= 0], minlength=layout.sizes[0])
    return by_score(total)
