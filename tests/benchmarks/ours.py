"""The sweep by the package: its loop, orders and masks, and the grouping of experiment ``freeze``."""

import numpy as np
from sweep import BATCH_SIZE, LEVELS, Problem, Result, draw, generator

from minimal_order.data.dataset import Dataset
from minimal_order.experiments.freeze.branches import at_once
from minimal_order.experiments.replicas import pieces
from minimal_order.freezing.masks import by_score, freeze_mask, n_frozen
from minimal_order.networks.models import MLP
from minimal_order.training.optim import adam, map_state
from minimal_order.training.train import evaluate, train


def sweep(problem: Problem, runs: range, t0: int, t1: int) -> Result:
    """Do the sweep for these runs; the batches are drawn on the way."""
    task = "multiclass" if problem.classes else "regression"
    data = Dataset(problem.name, task, *problem.data, n_classes=problem.classes or 1)
    model = MLP(problem.sizes, bias=len(problem.sizes) > 2)
    settings = {"rule": adam(problem.rate), "batch_size": BATCH_SIZE}
    splits = ((data.X_train, data.y_train), (data.X_test, data.y_test))
    draws = draw(problem, runs, 0, 0)

    rng = [generator(run, 1) for run in runs]
    one = train(model, data, draws.w, steps=t0, rng=rng, covariance="running", **settings)
    alpha = [np.ones_like(one.w)]
    for order in (by_score(one.C), draws.random):
        alpha += [freeze_mask(order, k=int(k)) for k in n_frozen(LEVELS[1:-1], model.n_params)]
    losses = np.empty((2, len(runs), len(alpha) + 1))
    losses[..., -1] = [evaluate(model, one.w, X, y, task)[0] for X, y in splits]
    for rows, columns in pieces(len(runs), len(alpha), at_once(model.n_params)):
        masks = np.stack([a[rows] for a in alpha[columns]], axis=1).astype(one.w.dtype)
        w = np.repeat(one.w[rows, None], masks.shape[1], axis=1)
        state = map_state(lambda a: a[rows], one.state)  # noqa: B023
        rng = [generator(run, 2) for run in runs[rows]]
        two = train(model, data, w, steps=t1, rng=rng, state=state, alpha=masks, **settings)
        losses[:, rows, columns] = [evaluate(model, two.w, X, y, task)[0] for X, y in splits]
    return Result(one.C, *losses)
