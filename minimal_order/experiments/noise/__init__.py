"""Experiment ``noise``: what pruned networks make of noise in their input."""
