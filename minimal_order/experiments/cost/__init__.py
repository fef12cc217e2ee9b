"""Experiment ``cost``: what a step costs when some of the parameters are frozen."""
