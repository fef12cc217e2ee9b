"""The best selection there is, found by trying all."""

import numpy as np
from tiny_select import GOOD, made_up

from minimal_order.claims import selection as claims
from minimal_order.experiments.select.config import DEFAULT_ORDERS
from minimal_order.experiments.select.oracle import (
    ORACLE_COLUMNS,
    PROBLEMS,
    OracleConfig,
    OracleOutcome,
    oracle_part,
    oracle_parts,
    oracle_rows,
    problem,
)
from minimal_order.reports.selection import selection_report

SMALL_ORACLE = OracleConfig(runs=2, ks=(3,), ls=(5, 9), eta0=5, eta1=5)


def test_oracle_is_never_beaten_and_every_pair_is_counted():
    parts_ = [part.function(*part.arguments) for part in oracle_parts(SMALL_ORACLE, None)]
    found = OracleOutcome.assemble(SMALL_ORACLE, parts_)
    for name in PROBLEMS:
        assert found.best[name].shape == (2, 2) and found.loss[name].shape == (2, 2, len(DEFAULT_ORDERS))
        assert np.all(found.gap(name) >= 0) and np.all((found.better[name] >= 0) & (found.better[name] < 1))
        np.testing.assert_array_equal(found.gap(name) == 0, found.better[name] == 0)
        assert np.all(found.best[name][:, 0] >= 0)
    rows = list(oracle_rows(found))
    assert len(rows) == 2 * 2 * 6 * 2 and len(rows[0]) == len(ORACLE_COLUMNS)
    selected = {"mnist": made_up(quality=GOOD)}
    text = selection_report("a command", selected, found, claims.judge(selected))
    assert "boston: loss above the best, %" in text and "| b4 | " in text


def test_oracle_problems_have_nine_parameters():
    assert [problem(name, np.random.default_rng(0))[0].n_params for name in PROBLEMS] == [9, 9]


def test_oracle_part_is_a_function_of_its_runs():
    both, second = oracle_part(SMALL_ORACLE, "boston", (0, 1)), oracle_part(SMALL_ORACLE, "boston", (1,))
    np.testing.assert_array_equal(both["loss"][1:], second["loss"])
