"""Experiment ``select``: which parameters to optimise and which to keep."""
