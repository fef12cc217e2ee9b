"""Experiment ``settings``: the settings that the ordering paper does not state."""
