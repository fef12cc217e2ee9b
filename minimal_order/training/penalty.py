"""Weight decay: the loss with a penalty on the squares of the weights."""

from collections.abc import Callable
from typing import NamedTuple

from numpy.typing import NDArray

from ..networks.gradients import Backprop, MeanLoss
from ..networks.models import MLP


class PenalisedLoss(NamedTuple):
    """The mean loss of a batch plus decay ||w||^2, as a function of the network's parameters, for the loop.

    Its gradient has 2 decay w more, its Hessian 2 decay I. The penalty makes a minimum of what would be a valley:
    without it the weights of a network that tells two classes apart grow for ever.
    """

    model: MLP
    loss: Callable
    decay: float

    @property
    def n_params(self) -> int:
        """The number of parameters p of the network."""
        return self.model.n_params

    def gradient(self, w: NDArray, X: NDArray, y: NDArray, out: NDArray) -> Backprop:
        """Write the gradient (..., p) to ``out``."""
        back = MeanLoss(self.model, self.loss).gradient(w, X, y, out)
        out += 2 * self.decay * w
        return back
