"""Settings of experiment complexity, its data, and where its models begin."""

import shlex

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tiny_complexity import tiny

from minimal_order.cli import main
from minimal_order.complexity.objectives import FAMILIES
from minimal_order.experiments.complexity.config import ComplexityConfig
from minimal_order.experiments.complexity.models import LAMS, LEVELS, MODELS, QUICK, SETTINGS
from minimal_order.experiments.complexity.published import PUBLISHED
from minimal_order.experiments.complexity.runs import data_of, generator, start_of, steps_of
from minimal_order.networks.models import MLP
from minimal_order.variational.gaussian import Normal

# --- settings ---


def test_nine_models():
    assert len(MODELS) == 9 == len(set(MODELS.values()))
    assert {spec.family for spec in MODELS.values()} == set(FAMILIES)
    assert set(PUBLISHED) == set(MODELS)


def test_defaults_of_mnist():
    config = ComplexityConfig("mnist")
    assert config.model == MLP((784, 50, 10), "relu") and config.model.n_params == 39_760
    assert (config.runs, config.epochs, config.hyper_epochs, config.batch_size) == (5, 25, 50, 256)
    assert config.lams == LAMS == (1e-3, 1e-2, 1e-1, 1, 10, 100)
    assert config.levels == LEVELS and LEVELS[0] == 0 and LEVELS[-1] == 0.98
    assert config.hypernet("piecewise").n_rows == 6 and config.hypernet("linear").n_rows == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"dataset": "mnits"}, "nearest: mnist"),
        ({"models": ("variationl",)}, "nearest: variational"),
        ({"models": ()}, "models"),
        ({"runs": 0}, "runs = 0"),
        ({"lams": (0.0, 1.0)}, "lams"),
        ({"lams": (1.0,)}, "lams"),
        ({"levels": (0.5, 1.2)}, "levels"),
        ({"rate": 0.0}, "rate"),
        ({"clip": -1.0}, "clip"),
        ({"knots": 1}, "knots = 1"),
        ({"knots": (0.01, 3.0)}, "knots"),
        ({"scale": "linear"}, "scale"),
        ({"sampling": "both"}, "sampling"),
        ({"prior_std": 0.0}, "prior_std"),
        ({"per": "layer"}, "per"),
        ({"pixels": "unti"}, "nearest: unit"),
        ({"validation": 0}, "validation = 0"),
        ({"dtype": "float16"}, "dtype"),
    ],
)
def test_wrong_settings(changed, said):
    with pytest.raises(ValueError, match=said):
        tiny(**changed)


def test_what_does_not_fit_the_data():
    for changed, said in (({"validation": 250}, "validation = 250"), ({"objects": 5000}, "objects = 5000")):
        with pytest.raises(ValueError, match=said):
            data_of(tiny(**changed))


def test_folder_is_no_setting():
    assert "folder" not in tiny(folder="/data").as_dict()


def test_command_makes_the_same_configuration(monkeypatch):
    config = tiny(biases=True, pixels="symmetric", knots=(0.01, 2.0, 100.0), per="network", clip=0.0)
    seen = {}
    monkeypatch.setattr("minimal_order.experiments.complexity.run.run_complexity", lambda c, *_: seen.update(c) or ())
    assert main(shlex.split(config.command())[1:]) == 0
    assert seen == {"digits": config}


# --- data and starts ------------------------------------------------------------------------------------


def test_data_in_three_parts():
    data = data_of(tiny())
    assert data.of.n_train == 200 and len(data.X_valid) == len(data.y_valid) == 50
    assert data.of.X_train.min() == 0 and data.of.X_train.max() == 1 and data.of.X_train.dtype == np.float32
    symmetric = data_of(tiny(pixels="symmetric"))
    assert_allclose(symmetric.of.X_train, 2 * data.of.X_train - 1, atol=1e-6)
    assert_allclose(symmetric.of.X_test, 2 * data.of.X_test - 1, atol=1e-6)
    rows = {row.tobytes() for row in data.of.X_train}
    assert not rows & {row.tobytes() for row in data.X_valid}


def test_every_purpose_and_run_has_a_stream_of_its_own():
    config = tiny()
    drawn = [generator(config, purpose, run).integers(2**62)
             for purpose in ("init", "batches", "noise", "lam", "terms") for run in (0, 1)]  # fmt: skip
    assert len(set(drawn)) == 10
    assert drawn[0] == generator(config, "init", 0).integers(2**62)


def test_settings_reach_the_training():
    config = tiny(prior_mean=0.5, prior_std=2.0, sampling="weights", draws=3, epochs=1, hyper_epochs=3)
    data = data_of(config)
    of = start_of(config, "reparameterised", 0, data.of).objective
    generated = start_of(config, "variational-linear", 0, data.of).objective
    assert generated.lams == 3
    for objective, family in ((of, "reparameterised"), (generated.of, "variational")):
        assert (objective.family, objective.prior, objective.sampling) == (family, Normal(0.5, 2.0), "weights")
    assert [steps_of(config, name, 200) for name in ("base", "base-linear")] == [3, 9]
    g, w = np.array([100.0]), np.zeros(1)
    for clip, moment in ((0.5, 0.5), (0.0, 100.0)):
        rule = tiny(clip=clip).rule
        _, state = rule.step(rule.init(w), g, w)
        assert state.m == moment


@pytest.mark.parametrize("name", MODELS)
def test_all_models_of_a_run_begin_as_one_network(name):
    config, data = tiny(), data_of(tiny())
    start = start_of(config, name, 1, data.of)
    theta = start.parameters(start.w, config.lams)
    assert theta.dtype == np.float32 and theta.shape[0] == 3
    means = config.family(name).means(theta)
    first = start_of(config, "base", 1, data.of).w
    assert_array_equal(means, first)
    assert (start_of(config, name, 0, data.of).w != start.w).any()
    if config.family(name).spread:
        assert_allclose(theta[:, config.model.n_params :], config.log_sigma)


# --- settings ---


def test_quick_settings_are_settings():
    assert set(QUICK) <= set(ComplexityConfig.__dataclass_fields__)
    assert set(SETTINGS) == {"mnist", "cifar10", "digits", "cifar10-subset"}
