"""Sets by name, and their mini-batches."""

import subprocess
import sys

import numpy as np
import pytest

from minimal_order.data.loading import available, batches, load

# By name


def test_available_states_what_load_gives():
    for name, source in available().items():
        if name in ("cifar10", "mnist"):
            continue
        data = load(name)
        assert (data.task, data.n_features, data.n_classes) == source[:1] + source[2:4], name
        assert data.n_train + data.n_test == source.n_objects, name
        assert data.X_train.dtype == np.float64, name
        assert data.y_train.dtype == (np.float64 if data.task == "regression" else np.int64), name


def test_heavy_libraries_wait_until_needed():
    code = "import sys, minimal_order.data.loading; sys.exit(bool({'sklearn', 'pooch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


BAD_LOADS = {
    r"name = 'bostom': .*boston": ("bostom", {}),
    r"option of synthetic3 = 'nois': .*noise": ("synthetic3", {"nois": 1}),
    r"option of mnist = 'n_train': ": ("mnist", {"n_train": 1}),
    r"seed = -1: ": ("synthetic3", {"seed": -1}),
    r"seed = 0\.5: ": ("synthetic3", {"seed": 0.5}),
    r"split_seed = None: ": ("boston", {"split_seed": None}),
    r"scaling = 'center': .*centre": ("boston", {"scaling": "center"}),
    r"dtype = int64: ": ("boston", {"dtype": "int64"}),
    r"noise = -1: ": ("synthetic1", {"noise": -1}),
    r"noise = nan: ": ("synthetic3", {"noise": np.nan}),
    r"n_train = 0: ": ("synthetic2", {"n_train": 0}),
    r"n_test = 2\.5: ": ("synthetic2", {"n_test": 2.5}),
    r"n_features = 0: ": ("synthetic1", {"n_features": 0}),
    r"feature_scale = 0: ": ("synthetic1", {"feature_scale": 0}),
    r"feature_scale\.shape = \(3,\): expected \(\) or \(200,\)": ("synthetic1", {"feature_scale": [1, 2, 3]}),
    r"feature_spread = inf: ": ("synthetic2", {"feature_spread": np.inf}),
    r"test_size = 506: ": ("boston", {"test_size": 506}),
}


@pytest.mark.parametrize("message", BAD_LOADS)
def test_load_refuses_bad_arguments(message):
    name, options = BAD_LOADS[message]
    with pytest.raises(ValueError, match="^" + message):
        load(name, **options)


# Mini-batches


def test_batches_go_through_each_epoch_without_repetition():
    drawn = batches(np.random.default_rng(0), 17, 5)
    epochs = [np.concatenate([next(drawn) for _ in range(3)]) for _ in range(200)]
    for epoch in epochs:
        assert epoch.shape == (15,) and len(set(epoch)) == 15 and set(epoch) <= set(range(17))
    assert len({tuple(epoch) for epoch in epochs}) == 200
    counts = np.bincount(np.concatenate(epochs), minlength=17)
    assert abs(counts - 200 * 15 / 17).max() < 4 * np.sqrt(200 * 15 / 17 * 2 / 17)
    again = batches(np.random.default_rng(0), 17, 5)
    np.testing.assert_array_equal(epochs[0][:5], next(again))
    assert next(again).shape == (5,)


def test_a_batch_may_be_everything():
    assert sorted(next(batches(np.random.default_rng(0), 4, 4))) == [0, 1, 2, 3]


@pytest.mark.parametrize("batch_size", [1, 0, -3, 11, 2.5, np.nan])
def test_batches_refuse_sizes_at_once(batch_size):
    with pytest.raises(ValueError, match=rf"^batch_size = {batch_size}: expected a whole number in 2\.\.10"):
        batches(np.random.default_rng(0), 10, batch_size)
