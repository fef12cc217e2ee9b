"""Run selection experiments."""

from functools import partial

from ...runs.part import Part
from ...runs.store import Store
from ..running import Kind, run_experiments
from .config import SelectConfig
from .outcome import SelectOutcome
from .parts import branches_of, select_part
from .runs import check_data, groups_of
from .speeds import speed_part


def select_parts(config: SelectConfig, store: Store | None) -> list[Part]:
    """The parts of one experiment: its branches, then its speeds."""
    groups = groups_of(config, len(branches_of(config)))
    parts = [
        Part(f"runs-{runs[0]:03d}-{runs[-1]:03d}-{first:03d}", select_part, (config, runs, (first, last)), store)
        for runs, (first, last) in groups
    ]
    runs_at_once = dict.fromkeys(runs for runs, _ in groups)
    return parts + [
        Part(f"speed-{runs[0]:03d}-{runs[-1]:03d}", speed_part, (config, runs), store) for runs in runs_at_once
    ]


def assemble(config: SelectConfig, results: list) -> SelectOutcome:
    """Put the results of ``select_parts`` together."""
    n = len(groups_of(config, len(branches_of(config))))
    return SelectOutcome.assemble(config, results[:n], results[n:])


SELECT = Kind("selection", check_data, select_parts, assemble)

run_select = partial(run_experiments, SELECT)
"""``run_experiments`` of ``SelectConfig``s."""
