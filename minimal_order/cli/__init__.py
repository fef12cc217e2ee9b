"""The command ``minimal-order``."""

from .program import main

__all__ = ["main"]
