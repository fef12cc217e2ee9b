"""Data sets against their published facts, closed forms and their own generating weights."""

import itertools
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest

from minimal_order.data import preparation, sources, synthetic
from minimal_order.data.loading import Dataset, available, batches, load, stack
from minimal_order.networks.layers import sigmoid

TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}
SMALL = {"n_train": 30, "n_test": 20, "n_features": 7}


@pytest.fixture(scope="module")
def mnist():
    return load("mnist", dtype="float32")


def table(m=12, n=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, n)), rng.standard_normal(m)


# Files


def test_committed_files_have_the_published_checksums():
    for name in ("boston.csv", "longley.csv", "mnist.npz", "cifar10-subset.npz"):
        sources.read_checked(sources.data_folder() / name)


def test_a_tampered_copy_is_refused(tmp_path, monkeypatch):
    copy = shutil.copytree(sources.data_folder(), tmp_path / "data")
    monkeypatch.setattr(sources, "data_folder", lambda: copy)
    load("boston")
    text = (copy / "boston.csv").read_bytes()
    (copy / "boston.csv").write_bytes(text.replace(b"0.00632", b"0.00633", 1))
    with pytest.raises(OSError, match=r"boston\.csv is damaged.* sha256 [0-9a-f]{64}, expected 79ac7166"):
        load("boston")
    (copy / "mnist.npz").unlink()
    with pytest.raises(OSError, match=r"mnist\.npz"):
        load("mnist")


def test_the_data_page_states_the_checksums():
    page = (sources.data_folder() / "README.md").read_text()
    for name in ("boston.csv", "longley.csv", "mnist.npz", "cifar10-subset.npz", "cifar-10-binary.tar.gz"):
        assert sources.SHA256[name] in page


# Real sets


def test_available_states_what_load_gives():
    for name, source in available().items():
        if name in ("cifar10", "mnist"):
            continue
        data = load(name)
        assert (data.task, data.n_features, data.n_classes) == source[:1] + source[2:4], name
        assert data.n_train + data.n_test == source.n_objects, name
        assert data.X_train.dtype == np.float64, name
        assert data.y_train.dtype == (np.float64 if data.task == "regression" else np.int64), name


def test_mnist_facts(mnist):
    assert mnist.X_train.shape == (60000, 784) and mnist.X_test.shape == (10000, 784)
    assert mnist.X_train.dtype == np.float32 and mnist.y_train.dtype == np.int64
    assert mnist.X_train.min() == 0 and mnist.X_train.max() == 1
    counts = np.bincount((mnist.X_train * 255).round().astype(np.uint8).ravel(), minlength=256)
    values = np.arange(256)
    mean = counts @ values / counts.sum()
    std = np.sqrt(counts @ (values - mean) ** 2 / counts.sum())
    assert round(mean, 4) == 33.3184 and round(std, 4) == 78.5675
    assert (mnist.X_train.max(axis=0) == 0).sum() == 67
    assert np.bincount(mnist.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(mnist.y_train).sum() == 60000


def test_mnist_images_are_upright_and_have_their_own_labels(mnist):
    one = mnist.X_train[mnist.y_train == 1].mean(axis=0).reshape(28, 28)
    assert one.sum(axis=1).std() < one.sum(axis=0).std()  # a column of ink
    means = np.array([mnist.X_train[mnist.y_train == k].mean(axis=0) for k in range(10)])
    nearest = (mnist.X_test @ means.T - (means**2).sum(axis=1) / 2).argmax(axis=1)
    assert abs((nearest == mnist.y_test).mean() - 0.8203) < 5e-4  # as known of the nearest-mean classifier


def test_cifar10_subset_has_the_planes_one_after_another():
    with np.load(sources.data_folder() / "cifar10-subset.npz") as file:
        images, labels = file["x_test"], file["y_test"]
    data = load("cifar10-subset", scaling="none")
    np.testing.assert_array_equal(data.y_test, labels)
    for row, column, colour in [(0, 0, 0), (3, 17, 0), (31, 5, 1), (8, 8, 2)]:
        np.testing.assert_array_equal(data.X_test[:, 1024 * colour + 32 * row + column], images[:, row, column, colour])


def test_mnist_in_float32_is_correctly_rounded(mnist):
    raw = sources.read_mnist(np.random.default_rng()).X_test
    np.testing.assert_array_equal(mnist.X_test, (raw / 255).astype(np.float32))


def test_boston_is_scaled_by_the_training_part_only():
    raw = np.loadtxt(sources.data_folder() / "boston.csv", delimiter=",", skiprows=1)
    data = load("boston", split_seed=3)
    assert (data.n_train, data.n_test) == (405, 101)
    np.testing.assert_allclose(data.X_train.mean(axis=0), 0, **TOLERANCE)
    np.testing.assert_allclose(data.X_train.std(axis=0), 1, **TOLERANCE)
    np.testing.assert_allclose([data.y_train.mean(), data.y_train.std()], [0, 1], **TOLERANCE)
    assert abs(data.X_test.mean(axis=0)).max() > 0.01
    train, test = preparation.split(preparation.stream("split_seed", 3), 506, 0.2)
    mean, std = raw[train].mean(axis=0), raw[train].std(axis=0)
    np.testing.assert_allclose(data.X_test, (raw[test, :13] - mean[:13]) / std[:13], **TOLERANCE)
    np.testing.assert_allclose(data.y_test * data.y_scale + mean[13], raw[test, 13], **TOLERANCE)
    np.testing.assert_allclose(data.y_scale, std[13], **TOLERANCE)


def test_digits_and_the_subset_of_cifar10_are_in_the_unit_interval():
    digits, cifar = load("digits"), load("cifar10-subset")
    np.testing.assert_array_equal(digits.X_train * 16, (digits.X_train * 16).round())
    for data in (digits, cifar):
        assert data.X_train.min() == 0 and data.X_train.max() == 1
    np.testing.assert_array_equal(np.bincount(cifar.y_train), 100)
    np.testing.assert_array_equal(np.bincount(cifar.y_test), 20)


def test_heavy_libraries_wait_until_needed():
    code = "import sys, minimal_order.data.loading; sys.exit(bool({'sklearn', 'pooch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# Full CIFAR-10


def write_small_cifar10(folder, monkeypatch):
    """Six files of two images each: image i has red i, green 100 + i, blue 200 + i, its first pixel red 7."""
    folder.mkdir(exist_ok=True)
    for i, name in enumerate(sources.CIFAR10_FILES):
        images = np.array([[2 * i], [2 * i + 1]]) + np.repeat([0, 100, 200], 1024)
        images[:, 0] = 7
        content = np.hstack([[[i], [9 - i]], images]).astype(np.uint8).tobytes()
        (folder / name).write_bytes(content)
        monkeypatch.setitem(sources.SHA256, name, sources.hashlib.sha256(content).hexdigest())
    return folder


def test_cifar10_from_a_folder(tmp_path, monkeypatch):
    data = load("cifar10", folder=write_small_cifar10(tmp_path, monkeypatch), scaling="none")
    assert data.X_train.shape == (10, 3072) and data.X_test.shape == (2, 3072)
    assert data.y_train.tolist() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5] and data.y_test.tolist() == [5, 4]
    np.testing.assert_array_equal(data.X_train[:, 0], 7)
    expected = np.arange(10)[:, None] + np.repeat([0, 100, 200], 1024)
    np.testing.assert_array_equal(data.X_train[:, 1:], expected[:, 1:])


def test_cifar10_files_are_checked(tmp_path, monkeypatch):
    folder = write_small_cifar10(tmp_path, monkeypatch)
    (folder / "data_batch_4.bin").write_bytes(b"\0" * 2 * 3073)
    with pytest.raises(OSError, match=r"data_batch_4\.bin is damaged"):
        load("cifar10", folder=folder)
    with pytest.raises(OSError, match=r"data_batch_1\.bin"):
        load("cifar10", folder=tmp_path / "nowhere")


def test_cifar10_is_downloaded_with_the_authors_checksum(tmp_path, monkeypatch):
    folder, asked = write_small_cifar10(tmp_path / "cifar-10-batches-bin", monkeypatch), {}

    def retrieve(url, **arguments):
        asked.update(url=url, **arguments)
        return [str(folder / member.split("/")[1]) for member in arguments["processor"]]

    pooch = types.SimpleNamespace(retrieve=retrieve, os_cache=str, Untar=lambda members: members)
    monkeypatch.setitem(sys.modules, "pooch", pooch)
    assert load("cifar10").n_train == 10
    assert asked["url"].endswith("cs.toronto.edu/~kriz/cifar-10-binary.tar.gz")
    assert asked["known_hash"] == "sha256:" + sources.SHA256["cifar-10-binary.tar.gz"]


def test_cifar10_without_pooch_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r"minimal_order\[cifar\].*folder="):
        load("cifar10")


# Splits


@pytest.mark.parametrize("labels", [None, np.repeat([0, 1, 2], [10, 30, 7])])
def test_split_is_a_partition(labels):
    rng = np.random.default_rng(0)
    train, test = preparation.split(rng, 47, 0.2, labels)
    assert sorted([*train, *test]) == list(range(47)) and len(test) == 9
    assert sorted(train) == list(train) and sorted(test) == list(test)
    assert len(preparation.split(rng, 47, 13, labels)[1]) == 13


@pytest.mark.parametrize("n_test", range(1, 47))
def test_stratified_split_has_each_class_in_proportion(n_test):
    labels = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], [10, 30, 7]))
    _, test = preparation.split(np.random.default_rng(n_test), 47, n_test, labels)
    assert len(test) == n_test
    assert (abs(np.bincount(labels[test], minlength=3) - n_test / 47 * np.bincount(labels)) < 1).all()


@pytest.mark.parametrize("labels", [None, np.repeat([0, 1], 6)])
def test_every_object_is_as_likely_in_the_test_part(labels):
    rng = np.random.default_rng(0)
    counts = np.zeros(12)
    for _ in range(4000):
        counts[preparation.split(rng, 12, 4, labels)[1]] += 1
    deviation = (counts - 4000 / 3) / np.sqrt(4000 / 3 * 2 / 3)
    assert abs(deviation).max() < 4


def test_splits_are_seeded_and_wine_is_stratified():
    wine = [load("wine", split_seed=s) for s in (0, 0, 1)]
    np.testing.assert_array_equal(wine[0].X_train, wine[1].X_train)
    assert not np.array_equal(wine[0].X_train, wine[2].X_train)
    assert np.bincount(wine[0].y_train).tolist() == [47, 57, 38]  # of 59, 71, 48
    assert wine[0].n_test == 36
    assert load("wine", test_size=50).n_test == 50


# Scaling


@pytest.mark.parametrize("scaling", preparation.SCALINGS)
def test_scalings_by_their_definition(scaling):
    X, _ = table(50, 3)
    X *= [1, 10, 100]
    X += 5
    shift, scale = preparation.fit_scaling(X, scaling)
    expected_shift = X.mean(axis=0) if scaling in ("standard", "centre") else 0
    scales = {"standard": X.std(axis=0), "variance": X.std(axis=0), "unit": abs(X).max()}
    expected_scale = scales.get(scaling, 1)
    np.testing.assert_allclose(shift, expected_shift, **TOLERANCE)
    np.testing.assert_allclose(scale, expected_scale, **TOLERANCE)
    scaled = preparation.apply_scaling(X, shift, scale, np.dtype(float))
    np.testing.assert_allclose(scaled, (X - expected_shift) / expected_scale, **TOLERANCE)


def test_deviation_of_a_table_longer_than_a_block():
    X = np.random.default_rng(0).integers(0, 256, (2 * preparation.ROWS + 5, 2), dtype=np.uint8)
    _, scale = preparation.fit_scaling(X, "standard")
    np.testing.assert_allclose(scale, X.std(axis=0, dtype=np.float64), **TOLERANCE)


def test_float32_is_rounded_after_scaling():
    X, y = table(30)
    data = Dataset.from_arrays(X + 1e6, y, task="regression")
    np.testing.assert_array_equal(
        Dataset.from_arrays(X + 1e6, y, task="regression", dtype="float32").X_test,
        data.X_test.astype("float32"),
    )


def test_constant_features_become_zero():
    X, y = table(20, 3)
    X[:, 1] = 0.1  # the mean of 0.1s is not exactly 0.1
    X[:, 2] = 0
    data = Dataset.from_arrays(X, y, task="regression")
    np.testing.assert_array_equal(data.X_train[:, 1:], 0)
    np.testing.assert_array_equal(data.X_test[:, 1:], 0)
    zeros = Dataset.from_arrays(0 * X, 0 * y, task="regression", scaling="unit")
    np.testing.assert_array_equal(zeros.X_train, 0)
    assert zeros.y_scale == 1


@pytest.mark.parametrize(("scaling", "scale_y"), [*itertools.product(preparation.SCALINGS, [True, False])])
def test_target_moves_only_with_the_features(scaling, scale_y):
    X, y = table(40)
    y += 3
    data = Dataset.from_arrays(X, y, task="regression", scaling=scaling, scale_y=scale_y, test_size=10)
    train, test = preparation.split(preparation.stream("split_seed", 0), 40, 10)
    shift = y[train].mean() if scaling in ("standard", "centre") else 0
    std = y[train].std() if scale_y else 1
    np.testing.assert_allclose(data.y_train, (y[train] - shift) / std, **TOLERANCE)
    np.testing.assert_allclose(data.y_test, (y[test] - shift) / std, **TOLERANCE)
    np.testing.assert_allclose(data.y_scale, std, **TOLERANCE)


# Synthetic sets


def test_synthetic_defaults():
    for name in ("synthetic1", "synthetic2", "synthetic3"):
        data = load(name)
        assert (data.n_train, data.n_test, data.n_features) == (2000, 1000, 200)
        assert data.w_star.shape == (200,)
    np.testing.assert_allclose([data.y_train.mean(), data.y_train.std()], [0, 1], **TOLERANCE)
    np.testing.assert_allclose(data.X_train.mean(axis=0), 0, **TOLERANCE)


def test_features_and_weights_are_standard_normal():
    X, _, _, _, w = synthetic.regression(np.random.default_rng(0), 4000, 1000, 100)
    for sample in (X.ravel(), w):
        m = sample.size
        assert abs(sample.mean()) < 4 / np.sqrt(m)  # standard error 1 / sqrt(m)
        assert abs((sample**2).mean() - 1) < 4 * np.sqrt(2 / m)
        assert abs((sample**4).mean() - 3) < 4 * np.sqrt(96 / m)
    C = X.T @ X / len(X) - np.eye(100)
    assert abs(C).max() < 5 * np.sqrt(2 / len(X))


def test_target_is_the_linear_form_and_the_noise_in_proportion():
    def draw(noise):
        return synthetic.regression(np.random.default_rng(0), 4000, 1000, 5, noise=noise)

    X, y, n_test, _, w = draw(0)
    assert n_test == 1000 and len(y) == 5000
    np.testing.assert_allclose(y, X @ w, **TOLERANCE)
    e = draw(1).y - y
    np.testing.assert_allclose(draw(2.5).y - y, 2.5 * e, **TOLERANCE)
    assert abs(e.mean()) < 4 / np.sqrt(5000) and abs(e.var() - 1) < 4 * np.sqrt(2 / 5000)
    assert abs(X.T @ e).max() / 5000 < 4 / np.sqrt(5000)


def test_each_draw_has_a_generator_of_its_own():
    few, many = (synthetic.regression(np.random.default_rng(0), m, 10, 5, noise=0) for m in (20, 50))
    np.testing.assert_array_equal(few.w_star, many.w_star)
    np.testing.assert_array_equal(few.X, many.X[:30])


def test_labels_are_one_with_the_probability_of_the_sigmoid():
    X, y, _, _, w = synthetic.classification(np.random.default_rng(0), 40000, 10000, 5)
    p = 1 / (1 + np.exp(-X @ w))
    for low in np.arange(0, 1, 0.1):
        group = (p >= low) & (p < low + 0.1)
        assert abs((y[group] - p[group]).sum()) < 4 * np.sqrt((p[group] * (1 - p[group])).sum())


def test_bayes_accuracy_of_synthetic2():
    """E max(p, 1 - p) is near 1 - 2 phi(0) ln 2 / sqrt(n): .96 for n = 200."""
    data = load("synthetic2", n_train=20000)
    p = sigmoid(data.X_train @ data.w_star)
    assert abs(np.maximum(p, 1 - p).mean() - (1 - 2 * 0.39894 * np.log(2) / np.sqrt(200))) < 0.004
    right = (data.y_train == (p > 0.5)).mean()
    assert abs(right - np.maximum(p, 1 - p).mean()) < 4 * np.sqrt(0.04 / 20000)


@pytest.mark.parametrize("name", ["synthetic1", "synthetic3"])
@pytest.mark.parametrize("scaling", preparation.SCALINGS)
@pytest.mark.parametrize("scale_y", [True, False])
def test_w_star_generates_the_target_in_the_scaled_coordinates(name, scaling, scale_y):
    options = {"seed": 4, "split_seed": 2, "scaling": scaling, "feature_spread": 1.0, **SMALL}
    data = load(name, noise=0, scale_y=scale_y, **options)
    np.testing.assert_allclose(data.X_train @ data.w_star, data.y_train, **TOLERANCE)
    np.testing.assert_allclose(data.X_test @ data.w_star, data.y_test, **TOLERANCE)
    # with noise, in the units of the noisy target: the noiseless one, at the origin of the features
    noisy = load(name, scale_y=scale_y, **options)
    clean = load(name, noise=0, scale_y=False, **options).y_train
    np.testing.assert_allclose(noisy.X_train @ noisy.w_star * noisy.y_scale, clean, **TOLERANCE)


def test_w_star_of_synthetic2_keeps_the_logit_where_the_origin_is_kept():
    raw = load("synthetic2", **SMALL)
    for scaling in ("variance", "unit"):
        data = load("synthetic2", scaling=scaling, **SMALL)
        np.testing.assert_allclose(data.X_test @ data.w_star, raw.X_test @ raw.w_star, **TOLERANCE)


def test_feature_scale_and_spread():
    def draw(**options):
        return synthetic.regression(np.random.default_rng(0), 30, 20, 7, noise=0, **options)

    X, w = draw().X, draw().w_star
    scale = np.arange(1.0, 8)
    np.testing.assert_allclose(draw(feature_scale=3).X, 3 * X, **TOLERANCE)
    np.testing.assert_allclose(draw(feature_scale=scale).X, scale * X, **TOLERANCE)
    np.testing.assert_allclose(draw(feature_scale=scale).y, scale * X @ w, **TOLERANCE)
    logs = np.log(draw(feature_spread=1).X / X)
    np.testing.assert_allclose(logs, np.broadcast_to(logs[0], logs.shape), **TOLERANCE)
    np.testing.assert_allclose(np.log(draw(feature_spread=0.5).X / X), 0.5 * logs, **TOLERANCE)
    stds = synthetic.feature_stds(np.random.default_rng(1), 5000, 2.0, 0.5)
    z = (np.log(stds) - np.log(2)) / 0.5
    assert abs(z.mean()) < 4 / np.sqrt(5000) and abs(z.var() - 1) < 4 * np.sqrt(2 / 5000)


def test_split_seed_redistributes_the_same_objects():
    def rows(data):
        return np.vstack([np.c_[data.X_train, data.y_train], np.c_[data.X_test, data.y_test]])

    options = {"scaling": "none", "scale_y": False, **SMALL}
    first = load("synthetic3", **options)
    second = load("synthetic3", split_seed=1, **options)
    other = load("synthetic3", seed=1, **options)
    assert not np.array_equal(first.X_train, second.X_train)
    np.testing.assert_array_equal(np.sort(rows(first), axis=0), np.sort(rows(second), axis=0))
    np.testing.assert_array_equal(first.w_star, second.w_star)
    assert not np.isin(rows(first), rows(other)).any()
    again = load("synthetic3", **options)
    np.testing.assert_array_equal(rows(first), rows(again))


def test_streams_of_one_seed_are_independent():
    seeds = np.random.SeedSequence(5)
    first = [preparation.stream("seed", 5), preparation.stream("split_seed", 5), np.random.default_rng(seeds)]
    first += [np.random.default_rng(child) for child in seeds.spawn(3)]
    assert len({rng.random() for rng in first}) == 6
    assert preparation.stream("seed", 0).random() != preparation.stream("seed", 1).random()


# Data set objects


def test_float32_follows_the_features():
    data = load("synthetic3", **SMALL)
    half = data.astype("float32")
    for field in ("X_train", "y_train", "X_test", "y_test", "w_star"):
        assert getattr(half, field).dtype == np.float32
        np.testing.assert_array_equal(getattr(half, field), getattr(data, field).astype(np.float32))
    assert load("wine").astype(np.float32).y_test.dtype == np.int64
    assert data.X_train.dtype == np.float64


def test_stack_puts_runs_first():
    sets = [load("synthetic3", split_seed=s, **SMALL) for s in range(4)]
    runs = stack(sets)
    assert runs.X_train.shape == (4, 30, 7) and runs.y_test.shape == (4, 20)
    assert runs.w_star.shape == (4, 7) and runs.y_scale.shape == (4,)
    assert (runs.n_train, runs.n_test, runs.n_features) == (30, 20, 7)
    for r, data in enumerate(sets):
        np.testing.assert_array_equal(runs.X_test[r], data.X_test)
        np.testing.assert_array_equal(runs.y_train[r], data.y_train)
        np.testing.assert_array_equal(runs.w_star[r], data.w_star)
        assert runs.y_scale[r] == data.y_scale
    assert stack([load("wine")]).w_star is None


def test_stack_refuses_sets_that_do_not_fit():
    first = load("synthetic3", **SMALL)
    with pytest.raises(ValueError, match=r"datasets\[1\]\.X_train\.shape = \(31, 7\): expected \(30, 7\)"):
        stack([first, load("synthetic3", **{**SMALL, "n_train": 31})])
    with pytest.raises(ValueError, match=r"datasets\[1\]\.name = synthetic1: expected synthetic3"):
        stack([first, load("synthetic1", **SMALL)])
    with pytest.raises(ValueError, match="datasets = "):
        stack([])


def test_repr_is_short_and_says_what_is_there():
    assert repr(load("wine")).splitlines() == [
        "wine: multiclass, 3 classes, 13 features",
        "  X_train (142, 13)         float64   y_train (142,)       int64",
        "  X_test  (36, 13)          float64   y_test  (36,)        int64",
    ]


def test_own_arrays():
    X, y = table(20)
    labels = np.arange(20) % 4
    data = Dataset.from_arrays(X.tolist(), labels.tolist(), task="multiclass", name="mine", dtype="float32")
    assert (data.name, data.n_classes, data.n_train, data.n_test) == ("mine", 4, 16, 4)
    assert data.X_train.dtype == np.float32 and data.y_train.dtype == np.int64
    np.testing.assert_array_equal(np.bincount(data.y_test), 1)
    assert Dataset.from_arrays(X, labels % 2 == 1, task="binary").y_train.dtype == np.int64
    assert Dataset.from_arrays(X, labels % 2, task="multiclass", n_classes=9).n_classes == 9
    test = X[15:], y[15:]
    given = Dataset.from_arrays(X[:15], y[:15], task="regression", test=test, scaling="none", scale_y=False)
    np.testing.assert_array_equal(given.X_test, X[15:])
    np.testing.assert_array_equal(given.y_train, y[:15])


def own(X=None, y=None, **options):
    default_X, default_y = table()
    X, y = default_X if X is None else X, default_y if y is None else y
    return Dataset.from_arrays(X, y, **{"task": "regression", **options})


def spoiled(array, value):
    array = array.copy()
    array[(1,) * array.ndim] = value
    return array


BAD_TABLES = {
    r"X\[1, 1\] = nan: expected a finite number": {"X": spoiled(table()[0], np.nan)},
    r"X\[1, 1\] = -inf: ": {"X": spoiled(table()[0], -np.inf)},
    r"y\[1\] = inf: ": {"y": spoiled(table()[1], np.inf)},
    r"y\.shape = \(11,\): expected \(12,\)": {"y": table()[1][:-1]},
    r"y\.shape = \(12, 1\): expected \(12,\)": {"y": table()[1][:, None]},
    r"X\.shape = \(12,\): ": {"X": table()[1]},
    r"X\.shape = \(2, 12, 3\): ": {"X": np.ones((2, 12, 3)), "y": np.ones((2, 12))},
    r"X\.shape = \(0, 3\): ": {"X": np.ones((0, 3)), "y": np.ones(0)},
    r"X\.dtype = <U1: expected numbers": {"X": np.full((12, 3), "a")},
    r"task = 'regresion': .*regression": {"task": "regresion"},
    r"y\[0\] = -1: expected a label, a whole number in 0\.\.1": {"y": np.tile([-1, 1], 6), "task": "binary"},
    r"y\[2\] = 2: expected a label": {"y": np.arange(12) % 3, "task": "binary"},
    r"y\[1\] = 0\.5: expected a label": {"y": np.arange(12) % 2 * 0.5, "task": "multiclass", "n_classes": 2},
    r"labels in y = \[1 2 3\]: .*np\.unique": {"y": np.arange(12) % 3 + 1, "task": "multiclass"},
    r"n_classes = 1: ": {"y": np.zeros(12), "task": "multiclass"},
    r"n_classes = 3: ": {"y": np.zeros(12), "task": "binary", "n_classes": 3},
    r"test_size = 0: ": {"test_size": 0},
    r"test_size = 1\.0: ": {"test_size": 1.0},
    r"test_size = 12: ": {"test_size": 12},
    r"test_size = nan: ": {"test_size": np.nan},
    r"test_size = 0\.01: ": {"test_size": 0.01},
    r"split_seed = -1: ": {"split_seed": -1},
    r"scaling = 'standart': .*standard": {"scaling": "standart"},
    r"dtype = int32: ": {"dtype": "int32"},
    r"dtype = float33: ": {"dtype": "float33"},
    r"X_test\.shape = \(4, 2\): ": {"test": (np.ones((4, 2)), np.ones(4))},
    r"y_test\.shape = \(3,\): ": {"test": (np.ones((4, 3)), np.ones(3))},
}


@pytest.mark.parametrize("message", BAD_TABLES)
def test_own_arrays_that_do_not_fit_are_refused(message):
    with pytest.raises(ValueError, match="^" + message):
        own(**BAD_TABLES[message])


def made(**changes):
    X, y = table()
    fields = {"X_train": X, "y_train": y, "X_test": X[:4], "y_test": y[:4]}
    return Dataset(**{"name": "made", "task": "regression", **fields, **changes})


BAD_FIELDS = {
    r"X_train\[1, 1\] = nan: ": {"X_train": spoiled(table()[0], np.nan)},
    r"X_test\[1, 1\] = inf: ": {"X_test": spoiled(table()[0][:4], np.inf)},
    r"y_test\[1\] = nan: ": {"y_test": spoiled(table()[1][:4], np.nan)},
    r"y_train\.shape = \(11,\): ": {"y_train": table()[1][:-1]},
    r"X_test\.shape = \(4, 2\): expected \(\) runs and 3 features": {"X_test": np.ones((4, 2))},
    r"X_test\.shape = \(1, 4, 3\): ": {"X_test": np.ones((1, 4, 3)), "y_test": np.ones((1, 4))},
    r"y_test\[0\] = 3: ": {"task": "multiclass", "n_classes": 3, "y_train": [0] * 12, "y_test": [3, 0, 0, 0]},
    r"n_classes = 2: ": {"n_classes": 2},
    r"y_scale = 0: ": {"y_scale": 0},
    r"y_scale = nan: |y_scale\[\] = nan: ": {"y_scale": np.nan},
    r"y_scale = \[1\. 1\.\]: ": {"y_scale": np.ones(2)},
    r"w_star\.shape = \(4,\): expected \(3,\)": {"w_star": np.ones(4)},
    r"w_star\[1\] = nan: ": {"w_star": spoiled(np.ones(3), np.nan)},
}


@pytest.mark.parametrize("message", BAD_FIELDS)
def test_fields_that_do_not_fit_are_refused(message):
    with pytest.raises(ValueError, match="^(" + message + ")"):
        made(**BAD_FIELDS[message])


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
