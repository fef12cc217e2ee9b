"""Orders by the gradient: its covariance, its size, its size after preconditioning."""

import numpy as np
from numpy.typing import NDArray

from ..freezing.masks import by_score
from ..networks.losses import LOSSES
from ..training.covariance import exact_covariance
from ..training.train import Training
from .table import order


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
    0, or too small for its inverse. Source: Mandt, Hoffman, Blei 2017; Muravev (talk), who writes it with the
    mini-batch's C.
    """
    with np.errstate(divide="ignore", over="ignore"):
        return np.divide(2 * batch_size, n_samples * C)


def preconditioned_gradient(H: NDArray, g: NDArray) -> NDArray:
    """`eq:preconditioned-gradient` score = |H g|; the largest stay optimised.

    Shapes: (..., p). Where C is 0 (H infinite) the gradient is 0 too and the score is 0; a gradient that is
    not 0 there scores infinity and is kept. Source: Muravev, talk.
    """
    with np.errstate(over="ignore"):
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
