"""What the reproduction of the ordering paper runs, in what order, on what data."""

import pytest

from minimal_order.experiments.freeze.config import QUICK, SETTINGS
from minimal_order.experiments.plugins import read_plugins
from minimal_order.reproduce import ordering
from minimal_order.reproduce.ordering import ordering_configs, queue


def test_every_data_set_of_the_paper_and_the_first_figure_soon():
    configs = ordering_configs(quick=False, seed=3)
    assert {config.dataset for config in configs.values()} == set(SETTINGS)
    assert next(iter(configs)) == "synthetic3"
    assert all(config.runs == 25 and config.seed == 3 and config.t1 == 1000 for config in configs.values())
    assert all(len(configs[name].orders) >= 6 for name in (*SETTINGS, "synthetic3-published"))


def test_a_small_network_is_run_first_and_then_the_largest():
    in_turn = queue(ordering_configs(quick=False, seed=0))
    sizes = [config.model.n_params for config in in_turn.values()]
    assert sizes[0] == 200 and sizes[1] == 7960 and sizes[1:] == sorted(sizes[1:], reverse=True)
    assert set(in_turn) == set(ordering_configs(quick=False, seed=0))


@pytest.mark.parametrize("dataset", ["synthetic1", "synthetic3"])
def test_what_the_paper_publishes_is_run_by_its_rule(dataset):
    configs = ordering_configs(quick=False, seed=0)
    one = configs[f"{dataset}-published"]
    assert one.t0 == "published" and configs[dataset].t0 == "plateau"
    assert one.vary == ("init", "batches")
    assert {"random", "gradient_covariance"} <= set(one.orders)


def test_the_linear_model_is_also_run_on_new_data_every_time():
    configs = ordering_configs(quick=False, seed=0)
    (many,) = (config for name, config in configs.items() if name.endswith("-new-data"))
    assert (many.dataset, many.t0) == ("synthetic3", "published")
    assert many.vary == ("data", "split", "init", "batches")
    assert many.orders == ("random", "gradient_covariance")


def test_quick_is_small():
    configs = ordering_configs(quick=True, seed=0)
    assert list(configs) == list(SETTINGS)
    assert all(getattr(config, name) == value for config in configs.values() for name, value in QUICK.items())


def test_experiments_run_in_that_sequence(monkeypatch, tmp_path):
    seen = []

    def look(groups, *_):
        seen.extend(groups)
        raise InterruptedError

    monkeypatch.setattr(ordering, "run_groups", look)
    with pytest.raises(InterruptedError):
        next(ordering.reproduce_ordering(tmp_path, quick=True, jobs=1, progress=False))
    assert seen == [*queue(ordering_configs(quick=True, seed=0)), "settings", "cost"]


@pytest.mark.usefixtures("orders_table")
def test_an_order_of_the_users_is_in_every_experiment_that_compares_orders(tmp_path):
    assert ordering_configs(quick=False, seed=0)["synthetic1-published"].orders == ("random", "gradient_covariance")
    file = tmp_path / "my_order.py"
    file.write_text(
        "import minimal_order as mo\n\n"
        '@mo.order("moved", "what moved least first")\n'
        "def moved(run, rng):\n    return mo.by_score(abs(run.w - run.w_start))\n"
    )
    configs = ordering_configs(quick=False, seed=0, plugins=tuple(read_plugins([file])))
    assert configs["synthetic1-published"].orders == ("random", "gradient_covariance", "moved")
    assert all("moved" in config.orders for name, config in configs.items() if not name.endswith("new-data"))
