"""What a selection experiment found: the parts put together, and the tidy tables made from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...data.loading import available
from ..configuration import short
from ..freeze.outcome import SPLITS
from .config import SelectConfig
from .parts import Branch, branch_of, branches_of
from .runs import groups_of


@dataclass(frozen=True)
class SelectOutcome:
    """All that a selection experiment measured, as plain arrays; the runs come first.

    Attributes
    ----------
    config : what was asked for
    start : the metric after eta0 steps (runs, 2), train and test
    end_loss, end_metric : of every branch (runs, branches, 2)
    diverged : the step at which a branch diverged, or 0 (runs, branches)
    pruned : by criterion, the test metric where all are optimised and a share is pruned (runs, prune levels)
    end_joint : the test metric of every branch with the smallest weights pruned (runs, branches, joint levels)
    converged : the step at which each parameter had converged, nothing frozen, twice (runs, 2, p)
    moved : whether it ever moved (runs, 2, p)
    """

    config: SelectConfig
    start: NDArray
    end_loss: NDArray
    end_metric: NDArray
    diverged: NDArray
    pruned: dict[str, NDArray]
    end_joint: NDArray
    converged: NDArray
    moved: NDArray

    @classmethod
    def assemble(
        cls, config: SelectConfig, parts: Sequence[dict[str, NDArray]], speeds: Sequence[dict[str, NDArray]]
    ) -> "SelectOutcome":
        """Put the parts of ``select_part``, in the order of ``groups_of``, and of ``speed_part`` together."""
        groups = groups_of(config, len(branches_of(config)))
        first = [part for (_, columns), part in zip(groups, parts, strict=True) if columns[0] == 0]
        by_runs: dict[tuple[int, ...], list[dict[str, NDArray]]] = {}
        for (runs, _), part in zip(groups, parts, strict=True):
            by_runs.setdefault(runs, []).append(part)

        def whole(name: str) -> NDArray:
            return np.concatenate([np.concatenate([one[name] for one in row], axis=1) for row in by_runs.values()])

        return cls(
            config=config,
            start=np.concatenate([part["start"] for part in first]),
            end_loss=whole("loss"),
            end_metric=whole("metric"),
            diverged=whole("diverged"),
            pruned={name: np.concatenate([part[f"pruned/{name}"] for part in first]) for name in config.prune_by},
            end_joint=whole("joint"),
            converged=np.concatenate([part["converged"] for part in speeds]),
            moved=np.concatenate([part["moved"] for part in speeds]),
        )

    @property
    def is_regression(self) -> bool:
        """Whether the metric is an error."""
        return available()[self.config.dataset].task == "regression"

    @property
    def metric_name(self) -> str:
        """What the metric is."""
        return "RMSE" if self.is_regression else "accuracy"

    @property
    def steps(self) -> int:
        """All steps of a run."""
        return self.config.eta0 + self.config.eta1

    @cached_property
    def _place(self) -> dict[Branch, int]:
        return {branch: i for i, branch in enumerate(branches_of(self.config))}

    def _of(self, values: NDArray, order: str, levels: Sequence[float]) -> NDArray:
        columns = [self._place[branch_of(self.config, order, level)] for level in levels]
        bad = self.diverged[:, columns].reshape(*self.diverged[:, columns].shape, *(1,) * (values.ndim - 2)) > 0
        return np.where(bad, np.nan, values[:, columns])

    def loss(self, order: str) -> NDArray:
        """The loss (runs, levels, 2) on train and test, NaN where the run diverged."""
        return self._of(self.end_loss, order, self.config.levels_of(order))

    def metric(self, order: str) -> NDArray:
        """Root mean squared error or accuracy (runs, levels, 2), NaN where the run diverged."""
        return self._of(self.end_metric, order, self.config.levels_of(order))

    def metric_at(self, order: str, level: float) -> NDArray:
        """The test metric (runs,) at one of the order's levels."""
        return self._of(self.end_metric, order, [level])[:, 0, 1]

    def joint(self, order: str) -> NDArray:
        """The test metric (runs, levels not optimised, levels pruned); NaN where the run diverged."""
        return self._of(self.end_joint, order, self.config.joint_levels)

    @cached_property
    def n_diverged(self) -> int:
        """Runs of which at least one branch diverged."""
        return int(np.any(self.diverged > 0, axis=1).sum())

    def __repr__(self) -> str:
        return f"SelectOutcome({self.config.dataset}, {self.config.model}, {self.config.runs} runs)"


# --- tidy tables ----------------------------------------------------------------------------------------

QUALITY_COLUMNS = ("dataset", "order", "level", "run", "split", "loss", "metric")


def quality_rows(outcome: SelectOutcome) -> Iterator[tuple]:
    """One row for each order, level not optimised, run and split."""
    config = outcome.config
    for order in config.orders:
        loss, metric = outcome.loss(order), outcome.metric(order)
        for i, level in enumerate(config.levels_of(order)):
            for run in range(config.runs):
                for s, split in enumerate(SPLITS):
                    yield config.dataset, order, short(level), run, split, loss[run, i, s], metric[run, i, s]


PRUNED_COLUMNS = ("dataset", "criterion", "level", "run", "metric")


def pruned_rows(outcome: SelectOutcome) -> Iterator[tuple]:
    """One row for each criterion, level pruned and run: the test metric where all are optimised."""
    for criterion, values in outcome.pruned.items():
        for i, level in enumerate(outcome.config.prune_levels):
            for run, value in enumerate(values[:, i]):
                yield outcome.config.dataset, criterion, short(level), run, value


JOINT_COLUMNS = ("dataset", "order", "level", "pruned", "runs", "mean", "std")


def joint_rows(outcome: SelectOutcome) -> Iterator[tuple]:
    """One row for each order and point of the surface: the test metric over runs."""
    levels = outcome.config.joint_levels
    for order in outcome.config.orders:
        surface = outcome.joint(order)
        for i, level in enumerate(levels):
            for j, pruned in enumerate(levels):
                x = surface[np.isfinite(surface[:, i, j]), i, j]
                if len(x):
                    where = (outcome.config.dataset, order, short(level), short(pruned))
                    yield (*where, len(x), x.mean(), x.std(ddof=1) if len(x) > 1 else None)


SPEED_COLUMNS = ("dataset", "run", "twin", "step", "converged")


def speed_rows(outcome: SelectOutcome) -> Iterator[tuple]:
    """One row for each run, twin and step: the share of the parameters that ever move which have converged."""
    for run, twins in enumerate(outcome.converged):
        for twin, times in enumerate(twins):
            steps, counts = np.unique(times[outcome.moved[run, twin]], return_counts=True)
            for step, share in zip(steps, np.cumsum(counts) / counts.sum(), strict=True):
                yield outcome.config.dataset, run, twin, int(step), share
