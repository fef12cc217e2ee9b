import csv
import hashlib
import io
import json
import os
import stat
import zipfile

import numpy as np
import pytest

from minimal_order import __version__
from minimal_order.runs import store, versions
from minimal_order.runs.files import csv_text, json_text, npz_bytes, read_rows, write_atomic
from minimal_order.runs.store import ResultsError, ResultsWarning, Store

SETTINGS = {"seed": 0, "runs": 25, "levels": (0.0, 0.1, 1.0), "adam": {"rate": 1e-3}}
ARRAYS = {
    "loss": np.linspace(0, 1, 7).reshape(7, 1) / 3,
    "alpha": np.array([[True, False], [False, True]]),
    "order": np.arange(12, dtype=np.int32).reshape(3, 4).T,
    "rate": np.float32(0.1),
    "none": np.zeros((0, 3)),
}


def tree(folder):
    """Every file below the folder: its bytes and the time of its last change."""
    return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


# --- files


def test_write_atomic_replaces_the_whole_file(tmp_path):
    path = tmp_path / "new" / "loss.csv"
    write_atomic(path, b"a longer first text")
    write_atomic(path, "ö")
    assert path.read_bytes() == b"\xc3\xb6"
    assert os.listdir(path.parent) == ["loss.csv"]


def test_write_atomic_gives_the_permissions_of_any_new_file(tmp_path):
    write_atomic(tmp_path / "ours", b"")
    (tmp_path / "plain").write_bytes(b"")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_write_atomic_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "loss.csv"
    write_atomic(path, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert os.listdir(tmp_path) == ["loss.csv"]
    assert path.read_bytes() == b"old"


def test_write_atomic_survives_a_start_that_sweeps_its_temporary_file(tmp_path, monkeypatch):
    replace, swept = os.replace, []

    def sweep_once(source, target):
        if not swept:
            swept.append(source)
            os.unlink(source)
        replace(source, target)

    monkeypatch.setattr(os, "replace", sweep_once)
    write_atomic(tmp_path / "loss.csv", b"new")
    assert swept
    assert (tmp_path / "loss.csv").read_bytes() == b"new"


def test_csv_reads_back_to_the_same_bits(tmp_path):
    rng = np.random.default_rng(0)
    exact = rng.standard_normal(200) * 10.0 ** rng.integers(-300, 300, 200)
    single = exact.clip(-1e30, 1e30).astype(np.float32)
    rows = [(f"set, {i}", x, s, i, None) for i, (x, s) in enumerate(zip(exact, single, strict=True))]
    text = csv_text(("data set", "x", "s", "run", "metric"), [*rows, ("last", np.nan, np.inf, 3, 0.5)])
    header, *fields = csv.reader(io.StringIO(text))
    names, x, s, runs, metric = zip(*fields, strict=True)
    assert header == ["data set", "x", "s", "run", "metric"]
    assert names[1] == "set, 1" and runs[7] == "7"
    assert np.array_equal([float(field) for field in x], [*exact, np.nan], equal_nan=True)
    assert np.array_equal(np.array([float(field) for field in s], np.float32), [*single, np.inf])
    assert metric == ("",) * 200 + ("0.5",)
    assert "\r" not in text and text.endswith("\n")
    write_atomic(tmp_path / "table.csv", text)
    assert [tuple(row.values()) for row in read_rows(tmp_path / "table.csv")] == list(map(tuple, fields))


def test_csv_refuses_a_row_of_another_length():
    with pytest.raises(ValueError, match="expected 2 fields: run, loss"):
        csv_text(("run", "loss"), [(1, 2.0), (1,)])


def test_json_is_sorted_and_plain():
    text = json_text({"b": np.float64(0.1), "a": (np.int64(1), np.arange(2))})
    assert text == json.dumps({"a": [1, [0, 1]], "b": 0.1}, indent=2) + "\n"
    with pytest.raises(ValueError):
        json_text({"rate": float("nan")})
    with pytest.raises(TypeError, match="complex"):
        json_text({"rate": 1j})


def test_npz_bytes_depend_on_the_arrays_alone(tmp_path, monkeypatch):
    first = npz_bytes(ARRAYS)
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert npz_bytes(dict(reversed(ARRAYS.items()))) == first
    assert npz_bytes({**ARRAYS, "rate": np.float32(0.2)}) != first
    with np.load(io.BytesIO(first), allow_pickle=False) as loaded:
        assert_same(loaded, ARRAYS)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_npz_holds_no_pickle():
    with pytest.raises(ValueError, match="allow_pickle"):
        npz_bytes({"bad": np.array([{}], dtype=object)})


def assert_same(got, expected):
    assert sorted(got) == sorted(expected)
    for name, array in expected.items():
        assert got[name].dtype == np.asarray(array).dtype
        assert got[name].shape == np.shape(array)
        assert np.array_equal(got[name], array)


# --- the folder


def test_config_holds_settings_their_digest_and_versions(tmp_path):
    Store.open(tmp_path / "a" / "b", SETTINGS)
    config = json.loads((tmp_path / "a" / "b" / "config.json").read_text())
    plain = {**SETTINGS, "levels": [0.0, 0.1, 1.0]}
    assert config["settings"] == plain
    assert config["settings_sha256"] == hashlib.sha256(json_text(plain).encode()).hexdigest()
    assert sorted(config["versions"]) == ["autograd", "minimal_order", "numpy", "python", "scipy"]
    assert config["versions"]["numpy"] == np.__version__
    assert config["versions"]["minimal_order"].startswith(__version__ + "+")


def test_equal_settings_open_the_same_folder(tmp_path):
    one = Store.open(tmp_path, SETTINGS)
    one.save("p", ARRAYS)
    before = (tmp_path / "config.json").read_bytes()
    two = Store.open(str(tmp_path), {**dict(reversed(SETTINGS.items())), "levels": np.array([0, 0.1, 1])})
    assert two == one
    assert (tmp_path / "config.json").read_bytes() == before
    assert_same(two.load("p"), ARRAYS)


def test_other_settings_are_refused_by_name_and_nothing_is_touched(tmp_path):
    Store.open(tmp_path, SETTINGS).save("p", ARRAYS)
    (tmp_path / f".loss.csv.{'0' * 16}.tmp").write_bytes(b"half")
    before = tree(tmp_path)
    with pytest.raises(ResultsError) as caught:
        Store.open(tmp_path, {"seed": 1, "runs": 25, "levels": [0.0], "adam": {"rate": 0.01}, "t0": 5})
    message = str(caught.value)
    assert str(tmp_path) in message
    for change in (
        "seed: 0 -> 1",
        "levels: [0.0, 0.1, 1.0] -> [0.0]",
        "adam.rate: 0.001 -> 0.01",
        "t0: absent -> 5",
    ):
        assert change in message
    assert "runs" not in message
    assert "\n" not in message
    assert tree(tmp_path) == before


def test_other_versions_are_refused(tmp_path, monkeypatch):
    Store.open(tmp_path, SETTINGS)
    before = tree(tmp_path)
    newer = {**versions.versions(), "numpy": "9.9"}
    monkeypatch.setattr(store, "versions", lambda: newer)
    with pytest.raises(ResultsError, match=rf'version of numpy: "{np.__version__}" -> "9.9"'):
        Store.open(tmp_path, SETTINGS)
    assert tree(tmp_path) == before


def test_version_follows_the_source_but_not_its_faces(tmp_path, monkeypatch):
    monkeypatch.setattr(versions, "__file__", str(tmp_path / "runs" / "versions.py"))

    def version():
        return versions.versions.__wrapped__()["minimal_order"]

    (tmp_path / "training.py").write_bytes(b"a = 1\n")
    first = version()
    (tmp_path / "training.py").write_bytes(b"a = 1\r\n")
    (tmp_path / "plots").mkdir(exist_ok=True)
    (tmp_path / "plots" / "style.py").write_bytes(b"red = 1\n")
    assert version() == first
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "plots.py").write_bytes(b"")
    second = version()
    (tmp_path / "training.py").write_bytes(b"a = 2\n")
    assert len({first, second, version()}) == 3


@pytest.mark.parametrize("name, content", [("thesis.tex", "mine"), ("config.json", '{"settings": {}}')])
def test_foreign_folder_is_refused(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    before = tree(tmp_path)
    with pytest.raises(ResultsError, match=rf"out = {tmp_path}: .* {name}"):
        Store.open(tmp_path, SETTINGS)
    assert tree(tmp_path) == before
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("below", ["", "out", "out/deeper"])
def test_file_in_the_way_is_refused(tmp_path, below):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ResultsError, match=rf"out = {tmp_path}/file.*: expected a folder"):
        Store.open(tmp_path / "file" / below, SETTINGS)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes anywhere")
def test_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ResultsError, match="Permission denied"):
        Store.open(tmp_path / "out", SETTINGS)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a file system nobody can write to")
def test_folder_that_even_root_cannot_write_is_refused():
    with pytest.raises(ResultsError, match="out = /proc/self/out: expected a folder that can be written"):
        Store.open("/proc/self/out", SETTINGS)


def test_leftovers_of_killed_writers_go_and_other_files_stay(tmp_path):
    (tmp_path / f".config.json.{'0' * 16}.tmp").write_bytes(b"{")  # killed before anything else was written
    Store.open(tmp_path, SETTINGS)
    for name in (f".loss.csv.{'a' * 16}.tmp", f"parts/.p.npz.{'b' * 16}.tmp", ".mine.tmp", "notes.tmp"):
        (tmp_path / name).write_bytes(b"half")
    Store.open(tmp_path, SETTINGS)
    assert sorted(os.listdir(tmp_path)) == [".mine.tmp", "config.json", "notes.tmp", "parts"]
    assert os.listdir(tmp_path / "parts") == []


# --- parts


def test_part_round_trip_is_exact_and_readable_by_numpy(tmp_path):
    store = Store.open(tmp_path, SETTINGS)
    assert store.load("boston-0") is None
    store.save("boston-0", ARRAYS)
    assert_same(store.load("boston-0"), ARRAYS)
    with np.load(tmp_path / "parts" / "boston-0.npz") as loaded:
        assert_same(loaded, ARRAYS)


def damages(content):
    size = len(content)
    for cut in (0, 1, size // 3, size // 2, size - 129, size - 64, size - 1):
        yield content[:cut]
    yield content + b"\0"
    for place in [*range(0, size, 97), size - 1, size - 64, size - 65, size - 128, size - 129]:
        yield content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_damaged_part_is_named_and_recomputed(tmp_path):
    store = Store.open(tmp_path, SETTINGS)
    path = tmp_path / "parts" / "boston-0.npz"
    store.save("boston-0", ARRAYS)
    content = path.read_bytes()
    for damaged in damages(content):
        path.write_bytes(damaged)
        with pytest.warns(ResultsWarning, match=rf"{path} is damaged .*: it is computed again"):
            assert store.load("boston-0") is None
        assert not path.exists()
    store.save("boston-0", ARRAYS)
    assert path.read_bytes() == content


def test_part_of_other_settings_or_of_another_name_is_not_taken(tmp_path):
    other = Store.open(tmp_path / "other", {**SETTINGS, "seed": 1})
    other.save("p", ARRAYS)
    store = Store.open(tmp_path / "ours", SETTINGS)
    store.save("q", ARRAYS)
    path = store.folder / "parts" / "p.npz"
    for source in (other.folder / "parts" / "p.npz", store.folder / "parts" / "q.npz"):
        path.write_bytes(source.read_bytes())
        with pytest.warns(ResultsWarning, match=rf"{path} belongs to other settings"):
            assert store.load("p") is None
        assert not path.exists()


@pytest.mark.parametrize("name", ["", "../p", "a/b", ".hidden", "a b"])
def test_part_name_is_a_plain_file_name(tmp_path, name):
    store = Store.open(tmp_path, SETTINGS)
    with pytest.raises(ValueError, match="name = "):
        store.save(name, ARRAYS)


def test_damaged_config_is_named_and_written_again_when_the_parts_are_ours(tmp_path):
    path = tmp_path / "config.json"
    Store.open(tmp_path, SETTINGS).save("p", ARRAYS)
    content = path.read_text()
    for damaged in (content[:40], content.replace('"seed": 0', '"seed": 7'), "[]", None):
        path.unlink()
        if damaged is not None:
            path.write_text(damaged)
        before = tree(tmp_path)
        with pytest.raises(ResultsError, match=r"config\.json and holds"):
            Store.open(tmp_path, {**SETTINGS, "seed": 7})
        assert tree(tmp_path) == before
        with pytest.warns(ResultsWarning, match=f"{path} is damaged or missing"):
            store = Store.open(tmp_path, SETTINGS)
        assert path.read_text() == content
        assert_same(store.load("p"), ARRAYS)


def test_damaged_table_is_named_and_written_again(tmp_path, recwarn):
    store = Store.open(tmp_path, SETTINGS)
    store.write("loss.csv", "run,loss\n1,0.5\n")
    store.write("loss.csv", "run,loss\n1,0.5\n")
    assert not recwarn
    (tmp_path / "loss.csv").write_text("run,loss\n1,0.6\n")
    with pytest.warns(ResultsWarning, match=f"{tmp_path / 'loss.csv'} was damaged or edited"):
        store.write("loss.csv", "run,loss\n1,0.5\n")
    assert (tmp_path / "loss.csv").read_text() == "run,loss\n1,0.5\n"
