import doctest
import re
from pathlib import Path

import numpy as np
import pytest

import minimal_order as mo
from minimal_order.plots.style import Picture

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
(EXAMPLE,) = [test for test in doctest.DocTestFinder(recurse=False).find(mo, "minimal_order") if test.examples]


@pytest.fixture(scope="module")
def after():
    """The names that the example leaves, run as a doctest."""
    names = {}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    EXAMPLE.globs = names
    assert runner.run(EXAMPLE, clear_globs=False).failed == 0
    return names


def test_example_is_about_ten_lines():
    assert 8 <= len(EXAMPLE.examples) <= 12


def test_readme_has_the_same_text():
    first = re.search(r"```python\n(.*?)```", README, re.S)[1]
    assert first.split("\n") == "".join(example.source for example in EXAMPLE.examples).split("\n")


def test_every_line_leaves_plain_arrays(after):
    assert {type(after[name]) for name in ("order", "alpha")} == {np.ndarray}
    before = after["before"]
    for array in (before.w, before.C, before.losses, before.state.m, after["data"].X_train):
        assert type(array) is np.ndarray
    assert before.w.shape == before.C.shape == (301,)


def test_example_trains_orders_freezes_and_trains_on(after):
    before, order, alpha, end = (after[name] for name in ("before", "order", "alpha", "after"))
    assert sorted(order) == list(range(301))
    assert (np.diff(before.C[order]) >= 0).all()
    assert (~alpha).sum() == 150 and not alpha[order[:150]].any()
    assert end.w[~alpha].tobytes() == before.w[~alpha].tobytes()
    assert (end.w[alpha] != before.w[alpha]).all()
    data, model = after["data"], after["model"]
    loss = [mo.evaluate(model, run.w, data.X_train, data.y_train, data.task)[0] for run in (before, end)]
    assert loss[1] < loss[0] < 0.2
    assert isinstance(after["figure"], Picture)
    assert after["figure"]._repr_png_().startswith(b"\x89PNG")


def test_objects_print_usefully_in_a_notebook(after):
    assert "13-20-1" in repr(after["model"]) and "301 parameters" in repr(after["model"])
    assert "boston" in repr(after["data"]) and "(405, 13)" in repr(after["data"])
    for name in ("model", "data", "before", "after"):
        text = repr(after[name])
        assert len(text) < 600 and len(text.splitlines()) <= 8, f"{name} prints its arrays"
