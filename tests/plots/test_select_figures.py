"""Figures of experiment select, also of little and of runs that diverged."""

import numpy as np
import pytest
from tiny_select import GOOD, made_up, run_all, tiny

from minimal_order.plots import select as plots
from minimal_order.reports.select import select_report


def test_figure_says_which_orders_are_of_the_first_steps():
    early = run_all(tiny(prune_by=("magnitude", "gradient_covariance")))
    for outcome, said in ((early, "As ordered after 6 steps: gradient covariance."), (run_all(tiny()), "")):
        text = " ".join(plots.pruned(outcome).get_supxlabel().split())
        assert text.endswith(said) and ("As ordered" in text) == bool(said)


def test_run_that_diverges_is_left_out():
    config = tiny(optimizer="sgd", rate=1e200, eta0=3)
    found = run_all(config)
    assert found.n_diverged == 2 and np.isnan(found.metric("random")).all() and np.isnan(found.joint("random")).all()
    assert "diverged" in select_report("boston", found)
    assert [name for name, _ in plots.figures(found)] == FIGURES


FIGURES = ["quality", "pruned", "joint", "speed"]


@pytest.mark.parametrize("changes", [{"runs": 1, "levels": (0.5,)}, {"orders": ("random",), "levels": (0.0, 0.1, 1.0)}])
def test_figures_of_little(changes):
    """One run and one level; no order to compare with the random one."""
    config = tiny(**changes)
    found = dict(plots.figures(run_all(config)))
    assert list(found) == FIGURES
    captions = [figure.get_supxlabel() for figure in found.values()]
    assert not any("1 run, each" in caption for caption in captions)
    assert ("(b)" in captions[0]) == (len(config.orders) > 1)
    panel = found["joint"].axes[0]  # cells of one size, each with its own level
    n = len(config.levels)
    assert panel.images[0].get_array().shape == (n, n) and len(panel.get_xticks()) == n
    assert panel.get_xlim() == (-0.5, n - 0.5)


@pytest.mark.parametrize("dataset", ["boston", "digits", "mnist"])
def test_titles_fit_their_figures(dataset):
    for _, figure in plots.figures(made_up(dataset, quality=GOOD, pruned={"magnitude": 0.9, "random": 0.5})):
        figure.canvas.draw()
        assert figure._suptitle.get_window_extent().x1 <= figure.bbox.x1
