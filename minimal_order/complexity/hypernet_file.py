"""A trained hypernetwork: the network of any lam, pruned without training again; and its file."""

import hashlib
import io
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import check, check_finite, check_name
from ..freezing.masks import by_score, n_frozen, prune_mask
from ..freezing.selection import order_within, selectable
from ..networks.models import MLP
from ..runs.files import npz_bytes, write_atomic
from ..runs.store import DIGEST
from .hypernet import Hypernet
from .objectives import FAMILIES, Family

FORMAT = "minimal-order hypernetwork 1"


class Pruned(NamedTuple):
    """A network with some weights set to 0."""

    w: NDArray  # (..., p), 0 where beta is
    beta: NDArray  # (..., p), true = in the network


def prune(
    family: Family, model: MLP, theta: NDArray, share: float | NDArray, per: str = "tensor", biases: bool = False
) -> Pruned:
    """Set a share of the weights to 0, those of the largest relative density `eq:variational-relevance` first.

    Parameters
    ----------
    family, model : what theta are the parameters of
    theta : (..., n)
    share : in [0, 1], a number or (levels,), of the weights, or with ``biases`` of all parameters: 0 removes nothing
        and 1 all of them
    per : "tensor" takes the share from each tensor alike, as the authors' code does, "network" from all together
    biases : whether biases can be removed

    Returns
    -------
    w and beta, (..., p), or (..., levels, p)

    Raises
    ------
    ValueError : for a share outside [0, 1] or another grouping.
    """
    order = order_within(by_score(-family.log_density(theta)), model.layout, per, biases)
    beta = prune_mask(order, k=n_frozen(share, int(selectable(model.layout, biases).sum()), "share"))
    w = family.means(theta)
    if np.ndim(share):
        w = w[..., None, :]
    return Pruned(np.where(beta, w, 0), beta)


@dataclass(frozen=True, eq=False)
class TrainedHypernet:
    """A hypernetwork with its parameters, and the network that they are for.

    Parameters
    ----------
    model : the network
    family : "variational", "reparameterised" or "base"
    hypernet : the map
    b : (K, n) its parameters
    dataset, pixels : on what it was trained, and between what its features were: "unit" for [0, 1], "symmetric" for
        [-1, 1]; for information
    """

    model: MLP
    family: str
    hypernet: Hypernet
    b: NDArray
    dataset: str = ""
    pixels: str = "unit"

    def __post_init__(self) -> None:
        check_name("family", self.family, FAMILIES)
        shape = (self.hypernet.n_rows, FAMILIES[self.family].n_params(self.model))
        check(np.shape(self.b) == shape, "b.shape", np.shape(self.b), f"{shape} for {self.model}, {self.family}")
        check_finite("b", self.b)

    def at(self, lam: float | NDArray, clamp: bool = False) -> NDArray:
        """Return the parameters theta (..., n) for lam (...)."""
        return self.hypernet.parameters(self.b, lam, clamp)

    def pruned(
        self,
        lam: float | NDArray,
        share: float | NDArray,
        *,
        per: str = "tensor",
        biases: bool = False,
        clamp: bool = False,
    ) -> Pruned:
        """Return the network for lam with a share of its weights removed, as ``prune`` does; nothing is trained."""
        return prune(FAMILIES[self.family], self.model, self.at(lam, clamp), share, per, biases)

    def as_dict(self) -> dict[str, Any]:
        """All but b, as plain values."""
        return {
            "format": FORMAT,
            "model": asdict(self.model),
            "family": self.family,
            "hypernet": asdict(self.hypernet),
            "dataset": self.dataset,
            "pixels": self.pixels,
        }


def to_bytes(trained: TrainedHypernet) -> bytes:
    """Return the content of its file: an ``.npz`` with ``b`` and a description, and a checksum of all that."""
    description = np.array(json.dumps(trained.as_dict(), sort_keys=True))
    sealed = npz_bytes({"b": trained.b, "description": description}, comment=b"0" * DIGEST)[:-DIGEST]
    return sealed + hashlib.sha256(sealed).hexdigest().encode()


def save(path: str | os.PathLike[str], trained: TrainedHypernet) -> None:
    """Write a trained hypernetwork."""
    write_atomic(path, to_bytes(trained))


def load(path: str | os.PathLike[str], model: MLP | None = None) -> TrainedHypernet:
    """Read a trained hypernetwork.

    Parameters
    ----------
    path : a file that ``save`` wrote
    model : the network that it has to be for; any unless given

    Raises
    ------
    ValueError : for a file that is damaged or cut short, is something else, or is for another network.
    OSError : for a file that cannot be read.
    """
    content = Path(path).read_bytes()
    sealed, checksum = content[:-DIGEST], content[-DIGEST:]
    whole = hashlib.sha256(sealed).hexdigest().encode() == checksum
    check(whole, "hypernet", path, "a whole file of a trained hypernetwork; this one is damaged or something else")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        known = json.loads(str(arrays["description"])) if "description" in arrays.files else {}
        check(known.get("format") == FORMAT, "hypernet", path, f"a file of the format {FORMAT!r}")
        b = arrays["b"]
    own = MLP(**known["model"])
    check(model is None or own == model, "hypernet", path, f"one for {model}, but it is for {own}")
    return TrainedHypernet(own, known["family"], Hypernet(**known["hypernet"]), b, known["dataset"], known["pixels"])
