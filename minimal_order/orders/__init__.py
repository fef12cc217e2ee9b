"""The orders: one table, and the functions that stand in it, by what they look at."""

from ..freezing.masks import by_score
from . import chance, curvature, dependence, gradients, variational, weights  # each enters its rows, in this order
from .table import NEEDS, ORDERS, Order, compute_order, load_plugin, order, read_plugin

__all__ = [
    "NEEDS",
    "ORDERS",
    "Order",
    "by_score",
    "chance",
    "compute_order",
    "curvature",
    "dependence",
    "gradients",
    "load_plugin",
    "order",
    "read_plugin",
    "variational",
    "weights",
]
