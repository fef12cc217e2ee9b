"""Where the numbers of the real data sets come from: files with a checksum, scikit-learn, an archive.

A reader takes a generator (the real sets have no use for it, the generated ones do) and its own options, and
gives the raw numbers: a ``Table`` still to be split, or the ``Parts`` of a set that has an official split.
"""

import hashlib
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PACKAGE = Path(__file__).parents[1]
SHA256 = {
    "boston.csv": "79ac716620024011b03c0c44d2bf99069b8173649181926d9109c25475a3804c",
    "longley.csv": "3c694a482bc6346ffe49721953d6823bdf4d5336c93810746a40775f53569559",
    "mnist.npz": "06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64",
    "cifar10-subset.npz": "730dd85144bfc20166cad249ad341beb9e83f74e6da31a54cfa2506a22d7bfb2",
    "cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
}
CIFAR10_FILES = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
CIFAR10_ARCHIVE = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"


class Table(NamedTuple):
    """Raw objects, still to be split.

    ``X`` (m, n) and ``y`` (m,); ``test_size`` is the share (float) or the number (int) of test objects;
    ``stratified`` asks for equal shares of the classes in both parts; ``w_star`` (n,) generated the targets.
    """

    X: NDArray
    y: NDArray
    test_size: float
    stratified: bool = False
    w_star: NDArray | None = None


class Parts(NamedTuple):
    """Raw objects of a set with an official split: ``X`` (m, n) and ``y`` (m,) of either part."""

    X_train: NDArray
    y_train: NDArray
    X_test: NDArray
    y_test: NDArray


def data_folder() -> Path:
    """Find the folder of the committed files: inside an installed package, or ``data/`` of the checkout."""
    installed = PACKAGE / "_data"
    return installed if installed.is_dir() else PACKAGE.parent / "data"


def results_folder() -> Path:
    """Find the folder of the committed results, as ``data_folder`` does: the tables that the book reads."""
    installed = PACKAGE / "_results"
    return installed if installed.is_dir() else PACKAGE.parent / "book" / "results"


def read_checked(path: Path) -> bytes:
    """Read the bytes of a file whose name stands in ``SHA256``.

    Raises
    ------
    OSError : the file is missing, or it is not the published one
    """
    content = path.read_bytes()
    found, expected = hashlib.sha256(content).hexdigest(), SHA256[path.name]
    if found != expected:
        raise OSError(f"{path} is damaged or has been changed: sha256 {found}, expected {expected}")
    return content


def read_boston(rng: np.random.Generator, test_size: float = 0.2) -> Table:
    """Boston housing (506, 13): the median price of a home, in 1000 dollars, of 506 census tracts."""
    return _table_of("boston.csv", test_size)


def read_longley(rng: np.random.Generator, test_size: float = 0.2) -> Table:
    """Longley (16, 6): employment in the United States, in 1000, of 16 years; its columns are nearly dependent."""
    return _table_of("longley.csv", test_size)


def _table_of(name: str, test_size: float) -> Table:
    table = np.loadtxt(io.BytesIO(read_checked(data_folder() / name)), delimiter=",", skiprows=1)
    return Table(table[:, :-1], table[:, -1], test_size)


def read_wine(rng: np.random.Generator, test_size: float = 0.2) -> Table:
    """Wine (178, 13): the chemical analysis of wines from three cultivars."""
    from sklearn.datasets import load_wine

    X, y = load_wine(return_X_y=True)
    return Table(X, y, test_size, stratified=True)


def read_digits(rng: np.random.Generator, test_size: float = 0.2) -> Table:
    """Handwritten digits (1797, 64): 8 x 8 images with values 0..16."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return Table(X, y, test_size, stratified=True)


def read_mnist(rng: np.random.Generator) -> Parts:
    """MNIST (60 000 and 10 000, 784): 28 x 28 images, row by row, with values 0..255."""
    with np.load(io.BytesIO(read_checked(data_folder() / "mnist.npz"))) as file:
        X_train, X_test = file["x_train"].reshape(-1, 784), file["x_test"].reshape(-1, 784)
        return Parts(X_train, file["y_train"], X_test, file["y_test"])


def read_cifar10_subset(rng: np.random.Generator) -> Parts:
    """CIFAR-10, 1000 and 200 images (..., 3072): the planes red, green and blue with values 0..255."""
    with np.load(io.BytesIO(read_checked(data_folder() / "cifar10-subset.npz"))) as file:
        X_train, X_test = (file[key].transpose(0, 3, 1, 2).reshape(-1, 3072) for key in ("x_train", "x_test"))
        return Parts(X_train, file["y_train"], X_test, file["y_test"])


def read_cifar10(rng: np.random.Generator, folder: str | Path | None = None) -> Parts:
    """CIFAR-10 whole (50 000 and 10 000, 3072), laid out as in ``read_cifar10_subset``.

    Parameters
    ----------
    rng : not used
    folder : holds the official ``data_batch_1.bin`` ... ``data_batch_5.bin`` and ``test_batch.bin``; without
        it the authors' archive is downloaded once and kept in the user's cache (needs the extra ``cifar``)
    """
    folder = fetch_cifar10() if folder is None else Path(folder)
    # one record an image: its label, then its pixels
    files = (read_checked(folder / name) for name in CIFAR10_FILES)
    *train, test = (np.frombuffer(file, np.uint8).reshape(-1, 3073) for file in files)
    X_train = np.concatenate([block[:, 1:] for block in train])
    return Parts(X_train, np.concatenate([block[:, 0] for block in train]), test[:, 1:], test[:, 0])


def fetch_cifar10() -> Path:
    """Find the folder of the official binary files, downloading them (162 MiB) unless the cache has them."""
    try:
        import pooch
    except ImportError as error:
        advice = "install minimal_order[cifar], or name a folder with the official binary files (folder=...)"
        raise ImportError(f"downloading CIFAR-10 needs pooch: {advice}") from error

    archive = CIFAR10_ARCHIVE.rsplit("/", 1)[-1]
    members = [f"cifar-10-batches-bin/{name}" for name in CIFAR10_FILES]
    files = pooch.retrieve(
        CIFAR10_ARCHIVE,
        known_hash=f"sha256:{SHA256[archive]}",
        fname=archive,
        path=pooch.os_cache("minimal_order"),
        processor=pooch.Untar(members=members),
    )
    return Path(files[0]).parent
