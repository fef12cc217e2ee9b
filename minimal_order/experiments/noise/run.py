"""Run experiments on noise."""

from functools import partial

from ..relevance.runs import check_data
from ..running import Kind, run_experiments
from .outcome import NoiseOutcome
from .parts import noise_parts

NOISE = Kind("noise", check_data, noise_parts, NoiseOutcome.assemble)

run_noise = partial(run_experiments, NOISE)
"""``run_experiments`` of ``NoiseConfig``s."""
