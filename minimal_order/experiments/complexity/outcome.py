"""What a complexity experiment found: the parts put together, and the tidy tables made from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...complexity.hypernet_file import TrainedHypernet, to_bytes
from ..configuration import short
from .config import ComplexityConfig
from .cost import Spent, spent, step_cost
from .models import MODELS
from .parts import kinds_of

HELD_OUT, TEST = 0, 1
SPLITS = ("held out", "test")


@dataclass(frozen=True)
class ComplexityOutcome:
    """All that a complexity experiment measured, as plain arrays, by model; the runs come first.

    Attributes
    ----------
    config : what was asked for
    accuracy : (runs, 2, lams, levels), held out and test, a share of the weights removed; NaN where it diverged
    terms : (runs, 3, lams), fit, complexity and value of L(lam)
    looks : (looks,), steps, and ``history`` (runs, looks, lams), the accuracy held out after them, nothing removed
    w : what the first run trained
    seconds : of a step of each kind of ``kinds_of``
    """

    config: ComplexityConfig
    accuracy: dict[str, NDArray]
    terms: dict[str, NDArray]
    looks: dict[str, NDArray]
    history: dict[str, NDArray]
    w: dict[str, NDArray]
    seconds: dict[tuple[str, int], float]

    @classmethod
    def assemble(cls, config: ComplexityConfig, results: Sequence[dict[str, NDArray]]) -> "ComplexityOutcome":
        """Put together the results of the runs of each model, model by model, and then the seconds."""
        *parts, timed = results
        of = {name: parts[i * config.runs : (i + 1) * config.runs] for i, name in enumerate(config.models)}

        def stacked(what: str) -> dict[str, NDArray]:
            return {name: np.stack([part[what] for part in some]) for name, some in of.items()}

        return cls(
            config,
            accuracy=stacked("accuracy"),
            terms=stacked("terms"),
            looks={name: some[0]["looks"] for name, some in of.items()},
            history=stacked("history"),
            w={name: some[0]["w"] for name, some in of.items()},
            seconds=dict(zip(kinds_of(config), timed["seconds"].tolist(), strict=True)),
        )

    def chosen(self, name: str) -> NDArray:
        """Which lam is best held out, (runs, levels): its number; the smallest of equals."""
        held_out = self.accuracy[name][:, HELD_OUT]
        return np.where(np.isnan(held_out), -1, held_out).argmax(axis=1)

    def test_at_chosen(self, name: str) -> NDArray:
        """The accuracy on test at the lam that is best held out, (runs, levels)."""
        return np.take_along_axis(self.accuracy[name][:, TEST], self.chosen(name)[:, None], axis=1)[:, 0]

    def dense_at_each(self, name: str) -> NDArray:
        """The accuracy on test with nothing removed, (runs, lams); NaN if 0 is none of the shares removed."""
        levels = self.config.levels
        return self.accuracy[name][:, TEST, :, 0] if 0.0 in levels else np.full(self.accuracy[name].shape[::2], np.nan)

    def dense(self, name: str) -> NDArray:
        """The accuracy on test with nothing removed, mean over lam, (runs,)."""
        return self.dense_at_each(name).mean(axis=1)

    def gain(self, name: str) -> NDArray:
        """L(lam) of a hypernetwork less that of the direct networks, (runs, lams), nats over all training objects."""
        return self.terms[name][:, 2] - self.terms[self.direct_of(name)][:, 2]

    def direct_of(self, name: str) -> str:
        """The direct model of the same family."""
        return MODELS[name].family

    @property
    def rivals(self) -> list[str]:
        """The hypernetworks whose direct model is there too."""
        models = self.config.models
        return [name for name in models if MODELS[name].is_hypernet and self.direct_of(name) in models]

    def spent(self, name: str) -> Spent:
        """Steps until a hypernetwork, and the direct networks beside it, are equally good."""
        direct = self.direct_of(name)
        return spent(self.history[direct], self.looks[direct], self.history[name], self.looks[name])

    def saving(self, name: str, what: str = "operations") -> NDArray:
        """Cost of a training for each lam over that of a hypernetwork, (runs,): above 1 it is cheaper; 0 if never.

        By operations, or by seconds where all direct networks are replicas of one pass ("seconds together") or each is
        trained for itself ("seconds").
        """
        direct, steps = self.direct_of(name), self.spent(name)
        alone, hyper = self.step(direct, 1, what), self.step(name, 0, what)
        if what == "seconds together":
            alone = self.step(direct, 0, what) / len(self.config.lams)
        return alone * steps.direct.sum(axis=1) / (hyper * steps.hyper)

    def step(self, name: str, networks: int, what: str) -> float:
        """The cost of one step."""
        return step_cost(self.config, name, networks) if what == "operations" else self.seconds[name, networks]

    def break_even(self, name: str, what: str = "operations") -> NDArray:
        """From how many lam on a hypernetwork is cheaper, (runs,); infinite if never."""
        with np.errstate(divide="ignore"):
            return len(self.config.lams) / self.saving(name, what)

    def budget(self, name: str) -> float:
        """Operations of all epochs of the direct networks over those of the hypernetwork."""
        direct = self.direct_of(name)
        each = [step_cost(self.config, one) * self.config.epochs_of(one) for one in (direct, name)]
        return each[0] / each[1]

    def files(self) -> dict[str, bytes]:
        """The file of each hypernetwork's first run, by its name."""
        found = {}
        for name in self.config.models:
            spec = MODELS[name]
            if spec.is_hypernet and np.isfinite(self.w[name]).all():
                hypernet = self.config.hypernet(spec.kind)
                b = self.w[name].reshape(hypernet.n_rows, -1)
                trained = TrainedHypernet(
                    self.config.model, spec.family, hypernet, b, self.config.dataset, self.config.pixels
                )
                found[f"models/{name}.npz"] = to_bytes(trained)
        return found


# --- tidy tables ----------------------------------------------------------------------------------------


def over_runs(values: NDArray) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation of values (runs, ...), six decimals; NaN for the deviation of a single run."""
    mean = values.mean(axis=0).round(6)
    return mean, values.std(axis=0, ddof=1).round(6) if len(values) > 1 else np.full_like(mean, np.nan)


ACCURACY_COLUMNS = ("dataset", "model", "lam", "removed", "split", "runs", "mean", "std")


def accuracy_rows(outcome: ComplexityOutcome) -> Iterator[tuple]:
    """One row for each model, lam, share removed and split: the accuracy over runs."""
    config = outcome.config
    for name, values in outcome.accuracy.items():
        mean, std = over_runs(values)
        for i, lam in enumerate(config.lams):
            for j, level in enumerate(config.levels):
                for s, split in enumerate(SPLITS):
                    where = (config.dataset, name, short(lam), short(level), split, config.runs)
                    yield (*where, mean[s, i, j], std[s, i, j])


CHOSEN_COLUMNS = ("dataset", "model", "removed", "run", "lam", "test")


def chosen_rows(outcome: ComplexityOutcome) -> Iterator[tuple]:
    """One row for each model, share removed and run: the lam that is best held out, and its accuracy on test."""
    config = outcome.config
    for name in config.models:
        chosen, test = outcome.chosen(name), outcome.test_at_chosen(name)
        for j, level in enumerate(config.levels):
            for run in range(config.runs):
                yield config.dataset, name, short(level), run, short(config.lams[chosen[run, j]]), test[run, j]


TERMS_COLUMNS = ("dataset", "model", "lam", "run", "fit", "complexity", "value")


def terms_rows(outcome: ComplexityOutcome) -> Iterator[tuple]:
    """One row for each model, lam and run: L(lam) in its two parts, nats over all training objects."""
    for name, values in outcome.terms.items():
        for i, lam in enumerate(outcome.config.lams):
            for run in range(outcome.config.runs):
                yield (outcome.config.dataset, name, short(lam), run, *values[run, :, i])


HISTORY_COLUMNS = ("dataset", "model", "step", "operations", "lam", "mean", "std")


def history_rows(outcome: ComplexityOutcome) -> Iterator[tuple]:
    """One row for each model, step and lam: the accuracy held out over runs, and the operations until then."""
    for name, values in outcome.history.items():
        mean, std = over_runs(values)
        cost = step_cost(outcome.config, name)
        for t, step in enumerate(outcome.looks[name]):
            for i, lam in enumerate(outcome.config.lams):
                yield outcome.config.dataset, name, step, step * cost, short(lam), mean[t, i], std[t, i]


COST_COLUMNS = ("dataset", "model", "run", "what", "saving", "break_even", "reached")
WAYS = ("operations", "seconds", "seconds together")


def cost_rows(outcome: ComplexityOutcome) -> Iterator[tuple]:
    """One row for each hypernetwork, run and kind of cost."""
    for name in outcome.rivals:
        reached = outcome.spent(name).reached
        for what in WAYS:
            saving, even = outcome.saving(name, what), outcome.break_even(name, what)
            for run in range(outcome.config.runs):
                yield outcome.config.dataset, name, run, what, saving[run], even[run], reached[run]
