"""What the collinearity diagnostic found, and its table: condition indices and variance proportions."""

import html
import textwrap
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.columns import in_words

THRESHOLD = 0.5
LIMIT = 30.0
"""Belsley, Kuh and Welsch: a condition index above 30 is large, and so is a proportion above .5."""


class Dependency(NamedTuple):
    """A near dependency: its condition index, and the columns of whose coefficients it degrades the estimates."""

    condition_index: float
    names: tuple[str, ...]


@dataclass(frozen=True, repr=False, eq=False)
class Collinearity:
    """What ``collinearity`` found; it prints as a table.

    Attributes
    ----------
    names : (p,) of the columns, the intercept first if there is one
    condition_indices : (rows,) ascending from 1; infinite where columns depend exactly
    multiplicity : (rows,) how many singular values a row stands for, mostly 1
    proportions : (rows, p) of the variance of each coefficient; a column sums to 1
    exact : the sets of columns that depend exactly, no set on another
    """

    names: tuple[str, ...]
    condition_indices: NDArray
    multiplicity: NDArray
    proportions: NDArray
    exact: tuple[tuple[str, ...], ...] = ()

    def dependencies(self, threshold: float = THRESHOLD, limit: float = LIMIT) -> list[Dependency]:
        """The rows that Belsley, Kuh and Welsch call degrading: a large index, and two large proportions or more.

        Where several indices are large and of one size, a coefficient's variance may be spread over their rows,
        each with less than the threshold: then add the rows up (``degraded_share``).
        """
        found = [Dependency(np.inf, names) for names in self.exact]
        for index, row in zip(self.condition_indices, self.proportions, strict=True):
            names = tuple(name for name, q in zip(self.names, row, strict=True) if q > threshold)
            if limit < index < np.inf and len(names) >= 2:
                found.insert(len(found) - len(self.exact), Dependency(float(index), names))
        return found

    def degraded_share(self, limit: float = LIMIT) -> NDArray:
        """The share of the variance of each coefficient that comes from rows with an index above the limit, (p,)."""
        return self.proportions[self.condition_indices > limit].sum(axis=0)

    def table(
        self,
        threshold: float = THRESHOLD,
        limit: float = LIMIT,
        digits: int = 3,
        fuzz: float = 0.0,
        least: float = 0.0,
        width: int = 80,
    ) -> str:
        """The table as text: large indices and proportions with an asterisk, and what they come to in words.

        Parameters
        ----------
        threshold : a proportion above it is large
        limit : a condition index above it is large
        digits : decimal places
        fuzz : smaller proportions are shown as a dot
        least : rows with a smaller condition index are left out
        width : columns that do not fit into it follow below
        """
        cells = self.cells(threshold, limit, digits, fuzz, least)
        heads = ["index", *self.names]
        columns = [[row[j] for row in cells] for j in range(len(heads))]
        widths = [max(map(len, (head + " ", *column))) + 1 for head, column in zip(heads, columns, strict=True)]
        parts, shown = [], 1
        while shown < len(heads):
            block = [0, shown]
            while block[-1] + 1 < len(heads) and sum(widths[j] for j in [*block, block[-1] + 1]) <= width:
                block.append(block[-1] + 1)
            shown = block[-1] + 1
            lines = [[heads[j] + " " for j in block]] + [[columns[j][i] for j in block] for i in range(len(cells))]
            padded = [[cell.rjust(widths[j]) for cell, j in zip(line, block, strict=True)] for line in lines]
            parts.append("\n".join("".join(line).rstrip() for line in padded))
        reading = self.reading(threshold, limit).splitlines()
        return "\n".join(["\n\n".join(parts), *(wrapped(line, width) for line in reading)])

    def cells(
        self, threshold: float = THRESHOLD, limit: float = LIMIT, digits: int = 3, fuzz: float = 0, least: float = 0
    ) -> list[list[str]]:
        """The rows of the table as text, the condition index first."""

        def mark(text: str, large: bool) -> str:
            return text + ("*" if large else " ")

        rows, shown = [], self.condition_indices >= least
        columns = self.condition_indices, self.multiplicity, self.proportions
        for index, n, row in zip(*(column[shown] for column in columns), strict=True):
            repeated = f"{n} x " if n > 1 else ""
            rows.append([mark(f"{repeated}{index:.{digits}f}", index > limit)])
            rows[-1] += [mark("." if q < fuzz else f"{q:.{digits}f}", q > threshold) for q in row]
        return rows

    def reading(self, threshold: float = THRESHOLD, limit: float = LIMIT) -> str:
        """What the marks mean, and the dependencies in words."""
        found = self.dependencies(threshold, limit)
        lines = [f"* condition index above {limit:g}, proportion above {threshold:g}"]
        for index, names in found:
            how = f"index {index:.4g}" if np.isfinite(index) else "exactly"
            lines.append(f"depend on each other ({how}): {in_words(names)}")
        return "\n".join(lines if found else [*lines, "no dependency by these limits"])

    def __repr__(self) -> str:
        return self.table()

    def _repr_html_(self) -> str:
        rows = [f"<tr><th>index</th>{''.join(f'<th>{html.escape(name)}</th>' for name in self.names)}</tr>"]
        for row in self.cells():
            marked = [f"<strong>{c}</strong>" if c.endswith("*") else c.rstrip() for c in row]
            rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in marked)}</tr>")
        return f"<table>{''.join(rows)}</table><p>{'<br>'.join(map(html.escape, self.reading().splitlines()))}</p>"


def wrapped(line: str, width: int) -> str:
    """The line broken where it is too long, what follows indented."""
    return textwrap.fill(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
