"""The exclusive or: what each weight is worth by three criteria, and what it is worth in truth.

The truth is brute force: delete each of the 9 weights in turn, train the 8 others on from where they are, and see
by how much the loss has grown.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.loading import load
from ...pruning.hessian import full_hessian
from ...pruning.removal import obd_saliency
from ...pruning.surgeon import invert, obs_saliency
from ...training.penalty import PenalisedLoss
from .config import XOR_DECAY, XORS, SurgeonConfig
from .training import fit, steepest, value

COMPARED = ("magnitude", "obd", "obs")
FLAT = 1e-5
"""The largest component of the gradient that counts as a minimum."""

AS_GOOD = 0.01
"""Two deletions whose losses agree up to this share are equally good: the units of a network can be swapped."""


def xor_part(config: SurgeonConfig, name: str) -> dict[str, NDArray]:
    """Train one network from all starts, delete each weight, and score each weight.

    Returns
    -------
    w (starts, 9); learned, minimum (starts,); loss (starts,) before and deleted (starts, 9) after deletion and
    training; saliency by criterion (starts, 9), NaN where w is no minimum
    """
    model, loss = XORS[name]
    data, objective = load("xor"), PenalisedLoss(model, loss, XOR_DECAY)
    rng = config.generator(0, list(XORS).index(name))
    w = fit(objective, data, model.init(rng, (config.starts,)), rng, config.xor_steps)
    beta = np.broadcast_to(1 - np.eye(model.n_params), (config.starts, model.n_params, model.n_params))
    retrained = fit(objective, data, w[:, None] * beta, rng, config.xor_steps, beta)
    H = full_hessian(model, loss, w, data.X_train, data.y_train) + 2 * XOR_DECAY * np.eye(model.n_params)
    minimum = (steepest(objective, w, data) < FLAT) & (np.linalg.eigvalsh(H)[:, 0] > 0)
    saliency = dict.fromkeys(COMPARED, np.full(w.shape, np.nan))
    if minimum.any():
        at, h = w[minimum], np.diagonal(H[minimum], axis1=-2, axis2=-1)
        inverse = invert(H[minimum], np.ones(at.shape, bool))
        scores = {"magnitude": np.abs(at), "obd": obd_saliency(h, at), "obs": obs_saliency(inverse, at)}
        for criterion, score in scores.items():
            saliency[criterion] = np.full(w.shape, np.nan)
            saliency[criterion][minimum] = score
    halfway = 0.0 if loss.__name__ == "logistic" else 0.5
    right = (model.outputs(w, data.X_train)[:, 0] > halfway) == data.y_train
    return {
        "w": w,
        "learned": right.all(axis=-1),
        "minimum": minimum,
        "loss": value(objective, w, data),
        "deleted": value(objective, retrained, data),
        **{f"saliency/{criterion}": score for criterion, score in saliency.items()},
    }


class XorOutcome(NamedTuple):
    """What came out for one network; arrays as in ``xor_part``."""

    name: str
    w: NDArray
    learned: NDArray
    minimum: NDArray
    price: NDArray  # (starts, 9) by how much the loss has grown in truth
    saliency: dict[str, NDArray]

    @property
    def judged(self) -> NDArray:
        """The starts (starts,) that have learned the problem and are at a minimum."""
        return self.learned & self.minimum

    def picks(self, criterion: str) -> NDArray:
        """Return the weight that the criterion would delete, of each judged start."""
        return self.saliency[criterion][self.judged].argmin(axis=-1)

    def right(self, criterion: str) -> NDArray:
        """Whether no deletion is better than the one picked, of each judged start."""
        price = self.price[self.judged]
        paid = np.take_along_axis(price, self.picks(criterion)[:, None], axis=-1)[:, 0]
        return paid <= (1 + AS_GOOD) * price.min(axis=-1)

    def regret(self, criterion: str) -> NDArray:
        """By how much the loss grows more than it had to, of each judged start; 0 if the choice is right."""
        price = self.price[self.judged]
        paid = np.take_along_axis(price, self.picks(criterion)[:, None], axis=-1)[:, 0]
        return np.where(self.right(criterion), 0, paid - price.min(axis=-1))


def xor_outcome(name: str, part: Mapping[str, NDArray]) -> XorOutcome:
    """Put together what ``xor_part`` found."""
    price = part["deleted"] - part["loss"][:, None]
    saliency = {criterion: part[f"saliency/{criterion}"] for criterion in COMPARED}
    return XorOutcome(name, part["w"], part["learned"], part["minimum"], price, saliency)
