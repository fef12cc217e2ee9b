"""The outcome of experiment select: its ends, its tables and its report."""

import numpy as np
import pytest
from tiny_select import GOOD, made_up

from minimal_order.experiments.select.outcome import joint_rows, pruned_rows, quality_rows, speed_rows
from minimal_order.reports.select import select_report


def test_nothing_optimised_leaves_the_start(outcome):
    for order in outcome.config.orders:
        np.testing.assert_allclose(outcome.metric(order)[:, 2], outcome.start, rtol=1e-10)


def test_pruning_all_optimised_is_a_column_of_the_surface(outcome):
    np.testing.assert_array_equal(outcome.pruned["magnitude"], outcome.joint("random")[:, 0])
    np.testing.assert_allclose(outcome.pruned["random"][:, 0], outcome.metric_at("random", 0.0), rtol=1e-10)
    assert np.all(outcome.pruned["random"][:, 1] != outcome.pruned["magnitude"][:, 1])


def test_tables_are_tidy(outcome):
    rows = list(quality_rows(outcome))
    assert len(rows) == 3 * 3 * 2 * 2
    assert rows[0] == ("boston", "random", "0", 0, "train", outcome.end_loss[0, 0, 0], outcome.end_metric[0, 0, 0])
    assert len(list(pruned_rows(outcome))) == 2 * 3 * 2
    joint = {row[1:4]: row[4:] for row in joint_rows(outcome)}
    assert joint["random", "0.4", "1"][0] == 2 and len(joint) == 3 * 9
    assert joint["random", "0", "0"][1] == pytest.approx(outcome.metric_at("random", 0.0).mean(), rel=1e-10)
    last = {row[1:3]: row[4] for row in speed_rows(outcome)}
    assert set(last.values()) == {1.0} and len(last) == 4


@pytest.mark.parametrize("levels", [(), (0.0, 0.6, 0.8, 1.0)])
def test_report_stands_beside_the_published(levels):
    """The published mean is over 51 levels: it stands beside none over others."""
    text = select_report("mnist", made_up(quality=GOOD, levels=levels))
    assert "80% not optimised" in text and "### b4: " in text and "nan" not in text
    assert (".96380" in text) == (levels == ())
