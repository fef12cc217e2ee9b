"""The outcome of experiment complexity: its choices, tables, reports and figures."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_complexity import made, tiny

from minimal_order.claims.complexity import best_over_lam, judge
from minimal_order.claims.ledger import HOLDS, UNTESTED
from minimal_order.experiments.complexity.models import MODELS
from minimal_order.experiments.complexity.outcome import (
    ComplexityOutcome,
    accuracy_rows,
    chosen_rows,
    cost_rows,
    history_rows,
    terms_rows,
)
from minimal_order.experiments.complexity.published import PUBLISHED
from minimal_order.experiments.complexity.run import complexity_parts
from minimal_order.plots.complexity import figures
from minimal_order.reports.complexity import complexity_report, published_text, together_text
from minimal_order.reports.complexity_tables import following_table
from minimal_order.reports.text import mean_with_interval


def test_lam_is_chosen_on_objects_held_out(outcome):
    for name, accuracy in outcome.accuracy.items():
        for run in range(2):
            for j in range(4):
                best = accuracy[run, 0, :, j].argmax()
                assert outcome.chosen(name)[run, j] == best
                assert outcome.test_at_chosen(name)[run, j] == accuracy[run, 1, best, j]


def test_share_of_all_still_predicts(outcome):
    for accuracy in outcome.accuracy.values():
        assert np.all(accuracy[..., -1] < 0.3) and np.all(accuracy[..., -1] > 0)


def test_tables(outcome):
    n = 9 * 3 * 4
    assert len(list(accuracy_rows(outcome))) == 2 * n
    assert len(list(chosen_rows(outcome))) == 9 * 4 * 2
    assert len(list(terms_rows(outcome))) == 9 * 3 * 2
    assert len(list(history_rows(outcome))) == 3 * sum(map(len, outcome.looks.values()))
    assert len(list(cost_rows(outcome))) == 6 * 3 * 2


def test_report_and_figures(outcome):
    text = complexity_report("digits", outcome)
    assert "## What it costs" in text and "variational-piecewise" in text and "published" not in text
    assert len(dict(figures(outcome))) == 5


def test_report_beside_the_published_table(outcome):
    as_mnist = replace(outcome, config=replace(outcome.config, dataset="mnist"))
    text = complexity_report("mnist", as_mnist)
    assert "| .8714" in text or "0.8714" in text
    value, lam = best_over_lam(outcome, "base", 0.5)
    assert value == outcome.accuracy["base"][:, 1, :, 1].mean(axis=0).max() and lam in outcome.config.lams


def test_report_names_what_is_below_the_published(outcome):
    config = replace(outcome.config, dataset="mnist")
    published = [value for one in PUBLISHED.values() for level, value in one.items() if level in config.levels]

    def text(accuracy):
        return published_text(replace(outcome, config=config, accuracy=accuracy))

    good = {name: np.ones_like(values) for name, values in outcome.accuracy.items()}
    assert "None is below theirs." in text(good) and "seldom lit" not in text(good)
    found = text(good | {"variational": np.zeros_like(good["variational"])})
    assert "Below theirs: variational at 50%, variational at 80%." in found and "seldom lit" not in found
    found = text(good | {"base-linear": np.zeros_like(good["base-linear"])})
    assert "Below theirs: base-linear at 50%, base-linear at 80%. Pixels in [0, 1]" in found
    assert len(published) == 18 and found.count("| -") == 2


def test_how_far_networks_follow_lam(outcome):
    rows = [line.strip("| ").split("|") for line in following_table(outcome).splitlines()[2:]]
    cells = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}
    for name in MODELS:
        dense, complexity = outcome.accuracy[name][:, 1, :, 0].mean(axis=0), outcome.terms[name][:, 1].mean(axis=0)
        assert float(cells[name][0]) == pytest.approx(dense.max() - dense.min(), abs=1e-4)
        assert float(cells[name][1]) == pytest.approx(complexity[0] / complexity[2], rel=0.01)
        if name in outcome.rivals:
            gain = outcome.terms[name][:, 2] - outcome.terms[MODELS[name].family][:, 2]
            assert cells[name][2:] == [mean_with_interval(gain[:, i]) for i in (0, 2)]
        else:
            assert len(cells[name]) == 2 or cells[name][2:] == ["", ""]


def test_seconds_that_are_left_where_direct_networks_train_together():
    outcome = made(0.0)
    seconds = outcome.seconds | {("base", 1): 1.0, ("base", 0): 1.5, ("base-linear", 0): 6.0}
    # steps 40 of each direct network, 2 of a hypernetwork: 3 * 40 / (2 * 6), and with half of the direct seconds
    text = together_text(replace(outcome, seconds=seconds))
    assert "base-linear from 10.00 to 5.00" in text
    slow = {kind: 1.0 if kind[1] else 1e6 for kind in seconds}
    assert together_text(replace(outcome, seconds=slow)) == ""


def test_report_without_the_network_that_nothing_is_removed_from():
    """Shares removed that leave 0 out: what is about accuracy with nothing removed is left open, after the training."""
    outcome = made(0.0)
    config = replace(outcome.config, levels=(0.5, 0.8, 1.0))
    accuracy = {name: values[..., 1:] for name, values in outcome.accuracy.items()}
    outcome = replace(outcome, config=config, accuracy=accuracy)
    text = complexity_report("digits", outcome)
    assert "follow lam" not in text.partition("## What it costs")[0]
    assert [claim.verdict for claim in judge({"digits": outcome})[:3]] == [UNTESTED, UNTESTED, HOLDS]


def test_some_models_only():
    config = tiny(models=("base",), runs=1)
    results = [part.function(*part.arguments) for part in complexity_parts(config, None)]
    outcome = ComplexityOutcome.assemble(config, results)
    assert outcome.rivals == [] and outcome.files() == {}
    assert "no hypernetwork" in complexity_report("digits", outcome)
    assert list(dict(figures(outcome))) == ["surfaces", "pruned", "curves", "terms"]


def test_few_starts_decide_nothing(outcome):
    assert {claim.verdict for claim in judge({"digits": outcome})} == {UNTESTED}
