"""Belsley's diagnostics: of a covariance of the weights, and of a table's columns."""
