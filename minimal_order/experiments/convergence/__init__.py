"""Experiment ``convergence``: the theorem of the talk on hypernetworks, where all of it can be known."""
