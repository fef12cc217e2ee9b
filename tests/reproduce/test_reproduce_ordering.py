"""What the reproduction of the ordering paper runs, in what order, on what data."""

import numpy as np
import pytest
from small import small_dataset

from minimal_order.experiments.freeze.config import QUICK, SETTINGS
from minimal_order.networks.models import linear
from minimal_order.orders import compute_order
from minimal_order.reproduce.ordering import ordering_configs, queue
from minimal_order.training.train import train


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
def test_what_the_paper_publishes_is_run_by_its_rule_on_one_data_set_and_on_many(dataset):
    configs = ordering_configs(quick=False, seed=0)
    one, many = configs[f"{dataset}-published"], configs[f"{dataset}-published-new-data"]
    assert one.t0 == many.t0 == "published" and configs[dataset].t0 == "plateau"
    assert one.vary == ("init", "batches")
    assert {"random", "gradient_covariance"} <= set(one.orders)
    assert many.vary == ("data", "split", "init", "batches")
    assert many.orders == ("random", "gradient_covariance")


def test_quick_is_small():
    configs = ordering_configs(quick=True, seed=0)
    assert list(configs) == list(SETTINGS)
    assert all(getattr(config, name) == value for config in configs.values() for name, value in QUICK.items())


def test_orders_by_the_covariance_take_the_diagonal_of_a_whole_one():
    data = small_dataset("regression", n_features=4)
    model, runs = linear(4), {}
    w = model.init(np.random.default_rng(0))
    for full in (False, True):
        rng = np.random.default_rng(1)
        runs[full] = train(model, data, w, steps=20, rng=rng, batch_size=6, covariance="running", full=full)
    assert runs[True].C.shape == (4, 4)
    np.testing.assert_allclose(runs[True].variance, runs[False].C, rtol=1e-12)
    for name in ("gradient_covariance", "preconditioned_gradient"):
        one, other = (compute_order(name, runs[full], rng) for full in (False, True))
        np.testing.assert_array_equal(one, other)
