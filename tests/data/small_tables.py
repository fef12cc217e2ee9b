"""A table of random numbers, and how small and how exact the data sets of these tests are."""

import numpy as np

TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}
SMALL = {"n_train": 30, "n_test": 20, "n_features": 7}


def table(m=12, n=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, n)), rng.standard_normal(m)
