"""Runs x branches, trained side by side as replicas: so many at a time that their arrays stay in the cache."""

from collections.abc import Iterator


def pieces(n_runs: int, n_branches: int, at_once: int) -> Iterator[tuple[slice, slice]]:
    """Cut runs x branches into pieces of ``at_once`` replicas or fewer: (runs, branches) of each.

    The branches of a run stay together where they can, for they see the same batches: one product for them all.
    """
    for column in range(0, n_branches, at_once):
        columns = slice(column, min(column + at_once, n_branches))
        height = max(1, at_once // (columns.stop - columns.start))
        for row in range(0, n_runs, height):
            yield slice(row, min(row + height, n_runs)), columns
