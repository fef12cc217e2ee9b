"""Experiment ``relevance``: which parameters a trained network can do without."""
