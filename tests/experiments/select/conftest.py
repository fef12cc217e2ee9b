"""What tests of this experiment share."""

import pytest
from tiny_select import run_all, tiny


@pytest.fixture(scope="session")
def outcome():
    return run_all(tiny())
