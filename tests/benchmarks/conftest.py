"""Options of the benchmarks, how contenders are timed in turns, and the tables printed at the end."""

import importlib.util

import pytest

TABLES = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="few runs and steps: shows that everything works")
    parser.addoption("--write", metavar="FOLDER", help="keep the ratios of the ladder as tables")


def pytest_configure(config):
    config.stash[TABLES] = []


@pytest.fixture
def quick(request):
    return request.config.getoption("--quick")


@pytest.fixture
def interleave(benchmark):
    """Call contenders in turns, every round all peers and then the first; what they return, by name.

    The first one's time is what pytest-benchmark reports and saves.
    """

    def run(contenders, rounds):
        first, *peers = contenders
        returned = {name: [] for name in contenders}

        def others():
            for name in peers:
                returned[name].append(contenders[name]())

        benchmark.pedantic(lambda: returned[first].append(contenders[first]()), setup=others, rounds=rounds)
        return returned

    return run


@pytest.fixture
def table(request):
    """Take a title, column names and rows, to be printed when all benchmarks are done."""

    def add(title, columns, rows):
        texts = [[cell if isinstance(cell, str) else f"{cell:.3g}" for cell in row] for row in [columns, *rows]]
        first, *others = [max(map(len, column)) for column in zip(*texts, strict=True)]
        lines = [
            row[0].ljust(first) + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], others, strict=True))
            for row in texts
        ]
        request.config.stash[TABLES].append("\n".join(["", title, "-" * len(title), *lines]))

    return add


def pytest_terminal_summary(terminalreporter, config):
    for lines in config.stash[TABLES]:
        terminalreporter.write_line(lines)


def has(package):
    """Whether a peer is installed."""
    return importlib.util.find_spec(package) is not None
