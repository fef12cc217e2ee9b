"""Orders by the weights: their size, the paths of penalties, the distance from the truth."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..freezing.masks import by_score, rank_of
from ..networks.params import Layout
from ..training.train import Training
from .table import order


@order("magnitude", "smallest |w| first", "eq:magnitude")
def magnitude(run: Training, rng: np.random.Generator) -> NDArray:
    """`eq:magnitude` smallest |w_j| first: pruning keeps the largest. Source: Muravev, talk."""
    return by_score(np.abs(run.w))


@order("lasso", "last to enter the lasso path first", needs=("linear",))
def lasso(run: Training, rng: np.random.Generator) -> NDArray:
    """Features in the order in which the l1 penalty lets them in, reversed; Tibshirani 1996."""
    return by_penalty_path(run.data, l1_ratio=1.0)


@order("elastic_net", "last to enter the elastic-net path first", needs=("linear",))
def elastic_net(run: Training, rng: np.random.Generator) -> NDArray:
    """As ``lasso``, with half of the penalty quadratic; Zou & Hastie 2005."""
    return by_penalty_path(run.data, l1_ratio=0.5)


@lru_cache(maxsize=4)
def by_penalty_path(data: Dataset, l1_ratio: float, n_penalties: int = 200) -> NDArray:
    """Order features by the penalty at which they enter; those that enter together by their last weight.

    Worked out once for all runs on the same data. For two classes the squared error is taken on the labels:
    with the logistic loss the path takes minutes.
    """
    from sklearn.linear_model import enet_path

    X, y = (np.asarray(a, float) - np.mean(a, axis=0) for a in (data.X_train, data.y_train))
    largest = np.abs(X.T @ y).max() / (len(y) * l1_ratio)  # where the first feature enters
    penalties, weights, _ = enet_path(X, y, l1_ratio=l1_ratio, alphas=largest * np.geomspace(1, 1e-3, n_penalties))
    enters = np.where(weights != 0, penalties, 0).max(axis=1)
    return np.lexsort((np.arange(len(enters)), np.abs(weights[:, -1]), enters))


@order("oracle", "nearest to the true weights first", needs=("linear", "w_star"))
def oracle(run: Training, rng: np.random.Generator) -> NDArray:
    """Score |w - w*|: freeze what is already where it should be. Known for synthetic linear data only."""
    return by_score(np.abs(run.w - run.data.w_star))


def feature_order(order: NDArray, layout: Layout) -> NDArray:
    """`eq:feature-order` the order on features that an order (p,) on parameters induces, shape (n,).

    Features by the mean rank of the weights that read them; for a linear model with one output that is the
    order itself. Source: Grabovoy, Bakhteev, Strijov, section 3, Synthetic 3.
    """
    reads = layout.input[layout.layer == 1]
    rank = rank_of(order)[layout.layer == 1]
    total = np.bincount(reads[reads >= 0], rank[reads >= 0], minlength=layout.sizes[0])
    return by_score(total)
