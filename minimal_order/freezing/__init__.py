"""Masks, what to optimise, what a step then costs, and how well two orders agree."""
