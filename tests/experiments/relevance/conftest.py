"""What tests of these experiments share."""

import pytest
from tiny_relevance import tiny, tiny_noise

from minimal_order.experiments.noise.outcome import NoiseOutcome
from minimal_order.experiments.noise.parts import noise_parts
from minimal_order.experiments.relevance.outcome import RelevanceOutcome
from minimal_order.experiments.relevance.parts import relevance_parts


@pytest.fixture(scope="session")
def outcome():
    config = tiny()
    return RelevanceOutcome.assemble(config, [p.function(*p.arguments) for p in relevance_parts(config, None)])


@pytest.fixture(scope="session")
def noise():
    config = tiny_noise()
    return NoiseOutcome.assemble(config, [p.function(*p.arguments) for p in noise_parts(config, None)])
