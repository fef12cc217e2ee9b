"""The sweep of settings: its prediction against exact integrals, its parts against slow oracles, its files."""

import io
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from small import small_dataset, small_model

from minimal_order.experiments.published import CURVES
from minimal_order.experiments.settings import config as settings_config
from minimal_order.experiments.settings import parts as settings
from minimal_order.experiments.settings.config import CURVE, READINGS, SWEEP, Setting, SettingsConfig
from minimal_order.experiments.settings.outcome import SettingsOutcome, published_ratio, ratio_interval
from minimal_order.experiments.settings.prediction import (
    Foresight,
    first_object_noise,
    frozen_share,
    gradient_variance,
    ratio_of_losses,
    sample_noise,
)
from minimal_order.networks.gradients import per_example_gradients
from minimal_order.reports import settings as settings_verdict
from minimal_order.runs.parallel import run_groups
from minimal_order.runs.store import PART_NAME
from minimal_order.training.train import train


def normal_grid(n_variables, n_nodes=3):
    """Nodes (points, variables) and weights that integrate polynomials over N(0, I) exactly."""
    z, weight = np.polynomial.hermite_e.hermegauss(n_nodes)
    weight = weight / weight.sum()
    nodes = np.array(list(itertools.product(z, repeat=n_variables)))
    return nodes, np.prod(list(itertools.product(weight, repeat=n_variables)), axis=1)


# --- the prediction -------------------------------------------------------------------------------------


def test_gradient_variance_is_the_integral():
    """eq:linear-gradient-variance, for features of unequal scale."""
    rng = np.random.default_rng(0)
    r, stds, noise = rng.standard_normal(3), rng.uniform(0.3, 2, 3), 0.7
    nodes, weight = normal_grid(4, n_nodes=5)
    x, e = stds * nodes[:, :3], noise * nodes[:, 3]
    g = 2 * (x @ r - e)[:, None] * x
    mean = weight @ g
    np.testing.assert_allclose(mean, 2 * stds**2 * r, rtol=1e-12)
    np.testing.assert_allclose(gradient_variance(r, noise, stds), weight @ (g - mean) ** 2, rtol=1e-12)


def spread_between_parameters(squares, weight):
    """Relative variance of one of two exchangeable statistics (points, 2), without what both share."""
    mean = weight @ squares
    covariance = (squares - mean).T @ ((squares - mean) * weight[:, None])
    return (covariance[0, 0] - covariance[0, 1]) / mean[0] ** 2


@pytest.mark.parametrize("S", [2, 3])
def test_noise_of_an_estimate_is_the_integral(S):
    nodes, weight = normal_grid(3 * S)
    u, x = nodes[:, :S, None], nodes[:, S:].reshape(-1, S, 2)
    g = u * x  # two of the many components of the gradients of S objects
    first = (g[:, 0] - g.mean(axis=1)) ** 2
    assert first_object_noise(S) == pytest.approx(spread_between_parameters(first, weight), rel=1e-10)
    sample = g.var(axis=1, ddof=1)
    assert sample_noise(S) == pytest.approx(spread_between_parameters(sample, weight), rel=1e-10)


def test_noise_of_large_batches():
    assert first_object_noise(10**6) == pytest.approx(6, rel=1e-5)
    assert 10**6 * sample_noise(10**6) == pytest.approx(6, rel=1e-5)


def test_frozen_share_without_noise_sums_the_smallest():
    rng = np.random.default_rng(0)
    score, cost = rng.random((3, 10)), rng.random((3, 10))
    share = frozen_share(score, 0.0, cost, rng, level=0.3)
    for i in range(3):
        smallest = sorted(range(10), key=lambda j: score[i, j])[:3]
        assert share[i] == pytest.approx(sum(cost[i, j] for j in smallest) / sum(cost[i]), rel=1e-12)


def test_frozen_share_of_normal_weights_and_of_noise():
    """Half of normal r_i with the smallest r_i^2 hold 1/2 - 2 m phi(m) = .071 of |r|^2, m the median of |r|."""
    rng = np.random.default_rng(0)
    r2 = rng.standard_normal(200_000)[None] ** 2
    median = 0.674489750196
    exact = 0.5 - 2 * median * np.exp(-(median**2) / 2) / np.sqrt(2 * np.pi)
    assert frozen_share(r2, 0.0, r2, rng, draws=1)[0] == pytest.approx(exact, abs=2e-3)
    assert frozen_share(r2, 1e6, r2, rng, draws=1)[0] == pytest.approx(0.5, abs=5e-3)
    noisier = [frozen_share(r2, sd, r2, rng, draws=1)[0] for sd in (0.3, 1, 3, 10)]
    assert noisier == sorted(noisier)


def test_ratio_of_losses():
    assert ratio_of_losses(0.5, 10.4) == pytest.approx(1)
    assert ratio_of_losses(0.07, 1) == pytest.approx(1)
    assert ratio_of_losses(0.18, 10.4) == pytest.approx(0.46, abs=0.015)
    floor, cost, frozen = 2.0, np.arange(1.0, 9), [0, 1, 2, 3]
    share, multiple = cost[frozen].sum() / cost.sum(), (floor + cost.sum()) / floor
    expected = (floor + cost[frozen].sum()) / (floor + cost.sum() / 2)
    assert ratio_of_losses(share, multiple) == pytest.approx(expected, rel=1e-12)


def test_foresight_agrees_with_the_covariance_collected():
    """The wiring of y_scale, stds and noise: mean over runs and features of C over predicted C is 1."""
    config = SettingsConfig(runs=8).freeze_config(Setting("", 1, {"t0": 40, "feature_spread": 0.5}))
    group = settings.prepare(config, settings.of_runs(range(8), config.vary))
    foresight = settings.foresight_of(config, group.data)
    rng = [np.random.default_rng(i) for i in range(8)]
    run = train(config.model, group.data, group.w, steps=40, rng=rng, covariance="batch", watch=foresight)
    ratio = run.C / (foresight.sums[0] / foresight.steps)
    assert ratio.mean() == pytest.approx(1, abs=0.05)
    assert ratio.mean(axis=0).std() < 0.15
    np.testing.assert_allclose(
        foresight.cost, (group.data.X_train.std(0) * (run.w - group.data.w_star)) ** 2, rtol=1e-4
    )


@pytest.fixture(scope="module")
def simulated():
    """Predicted and simulated shares of three orders: gradients drawn at a fixed w, few of its r_i large."""
    rng, (R, T, S, p), noise = np.random.default_rng(0), (60, 100, 8, 60), 0.5
    r, stds = rng.standard_normal((R, p)) ** 3, np.exp(0.05 * rng.standard_normal((R, p)))
    foresight = Foresight(np.zeros(p), stds, noise)
    first, batch, moment = np.zeros((3, R, p))
    for _ in range(T):
        foresight(SimpleNamespace(w=r))
        x = stds[:, None] * rng.standard_normal((R, S, p))
        u = np.einsum("rsp,rp->rs", x, r) - noise * rng.standard_normal((R, S))
        g = 2 * u[..., None] * x
        first += (g[:, 0] - g.mean(axis=1)) ** 2
        batch += g.var(axis=1, ddof=1)
        moment += g.mean(axis=1) ** 2
    cost = (stds * r) ** 2
    scores = {"gradient_covariance": first, "batch_covariance": batch, "batch_second_moment": moment}
    measured = {
        name: np.mean([c[np.argsort(s)[: p // 2]].sum() / c.sum() for s, c in zip(score, cost, strict=True)])
        for name, score in scores.items()
    }
    predicted = foresight.shares(S, 10**9, rng)
    return measured, {name: share.mean() for name, share in predicted.items()}


@pytest.mark.parametrize("order", ["gradient_covariance", "batch_covariance", "batch_second_moment"])
def test_predicted_share_is_the_simulated_one(simulated, order):
    measured, predicted = simulated
    assert measured["gradient_covariance"] > measured["batch_covariance"] + 0.03
    assert measured["batch_covariance"] > measured["batch_second_moment"] + 0.03
    assert predicted[order] == pytest.approx(measured[order], abs=0.03)


def test_exact_covariance_is_as_good_as_its_sample_is_large():
    foresight = Foresight(np.zeros(200), np.ones(200), 0.1)
    foresight(SimpleNamespace(w=np.random.default_rng(0).standard_normal((20, 200))))
    shares = [
        foresight.shares(64, m, np.random.default_rng(1))["exact_covariance"].mean() for m in (100, 10**4, 10**6, 10**8)
    ]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(0.5, abs=0.03)
    assert shares[-1] == pytest.approx(0.071, abs=0.02)


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
