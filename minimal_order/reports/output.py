"""What all writers of results do in the end: tables and report into the experiment's folder, then its figures."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..runs.store import Store

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_all(store: Store, files: Mapping[str, bytes | str], figures: "Iterable[tuple[str, Figure]]") -> list[Path]:
    """Write what follows from the finished parts; return the paths. Equal parts give equal bytes.

    Parameters
    ----------
    store : of the experiment
    files : content by name
    figures : with the names of their files, without suffix; drawn one at a time if this is an iterator
    """
    from ..plots.style import save

    for name, content in files.items():
        store.write(name, content)
    paths = [store.folder / name for name in ("config.json", *files)]
    for name, figure in figures:
        paths += map(Path, save(figure, store, name))
    return paths
