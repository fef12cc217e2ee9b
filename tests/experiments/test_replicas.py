import numpy as np
import pytest

from minimal_order.experiments.replicas import pieces


@pytest.mark.parametrize("at_once", [1, 4, 64, 256])
def test_pieces_cover_everything_once(at_once):
    for n_runs in (1, 2, 5, 25):
        for n_branches in (1, 2, 20, 83, 300):
            covered = np.zeros((n_runs, n_branches), int)
            for rows, columns in pieces(n_runs, n_branches, at_once):
                covered[rows, columns] += 1
                assert 1 <= covered[rows, columns].size <= at_once
                assert covered[rows, columns].shape[1] == min(n_branches, at_once) or n_branches > at_once
            assert (covered == 1).all()
