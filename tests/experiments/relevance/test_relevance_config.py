"""Settings of experiments relevance and noise."""

import pytest
from small import small_dataset
from tiny_relevance import tiny, tiny_noise

from minimal_order.experiments.relevance import runs
from minimal_order.experiments.relevance.config import CRITERIA, FREEZING, GIVEN, RelevanceConfig


def test_defaults_are_the_talks():
    sizes = [RelevanceConfig(name).model.n_params for name in ("wine", "boston", "synthetic", "synthetic-drawn")]
    assert sizes == [224, 586, 100, 100]
    config = RelevanceConfig("wine")
    assert config.runs == 25 and len(config.levels) == 51 and config.retrain == 0
    assert set(config.orders) == {*CRITERIA, *FREEZING} - {GIVEN}
    assert RelevanceConfig("synthetic").orders[:5] == ("random", "obd", "variational", "belsley", GIVEN)
    drawn = RelevanceConfig("synthetic-drawn")
    assert "gradient_covariance" not in drawn.orders and "full_gradient" in drawn.orders
    assert set(RelevanceConfig("synthetic").possible_orders) >= {"lasso", "oracle"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dataset": "win"}, "dataset = 'win'.*nearest: wine"),
        ({"orders": ("obt",)}, "orders = 'obt'.*nearest: .*ob"),
        ({"orders": (GIVEN,)}, "orders = belsley_given: expected one that can be had"),
        ({"orders": "obd"}, "orders = 'obd'"),
        ({"levels": (0.5, 1.5)}, "levels = "),
        ({"levels": ()}, "levels = "),
        ({"runs": 0}, "runs = 0"),
        ({"steps": 2}, "steps = 2"),
        ({"rate": 0}, "rate = 0"),
        ({"decay": -1.0}, "decay = -1"),
        ({"retrain": -1}, "retrain = -1"),
        ({"batch_size": 1}, "batch_size = 1"),
    ],
)
def test_mistakes_in_settings_are_named(changes, said):
    with pytest.raises(ValueError, match=said):
        tiny(**changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"noises": (0.0,)}, "noises"), ({"noises": ()}, "noises"), ({"draws": 1}, "draws"), ({"objects": 0}, "objects")],
)
def test_mistakes_in_settings_of_noise_are_named(changes, said):
    with pytest.raises(ValueError, match=f"{said} = "):
        tiny_noise(**changes)


def test_command_makes_the_same_configuration():
    config = tiny(decay=0.0, retrain=2)
    words = config.command()
    assert words.startswith("minimal-order relevance wine --orders random,obd,belsley --runs 2")
    assert "--decay 0" in words and "--retrain 2" in words and "--seed" not in words
    assert tiny_noise().command().startswith("minimal-order noise wine") and "--draws 4" in tiny_noise().command()


def test_a_single_class_is_refused():
    data = small_dataset("binary")
    one = type(data)("one", "binary", data.X_train, 0 * data.y_train, data.X_test, data.y_test, n_classes=2)
    with pytest.raises(ValueError, match=r"y_train = of one class, 0"):
        runs.check_classes(one)


def test_training_that_diverges_is_named():
    with pytest.raises(ValueError, match=r"rate = 1e\+300: expected a smaller one"):
        runs.trained(tiny(rate=1e300, dataset="boston"), (0,))
