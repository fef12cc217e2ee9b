"""Small slices of the experiments whose tables the book shows, run again and compared with what is committed.

A slice has fewer runs at once than the whole, and the next machine another BLAS: both add the same numbers in another
order. Between the kernels for Sandybridge, Haswell and Skylake that made a difference of 8e-7 in float32, of 5e-16 in
float64.
"""

import re

import numpy as np
import pytest

from minimal_order.data.sources import results_folder
from minimal_order.experiments.freeze.config import FreezeConfig
from minimal_order.experiments.freeze.outcome import LOSS_COLUMNS, loss_rows
from minimal_order.experiments.freeze.run import run_freeze
from minimal_order.experiments.select.oracle import (
    PROBLEMS,
    OracleConfig,
    OracleOutcome,
    oracle_part,
    oracle_rows,
)
from minimal_order.experiments.surgeon.config import XORS, SurgeonConfig
from minimal_order.experiments.surgeon.outcome import picked
from minimal_order.experiments.surgeon.xor import xor_outcome, xor_part
from minimal_order.runs.files import read_rows

FLOAT32, FLOAT64 = 2e-5, 1e-12


def committed(path):
    return read_rows(results_folder() / path)


def t0_of(experiment):
    """The step found by the whole experiment, as its report has it: a slice does not look for it again."""
    report = (results_folder() / "ordering" / "report.md").read_text("utf8")
    return int(re.search(rf"^\| \[{experiment}\]\(.*?\|.*?\| *(\d+)", report, re.M)[1])


@pytest.mark.parametrize("dataset", ["synthetic3", "boston"])
def test_freezing(dataset, tmp_path):
    config = FreezeConfig(
        dataset, orders=("random", "gradient_covariance"), runs=1, levels=(0, 0.5, 1), t0=t0_of(dataset)
    )
    ((*_, outcome),) = run_freeze({"slice": config}, {"slice": tmp_path / "slice"}, progress=False)
    key = LOSS_COLUMNS[:5]
    whole = {tuple(row[name] for name in key): row for row in committed(f"ordering/{dataset}/loss.csv")}
    rows = list(loss_rows(outcome))
    assert len(rows) == 12
    for *where, loss, metric, _ in rows:
        row = whole[tuple(map(str, where))]
        np.testing.assert_allclose([loss, metric], [float(row["loss"]), float(row["metric"])], rtol=FLOAT32)


def test_exhaustive_selection():
    config = OracleConfig(runs=1)
    outcome = OracleOutcome.assemble(config, [oracle_part(config, name, (0,)) for name in PROBLEMS])
    again = [tuple(row) for row in oracle_rows(outcome)]
    whole = {
        tuple(row.values())[:5]: tuple(map(float, tuple(row.values())[5:]))
        for row in committed("selection/oracle/gap.csv")
    }
    assert again
    for row in again:
        best, loss, better = whole[tuple(map(str, row[:5]))]
        np.testing.assert_allclose(row[5:7], (best, loss), rtol=FLOAT64)
        assert row[7] == pytest.approx(better, abs=1e-3)  # a share of pairs, of which rounding may swap one or two


def test_exclusive_or():
    config, name = SurgeonConfig(), next(iter(XORS))
    whole = [row for row in committed("surgeon/picks.csv") if row["network"] == name]
    again = picked(xor_outcome(name, xor_part(config, name)))
    for row, now in zip(whole, again, strict=True):
        assert row["criterion"] == now.criterion
        assert [int(row[key]) for key in ("starts", "learned", "judged", "right")] == [*now[2:6]]
        assert float(row["regret"]) == pytest.approx(now.regret.value, rel=FLOAT32, abs=1e-9)
