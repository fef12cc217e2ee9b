"""Tables, reports and curves of experiments relevance and noise."""

import numpy as np
from tiny_relevance import BEST, made_up

from minimal_order.experiments.noise.outcome import NOISE_COLUMNS, noise_rows
from minimal_order.experiments.relevance.moving import ZEROED
from minimal_order.experiments.relevance.outcome import mean_rows, quality_rows
from minimal_order.plots.relevance import markers
from minimal_order.reports.noise import noise_report
from minimal_order.reports.relevance import relevance_report


def test_tables_are_tidy(outcome, noise):
    rows = list(quality_rows(outcome))
    n_curves = len(outcome.curves)
    assert len(rows) == n_curves * 4 * 2 * 2 and rows[0][:6] == ("wine", "random", ZEROED, "0", 0, "train")
    assert len(list(mean_rows(outcome))) == n_curves * 4 * 2
    rows = list(noise_rows(noise))
    assert len(rows) == 3 * 4 * 2 and len(rows[0]) == len(NOISE_COLUMNS)
    assert all(np.isfinite(row[5:]).all() for row in rows)


def test_reports_stand_beside_the_published(outcome, noise):
    text = relevance_report("wine", made_up(**BEST))
    assert "| random  " in text and "0.824" in text and "### c1: holds" in text and "nan" not in text
    text = relevance_report("wine", outcome)
    assert "## If the rest does not stay" in text and "nan" not in text
    text = noise_report("wine", noise)
    assert "### c2: " in text and "nan" not in text and "### c1" not in text


def test_reports_of_a_few_runs_say_so(outcome, noise):
    assert "From 2 runs only" in relevance_report("wine", outcome) and "From 2 runs only" in noise_report("wine", noise)
    assert "only: this shows" not in relevance_report("wine", made_up(**BEST))


def test_curves_that_coincide_have_their_markers_side_by_side():
    assert [markers(51, place, 5) for place in range(5)] == [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5)]
    assert markers(3, 1, 2) == (0, 1)
