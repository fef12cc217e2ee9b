"""What the experiment ``surgeon`` found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from numpy.typing import NDArray

from ...estimates import Estimate, mean_interval
from ...runs.part import Part
from ...runs.store import Store
from .config import MONKS, XORS, SurgeonConfig
from .monk import MonkOutcome, monk_outcome, monk_part
from .xor import COMPARED, XorOutcome, xor_outcome, xor_part

Arrays = Mapping[str, NDArray]


@dataclass(frozen=True)
class Surgeon:
    """What came out of each network; see ``XorOutcome`` and ``MonkOutcome``."""

    config: SurgeonConfig
    xors: list[XorOutcome]
    monks: list[MonkOutcome]


def surgeon_parts(config: SurgeonConfig, store: Store | None = None) -> list[Part]:
    """List the units of work, one a network; the long ones first."""
    monks = [Part(f"monk-{list(MONKS).index(name)}", monk_part, (config, name), store) for name in config.monks]
    xors = [Part(f"xor-{list(XORS).index(name)}", xor_part, (config, name), store) for name in config.xors]
    return monks + xors


def assemble_surgeon(config: SurgeonConfig, parts: Sequence[Arrays]) -> Surgeon:
    """Put together what the parts of ``surgeon_parts`` found."""
    n_monks = len(config.monks)
    monks = [monk_outcome(name, part) for name, part in zip(config.monks, parts[:n_monks], strict=True)]
    xors = [xor_outcome(name, part) for name, part in zip(config.xors, parts[n_monks:], strict=True)]
    return Surgeon(config, xors, monks)


# --- tables ---------------------------------------------------------------------------------------------


class Picked(NamedTuple):
    """How often a criterion picked the weight whose deletion costs least, or one as good."""

    network: str
    criterion: str
    starts: int
    learned: int  # starts that tell all four objects apart
    judged: int  # of these, at a minimum
    right: int
    regret: Estimate  # by how much the loss grew more than it had to


def picked(xor: XorOutcome) -> list[Picked]:
    """One row a criterion."""
    starts, learned, judged = len(xor.w), int(xor.learned.sum()), int(xor.judged.sum())
    rows = []
    for criterion in COMPARED:
        regret = mean_interval(xor.regret(criterion)) if judged > 1 else Estimate(*[float("nan")] * 3)
        rows.append(Picked(xor.name, criterion, starts, learned, judged, int(xor.right(criterion).sum()), regret))
    return rows


class Pruned(NamedTuple):
    """How far a criterion goes on a MONK's problem without an error more on the training part."""

    network: str
    criterion: str
    way: str
    removed: Estimate  # share of the weights
    most: float  # share in the best draw
    test_accuracy: Estimate  # on all 432 objects, of the networks so pruned


def pruned(monk: MonkOutcome) -> list[Pruned]:
    """One row a criterion and way."""
    rows = []
    for criterion, way in monk.accuracy:
        share = monk.removed(criterion, way) / monk.n_params
        test = mean_interval(monk.test_accuracy(criterion, way))
        rows.append(Pruned(monk.name, criterion, way, mean_interval(share), float(share.max()), test))
    return rows


def against(monk: MonkOutcome, first: tuple[str, str], second: tuple[str, str]) -> Estimate:
    """By how much a larger share of the weights goes by the first (criterion, way) than by the second; paired."""
    return mean_interval((monk.removed(*first) - monk.removed(*second)) / monk.n_params)
