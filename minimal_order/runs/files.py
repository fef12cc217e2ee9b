"""Files that are whole or absent, and text and arrays that are equal byte for byte when their content is."""

import csv
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..checks import check


def write_atomic(path: str | os.PathLike[str], data: bytes | str) -> None:
    """Write a file so that at any moment, power cuts included, it holds the old content or the new one.

    Missing folders on the way are made; text is written as UTF-8.

    Raises
    ------
    OSError
        If the file cannot be written; an older file at the path is then as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = data.encode() if isinstance(data, str) else data
    for attempts_left in (2, 1, 0):
        temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
        try:
            with open(temporary, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
            break
        except FileNotFoundError:
            # Another run that starts on the same folder takes the temporary file for a killed writer's.
            if not attempts_left:
                raise
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    if os.name == "posix":  # elsewhere a folder cannot be opened, and the rename is durable without it
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a tidy table as CSV: a header, then a line a row.

    Numbers are written as the shortest decimal that reads back to the same bits in their own type
    (``str``: 0.1, 1e-10, nan), ``None`` as an empty field, lines end in a line feed on every system.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        check(len(row) == len(columns), "row", row, f"{len(columns)} fields: {', '.join(columns)}")
        writer.writerow(["" if value is None else str(value) for value in row])
    return text.getvalue()


def read_rows(path: str | os.PathLike[str]) -> list[dict[str, str]]:
    """Read a table that ``csv_text`` wrote: a dictionary a row, all fields as text."""
    with open(path, encoding="utf8", newline="") as file:
        return list(csv.DictReader(file))


def json_text(value: object) -> str:
    """Return JSON: keys sorted, an indent of two, a final line feed; NumPy values become plain ones."""
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
    return text + "\n"


def npz_bytes(arrays: Mapping[str, ArrayLike], comment: bytes = b"") -> bytes:
    """Return the arrays as an ``.npz`` file, no pickle inside: equal arrays give equal bytes on any day.

    Stored without compression, because two builds of zlib may compress the same array differently.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = comment
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # zipfile would note the operating system
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asarray(arrays[name]), allow_pickle=False)
    return buffer.getvalue()


def _plain(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"settings hold {value!r} of type {type(value).__name__}: expected what JSON knows")
