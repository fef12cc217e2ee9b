"""Experiment ``belsley-toy``: the talk's illustration of Belsley's method, with its null space told as it is."""
