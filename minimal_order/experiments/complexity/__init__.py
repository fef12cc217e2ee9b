"""Experiment ``complexity``: networks of a given complexity, one for each lam or all from one hypernetwork."""
