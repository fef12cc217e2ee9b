"""The order by a variational posterior: how sure the data are that a weight is not 0."""

import numpy as np
from numpy.typing import NDArray

from ..freezing.masks import by_score
from ..training.train import Training
from ..variational.posterior import posterior_of
from ..variational.relevance import log_signal_to_noise
from ..variational.sampling import unpack
from .table import order


@order("variational", "smallest |mean| / deviation of a variational posterior first", "eq:variational-relevance",
       default=False)  # fmt: skip
def variational(run: Training, rng: np.random.Generator) -> NDArray:
    """Largest relative density at 0 first, of q fitted from the run's weights on; where all are 0, by index.

    Ordered by ln(|mu| / sigma), which falls as the relative density rises and has neither overflow nor ties by
    underflow. q has means of its own, and the order is about these; a run with all weights 0 has nothing to fit.
    """
    if not run.w.any():
        return by_score(run.w)
    return by_score(log_signal_to_noise(*unpack(posterior_of(run, rng))))
