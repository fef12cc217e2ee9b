"""Losses of two orders, level by level."""

import numpy as np

COVARIANCE, RANDOM = "gradient_covariance", "random"
LEVELS = (0.0, 0.25, 0.75, 1.0)


def curves(covariance, random, ends=(1.0, 20.0), test=None, levels=LEVELS):
    """Losses (runs, levels, 2) of both orders from those at the inner levels (runs, inner), on test the same."""

    def whole(values, others):
        values = np.atleast_2d(values)
        full = np.empty((len(values), len(levels), 2))
        inner = [0 < level < 1 for level in levels]
        full[:, [level == 0 for level in levels]] = ends[0]
        full[:, [level == 1 for level in levels]] = ends[1]
        full[:, inner, 0], full[:, inner, 1] = values, values if others is None else others
        return full

    other = (None, None) if test is None else test
    return {RANDOM: whole(random, other[1]), COVARIANCE: whole(covariance, other[0])}
