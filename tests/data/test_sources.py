"""Real data sets against their checksums and published facts, and CIFAR-10 from a folder or the network."""

import shutil
import sys
import types

import numpy as np
import pytest
from small_tables import TOLERANCE

from minimal_order.data import preparation, sources
from minimal_order.data.loading import load


@pytest.fixture(scope="module")
def mnist():
    return load("mnist", dtype="float32")


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
