"""The step rules of a selection experiment: those that descend, those that sample, and the talk's operator."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...orders.gradients import preconditioner
from ...training.langevin import preconditioned_sgd, psgld, sgld
from ...training.optim import STEP_RULES, StepRule, map_state, sgd
from ...training.train import Training

if TYPE_CHECKING:
    from .config import SelectConfig

SAMPLERS: dict[str, Callable[..., StepRule]] = {"sgld": sgld, "psgld": psgld}
PRECONDITIONED = "preconditioned_sgd"
OPTIMIZERS = (*STEP_RULES, *SAMPLERS, PRECONDITIONED)


def first_rule(config: "SelectConfig", n_samples: int, rng: np.random.Generator) -> StepRule:
    """The rule of the ``eta0`` free steps.

    The rate of a sampler is that of its drift, as for SGD (or, preconditioned, RMSprop): eps = 2 rate / N.
    Preconditioned SGD has no covariance yet and takes steps of SGD.
    """
    if config.optimizer in SAMPLERS:
        return SAMPLERS[config.optimizer](2 * config.rate / n_samples, n_samples, rng)
    return sgd(config.rate) if config.optimizer == PRECONDITIONED else STEP_RULES[config.optimizer](config.rate)


def next_rule(config: "SelectConfig", before: Training, rows: slice, rng: np.random.Generator) -> tuple[StepRule, Any]:
    """The rule of the ``eta1`` masked steps of some runs, and its state.

    Preconditioned SGD takes H from the covariance collected in the first steps, no larger than the rate.
    """
    n_samples = before.data.n_train
    if config.optimizer != PRECONDITIONED:
        return first_rule(config, n_samples, rng), map_state(lambda a: a[rows], before.state)
    assert before.variance is not None  # ``common_steps`` collects it
    H = preconditioner(before.variance[rows, None], config.batch_size, n_samples)
    return preconditioned_sgd(H, config.rate), None
