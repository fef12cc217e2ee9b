import csv
import os
import random
import shlex
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from folders import contents
from noted_parts import ENVIRONMENT, until

from minimal_order.cli import main
from minimal_order.runs.store import ResultsWarning

COMMAND = shlex.split(
    "freeze synthetic3 --set n_train=200 --set n_test=100 --orders random,gradient_covariance --runs 41"
    " --levels 0,.5,1 --rate .01 --t0 plateau --t1 200"
)
PARTS = ["runs-000-012", "runs-013-025", "runs-026-038", "runs-039-040", "t0"]


def command(folder, *options):
    return [*COMMAND, "--out", str(folder), *options]


def stamps(folder):
    """What tells whether a finished part was written again."""
    return {path.stem: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.glob("parts/[!.]*.npz")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of an uninterrupted run in one process."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    assert main(command(folder, "--jobs", "1")) == 0
    return folder


def test_folder_is_complete(whole):
    files = set(contents(whole))
    assert {f"parts/{name}.npz" for name in PARTS} == {name for name in files if name.startswith("parts/")}
    assert {"config.json", "loss.csv", "stability.csv", "alpha.npz", "report.md"} < files
    figures = {Path(name).stem for name in files if name.endswith(".png")}
    assert figures == {Path(name).stem for name in files if name.endswith(".svg")}
    assert {"loss", "alpha", "orders"} <= figures
    with open(whole / "loss.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 41 * 2
    assert np.isfinite([float(row["loss"]) for row in rows]).all()
    for run in range(41):  # level 0 is one branch for all orders
        shared = [row["loss"] for row in rows if (row["run"], row["level"], row["split"]) == (str(run), "0", "test")]
        assert len(shared) == 2 and shared[0] == shared[1]


def test_two_processes_write_the_same_bytes(whole, tmp_path):
    assert main(command(tmp_path / "out", "--jobs", "2")) == 0
    assert contents(tmp_path / "out") == contents(whole)


@pytest.mark.filterwarnings("error::minimal_order.runs.store.ResultsWarning")
def test_killed_at_any_moment_and_started_again(whole, tmp_path):
    folder, rng, survived = tmp_path / "out", random.Random(2), {}
    moments = [
        ("1", lambda: (folder / "config.json").exists(), 0.5),
        ("2", lambda: (folder / "parts" / "t0.npz").exists(), 2.0),
        ("1", lambda: (folder / "parts" / "runs-000-012.npz").exists(), 0.5),
        ("1", lambda: (folder / "loss.csv").exists(), 1.5),
    ]
    for jobs, begun, within in moments:
        words = [sys.executable, "-m", "minimal_order", *command(folder, "--jobs", jobs)]
        process = subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        until(lambda: begun() or process.poll() is not None, 60)  # noqa: B023
        time.sleep(rng.uniform(0, within))
        process.kill()
        error = process.communicate()[1]
        assert "Traceback" not in error and "damaged" not in error
        assert stamps(folder).items() >= survived.items(), "what was finished is not computed again"
        survived = stamps(folder)
    assert survived
    time.sleep(0.5)  # workers of a killed parent end by themselves
    survived = stamps(folder)
    assert main(command(folder, "--jobs", "1")) == 0
    assert stamps(folder).items() >= survived.items()
    assert contents(folder) == contents(whole)


def test_finished_folder_is_left_as_it_is(whole):
    before = stamps(whole)
    assert main(command(whole, "--jobs", "2")) == 0
    assert stamps(whole) == before


def test_damaged_files_are_named_and_made_again(whole, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(whole, folder)
    expected, before = contents(whole), stamps(folder)
    part = folder / "parts" / "runs-013-025.npz"
    part.write_bytes(part.read_bytes()[:-1000] + b"\0" * 1000)
    (folder / "loss.csv").write_text("order,loss\n")
    (folder / "loss.svg").unlink()
    with pytest.warns(ResultsWarning) as warned:
        assert main(command(folder, "--jobs", "1")) == 0
    messages = sorted(str(one.message) for one in warned if one.category is ResultsWarning)
    assert [message.split(":")[0] for message in messages] == [
        f"{folder / 'loss.csv'} was damaged or edited",
        f"{part} is damaged (its checksum does not match)",
    ]
    assert contents(folder) == expected
    again = {name for name, stamp in stamps(folder).items() if before[name] != stamp}
    assert again == {"runs-013-025"}


def test_cluster_that_loses_a_worker_writes_the_same_bytes(whole, tmp_path, cluster):
    address, workers = cluster
    folder, killed = tmp_path / "out", []

    def kill_one():
        until(lambda: (folder / "parts" / "t0.npz").exists(), 60)
        until(lambda: len(stamps(folder)) > 1 or (folder / "loss.csv").exists(), 60)
        workers[0].kill()
        killed.append(sum(name.startswith("runs") for name in stamps(folder)))

    thread = threading.Thread(target=kill_one)
    thread.start()
    assert main(command(folder, "--scheduler", address)) == 0
    thread.join()
    assert killed and killed[0] < 4, "the worker should have been killed before the last part came"
    assert contents(folder) == contents(whole)
    assert os.path.exists(folder / "report.md")
