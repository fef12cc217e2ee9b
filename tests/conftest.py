"""What several test modules share."""

import pytest

from minimal_order.orders import ORDERS


@pytest.fixture
def orders_table():
    """The table of orders, as it was again after the test."""
    before = dict(ORDERS)
    yield ORDERS
    ORDERS.clear()
    ORDERS.update(before)
