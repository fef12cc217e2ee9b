"""Networks on flat parameter vectors: linear, logistic, and perceptrons of any depth are one class."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import check_name
from .layers import ACTIVATIONS, activate, dense
from .params import Layout


@dataclass(frozen=True)
class MLP:
    """A network of dense layers.

    Parameters
    ----------
    sizes : widths of the layers: features, hidden units, ..., outputs
    activation : after every layer but the last: tanh, relu, sigmoid or identity
    bias : whether the layers have biases
    """

    sizes: tuple[int, ...]
    activation: str = "tanh"
    bias: bool = True

    def __post_init__(self) -> None:
        check_name("activation", self.activation, ACTIVATIONS)
        object.__setattr__(self, "sizes", tuple(self.sizes))
        self.layout  # noqa: B018  (checks the sizes now, not at first use)

    @cached_property
    def layout(self) -> Layout:
        """Where each weight stands in the flat vector."""
        return Layout(self.sizes, self.bias)

    @property
    def n_params(self) -> int:
        """The number of parameters p."""
        return self.layout.n_params

    def init(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> NDArray:
        """Draw parameters U(-1/sqrt(d), 1/sqrt(d)), d the inputs of a layer; returns (*shape, p)."""
        fan_in = np.asarray(self.sizes)[self.layout.layer - 1]
        return rng.uniform(-1, 1, (*shape, self.n_params)) / np.sqrt(fan_in)

    def outputs(self, w: Any, X: NDArray, tap: Callable | None = None) -> Any:
        """`eq:network` h(w, x) = W_1 s(W_2 s(... s(W_r x))), with biases; W_r here is ``W1``, the first layer.

        Shapes: w (..., p), X (..., m, n) -> h (..., K, m); leading axes are replicas and broadcast.
        Source: Grabovoy, Bakhteev, Strijov, (2.2).

        ``tap(a, z)``, if given, is called with every layer's inputs and pre-activations; what it returns
        takes the place of z.
        """
        tensors = self.layout.views(w)
        a: Any = np.swapaxes(X, -1, -2)
        for layer in range(1, len(self.sizes)):
            z = dense(tensors[f"W{layer}"], tensors.get(f"b{layer}"), a)
            if tap is not None:
                z = tap(a, z)
            a = z if layer == len(self.sizes) - 1 else activate(z, self.activation)
        return a

    def __repr__(self) -> str:
        how = f", {self.activation}" * (len(self.sizes) > 2) + ", no bias" * (not self.bias)
        return f"MLP({'-'.join(map(str, self.sizes))}{how}: {self.n_params} parameters)"


def linear(n_features: int, n_outputs: int = 1, bias: bool = False) -> MLP:
    """The model h = W x: with the squared error linear regression, with the logistic loss logistic regression."""
    return MLP((n_features, n_outputs), bias=bias)


def mlp(*sizes: int, activation: str = "tanh") -> MLP:
    """A perceptron with biases, ``mlp(784, 10, 10)``: features, hidden units, ..., outputs."""
    return MLP(sizes, activation)
