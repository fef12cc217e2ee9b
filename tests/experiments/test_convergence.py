"""The experiment on the theorem: its closed forms, what training tends to, its files and command."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from minimal_order.claims.complexity import judge
from minimal_order.claims.ledger import FAILS, HOLDS, UNTESTED
from minimal_order.cli import main
from minimal_order.complexity.hypernet import Hypernet
from minimal_order.complexity.objectives import objective_penalty
from minimal_order.experiments.convergence.config import DIRECT, INSIDE, ConvergenceConfig
from minimal_order.experiments.convergence.outcome import (
    ABOVE,
    ConvergenceOutcome,
    convergence_parts,
    decaying_sgd,
    error_rows,
    left_rows,
)
from minimal_order.experiments.convergence.problem import (
    Shrinkage,
    approximation_error,
    criterion,
    nearest,
    problem_of,
    quadrature,
)
from minimal_order.reports.convergence import convergence_report

LOW, HIGH = 1.0, 1000.0


@pytest.fixture(scope="module")
def problem():
    return problem_of(np.random.default_rng(0), 60, 3)


@pytest.fixture(scope="module")
def outcome():
    config = ConvergenceConfig(runs=4, steps=1500, pieces=(2, 4), offset=200.0, n_objects=60, n_features=3)
    parts = convergence_parts(config, None)
    return ConvergenceOutcome.assemble(config, [part.function(*part.arguments) for part in parts])


def log_likelihood(problem, w):
    data = problem.data
    return -0.5 * np.sum((data.y_train - data.X_train @ w) ** 2)


@pytest.mark.parametrize("lam", [0.0, 1.0, 50.0, 1e4])
def test_best_weights_are_those_of_ridge_regression(problem, lam):
    """eq:objective-penalty: its maximum, in closed form."""
    X, y = problem.data.X_train, problem.data.y_train
    ridge = np.linalg.solve(X.T @ X + 2 * lam * np.eye(3), X.T @ y)
    assert_allclose(problem.best(lam), ridge, rtol=1e-10)
    best = objective_penalty(log_likelihood(problem, ridge), ridge, lam)
    for step in 1e-3 * np.eye(3):
        for w in (ridge + step, ridge - step):
            assert objective_penalty(log_likelihood(problem, w), w, lam) < best


def test_quadrature_is_exact_between_knots():
    u, share = quadrature(np.array([0, 0.3, 1]))
    assert_allclose(share.sum(), 1, rtol=1e-12)
    assert_allclose(share @ np.exp(3 * u), (np.exp(3) - 1) / 3, rtol=1e-12)
    kink = np.abs(u - 0.3)
    assert_allclose(share @ kink, 0.3**2 / 2 + 0.7**2 / 2, rtol=1e-12)


@pytest.mark.parametrize("kind", ["linear", "piecewise"])
def test_nearest_against_many_drawn_lam(problem, kind):
    """eq:hypernet-linear, eq:hypernet-piecewise: least squares over a fine grid, in another way."""
    of = Hypernet(kind, LOW, HIGH, 4)
    knots = of.t if kind == "piecewise" else np.array([0.0, 1.0])
    lam = LOW * (HIGH / LOW) ** ((np.arange(200_000) + 0.5) / 200_000)
    root = np.sqrt(1 + 2 * lam / problem.m)[:, None]
    b, *_ = np.linalg.lstsq(root * of.basis(lam), root * problem.best(lam), rcond=None)
    assert_allclose(nearest(problem, of, LOW, HIGH, knots), b, rtol=1e-6, atol=1e-8)


def test_family_that_holds_the_best_leaves_nothing(problem):
    of, ends = Shrinkage(problem, LOW, HIGH), np.array([0.0, 1.0])
    b = nearest(problem, of, LOW, HIGH, ends)
    assert_allclose(b, [problem.c], rtol=1e-10)
    assert approximation_error(problem, of, b, LOW, HIGH, ends) < 1e-12


def test_what_is_left_falls_with_the_square_of_the_knots(problem):
    left = []
    for knots in (8, 16, 32, 64):
        of = Hypernet("piecewise", LOW, HIGH, knots)
        left.append(approximation_error(problem, of, nearest(problem, of, LOW, HIGH, of.t), LOW, HIGH, of.t))
    ratio = np.array(left[:-1]) / left[1:]
    assert_allclose(ratio, (np.array([15, 31, 63]) / [7, 15, 31]) ** 2, rtol=0.2)


def test_steps_decay():
    rule = decaying_sgd(0.5, 10.0)
    state = rule.init(np.zeros(1))
    updates = []
    for _ in range(11):
        update, state = rule.step(state, np.ones(1), np.zeros(1))
        updates.append(update[0])
    assert_allclose(updates[0], -0.5)
    assert_allclose(updates[10], -0.25)


def test_training_tends_to_what_theory_says(outcome):
    for family in outcome.config.families:
        error, floor = outcome.error(family).mean(axis=(1, 2)), outcome.floor(family).mean()
        assert error[-1] < 0.6 * error[0]
        assert abs(error[-1] - floor) < 0.02
    assert (outcome.config.looks % 3 == 0).all()  # 60 objects in batches of 20
    assert_array_equal(outcome.floor(DIRECT), 0)
    assert outcome.floor(INSIDE).max() < 1e-12
    assert outcome.floor("2 knots").mean() > 0.02
    assert (np.diff(outcome.left[1:]) < 0).all()


def test_criterion():
    assert_allclose(criterion(np.array([0.0, -1.0])), [1, np.exp(-1)])


def test_tables_and_claim(outcome):
    rows = list(error_rows(outcome))
    config = outcome.config
    assert len(rows) == len(config.families) * len(config.lams) * len(config.looks)
    error = outcome.error("2 knots")[-1, :, 1]
    (row,) = [row for row in rows if (row[0], float(row[1]), row[2]) == ("2 knots", 10, config.looks[-1])]
    assert row[3:] == (error.mean(), error.std(ddof=1), np.mean(error > ABOVE), outcome.floor("2 knots")[1])
    assert {row[5] for row in rows} >= {0, 1}
    assert [row[0] for row in left_rows(outcome)] == list(config.knots)
    claims = {claim.id: claim for claim in judge({}, outcome)}
    assert [claims[id].verdict for id in ("d1", "d2", "d3")] == [UNTESTED] * 3
    assert claims["d4"].verdict in (HOLDS, FAILS)
    assert "left by theory" in convergence_report(outcome)
    stuck = {family: np.broadcast_to(w[:1], w.shape) for family, w in outcome.w.items()}
    assert judge({}, ConvergenceOutcome(config, stuck, outcome.left))[3].verdict == FAILS


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"runs": 1}, "runs = 1"),
        ({"lams": (0.0, 1.0)}, "lam = 0.0"),
        ({"lams": (2.0, 1.0)}, "increasing"),
        ({"pieces": (1,)}, "pieces"),
        ({"rate": -1.0}, "rate"),
        ({"n_features": 200}, "n_features = 200"),
        ({"batch_size": 300}, "batch_size = 300"),
    ],
)
def test_wrong_settings(changed, said):
    with pytest.raises(ValueError, match=said):
        ConvergenceConfig(**changed)


def test_command(tmp_path, capsys, monkeypatch):
    small = {"runs": 2, "steps": 100, "pieces": (2,), "knots": (2, 4)}
    monkeypatch.setattr("minimal_order.experiments.convergence.config.QUICK", small)
    assert main(["convergence", "--quick", "--jobs", "1", "--out", str(tmp_path / "c")]) == 0
    assert "inside" in capsys.readouterr().out
    files = {path.name for path in (tmp_path / "c").iterdir()}
    assert {"error.csv", "left.csv", "report.md", "error.png", "left.svg", "config.json"} <= files
