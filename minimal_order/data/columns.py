"""Tables of one's own: the numbers and the names of the columns, from an array, a data frame or a CSV file.

Everything that is no finite number is refused with its column and row. Data frames are known by their attribute
``columns``, so that no library of them is needed.
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..checks import check, check_name

SEPARATORS = ",;\t"


class Columns(NamedTuple):
    """A table of numbers (m, n) and the names of its columns."""

    values: NDArray
    names: tuple[str, ...]

    def split(self, target: str) -> tuple[Self, NDArray]:
        """The other columns, and the one called ``target``."""
        j = self.names.index(check_name("target", target, self.names))
        rest = self.names[:j] + self.names[j + 1 :]
        return self._replace(values=np.delete(self.values, j, axis=1), names=rest), self.values[:, j]


def columns_of(X: Any, names: Sequence[str] | None = None) -> Columns:
    """Take the columns of a table: an array (m, n), a data frame, or what ``read_csv`` returned.

    Parameters
    ----------
    X : numbers; rows are counted from 0 in messages
    names : of the columns; by default those of the data frame, or x1, x2, ...

    Raises
    ------
    ValueError : not a table, a cell that is no finite number, names that do not fit
    """
    if isinstance(X, Columns):
        X, names = X.values, X.names if names is None else names
    if names is None and hasattr(X, "columns"):
        names = [str(name) for name in X.columns]
    table = _array(X)
    check(table.dtype.kind in "biufOSU", "X.dtype", table.dtype, "real numbers")
    expected = "(m, n), at least 2 rows and 1 column"
    check(table.ndim == 2 and len(table) >= 2 and table.shape[1] >= 1, "X.shape", table.shape, expected)
    names = tuple(f"x{j + 1}" for j in range(table.shape[1])) if names is None else tuple(map(str, names))
    check(len(names) == table.shape[1], "names", names, f"{table.shape[1]} of them, one a column")
    for j, name in enumerate(names):
        check(name not in names[:j], "names", repr(name), "names that differ")
    if table.dtype.kind not in "biuf":
        table = np.array(
            [[_number(cell, names[j], f"row {i}") for j, cell in enumerate(r)] for i, r in enumerate(table)]
        )
    for i, j in np.argwhere(~np.isfinite(table))[:1]:
        _number(table[i, j], names[j], f"row {i}")
    return Columns(table.astype(float), names)


def read_csv(path: str | Path) -> Columns:
    """Read a CSV file, in UTF-8: a line of names, then numbers, separated by commas, semicolons or tabs.

    The separator is the one that the first line has most of. A first line of numbers only is no line of names.

    Raises
    ------
    ValueError : with the column and the line for a cell that is no number, a line of another length, two equal names
    OSError : the file cannot be read
    """
    try:
        text = Path(path).read_text("utf-8-sig")
    except UnicodeError as error:
        raise ValueError(f"{path}: expected a CSV file in UTF-8 ({error})") from error
    first = next((line for line in text.splitlines() if line.strip()), "")
    check(bool(first), str(path), "an empty file", "a CSV file")
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    lines = [(reader.line_num, [" ".join(c.split()) for c in cells]) for cells in reader if any(map(str.strip, cells))]
    (_, header), *rows = lines
    if all(map(_is_number, header)):
        header, rows = [f"x{j + 1}" for j in range(len(header))], lines
    header = [name or f"column {j + 1}" for j, name in enumerate(header)]
    for number, cells in rows:
        expected = f"{len(header)}, as the first line has; separated by {separator!r}"
        check(len(cells) == len(header), f"cells of line {number}", len(cells), expected)
    check(len(rows) >= 2, "lines of numbers", len(rows), "at least 2")
    numbers = [[_number(cell, header[j], f"line {at}") for j, cell in enumerate(cells)] for at, cells in rows]
    return columns_of(np.array(numbers), header)


def _array(X: Any) -> NDArray:
    """Make an array of a table; what a mask hides is missing."""
    if isinstance(X, np.ma.MaskedArray):
        X = np.where(np.ma.getmaskarray(X), np.full(X.shape, None), X.data)
    try:
        return np.asarray(X)
    except ValueError as error:
        raise ValueError(f"X = rows of different lengths: expected a table ({error})") from error


def _number(cell: Any, column: str, row: str) -> float:
    missing = cell is None or (isinstance(cell, str) and not cell)
    value = math.nan if missing else _value(cell)
    expected = "a finite number"
    if "," in str(cell):
        expected += ": a point before the decimals, nothing between the thousands"
    check(math.isfinite(value), f"column {column!r}, {row}", "missing" if missing else repr(str(cell)), expected)
    return value


def _value(cell: Any) -> float:
    """The number in a cell, NaN if it holds none; 2019_01, which Python takes for one, is a name."""
    try:
        return math.nan if "_" in str(cell) else float(cell)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _is_number(cell: str) -> bool:
    return math.isfinite(_value(cell))


def in_words(names: Iterable[str]) -> str:
    """Names as in a sentence: a, b and c."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
