import json
import os
import shlex

import numpy as np
import pytest
from tiny import tiny

from minimal_order.cli.ordering import freeze_config
from minimal_order.cli.program import build_parser
from minimal_order.experiments.freeze.branches import branches_of
from minimal_order.experiments.freeze.config import (
    SETTINGS,
    FreezeConfig,
    Plugin,
    available_orders,
)
from minimal_order.experiments.freeze.runs import dataset_of, generator
from minimal_order.experiments.plugins import read_plugins
from minimal_order.runs.files import json_text

ORDER = """
import minimal_order as mo

@mo.order("last", "anything")
def last(run, rng):
    return rng.permutation(run.w.size)
"""

# SPEC, section 6
# fmt: off
DEFAULTS = {
    #              model         p     rate  t0         vary
    "synthetic1": ((200, 20, 1), 4041, 1e-3, "plateau", ("init", "batches")),
    "synthetic2": ((200, 1),     200,  1e-3, "plateau", ("init", "batches")),
    "synthetic3": ((200, 1),     200,  1e-3, "plateau", ("init", "batches")),
    "boston":     ((13, 20, 1),  301,  1e-3, "plateau", ("split", "init", "batches")),
    "mnist":      ((784, 10, 10), 7960, 3e-3, 1000,     ("init", "batches")),
}
# fmt: on


# --- defaults


@pytest.mark.parametrize("dataset", DEFAULTS)
def test_defaults_are_those_of_the_specification(dataset):
    sizes, n_params, rate, t0, vary = DEFAULTS[dataset]
    config = FreezeConfig(dataset)
    assert (config.model.sizes, config.model.n_params, config.model.activation) == (sizes, n_params, "tanh")
    assert (config.rate, config.t0, config.vary) == (rate, t0, vary)
    assert (config.runs, config.batch_size, config.optimizer, config.t1) == (25, 64, "adam", 1000)
    assert config.levels == (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
    assert (config.covariance, config.collect_from, config.dtype, config.seed) == ("running", 1, "float32", 0)
    assert config.rule.name == "adam"


def test_every_data_set_of_the_paper_has_settings_and_only_those():
    assert set(SETTINGS) == set(DEFAULTS)


@pytest.mark.parametrize(
    "dataset, n_train, n_test",
    [
        ("synthetic1", 2000, 1000),
        ("synthetic2", 2000, 1000),
        ("synthetic3", 2000, 1000),
        ("boston", 405, 101),
    ],
)
def test_default_data(dataset, n_train, n_test):
    config = FreezeConfig(dataset)
    data = dataset_of(config, 0, config.vary)
    assert (len(data.X_train), len(data.X_test)) == (n_train, n_test)
    assert data.X_train.dtype == np.float32
    assert config.model.bias == (dataset in ("synthetic1", "boston"))
    if data.task == "regression":
        assert data.y_train.std() == pytest.approx(1, abs=1e-5)


def test_orders_that_can_be_had():
    linear = {"lasso", "elastic_net", "oracle"}
    everywhere = {
        "random",
        "gradient_covariance",
        "accumulated_gradient",
        "full_gradient",
        "preconditioned_gradient",
        "magnitude",
    }
    assert set(FreezeConfig("synthetic3").orders) == set(FreezeConfig("synthetic2").orders) == everywhere | linear
    for dataset in ("synthetic1", "boston", "mnist"):
        assert set(FreezeConfig(dataset).orders) == everywhere
    assert "second_moment" in available_orders("boston", "adam")
    assert "second_moment" not in available_orders("boston", "sgd")


# --- bad values


# fmt: off
BAD = [
    ("dataset",      "boson",          "boston"),
    ("dataset",      None,             "expected one of the known names"),
    ("orders",       ("randm",),       "nearest: random"),
    ("orders",       "random",         "expected a tuple"),
    ("orders",       ("random", "x"),  "'x': expected one of the known names"),
    ("levels",       (0, 1.1),         r"expected shares in \[0, 1\]"),
    ("levels",       (-0.1,),          r"expected shares in \[0, 1\]"),
    ("levels",       (np.nan,),        r"expected shares in \[0, 1\]"),
    ("levels",       (np.inf,),        r"expected shares in \[0, 1\]"),
    ("levels",       ("half",),        r"expected shares in \[0, 1\]"),
    ("levels",       (),               r"expected shares in \[0, 1\]"),
    ("levels",       0.5,              "expected a tuple"),
    ("runs",         0,                "expected a whole number, 1 or more"),
    ("runs",         2.5,              "expected a whole number, 1 or more"),
    ("runs",         "3",              "expected a whole number, 1 or more"),
    ("runs",         None,             "expected a whole number, 1 or more"),
    ("t0",           0,                "expected a step, 1 or more, or a rule: plateau, published"),
    ("t0",           -5,               "expected a step, 1 or more"),
    ("t0",           1.5,              "expected a step, 1 or more"),
    ("t0",           np.nan,           "expected a step, 1 or more"),
    ("t0",           "plato",          "nearest: plateau"),
    ("t1",           0,                "expected a whole number, 1 or more"),
    ("batch_size",   1,                "2 or more: one object has no covariance"),
    ("batch_size",   64.0,             "expected a whole number, 2 or more"),
    ("rate",         np.nan,           "expected a positive finite number"),
    ("rate",         np.inf,           "expected a positive finite number"),
    ("rate",         0.0,              "expected a positive finite number"),
    ("rate",         -1e-3,            "expected a positive finite number"),
    ("rate",         "fast",           "expected a positive finite number"),
    ("optimizer",    "adm",            "nearest: adam"),
    ("optimizer",    None,             "expected one of the known names"),
    ("vary",         ("inits",),       "nearest: init"),
    ("vary",         "init",           "expected a tuple"),
    ("covariance",   "full",           "nearest: running, batch"),
    ("collect_from", 0,                "expected a whole number, 1 or more"),
    ("keep",         0,                "expected a whole number, 1 or more"),
    ("seed",         -1,               "expected a whole number, 0 or more"),
    ("seed",         0.5,              "expected a whole number, 0 or more"),
    ("dtype",        "float16",        "nearest: float"),
    ("dtype",        np.float32,       "expected one of the known names"),
    ("data",         {"seed": 3},      "expected an argument of the data set"),
    ("data",         {"name": "mnist"}, "expected an argument of the data set"),
    ("data",         {"noise": [1]},   "expected a number, a word, or true or false"),
]
# fmt: on


@pytest.mark.parametrize("argument, value, expected", BAD, ids=lambda case: str(case)[:40])
def test_bad_value_is_named_with_what_was_expected(argument, value, expected):
    with pytest.raises(ValueError, match=rf"^{argument}\S* = .*{expected}") as error:
        tiny(**{argument: value})
    shown = value[-1] if isinstance(value, tuple) and value else next(iter(value)) if isinstance(value, dict) else value
    assert str(shown) in str(error.value).split(": expected")[0]


def test_steps_that_do_not_fit_together():
    with pytest.raises(ValueError, match=r"^collect_from = 41: expected a step in 1 \.\.\. t0 = 40$"):
        tiny(collect_from=41)


@pytest.mark.parametrize("dataset", ["synthetic2", "boston", "mnist"])
def test_no_t0_from_a_figure_without_signal(dataset):
    with pytest.raises(ValueError, match=f"^t0 = published: .*nothing usable is published for {dataset}"):
        FreezeConfig(dataset, t0="published")


@pytest.mark.parametrize(
    "dataset, optimizer, order, need",
    [
        ("boston", "adam", "lasso", "linear"),
        ("mnist", "adam", "oracle", "true weights"),
        ("boston", "sgd", "second_moment", "Adam"),
        ("mnist", "adam", "obs", "at most 1000 parameters"),
    ],
)
def test_order_that_cannot_be_had_says_what_it_needs(dataset, optimizer, order, need):
    with pytest.raises(ValueError, match=f"^orders = {order}: expected one of random, .*: {order} needs .*{need}"):
        FreezeConfig(dataset, optimizer=optimizer, orders=(order,))


def test_plugin_file_that_is_missing(tmp_path):
    with pytest.raises(ValueError, match=r"^plugin = .*none\.py: expected a Python file$"):
        list(read_plugins([tmp_path / "none.py"]))


def test_two_plugin_files_of_one_name_would_be_one_in_config_json(orders_table):
    with pytest.raises(ValueError, match=r"^plugins = a\.py, a\.py: expected files of different names"):
        tiny(plugins=(Plugin("x/a.py", ORDER), Plugin("y/a.py", ORDER)))


# --- one configuration, one form


def test_vary_levels_and_orders_are_brought_to_one_form():
    config = tiny(
        vary=["batches", "data", "batches"],
        levels=[1, 0.5, 0, 0.5],
        orders=["magnitude", "random", "magnitude"],
    )
    assert config.vary == ("data", "batches")
    assert config.levels == (0.0, 0.5, 1.0) and all(type(level) is float for level in config.levels)
    assert config.orders == ("magnitude", "random")
    assert tiny(levels=np.linspace(0, 1, 3)) == tiny()
    assert tiny(vary=[]).vary == tiny(vary=()).vary == ("init", "batches")


def test_as_dict_is_plain_json_and_complete():
    config = tiny(levels=np.linspace(0, 1, 5), seed=3)
    plain = json.loads(json_text(config.as_dict()))
    assert plain == json.loads(json.dumps(config.as_dict()))
    assert plain["levels"] == [0, 0.25, 0.5, 0.75, 1]
    assert plain["vary"] == ["init", "batches"]
    assert plain["rate"] == 1e-3
    assert plain["data"] == {"n_train": 200, "n_test": 100}
    assert set(plain) == set(FreezeConfig.__dataclass_fields__)


CHANGES = {
    "dataset": "synthetic2",
    "orders": ("random",),
    "runs": 4,
    "levels": (0.0,),
    "t0": 41,
    "t1": 31,
    "batch_size": 65,
    "rate": 2e-3,
    "optimizer": "sgd",
    "vary": ("batches",),
    "covariance": "batch",
    "collect_from": 2,
    "keep": 9,
    "seed": 1,
    "dtype": "float32",
    "data": {"n_train": 201},
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_changes_results_changes_as_dict(name):
    assert set(CHANGES) | {"plugins"} == set(FreezeConfig.__dataclass_fields__)
    base, changed = tiny().as_dict(), tiny(**{name: CHANGES[name]}).as_dict()
    assert {key for key in base if base[key] != changed[key]} == {name}


def test_as_dict_holds_plugins_by_their_text_not_their_place(orders_table):
    here, there = (tiny(orders=("last",), plugins=(Plugin(f"{place}/my.py", ORDER),)) for place in ("a", "b"))
    other = tiny(orders=("last",), plugins=(Plugin("a/my.py", ORDER + "\n"),))
    assert here.as_dict() == there.as_dict() != other.as_dict()
    assert len(here.as_dict()["plugins"]["my.py"]) == 64


# --- the command that makes the same


COMMANDS = [
    {},
    {"orders": (), "levels": tuple(i / 10 for i in range(11)), "data": {}},
    {"levels": (0, 1 / 3, 0.1 + 0.2, 1e-6), "rate": 1 / 30, "seed": 7},
    {"t0": "plateau", "t1": 7, "runs": 1, "batch_size": 2, "optimizer": "momentum", "covariance": "batch"},
    {"t0": "published", "vary": ("split", "batches"), "collect_from": 5, "keep": 3, "dtype": "float32"},
    {
        "data": {
            "noise": 0.25,
            "feature_spread": 1 / 3,
            "scale_y": False,
            "scaling": "standard",
            "n_train": 99,
        }
    },
]


def parsed(command):
    program, *words = shlex.split(command)
    assert program == "minimal-order"
    return freeze_config(build_parser().parse_args(words))


@pytest.mark.parametrize("changes", COMMANDS, ids=str)
def test_command_makes_the_same_configuration(changes):
    config = tiny(**changes)
    assert parsed(config.command()) == config


@pytest.mark.parametrize("dataset", DEFAULTS)
def test_command_of_a_default_is_short(dataset):
    config = FreezeConfig(dataset)
    assert config.command() == f"minimal-order freeze {dataset}"
    assert parsed(config.command()) == config


def test_command_names_plugins(tmp_path, monkeypatch, orders_table):
    name = "my order's.py"
    (tmp_path / name).write_text(ORDER)
    monkeypatch.chdir(tmp_path)
    config = tiny(orders=("random", "last"), plugins=tuple(read_plugins([tmp_path / name])))
    again = parsed(config.command())
    assert again.as_dict() == config.as_dict()
    assert [os.path.abspath(plugin.path) for plugin in again.plugins] == [str(tmp_path / name)]


# --- streams and branches


def test_streams_are_shared_exactly_where_their_factor_does_not_vary():
    config = tiny()
    for factor in ("data", "split", "init", "batches"):
        for vary in [(), (factor,)]:
            draws = [generator(config, factor, run, vary).random() for run in range(4)]
            assert len(set(draws)) == (4 if vary else 1)
    first = {
        purpose: generator(config, purpose, 0, ()).random() for purpose in ("data", "split", "init", "batches", "pilot")
    }
    assert len(set(first.values())) == 5
    after = [generator(config, "batches after freezing", run, ("init",)).random() for run in range(2)]
    assert after[0] == after[1] != first["batches"]
    assert generator(tiny(seed=1), "init", 0, ()).random() != first["init"]


def test_levels_at_the_ends_are_one_branch_for_all_orders():
    config = tiny(levels=(0, 0.001, 0.25, 0.5, 0.999, 1))
    branches = branches_of(config)
    inner = [(order, k) for order in config.orders for k in (50, 100)]
    assert sorted(branches) == sorted([("", 0), ("", 200), *inner])
    assert branches_of(tiny(levels=(0.5,))) == [(order, 100) for order in config.orders]
