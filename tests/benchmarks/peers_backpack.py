"""The variance of the objects' gradients and the diagonal of the Hessian by BackPACK."""

import numpy as np
import torch
from backpack import backpack, extend
from backpack.extensions import DiagHessian, Variance
from numpy.typing import NDArray
from peers_torch import network, set_weights
from sweep import Problem
from torch import nn


class Extended:
    """Model and loss extended once; every call is one backward pass with an extension."""

    def __init__(self, problem: Problem, w: NDArray) -> None:
        X, y = (torch.from_numpy(part) for part in problem.data[:2])
        self.model = extend(network(problem).to(X.dtype))
        self.params = list(self.model.parameters())
        set_weights(problem, self.params, w)
        self.loss = extend(nn.CrossEntropyLoss() if problem.classes else nn.MSELoss())
        self.X, self.y = X, y if problem.classes else y[:, None]

    def backward(self, extension: object) -> None:
        """Run the pass."""
        for param in self.params:
            param.grad = None
        with backpack(extension):
            self.loss(self.model(self.X), self.y).backward()


class GradientVariance(Extended):
    """The Variance extension."""

    def __call__(self) -> list[torch.Tensor]:
        """Run the pass; BackPACK's convention: gradients of the parts l_i / m of the mean loss."""
        self.backward(Variance())
        return [param.variance for param in self.params]

    def covariance_diagonal(self) -> NDArray:
        """The same in the units of `eq:covariance-exact`: gradients of l_i, divided by m - 1."""
        m = len(self.X)
        variance = torch.cat([v.ravel() for v in self()]).numpy()
        return variance.astype(np.float64) * m * m * m / (m - 1)


class HessianDiagonal(Extended):
    """The DiagHessian extension."""

    def __call__(self) -> list[torch.Tensor]:
        """Run the pass; of the mean loss, as in the package."""
        self.backward(DiagHessian())
        return [param.diag_h for param in self.params]
