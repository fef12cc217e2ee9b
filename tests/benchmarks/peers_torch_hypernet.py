"""The nine models in PyTorch: all lam stacked, the input layers of all of them one product, fused Adam."""

import numpy as np
import torch
from torch import Tensor, nn

from minimal_order.experiments.complexity.config import ComplexityConfig
from minimal_order.networks.models import MLP


def pieces(model: MLP, theta: Tensor) -> list[Tensor]:
    """W1, b1, W2, b2 of every network, (L, ...)."""
    return [theta[:, block.start : block.stop].view(-1, *block.shape) for block in model.layout.blocks]


def first_product(W: Tensor, X: Tensor) -> Tensor:
    """W X^T for all networks at once: (L, h, d), (S, d) -> (L, h, S)."""
    L, h, d = W.shape
    return (W.reshape(L * h, d) @ X.T).view(L, h, -1)


class Peer:
    """One model and its optimiser; ``step`` takes one training step."""

    def __init__(self, config: ComplexityConfig, family: str, w: np.ndarray, phi_rows: int, n_train: int):
        self.model, self.family, self.n_train, self.clip = config.model, family, n_train, config.clip
        self.rows = phi_rows
        self.w = torch.tensor(w.reshape(phi_rows, -1) if phi_rows else w, requires_grad=True)
        self.adam = torch.optim.Adam([self.w], lr=config.rate, fused=True)

    def losses(self, theta: Tensor, X: Tensor, y: Tensor, noise=torch.randn) -> Tensor:
        """Mean loss of every network (L,)."""
        p = self.model.n_params
        W1, b1, W2, b2 = pieces(self.model, theta[:, :p])
        z = first_product(W1, X) + b1[..., None]
        if self.family != "base":
            V1, v1, V2, v2 = pieces(self.model, (2 * theta[:, p:]).exp())
            t = (first_product(V1, X * X) + v1[..., None]).sqrt()
            z = z + t * noise(z.shape)
        a = torch.relu(z)
        h = torch.baddbmm(b2[..., None], W2, a)
        if self.family != "base":
            t = torch.baddbmm(v2[..., None], V2, a * a).sqrt()
            h = h + t * noise(h.shape)
        L, K, S = h.shape
        each = nn.functional.cross_entropy(h.reshape(L, K, S), y.expand(L, S), reduction="none")
        return each.mean(-1)

    def penalty(self, theta: Tensor, lam: Tensor) -> Tensor:
        """What stands against the fit, (L,), over the number of objects."""
        if self.family == "base":
            return lam * theta.square().sum(-1) / self.n_train
        p = self.model.n_params
        mu, log_sigma = theta[:, :p], theta[:, p:]
        square = (mu.square() + (2 * log_sigma).exp()) / 2
        if self.family == "variational":
            return lam * (square - log_sigma).sum(-1) / self.n_train
        return (lam[:, None] * square - log_sigma).sum(-1) / self.n_train

    def value(self, X: Tensor, y: Tensor, lam: Tensor, phi: Tensor | None, noise=torch.randn) -> Tensor:
        """The number that is differentiated."""
        theta = self.w if phi is None else phi @ self.w
        each = self.losses(theta, X, y, noise) + self.penalty(theta, lam)
        return each.sum() if phi is None else each.mean()

    def step(self, X: Tensor, y: Tensor, lam: Tensor, phi: Tensor | None) -> None:
        """One training step."""
        self.adam.zero_grad()
        self.value(X, y, lam, phi).backward()
        nn.utils.clip_grad_value_([self.w], self.clip)
        self.adam.step()
