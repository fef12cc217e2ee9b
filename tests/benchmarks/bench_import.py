"""``import minimal_order`` against ``import autograd.numpy``, each in a fresh interpreter."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median

MODULES = ["minimal_order", "minimal_order.cli", "autograd.numpy", "numpy"]


def seconds_to_import(module):
    code = f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
    root = Path(__file__).parents[2]
    return float(subprocess.check_output([sys.executable, "-c", code], cwd=root))


def bench_import(quick, interleave, table):
    times = interleave({m: partial(seconds_to_import, m) for m in MODULES}, 3 if quick else 21)
    seconds = {module: median(s) for module, s in times.items()}
    table(
        "import, in a fresh interpreter",
        ["", "ms", "x autograd.numpy"],
        [[module, s * 1e3, s / seconds["autograd.numpy"]] for module, s in seconds.items()],
    )
