"""What a freezing experiment found: the parts put together, and the tidy tables made from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...estimates import Estimate
from ...freezing.alignment import aligned, aligned_index, match_units
from ...freezing.masks import alpha_hat, by_score, freeze_mask, live_order, n_frozen, rank_of
from ...freezing.stability import jackknife_interval, kendall, mask_correlation, spearman, stability
from ..configuration import short
from .branches import branches_of
from .config import NEW_INIT, FreezeConfig
from .runs import conditions_of

SPLITS = ("train", "test")

PANELS = ",".join(NEW_INIT)
"""The condition of the published panels of alpha_hat: data fixed, initial parameters and batches new."""

ALIGNED = f"{PANELS},aligned"
"""The same with hidden units aligned."""


@dataclass(frozen=True)
class Outcome:
    """All that a freezing experiment measured, as plain arrays; the runs come first.

    Attributes
    ----------
    config, t0 : what was asked for, and the step at which freezing began
    start_loss, start_metric : at t0 (runs, 2), train and test
    end : loss and metric of every branch (order, k), (runs, 2), NaN where the run diverged
    diverged : the step at which a branch diverged, or 0 (runs,)
    rank : by condition and order (runs, p)
    w : by condition, the parameters at t0 (runs, p)
    live : whether the gradient of a parameter ever varied (p,)
    estimates : how each estimate of the covariance agrees with the exact one (runs, 2)
    converged : the step at which each parameter had converged (runs, p)
    """

    config: FreezeConfig
    t0: int
    start_loss: NDArray
    start_metric: NDArray
    end_loss: dict[tuple[str, int], NDArray]
    end_metric: dict[tuple[str, int], NDArray]
    diverged: dict[tuple[str, int], NDArray]
    rank: dict[str, dict[str, NDArray]]
    w: dict[str, NDArray]
    live: NDArray
    estimates: dict[str, NDArray]
    converged: NDArray

    @classmethod
    def assemble(cls, config: FreezeConfig, t0: int, parts: Sequence[dict[str, NDArray]]) -> "Outcome":
        """Put the parts of ``freeze_part`` together."""
        a = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        branches = branches_of(config)
        return cls(
            config=config,
            t0=t0,
            start_loss=a["start_loss"],
            start_metric=a["start_metric"],
            end_loss={branch: a["loss"][:, i] for i, branch in enumerate(branches)},
            end_metric={branch: a["metric"][:, i] for i, branch in enumerate(branches)},
            diverged={branch: a["diverged"][:, i] for i, branch in enumerate(branches)},
            rank={c: {o: a[f"rank/{c}/{o}"] for o in config.orders} for c in conditions_of(config)},
            w={c: a[f"w/{c}"] for c in conditions_of(config)},
            live=np.any(a["live"], axis=0),
            estimates={k.removeprefix("estimate/"): v for k, v in a.items() if k.startswith("estimate/")},
            converged=a["converged"],
        )

    # --- curves -----------------------------------------------------------------------------------------

    def branch(self, order: str, level: float) -> tuple[str, int]:
        """The branch that stands for an order at a level: all orders share those at 0 and at p."""
        p = self.config.model.n_params
        k = int(n_frozen(level, p))
        return ("" if k in (0, p) else order, k)

    def _curve(self, table: dict[tuple[str, int], NDArray], order: str) -> NDArray:
        return np.stack([table[self.branch(order, level)] for level in self.config.levels], axis=1)

    def diverged_at(self, order: str) -> NDArray:
        """The step at which each run diverged, or 0, (runs, levels)."""
        return self._curve(self.diverged, order)

    def _finite(self, table: dict[tuple[str, int], NDArray], order: str) -> NDArray:
        return np.where(self.diverged_at(order)[..., None] > 0, np.nan, self._curve(table, order))

    def loss(self, order: str) -> NDArray:
        """The loss (runs, levels, 2) on train and test, NaN where the run diverged."""
        return self._finite(self.end_loss, order)

    def metric(self, order: str) -> NDArray:
        """Root mean squared error or accuracy (runs, levels, 2), NaN where the run diverged."""
        return self._finite(self.end_metric, order)

    @property
    def metric_name(self) -> str:
        """What the metric is."""
        return "RMSE" if self.config.model.sizes[-1] == 1 and self.config.dataset != "synthetic2" else "accuracy"

    @cached_property
    def n_diverged(self) -> int:
        """Runs of which at least one branch diverged."""
        return int(np.any([steps > 0 for steps in self.diverged.values()], axis=0).sum())

    @property
    def free_runs(self) -> NDArray:
        """Which runs went on with nothing frozen and did not diverge, (runs,): ``converged`` is known of these only."""
        steps = self.diverged.get(("", 0))
        return np.zeros(self.config.runs, bool) if steps is None else steps == 0

    # --- orders between runs ----------------------------------------------------------------------------

    @property
    def main(self) -> str:
        """The condition under which the losses were measured."""
        return ",".join(self.config.vary)

    @property
    def panels(self) -> str:
        """The condition of the panels of alpha_hat: the published one, but where the data are new in every run."""
        return PANELS if PANELS in self.rank else self.main

    @cached_property
    def comparisons(self) -> dict[str, dict[str, NDArray]]:
        """The ranks (runs, p) to compare between runs, by condition and order; runs that diverged are left out.

        Besides the conditions of the experiment ``ALIGNED``: as in the published panels, but with the hidden
        units of every run matched by their weights to the first run's.
        """
        sets: dict[str, dict[str, NDArray]] = {}
        for condition, ranks in self.rank.items():
            usable = np.isfinite(self.w[condition]).all(axis=1)
            sets[condition] = {order: rank[usable] for order, rank in ranks.items()}
            if condition == PANELS and len(self.config.model.sizes) > 2 and usable.any():
                w, layout = self.w[condition][usable], self.config.model.layout
                index = aligned_index(layout, match_units(w, w[0], layout, self.config.model.activation))
                sets[ALIGNED] = {order: aligned(rank[usable], index) for order, rank in ranks.items()}
        return sets

    def alpha_hat(self, order: str, condition: str = "") -> NDArray:
        """Mean over runs of the masks alpha(k), (levels, p); the condition of the panels unless one is given."""
        rank = self.comparisons[condition or self.panels][order]
        return alpha_hat(freeze_mask(by_score(rank), np.array(self.config.levels)))


class Agreement(NamedTuple):
    """How far the runs of one condition agree on one order."""

    condition: str
    parameters: str  # all, or live
    order: str
    kendall: Estimate
    spearman: Estimate
    levels: NDArray
    s: NDArray  # (levels,)
    rho: Estimate  # mean pairwise correlation of the masks, (levels,)


def agreements(outcome: Outcome) -> Iterator[Agreement]:
    """Every comparison of every order, among all parameters and, where some never had a gradient, the live ones."""
    levels = np.array([level for level in outcome.config.levels if 0 < level < 1])
    everything = {"all": None} | ({} if outcome.live.all() else {"live": outcome.live})
    for condition, ranks in outcome.comparisons.items():
        for order, rank in ranks.items():
            if len(rank) < 3:
                continue
            for name, live in everything.items():
                leaving = live_order(by_score(rank), live)
                alpha, among = freeze_mask(leaving, levels), rank_of(leaving)
                yield Agreement(
                    condition,
                    name,
                    order,
                    kendall=jackknife_interval(kendall(among)),
                    spearman=jackknife_interval(spearman(among)),
                    levels=levels,
                    s=stability(alpha),
                    rho=jackknife_interval(mask_correlation(alpha)),
                )


# --- tidy tables ----------------------------------------------------------------------------------------

LOSS_COLUMNS = ("dataset", "order", "level", "run", "split", "loss", "metric", "diverged_at")


def loss_rows(outcome: Outcome) -> Iterator[tuple]:
    """One row for each order, level, run and split."""
    for order in outcome.config.orders:
        loss, metric, diverged = outcome.loss(order), outcome.metric(order), outcome.diverged_at(order)
        for l, level in enumerate(outcome.config.levels):  # noqa: E741
            for run in range(outcome.config.runs):
                for s, split in enumerate(SPLITS):
                    values = (loss[run, l, s], metric[run, l, s])
                    yield (outcome.config.dataset, order, short(level), run, split, *values, diverged[run, l] or None)


STABILITY_COLUMNS = ("condition", "parameters", "order", "statistic", "level", "value", "low", "high")


def stability_rows(table: Sequence[Agreement]) -> Iterator[tuple]:
    """One row for each statistic: Kendall's tau, Spearman's rho, and s and rho_bar at every level."""
    for row in table:
        where = (row.condition, row.parameters, row.order)
        yield (*where, "kendall", None, *row.kendall)
        yield (*where, "spearman", None, *row.spearman)
        for i, level in enumerate(row.levels):
            yield (*where, "s", short(level), row.s[i], None, None)
            yield (*where, "rho_bar", short(level), *(np.asarray(end)[i] for end in row.rho))


def alpha_arrays(outcome: Outcome) -> dict[str, NDArray]:
    """Content of ``alpha.npz``: levels, live, and by condition and order the ranks and alpha_hat."""
    arrays = {"levels": np.array(outcome.config.levels), "live": outcome.live}
    for condition, ranks in outcome.comparisons.items():
        for order, rank in ranks.items():
            if not len(rank):
                continue  # all runs had diverged
            arrays[f"rank/{condition}/{order}"] = rank.astype(np.int16)
            arrays[f"alpha_hat/{condition}/{order}"] = outcome.alpha_hat(order, condition).astype(np.float32)
    return arrays
