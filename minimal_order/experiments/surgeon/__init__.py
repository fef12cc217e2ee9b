"""Experiment ``surgeon``: which weight to remove, on the exclusive or and on the three MONK's problems."""
