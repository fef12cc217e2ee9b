"""What tests of this experiment share."""

import pytest
from tiny_complexity import tiny

from minimal_order.experiments.complexity.outcome import ComplexityOutcome
from minimal_order.experiments.complexity.run import complexity_parts


@pytest.fixture(scope="session")
def outcome():
    config = tiny()
    results = [part.function(*part.arguments) for part in complexity_parts(config, None)]
    return ComplexityOutcome.assemble(config, results)
