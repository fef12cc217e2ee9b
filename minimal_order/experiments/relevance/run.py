"""Run experiments on relevance."""

from functools import partial

from ..running import Kind, run_experiments
from .outcome import RelevanceOutcome
from .parts import relevance_parts
from .runs import check_data

RELEVANCE = Kind("relevance", check_data, relevance_parts, RelevanceOutcome.assemble)

run_relevance = partial(run_experiments, RELEVANCE)
"""``run_experiments`` of ``RelevanceConfig``s."""
