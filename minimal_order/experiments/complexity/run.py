"""Run complexity experiments."""

from functools import partial

from ...runs.part import Part
from ...runs.store import Store
from ..running import Kind, run_experiments
from .config import ComplexityConfig
from .outcome import ComplexityOutcome
from .parts import model_part, seconds_part
from .runs import check_data


def complexity_parts(config: ComplexityConfig, store: Store | None) -> list[Part]:
    """The parts of one experiment: every model from every start, then the seconds of a step."""
    parts = [
        Part(f"{name}-{run:03d}", model_part, (config, name, run), store)
        for name in config.models
        for run in range(config.runs)
    ]
    return [*parts, Part("seconds", seconds_part, (config,), store)]


COMPLEXITY = Kind("complexity", check_data, complexity_parts, ComplexityOutcome.assemble)

run_complexity = partial(run_experiments, COMPLEXITY)
"""``run_experiments`` of ``ComplexityConfig``s."""
