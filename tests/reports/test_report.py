import csv
import io

import numpy as np
import pytest
from tiny import outcome_of, tiny

from minimal_order.claims.ledger import CONDITIONS, HOLDS, UNDEFINED, UNTESTED, Claim, Finding
from minimal_order.claims.ordering import judge
from minimal_order.estimates import Estimate
from minimal_order.experiments import published
from minimal_order.experiments.freeze.branches import freeze_part
from minimal_order.experiments.freeze.outcome import Outcome
from minimal_order.reports.claims import claims_csv, read_claims, show_claim
from minimal_order.reports.freeze import freeze_report, summary_table
from minimal_order.reports.ordering import reproduce_report
from minimal_order.reports.text import claims_text, places, table

LEVELS = (0.0, 0.125, 0.5, 1.0)
TENTHS = tuple(i / 10 for i in range(11))


def random_loss(levels, orders=("random", "gradient_covariance"), runs=5, seed=0):
    rng = np.random.default_rng(seed)
    loss = {order: rng.random((runs, len(levels), 2)) + 0.5 for order in orders}
    for values in loss.values():
        values[:, [0, -1]] = loss[orders[0]][:, [0, -1]]
    return loss


def rows_of(text, heading):
    """The cells of the first Markdown table after a heading."""
    lines = iter(text[text.index(heading) :].splitlines())
    rows = []
    for line in lines:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return [row for row in rows if set("".join(row)) != {"-"}]


def test_table_is_markdown_whose_columns_stand_under_each_other():
    text = table(("a", "long"), [(1, "x"), ("yyy", 2)])
    assert text == "| a   | long |\n|-----|------|\n| 1   | x    |\n| yyy | 2    |"


@pytest.mark.parametrize("split", ["Train", "Test"])
def test_losses_are_those_of_the_arrays(split):
    loss, s = random_loss(LEVELS), ("Train", "Test").index(split)
    report = freeze_report("x", outcome_of(loss, LEVELS))
    header, *rows = rows_of(report, f"\n{split}:")
    assert header == ["order", "0%", "12.5%", "50%", "100%"]
    assert [row[0] for row in rows] == list(loss)
    for order, *cells in rows:
        for i, cell in enumerate(cells):
            mean, deviation = (float(word.strip("()")) for word in cell.split())
            values = loss[order][:, i, s]
            assert mean == pytest.approx(sum(values) / 5, rel=5e-3)
            assert deviation == pytest.approx((sum((values - sum(values) / 5) ** 2) / 4) ** 0.5, rel=0.5)


def test_verdicts_and_numbers_are_those_of_the_claims():
    outcome = outcome_of(
        random_loss(LEVELS),
        LEVELS,
        estimates={"running": np.tile([0.95, 1.01], (5, 1)) + 0.01 * np.arange(5)[:, None]},
    )
    report = freeze_report("x", outcome)
    for claim in judge({"x": outcome}):
        assert f"### {claim.id}: {claim.verdict}\n\n{claim.text}\n\nRule: {claim.rule}" in report
        if not claim.findings:
            continue
        header, *rows = rows_of(report, f"### {claim.id}")
        assert header == ["where", "what", "value [95 % interval]", "meets the rule"]
        for row, finding in zip(rows, claim.findings, strict=True):
            shown = f"{finding.estimate:.3g}" if isinstance(finding.estimate, float) else str(finding.estimate)
            assert row == [
                finding.where,
                finding.what,
                shown,
                {True: "yes", False: "no", None: ""}[finding.met],
            ]


def test_report_says_what_made_it():
    outcome = outcome_of(random_loss(LEVELS), LEVELS)
    report = freeze_report("a name", outcome)
    assert report.startswith("# Freezing in order: a name\n")
    assert f"`{outcome.config.command()}` (seed 0)" in report
    assert "t0 = 100 steps (as given)" in report and "t1 = 100" in report
    assert "batches of 64, adam at rate 0.001, float32" in report
    assert "Runs: 5; new in every run: init, batches." in report
    assert "diverged" not in report


@pytest.mark.parametrize(
    "dataset, metric, reached",
    [
        ("boston", 3.9, True),
        ("boston", 4.1, False),
        ("mnist", 0.91, True),
        ("mnist", 0.89, False),
        ("synthetic2", 0.95, True),
        ("synthetic2", 0.8, False),
    ],
)
def test_quality_at_t0_and_whether_it_suffices(dataset, metric, reached):
    start = np.stack([np.full(5, 99.0), metric + 1e-3 * np.arange(-2, 3)], axis=1)
    report = freeze_report(
        "x", outcome_of(random_loss(LEVELS), LEVELS, dataset, start_metric=start, start_loss=start / 2)
    )
    rows = rows_of(report, "## Quality at t0")
    name = "RMSE" if dataset == "boston" else "accuracy"
    assert rows == [
        ["", "loss", name],
        ["train", "49.5", "99"],
        ["test", f"{metric / 2:.4g}", f"{metric:.4g}"],
    ]
    assert (": reached." in report, ": NOT REACHED." in report) == (reached, not reached)


def test_quality_at_t0_leaves_out_what_has_diverged():
    start = np.array([[1.0, 2.0]] * 4 + [[np.nan, np.inf]])
    report = freeze_report("x", outcome_of(random_loss(LEVELS), LEVELS, start_loss=start, start_metric=start))
    assert rows_of(report, "## Quality")[1:] == [["train", "1", "1"], ["test", "2", "2"]]


def test_published_curve_stands_beside_ours():
    loss = random_loss(TENTHS)
    report = freeze_report("x", outcome_of(loss, TENTHS))
    header, *rows = rows_of(report, "as digitised")
    assert header == ["", "", *(f"{10 * i}%" for i in range(11))]
    assert [row[:2] for row in rows] == [
        [f"{split} loss", whose] for split in ("train", "test") for whose in ("ours", "published")
    ]
    for s, split in enumerate(("train", "test")):
        ours = loss["gradient_covariance"][..., s].mean(axis=0) / loss["random"][..., s].mean(axis=0)
        curve = published.CURVES["synthetic3", split]
        assert rows[2 * s][2:] == [f"{ratio:.2f}" for ratio in ours]
        assert rows[2 * s + 1][2:] == [f"{ratio:.2f}" for ratio in curve.covariance / curve.random]
    assert rows[1][7] == "0.46"  # the ratio at half frozen that is to be settled


def test_published_curves_only_where_they_are_comparable():
    for dataset, levels in [("synthetic3", LEVELS), ("boston", TENTHS), ("mnist", TENTHS)]:
        assert "digitised" not in freeze_report("x", outcome_of(random_loss(levels), levels, dataset))
    only_random = {"random": random_loss(TENTHS)["random"]}
    assert "digitised" not in freeze_report("x", outcome_of(only_random, TENTHS))


@pytest.mark.filterwarnings("error")
def test_diverged_runs_are_counted_and_left_out_of_every_mean():
    loss = random_loss(TENTHS)
    diverged = {order: np.zeros((5, 11), int) for order in loss}
    diverged["random"][2, 5] = 123
    loss["random"][2, 5] = np.inf
    outcome = outcome_of(loss, TENTHS, diverged=diverged)
    report = freeze_report("x", outcome)
    assert " 1 of 5 runs diverged in some branch; they are left out of its mean" in report
    assert "nan" not in report and "inf" not in report.replace("infer", "")
    cell = rows_of(report, "\nTest:")[1][6]
    others = loss["random"][[0, 1, 3, 4], 5, 1]
    assert cell == f"{others.mean():.3g} ({others.std(ddof=1):.1g})"
    found = rows_of(report, "as digitised")[1][2 + 5]
    pair = [loss[order][[0, 1, 3, 4], 5, 0].mean() for order in ("gradient_covariance", "random")]
    assert found == f"{pair[0] / pair[1]:.2f}"


def test_summary_shows_the_lowest_middle_and_highest_level():
    loss = random_loss(LEVELS)
    header, *rows = rows_of(summary_table(outcome_of(loss, LEVELS)), "|")
    assert header == ["order", "test loss at 0%", "test loss at 50%", "test loss at 100%", "RMSE at 50%"]
    for order, *cells in rows:
        for i, cell in zip((0, 2, 3), cells, strict=False):
            assert float(cell.split()[0]) == pytest.approx(loss[order][:, i, 1].mean(), abs=0.06)
            low, high = (float(word.strip("[],")) for word in cell.split()[1:])
            half = 2.7764451051977987 * loss[order][:, i, 1].std(ddof=1) / 5**0.5  # t with four degrees of freedom
            assert (low + high) / 2 == pytest.approx(loss[order][:, i, 1].mean(), abs=0.06)
            assert (high - low) / 2 == pytest.approx(half, abs=0.06)
        assert float(cells[3].split()[0]) == pytest.approx(np.sqrt(loss[order][:, 2, 1]).mean(), rel=5e-3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("levels", [(0.5,), (0.0,), (0.0, 1.0)], ids=str)
@pytest.mark.parametrize("runs", [1, 2, 3])
def test_little_to_report(runs, levels):
    outcome = outcome_of(random_loss(levels, runs=runs), levels)
    assert "nan" not in freeze_report("x", outcome) + summary_table(outcome)
    if runs == 1:
        assert "[" not in summary_table(outcome)


def test_report_of_a_real_experiment():
    config = tiny(runs=4)
    outcome = Outcome.assemble(config, 40, [freeze_part(config, 40, (0, 1, 2, 3))])
    rows = rows_of(freeze_report("x", outcome), "\nTrain:")
    for order, *cells in rows[1:]:
        assert [float(cell.split()[0]) for cell in cells] == pytest.approx(
            outcome.loss(order)[..., 0].mean(axis=0), rel=5e-3
        )


def test_report_of_the_whole_names_every_claim_and_folder():
    outcomes = {
        "synthetic3": outcome_of(random_loss(LEVELS), LEVELS),
        "boston": outcome_of(random_loss(LEVELS), LEVELS, "boston"),
    }
    claims = judge(outcomes)
    report = reproduce_report("minimal-order reproduce --seed 7", outcomes, claims, {"Settings": "what was swept"})
    assert "Made by `minimal-order reproduce --seed 7`." in report and "From 5 runs only" in report
    assert rows_of(report, "## Verdicts")[1:] == [[claim.id, claim.text, claim.verdict] for claim in claims]
    rows = rows_of(report, "## Experiments")[1:]
    assert [row[0] for row in rows] == [f"[{name}]({name}/report.md)" for name in outcomes]
    assert [row[4] for row in rows] == ["5", "5"]
    assert "## Settings\n\nwhat was swept" in report
    assert claims_text(claims) in report


def test_table_of_claims_has_a_row_for_each_finding_and_every_digit():
    third = Finding("boston", "share, of all", Estimate(1 / 3, 0.1, 0.5), True)
    plain, none = Finding("mnist", "steps", 7.0, False), Finding("mnist", "rho", UNDEFINED, None)
    judged = Claim("x1", 'It "holds".', "Above .3", [third, plain, none], HOLDS)
    rows = list(csv.DictReader(io.StringIO(claims_csv([judged, Claim("x2", "None", "Any", [], UNTESTED)]))))
    assert [row["id"] for row in rows] == ["x1", "x1", "x1", "x2"]
    assert all((row["text"], row["rule"], row["verdict"]) == ('It "holds".', "Above .3", HOLDS) for row in rows[:3])
    assert [rows[0][name] for name in ("where", "what", "met")] == ["boston", "share, of all", "yes"]
    assert [float(rows[0][name]) for name in ("value", "low", "high")] == [1 / 3, 0.1, 0.5]
    assert [rows[1][name] for name in ("value", "low", "high", "met")] == ["7.0", "", "", "no"]
    assert [rows[2][name] for name in ("value", "low", "high", "met")] == ["nan", "nan", "nan", ""]
    assert rows[3]["verdict"] == UNTESTED and rows[3]["where"] == rows[3]["value"] == ""


def test_claims_come_back_from_their_table_and_are_shown(tmp_path):
    findings = [
        Finding("mnist; linear", "share", Estimate(0.46, 0.41, 0.51), True),
        Finding("mnist; piecewise", "share", 7.25, True),
        Finding("boston", "rho", 0.5, False),
        Finding("boston", "for comparison", 1.0, None),
    ]
    judged = [Claim("x1", "It holds.", "Above .3", findings, CONDITIONS), Claim("x2", "No", "Any", [], UNTESTED)]
    (tmp_path / "claims.csv").write_text(claims_csv(judged), "utf8")
    assert list(read_claims(tmp_path / "claims.csv").values()) == judged
    verdict, evidence = show_claim(tmp_path, "x1")
    assert verdict.startswith("**x1: holds under conditions**\n\nIt holds.\n\nRule: Above .3\n\n")
    assert "The rule is met on *mnist* (linear, piecewise), and nowhere else." in verdict
    assert "\n\n".join(
        [verdict.replace("**x1: holds under conditions**", "### x1: holds under conditions"), evidence]
    ) == (claims_text(judged[:1]))
    assert show_claim(tmp_path, "x2")[1] == "" and "not been run" in show_claim(tmp_path / "nowhere", "x1")[0]


def test_places_are_listed_by_what_they_share():
    assert places(["boston", "mnist; a", "mnist; b", "linear 200"]) == "*boston*, *mnist* (a, b), *linear 200*"
