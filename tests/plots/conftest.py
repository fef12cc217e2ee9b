"""What tests of figures share."""

import pytest
from random_outcomes import made_up


@pytest.fixture(scope="session")
def boston():
    return made_up(dead=range(40, 60), diverged=(2, "random", 150), levels=tuple(i / 10 for i in range(11)))


@pytest.fixture(scope="session")
def synthetic():
    return made_up("synthetic3")
