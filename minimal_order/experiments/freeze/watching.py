"""What looks on while a training runs: the path of the parameters, and other estimates of the covariance."""

import numpy as np
from numpy.typing import NDArray

from ...freezing.masks import by_score, rank_of
from ...freezing.stability import spearman
from ...freezing.trajectories import convergence_time
from ...networks.gradients import first_gradient
from ...networks.losses import LOSSES
from ...training.covariance import batch_covariance, covariance_update, exact_covariance
from ...training.loop import Step
from ...training.train import Training
from .config import FreezeConfig

SNAPSHOTS = 50
"""How many times a run's path is recorded, to see when each parameter has converged."""


class ParameterPath:
    """Watches the first runs of a training and records the path of the parameters, some fifty times in all."""

    def __init__(self, config: FreezeConfig, n_runs: int, t0: int) -> None:
        self.n_runs = n_runs
        self.every = max(1, (t0 + config.t1) // SNAPSHOTS)
        self.passed = 0
        self.w: dict[int, list[NDArray]] = {}  # by step; after t0 the runs come in several pieces

    def __call__(self, step: Step) -> None:
        """Look at one step."""
        t = self.passed + step.t
        if t % self.every == 0 or t == 1:
            w = step.w[: self.n_runs] if step.w.ndim == 2 else step.w[:, 0]
            self.w.setdefault(t, []).append(w.copy())

    def convergence_time(self) -> NDArray:
        """The step at which each parameter of each run had converged, (runs, p)."""
        path = np.stack([np.concatenate(rows) for rows in self.w.values()])
        return convergence_time(path, list(self.w)).astype(np.int32)


class Estimates:
    """Watches a training and estimates the covariance in all the ways there are, for its first runs."""

    def __init__(self, n_runs: int, t0: int) -> None:
        self.n_runs = n_runs
        self.late_from = t0 // 2 + 1
        self.C = {name: np.zeros(()) for name in ("running", "running, late half", "batch")}

    def __call__(self, step: Step) -> None:
        """Look at one step."""
        back, g = step.back.replicas(slice(self.n_runs)), step.g[: self.n_runs]
        first, late = first_gradient(back), step.t - self.late_from + 1
        if step.t == 1:
            self.C = {name: np.zeros_like(g) for name in self.C}
        self.C["running"] = covariance_update(self.C["running"], first, g, step.t)
        if late >= 1:
            self.C["running, late half"] = covariance_update(self.C["running, late half"], first, g, late)
        self.C["batch"] += (batch_covariance(back, g=g) - self.C["batch"]) / step.t

    def agreement(self, training: Training) -> dict[str, NDArray]:
        """Spearman correlation with the exact diag C at t0, and the median of its ratio to that: (runs, 2)."""
        data = training.data
        exact = exact_covariance(training.model, LOSSES[data.task], training.w, data.X_train, data.y_train)
        out = {}
        for name, C in self.C.items():
            rows = []
            for estimate, true in zip(C, exact, strict=True):
                live = true > 0
                if not np.isfinite([estimate, true]).all() or live.sum() < 2:
                    rows.append([np.nan, np.nan])  # the run has diverged
                    continue
                ranks = np.stack([rank_of(by_score(estimate[live])), rank_of(by_score(true[live]))])
                rows.append([spearman(ranks)[0, 1], np.median(estimate[live] / true[live])])
            out[f"estimate/{name}"] = np.array(rows)
        return out
