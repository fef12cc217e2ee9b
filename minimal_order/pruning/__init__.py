"""Curvature of the loss, Optimal Brain Damage and Surgeon, noise of what is left."""
