"""Densities of the weights, the evidence, and the q(w) that is fitted to the posterior."""
