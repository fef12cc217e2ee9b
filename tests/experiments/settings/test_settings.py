"""The sweep of settings: its averages against every gradient, its ratios, tables and verdict."""

import io

import numpy as np
import pytest
from small import small_dataset, small_model

from minimal_order.experiments.published import CURVES
from minimal_order.experiments.settings import config as settings_config
from minimal_order.experiments.settings import parts as settings
from minimal_order.experiments.settings.config import CURVE, READINGS, SWEEP, Setting, SettingsConfig
from minimal_order.experiments.settings.outcome import SettingsOutcome, published_ratio, ratio_interval
from minimal_order.networks.gradients import per_example_gradients
from minimal_order.reports import settings as settings_verdict
from minimal_order.runs.parallel import run_groups
from minimal_order.runs.store import PART_NAME
from minimal_order.training.train import train

# --- the averages ---------------------------------------------------------------------------------------


def test_averages_against_every_gradient():
    """eq:covariance-update and the readings of it, from all gradients of all objects."""
    data, model = small_dataset("regression"), small_model("regression", hidden=())
    t0, averages, gradients = 5, settings.Averages(5), []

    def watch(step):
        averages(step)
        gradients.append(per_example_gradients(step.back))

    rng = np.random.default_rng(0)
    train(model, data, model.init(rng), steps=t0, rng=rng, batch_size=4, watch=watch)
    g = np.array(gradients)  # (t0, S, p)
    first, mean = g[:, 0], g.mean(axis=1)
    expected = {
        "late_covariance": ((first - mean) ** 2)[2:].mean(axis=0),
        "batch_covariance": g.var(axis=1, ddof=1).mean(axis=0),
        "first_second_moment": (first**2).mean(axis=0),
        "batch_second_moment": (mean**2).mean(axis=0),
    }
    assert set(expected) == set(READINGS)
    for name, score in expected.items():
        np.testing.assert_allclose(averages.score[name], score, rtol=1e-10, err_msg=name)
    orders = averages.orders(READINGS)
    np.testing.assert_array_equal(orders["batch_second_moment"], np.argsort(expected["batch_second_moment"]))


def test_gradients_that_are_added_up_make_the_second_moment():
    """eq:covariance-update: with g_1 left in the gradient of the batch, (g_1 - (g_1 + g_S))^2 = g_S^2."""
    rng = np.random.default_rng(0)
    first, batch = rng.standard_normal((2, 10))
    forgetful = first.copy()
    g_1 = forgetful.copy()
    forgetful += batch
    np.testing.assert_allclose((g_1 - forgetful) ** 2, batch**2, rtol=1e-10)


# --- ratios ---------------------------------------------------------------------------------------------


def test_ratio_interval_leaves_one_run_out_at_a_time():
    rng = np.random.default_rng(0)
    b = rng.uniform(1, 2, 12)
    a = 0.5 * b * rng.uniform(0.9, 1.1, 12)
    without = [np.log(np.delete(a, i).mean() / np.delete(b, i).mean()) for i in range(12)]
    se = np.sqrt(11 / 12 * np.sum((without - np.mean(without)) ** 2))
    estimate = ratio_interval(a, b)
    assert estimate.value == pytest.approx(a.mean() / b.mean(), rel=1e-12)
    assert np.log(estimate.high / estimate.value) == pytest.approx(2.200985160 * se, rel=1e-8)
    assert estimate.value**2 == pytest.approx(estimate.low * estimate.high, rel=1e-12)


def test_published_ratio():
    assert published_ratio("train") == published_ratio("test") == 0.46


# --- the sweep ------------------------------------------------------------------------------------------


def tiny_outcome(jobs=1, **changes):
    config = SettingsConfig.small(**changes)
    ((_, parts),) = run_groups({"settings": settings.settings_parts(config)}, jobs, progress=False)
    return SettingsOutcome.assemble(config, parts)


@pytest.fixture(scope="module")
def outcome():
    return tiny_outcome()


def test_two_processes_make_the_same_files(outcome):
    other = tiny_outcome(jobs=2)
    for name, part in outcome.parts.items():
        for key, array in part.items():
            np.testing.assert_array_equal(array, other.parts[name][key], err_msg=f"{name} {key}")
    assert settings_verdict.settings_files(outcome) == settings_verdict.settings_files(other)


def test_table_has_every_setting_order_and_split(outcome):
    rows = list(outcome.rows())
    assert {row.setting for row in rows} == set(settings_config.FEW)
    assert len({(row.setting, row.order, row.split) for row in rows}) == len(rows)
    for row in rows:
        assert row.low <= row.ratio <= row.high and row.runs == 3 and row.diverged == 0
        part = outcome.parts[row.setting]
        losses = [part[f"loss/{order}"][:, 0, int(row.split == "test")].mean() for order in (row.order, "random")]
        assert row.ratio == pytest.approx(losses[0] / losses[1], rel=1e-6)
        ends = part["loss/"][:, :, int(row.split == "test")].mean(axis=0)
        assert row.multiple == pytest.approx(ends[1] / ends[0], rel=1e-6) and row.multiple > 1
        if row.predicted is not None:
            share = part[f"share/{row.order}"].mean()
            expected = (ends[0] + share * (ends[1] - ends[0])) / (ends[0] + (ends[1] - ends[0]) / 2)
            assert row.predicted == pytest.approx(expected, rel=1e-6)
    assert {row.order for row in rows if row.setting == "base"} == {*settings_config.COMPARED[1:], *READINGS}
    assert "second_moment" not in {row.order for row in rows if "sgd" in row.setting}
    predicted = {row.order for row in rows if row.predicted is not None}
    assert predicted == {"gradient_covariance", "batch_covariance", "exact_covariance", "batch_second_moment", "oracle"}


def test_csv_reads_back(outcome):
    pandas = pytest.importorskip("pandas")
    files = settings_verdict.settings_files(outcome)
    table = pandas.read_csv(io.StringIO(files["settings.csv"]))
    assert list(table)[:8] == ["setting", "factor", "value", "order", "split", "ratio", "low", "high"]
    assert len(table) == len(list(outcome.rows()))
    stable = pandas.read_csv(io.StringIO(files["stability.csv"]))
    assert stable.s.between(0, 1).all() and set(stable.level.round(1)) == {i / 10 for i in range(1, 10)}


def test_names_are_unique_and_files():
    names = [setting.name for setting in [*SWEEP, CURVE]]
    assert len(set(names)) == len(names) and all(PART_NAME.fullmatch(name) for name in names)
    assert set(settings_config.FEW) <= set(names)
    config = SettingsConfig()
    assert [setting.name for setting in config.settings] == names[:-1]
    assert config.freeze_config(CURVE).seed == config.seed + 1  # data that the choice of it has not seen
    assert set(config.as_dict()["settings"]) == set(names)


def test_verdict_follows_from_the_numbers(outcome):
    text = settings_verdict.verdict(outcome)
    equal = [s for s in outcome.config.settings if settings_verdict.isotropic(s)]
    reached = sum(outcome.row(s, "oracle", "test").low <= 0.46 for s in equal)
    assert f"{reached} of {len(equal)}" in next(line for line in text.splitlines() if line.startswith("| oracle"))
    assert "9 of the 43 settings" in text and "9 settings, 3 runs" in text
    row = outcome.row(equal[0], "oracle", "test")
    for low, expected in ((0.40, True), (0.46, True), (0.47, False), (np.nan, False)):
        assert row._replace(low=low).reached is expected


def test_expected_ratio_is_the_prediction_for_a_sample_of_that_size(outcome):
    base = outcome.row(outcome.config.settings[0], "exact_covariance", "test")
    assert outcome.expected_ratio(np.array([2000]))[0] == pytest.approx(base.predicted, abs=0.05)
    needed = settings_verdict.gradients_needed(outcome)
    assert outcome.expected_ratio(np.array([needed]))[0] == pytest.approx(0.46, abs=0.05)
    assert outcome.expected_ratio(np.array([needed / 10]))[0] > 0.55


def test_curves_are_compared_free_of_scale(outcome):
    curve = CURVES["synthetic3", "test"]
    for order, published in (("gradient_covariance", curve.covariance), ("random", curve.random)):
        free, frozen = 3 + 5 * published[[0, -1]]
        inner = 3 + 5 * published[1:-1] + 0.1 * 5 * (published[-1] - published[0])
        loss = outcome.parts["curve"][f"loss/{order}"]
        arrays = {
            "loss__": np.broadcast_to([[free], [frozen]], (3, 2, 2)),
            f"loss__{order}": np.broadcast_to(inner[:, None], loss.shape),
        }
        assert replace_part(outcome, "curve", **arrays).curve_distance(order, "test") == pytest.approx(0.1)


def test_isotropic_settings_are_those_without_a_spread(outcome):
    names = {s.name for s in outcome.config.settings if not settings_verdict.isotropic(s)}
    assert names == {"feature_spread=0.5", "feature_spread=0.5,t0=25"}


def test_nearest_contains_the_ratio_and_is_nearest_in_stability(outcome):
    row = settings_verdict.nearest(outcome)
    assert row.low <= 0.46 <= row.high and "feature_spread" not in row.setting
    own = settings_verdict.stability_distance(outcome, row)
    for other in outcome.rows():
        fits = other.split == "test" and other.low <= 0.46 <= other.high and "spread" not in other.setting
        if fits:
            assert own <= settings_verdict.stability_distance(outcome, other)


@pytest.mark.parametrize(
    ("x", "text"), [(0.46, ".46"), (0.0131, ".013"), (9.5, "9.5"), (137_000, "140 000"), (np.inf, "infinitely many")]
)
def test_numbers_in_words(x, text):
    assert settings_verdict.number(x) == text


def replace_part(outcome, setting, **arrays):
    parts = {name: dict(part) for name, part in outcome.parts.items()}
    parts[setting] |= {name.replace("__", "/"): array for name, array in arrays.items()}
    return SettingsOutcome(outcome.config, parts)


def test_a_diverged_run_is_left_out_and_counted():
    four = tiny_outcome(runs=4)
    setting = four.config.settings[0]
    loss, diverged = (four.parts["base"][f"{what}/oracle"].copy() for what in ("loss", "diverged"))
    loss[2], diverged[2] = np.nan, 7
    row = replace_part(four, "base", loss__oracle=loss, diverged__oracle=diverged).row(setting, "oracle", "test")
    assert (row.runs, row.diverged) == (3, 1) and np.isfinite([row.ratio, row.low, row.high]).all()
    others = [0, 1, 3]
    a, b = (four.parts["base"][f"loss/{order}"][others, 0, 1].mean() for order in ("oracle", "random"))
    assert row.ratio == pytest.approx(a / b, rel=1e-6)


def test_a_setting_that_diverges_has_no_ratio(outcome):
    diverged = np.full_like(outcome.parts["t0=25"]["diverged/"], 3)
    bad = replace_part(outcome, "t0=25", diverged__=diverged)
    row = bad.row(next(s for s in bad.config.settings if s.name == "t0=25"), "oracle", "test")
    assert np.isnan(row.ratio) and row.diverged == 3 and not row.reached
    assert "| oracle" in settings_verdict.verdict(bad)


def test_a_rate_that_diverges_is_survived():
    config = SettingsConfig.small(t1=30).freeze_config(Setting("", 1, {"t0": 60, "rate": 3.0, "optimizer": "sgd"}))
    part = settings.settings_part(config, tuple(READINGS))
    assert (part["diverged/random"] > 0).all()


def test_figures(outcome, tmp_path):
    from minimal_order.plots.settings import PANELS, figures, settings_of
    from minimal_order.plots.style import save

    drawn = dict(figures(outcome))
    assert list(drawn) == ["settings", "settings-published"]
    shown = [panel.title for panel in PANELS if settings_of(outcome, panel)]
    titles = [axes.get_title(loc="left") for axes in drawn["settings"].axes]
    assert [title for title in titles if title] == [*shown, "(i) two at a time, and others"]
    save(drawn["settings-published"], tmp_path, "published")
    assert (tmp_path / "published.svg").stat().st_size > 10_000


@pytest.mark.parametrize("changes", [{"runs": 2}, {"runs": 0}, {"t1": 0}, {"seed": -1}, {"dtype": "float8"}])
def test_bad_arguments_are_named(changes):
    ((name, value),) = changes.items()
    with pytest.raises(ValueError, match=rf"{name} = .*{value}.*: expected"):
        SettingsConfig(**changes)
