"""What the experiment ``surgeon`` found, and its files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...estimates import Estimate, mean_interval
from ...parallel import Part
from ...results import Store, csv_text
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


def xor_rows(xor: XorOutcome) -> Iterator[tuple[object, ...]]:
    """Yield one row a start and weight: what it was held worth, and what it was worth."""
    layout = XORS[xor.name].model.layout
    for start, w in enumerate(xor.w):
        for j, w_j in enumerate(w):
            scores = [xor.saliency[criterion][start, j] for criterion in COMPARED]
            judged = (xor.learned[start], xor.minimum[start])
            yield (xor.name, start, *judged, layout.name(j), w_j, xor.price[start, j], *scores)


def path_rows(monk: MonkOutcome) -> Iterator[tuple[object, ...]]:
    """Yield one row a criterion, way and number of removals: accuracy on the training part and on all objects."""
    for (criterion, way), accuracy in monk.accuracy.items():
        estimates = np.stack(mean_interval(accuracy), axis=-1)  # (p + 1, 2, 3)
        for k, numbers in enumerate(estimates.reshape(len(estimates), -1)):
            yield (monk.name, criterion, way, k, k / monk.n_params, *numbers)


def ends(name: str) -> tuple[str, str, str]:
    """Name the columns of an estimate."""
    return name, f"{name}_low", f"{name}_high"


def surgeon_files(surgeon: Surgeon) -> dict[str, str]:
    """Return the tables and the report by file name."""
    from ...reports.surgeon import surgeon_report

    xor_columns = ("network", "start", "learned", "minimum", "weight", "value", "price", *COMPARED)
    picks = [(*row[:-1], *row.regret) for xor in surgeon.xors for row in picked(xor)]
    prunings = [(*r[:3], *r.removed, r.most, *r.test_accuracy) for monk in surgeon.monks for r in pruned(monk)]
    path_columns = ("network", "criterion", "way", "removed", "share", *ends("train"), *ends("test"))
    return {
        "xor.csv": csv_text(xor_columns, [row for xor in surgeon.xors for row in xor_rows(xor)]),
        "picks.csv": csv_text((*Picked._fields[:-1], *ends("regret")), picks),
        "monk.csv": csv_text(
            ("network", "criterion", "way", *ends("removed"), "most", *ends("test_accuracy")), prunings
        ),
        "paths.csv": csv_text(path_columns, [row for monk in surgeon.monks for row in path_rows(monk)]),
        "report.md": surgeon_report(surgeon),
    }


def write_surgeon(store: Store, surgeon: Surgeon) -> list[Path]:
    """Write tables, report and figures; return the paths."""
    from ...plots.style import save
    from ...plots.surgeon import draw_monk, draw_paths, draw_xor

    files = surgeon_files(surgeon)
    for name, text in files.items():
        store.write(name, text)
    paths = [store.folder / file for file in ("config.json", *files)]
    for name, figure in (("xor", draw_xor(surgeon)), ("monk", draw_monk(surgeon)), ("paths", draw_paths(surgeon))):
        paths += map(Path, save(figure, store, name))
    return paths
