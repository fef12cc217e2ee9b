"""What tests of runs share."""

import json
import subprocess
import sys

import pytest
from noted_parts import ENVIRONMENT, until


@pytest.fixture
def cluster(tmp_path):
    """Start a scheduler and two worker processes as the README says; yield its address and the processes."""
    pytest.importorskip("distributed")
    file, processes = tmp_path / "scheduler.json", []

    def dask(*arguments):
        command = [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(file), "--no-dashboard"]
        processes.append(
            subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )

    try:
        dask("scheduler", "--host", "127.0.0.1", "--port", "0")
        until(file.exists)
        for _ in range(2):
            # Without a nanny, which would start a killed worker again.
            dask("worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path))
        yield json.loads(file.read_text())["address"], processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()
