"""Flat parameter vectors: where each weight of a network stands in them."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import check


class Block(NamedTuple):
    """One tensor of the network inside the flat vector: ``w[..., start:stop]`` reshaped to ``shape``."""

    name: str
    layer: int
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Layout:
    """How the weights and biases of a dense network lie in one flat vector ``w`` of shape (..., p).

    The layers follow each other, input layer first: W (n_out, n_in) row by row, one row a unit, then its
    biases b (n_out,). Leading axes of ``w`` are replicas and are left as they are.

    Parameters
    ----------
    sizes : widths of the layers, from the number of features to the number of outputs
    bias : whether the layers have biases
    """

    sizes: tuple[int, ...]
    bias: bool = True

    def __post_init__(self) -> None:
        fits = len(self.sizes) >= 2 and all(isinstance(n, int | np.integer) and n > 0 for n in self.sizes)
        check(fits, "sizes", self.sizes, "at least two positive whole numbers")

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The tensors W1, b1, W2, b2, ... in the order of the flat vector."""
        blocks, start = [], 0
        for layer, (n_in, n_out) in enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True), start=1):
            shapes = [(f"W{layer}", (n_out, n_in))] + [(f"b{layer}", (n_out,))] * self.bias
            for name, shape in shapes:
                stop = start + int(np.prod(shape))
                blocks.append(Block(name, layer, shape, start, stop))
                start = stop
        return tuple(blocks)

    @cached_property
    def n_params(self) -> int:
        """The number of parameters p."""
        return self.blocks[-1].stop

    @cached_property
    def n_layers(self) -> int:
        """The number of layers of weights."""
        return len(self.sizes) - 1

    def views(self, w: NDArray) -> dict[str, NDArray]:
        """Each tensor by name as a view (..., *shape) into ``w`` (..., p): what is written there is written to w."""
        check(w.shape[-1:] == (self.n_params,), "w.shape", w.shape, f"(..., {self.n_params})")
        return {b.name: w[..., b.start : b.stop].reshape(w.shape[:-1] + b.shape) for b in self.blocks}

    def pack(self, tensors: dict[str, NDArray]) -> NDArray:
        """The flat vector (..., p) that holds the given tensors; the inverse of ``views``."""
        flat = [tensors[b.name].reshape(*tensors[b.name].shape[: -len(b.shape)], -1) for b in self.blocks]
        return np.concatenate(flat, axis=-1)

    @cached_property
    def layer(self) -> NDArray:
        """The layer of each parameter, 1-based, shape (p,)."""
        return np.concatenate([np.full(b.stop - b.start, b.layer) for b in self.blocks])

    @cached_property
    def unit(self) -> NDArray:
        """The unit of its layer that each parameter feeds, 0-based, shape (p,)."""
        return np.concatenate([np.indices(b.shape)[0].ravel() for b in self.blocks])

    @cached_property
    def input(self) -> NDArray:
        """The input of its layer that each weight reads, 0-based; -1 for a bias; shape (p,)."""
        return np.concatenate(
            [np.indices(b.shape)[1].ravel() if len(b.shape) == 2 else np.full(b.shape, -1) for b in self.blocks]
        )

    def name(self, j: int) -> str:
        """The name of parameter ``j`` as ``W1[unit, input]`` or ``b1[unit]``."""
        kind = "b" if self.input[j] < 0 else "W"
        place = f"{self.unit[j]}" if kind == "b" else f"{self.unit[j]}, {self.input[j]}"
        return f"{kind}{self.layer[j]}[{place}]"
