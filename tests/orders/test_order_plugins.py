"""Orders of one's own: how they enter the table, and what is refused."""

import numpy as np
import pytest
from short_trainings import BUILT_IN, generator, trained

from minimal_order.orders import ORDERS, compute_order, load_plugin, order

PLUGIN = """\
from minimal_order.orders import by_score, order


@order("distance", "what moved least since the start, first")
def distance(run, rng):
    return by_score(abs(run.w - run.w_start))
"""


def test_plugin_enters_its_order_in_the_table(orders_table, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN)
    assert load_plugin(path) == ["distance"]
    row = orders_table["distance"]
    assert (row.summary, row.needs, row.default) == ("what moved least since the start, first", (), True)
    run = trained()
    found = compute_order("distance", run, generator())
    assert found.tolist() == np.argsort(np.abs(run.w - run.w_start)).tolist()
    assert load_plugin(str(path)) == ["distance"], "loaded again, as every process does"


def test_plugin_comes_as_text_where_its_file_is_not(orders_table):
    assert load_plugin("elsewhere/mine.py", PLUGIN) == ["distance"]
    assert "distance" in orders_table


def test_plugin_may_replace_an_order(orders_table):
    assert load_plugin("mine.py", PLUGIN.replace('"distance"', '"magnitude"')) == ["magnitude"]
    assert orders_table["magnitude"].summary == "what moved least since the start, first"


def test_tests_leave_the_table_as_it_was():
    assert tuple(ORDERS) == BUILT_IN
    assert ORDERS["magnitude"].equation == "eq:magnitude"


def test_plugin_that_is_no_file_is_refused(tmp_path):
    for path in (tmp_path / "none.py", tmp_path):
        with pytest.raises(ValueError, match=r"^plugin = .*: expected a Python file$"):
            load_plugin(path)


def test_plugin_without_an_order_is_refused(orders_table):
    with pytest.raises(ValueError, match=r"^plugin = mine\.py: expected a file that enters an order with @order$"):
        load_plugin("mine.py", "def distance(run, rng):\n    return run.w\n")


@pytest.mark.parametrize(
    ("source", "said"),
    [("x = 1\ndef (", r"SyntaxError: .*mine\.py, line 2"), ("import nothing_here", "ModuleNotFoundError")],
)
def test_plugin_that_does_not_run_is_refused(orders_table, source, said):
    with pytest.raises(ValueError, match=rf"^plugin = mine\.py: expected a Python file that runs \({said}"):
        load_plugin("mine.py", source)


@pytest.mark.parametrize(
    ("result", "shape"),
    [
        ("[0, 1]", r"\(2,\)"),
        ("[0, 1, 1]", r"\(3,\)"),
        ("[1, 2, 3]", r"\(3,\)"),
        ("[[0, 1, 2]]", r"\(1, 3\)"),
        ("None", r"\(\)"),
        ("[0.5, 1, 2]", r"\(3,\)"),
    ],
)
def test_order_that_is_no_permutation_is_refused(orders_table, result, shape):
    load_plugin("mine.py", PLUGIN.replace("by_score(abs(run.w - run.w_start))", result))
    message = rf"^order 'distance' of mine\.py = array of shape {shape}: expected a permutation of 0 \.\.\. 2$"
    with pytest.raises(ValueError, match=message):
        compute_order("distance", trained(), generator())


def test_order_of_a_plugin_that_fails_is_named_with_its_file(orders_table):
    load_plugin("mine.py", PLUGIN.replace("run.w_start", "run.w_begin"))
    with pytest.raises(ValueError, match=r"^order 'distance' of mine\.py: expected a .*AttributeError.*w_begin"):
        compute_order("distance", trained(), generator())


def test_row_of_the_table_is_checked_when_it_is_entered(orders_table):
    with pytest.raises(ValueError, match=r"^name = 'my order': expected a Python identifier$"):
        order("my order", "no name for an option")
    with pytest.raises(ValueError, match=r"^needs = 'iterate': .*nearest: iterates"):
        order("mine", "needs what is not there", needs=("iterate",))
    assert tuple(orders_table) == BUILT_IN
