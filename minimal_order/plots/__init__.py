"""Figures. Every function takes results and returns a matplotlib ``Figure``; ``save`` writes PNG and SVG.

This package is imported by those who draw, never by the core: matplotlib is slow to load.
"""

from .style import save

__all__ = ["save"]
