"""Settings of experiment select, and what makes no sense."""

from itertools import pairwise

import pytest
from tiny_select import tiny

from minimal_order.experiments.select.config import AUTHORS, COARSE, DEFAULT_ORDERS, FINE, SelectConfig


def test_defaults_are_the_talks():
    config = SelectConfig("mnist")
    assert (config.runs, config.eta0, config.eta1, config.batch_size, config.model.n_params) == (
        5,
        100,
        500,
        512,
        159010,
    )
    assert config.orders == DEFAULT_ORDERS
    assert [config.levels_of(name) for name in AUTHORS] == [FINE] * 3 and config.levels_of("magnitude") == COARSE
    assert len(FINE) == 51 and set(COARSE) <= set(FINE)
    assert SelectConfig("boston").runs == SelectConfig("digits").runs == 25
    assert [SelectConfig(name).model.n_params for name in ("boston", "digits")] == [301, 2410]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dataset": "bostn"}, "dataset = 'bostn'.*nearest: boston"),
        ({"orders": ("randm",)}, "orders = 'randm'.*nearest: random"),
        ({"orders": ("oracle",)}, "orders = oracle: expected an order to be had here; oracle needs a linear model"),
        ({"prune_by": ()}, "prune_by = \\(\\): expected one order or more"),
        ({"orders": ("second_moment",), "optimizer": "sgd"}, "orders = second_moment"),
        ({"levels": (0.5, 1.5)}, "levels = "),
        ({"levels": 0.5}, "levels = 0.5: expected a tuple"),
        ({"runs": 0}, "runs = 0"),
        ({"eta0": 0}, "eta0 = 0"),
        ({"eta1": 1.5}, "eta1 = 1.5"),
        ({"batch_size": 1}, "batch_size = 1"),
        ({"rate": -1}, "rate = -1"),
        ({"optimizer": "adm"}, "optimizer = 'adm'.*nearest: adam"),
        ({"per": "layer"}, "per = 'layer'"),
        ({"biases": "no"}, "biases = no"),
        ({"covariance": "all"}, "covariance = 'all'"),
        ({"dtype": "float16"}, "dtype = 'float16'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, said):
    with pytest.raises(ValueError, match=f"^{said}"):
        tiny(**changes)


def test_command_makes_the_same_settings():
    config = tiny(per="tensor", biases=False, seed=3)
    words = config.command().split()
    assert words[:3] == ["minimal-order", "select", "boston"] and "--no-biases" in words
    given = dict(pairwise(words))
    assert given["--levels"] == "0,0.4,1" and given["--per"] == "tensor" and given["--eta0"] == "6"
    assert SelectConfig("boston").command() == "minimal-order select boston"


def test_prune_by_what_cannot_be_had_is_refused():
    with pytest.raises(ValueError, match="prune_by = lasso"):
        tiny(prune_by=("lasso",))
    with pytest.raises(ValueError, match="prune_by = obs"):
        SelectConfig("digits", prune_by=("obs",))
