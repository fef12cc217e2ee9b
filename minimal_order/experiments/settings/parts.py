"""Experiment ``settings``: the unpublished settings under which the published ratio of .46 appears.

With half of the parameters of Synthetic 3 frozen, the paper's covariance order has .46 of the test loss of
the random one. A setting is one part: all its runs at once, t0 found by its rule first.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...freezing.masks import by_score, rank_of
from ...networks.gradients import first_gradient
from ...runs.part import Part
from ...runs.store import Store
from ...training.covariance import batch_covariance, covariance_update
from ...training.loop import Step, divergence_allowed
from ...training.train import train
from ..freeze.branches import branches_of, continue_branches, order_generator, orders_of
from ..freeze.config import FreezeConfig
from ..freeze.pilot import pilot
from ..freeze.runs import generator, of_runs, prepare
from .config import CURVE, READINGS, SettingsConfig
from .prediction import Foresight


def settings_parts(config: SettingsConfig, store: Store | None = None) -> list[Part]:
    """Make a part of each setting, ``CURVE`` last."""
    fewer = {CURVE.name: ("batch_second_moment",)}
    return [
        Part(s.name, settings_part, (config.freeze_config(s), fewer.get(s.name, tuple(READINGS))), store)
        for s in [*config.settings, CURVE]
    ]


class Averages:
    """Watches a training and averages what ``READINGS`` names."""

    def __init__(self, t0: int) -> None:
        self.before = t0 // 2
        self.score: dict[str, NDArray] = {}

    def __call__(self, step: Step) -> None:
        """Add one step."""
        first, t = first_gradient(step.back), step.t
        if t == 1:
            self.score = {name: np.zeros_like(step.w) for name in READINGS}
        mean, late = self.score, t - self.before
        if late > 0:
            mean["late_covariance"] = covariance_update(mean["late_covariance"], first, step.g, late)
        mean["batch_covariance"] += (batch_covariance(step.back, g=step.g) - mean["batch_covariance"]) / t
        mean["first_second_moment"] += (first**2 - mean["first_second_moment"]) / t
        mean["batch_second_moment"] += (step.g**2 - mean["batch_second_moment"]) / t

    def orders(self, names: Iterable[str]) -> dict[str, NDArray]:
        """Order by these averages, (runs, p); any order will do for a run that has diverged."""
        return {name: by_score(np.nan_to_num(self.score[name])) for name in names}


def settings_part(config: FreezeConfig, readings: tuple[str, ...]) -> dict[str, NDArray]:
    """Find t0, train all runs, order their parameters in every way, freeze, and train on.

    Returns
    -------
    A dictionary of arrays: ``t0``; ``loss/ORDER`` (runs, levels, 2) and ``diverged/ORDER`` (runs, levels) at
    the inner levels, the last axis train and test; ``loss/``, ``diverged/`` the same with nothing and with
    all frozen; ``rank/ORDER`` (runs, p); ``share/ORDER`` (runs,), the share of the cost that half of an order
    should freeze; ``cost`` and ``variance`` (runs, p) at t0, by their formulas.
    """
    t0 = int(pilot(config)["t0"])
    runs = tuple(range(config.runs))
    group = prepare(config, of_runs(runs, config.vary))
    data = group.data
    foresight, averages = foresight_of(config, data), Averages(t0)

    def watch(step: Step) -> None:
        with divergence_allowed():
            foresight(step)
            averages(step)

    training = train(
        config.model,
        data,
        group.w,
        steps=t0,
        rng=[generator(config, "batches", run, config.vary) for run in runs],
        rule=config.rule,
        batch_size=config.batch_size,
        covariance="running",
        keep=min(config.keep, t0),
        watch=watch,
    )
    orders = orders_of(config, training, runs) | averages.orders(readings)
    after = continue_branches(config, training, orders, runs)
    shares = foresight.shares(config.batch_size, data.n_train, order_generator(config, "prediction", 0))
    out = {"t0": np.array(t0), "cost": foresight.cost, "variance": foresight.now}
    out |= {f"rank/{name}": rank_of(order).astype(np.int16) for name, order in orders.items()}
    out |= {f"share/{name}": share for name, share in shares.items()}
    branches = branches_of(config, orders)
    for name in ("", *orders):
        columns = [i for i, (order, _) in enumerate(branches) if order == name]
        out |= {f"{what}/{name}": after[what][:, columns] for what in ("loss", "diverged")}
    return out


def foresight_of(config: FreezeConfig, data: Dataset) -> Foresight:
    """Set up the prediction with what it needs of the data."""
    assert data.w_star is not None  # it is generated
    noise = config.data.get("noise", 1.0) / np.asarray(data.y_scale)[..., None]
    # equal scales are known to be 1, others are estimated well enough
    stds = data.X_train.std(axis=-2) if config.data.get("feature_spread") else np.ones_like(data.w_star)
    return Foresight(data.w_star, stds, noise)
