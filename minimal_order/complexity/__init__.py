"""Objectives that weigh fit against complexity, and hypernetworks that emit the weights for any weight of it."""
