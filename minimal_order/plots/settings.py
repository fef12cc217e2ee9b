"""The figures of the experiment ``settings``: the ratio at half frozen, and what is nearest to the paper."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..experiments.published import CURVES, LEVELS, STABILITY
from ..experiments.settings.config import Setting
from ..experiments.settings.outcome import INNER, Row, SettingsOutcome, published_ratio, relative
from .style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    SMALL,
    VERMILION,
    Look,
    Picture,
    frozen_axis,
    new_figure,
    percent,
    styled,
)
from .words import runs

LOOKS = {
    "gradient_covariance": Look(BLUE, "o", "-", "covariance (2.6)"),
    "exact_covariance": Look(SKY, "s", "-", "exact covariance at t0"),
    "batch_second_moment": Look(VERMILION, "D", "-", "mean of g²: (2.6) not centred"),
    "full_gradient": Look(ORANGE, "^", "-", "|gradient of all objects|"),
    "oracle": Look(BLACK, "v", "-", "oracle |w − w*|"),
}
PUBLISHED: dict[str, Any] = {"marker": "o", "linestyle": "", "color": BLACK, "markerfacecolor": "white"}
BATCH = Look(GREEN, "P", "-", "(2.6), whole batches")


class Panel(NamedTuple):
    """A factor against which the ratio is drawn; ``base`` is its value in the base, None if not shown."""

    factor: str
    title: str
    label: str
    base: float | None
    ticks: tuple[float, ...] = ()  # of a logarithmic axis
    x: Callable[[Row], float] = lambda row: float(row.value)


PANELS = (
    Panel("t0", "(a) steps before freezing", "t0", np.nan, (10, 30, 100, 300), lambda row: row.t0),
    Panel("rate", "(b) step size", "rate of Adam", 1e-3, (0.0003, 0.001, 0.003, 0.01)),
    Panel("rate scale_y=0", "(c) the same, y not scaled", "rate of Adam", None, (0.003, 0.01, 0.03)),
    Panel("batch_size", "(d) batch", "objects a batch", 64, (2, 16, 64, 512)),
    Panel("n_train", "(e) sample", "training objects", 2000, (500, 2000, 8000, 50000)),
    Panel("noise", "(f) noise of y", "its standard deviation", 1),
    Panel("feature_spread", "(g) unequal features", "spread of ln scale", 0),
    Panel("feature_spread t0=25", "(h) unequal, freezing early", "spread of ln scale, t0 = 25", None),
)


def figures(outcome: SettingsOutcome) -> Iterator[tuple[str, Picture]]:
    """Every figure with the name of its file."""
    yield "settings", draw_settings(outcome)
    yield "settings-published", draw_published(outcome)


@styled
def draw_settings(outcome: SettingsOutcome) -> Picture:
    """Draw the ratio against each factor by itself, and below it for the settings that stand alone."""
    config = outcome.config
    caption = (
        "Test loss with half of the parameters frozen by an order, over that by the random order in the "
        f"same {runs(config.runs)}, with 95 % intervals; dashed: predicted from w − w* and the variance of "
        "the gradient. Base setting: Adam at .001, batches of 64, 2000 objects, x ~ N(0, I), y = w*ᵀx + "
        "N(0, 1) scaled to unit variance, freezing when the training loss is 10.4 times what it is "
        f"{config.t1} steps later, as the paper's is. Each panel changes what its axis names."
    )
    panels = [panel for panel in PANELS if settings_of(outcome, panel)]
    others = [s for s in config.settings if s.factor not in {"base", *(panel.factor for panel in PANELS)}]
    n_rows = len(panels) // 3 + 1
    heights = (2.05 * n_rows, 0.75 + 0.2 * len(others))
    title = "Synthetic 3: which settings give the published ratio?"
    figure = new_figure(height=1.2 + sum(heights), title=title, caption=caption)
    above, below = np.asarray(figure.subfigures(2, 1, height_ratios=heights)).flat
    grid = above.subplots(n_rows, 3, sharey=True, squeeze=False)
    for axes, panel in zip(grid.flat, panels, strict=False):
        draw_panel(axes, outcome, panel)
    for axes in grid[:, 0]:
        axes.set_ylabel("loss / loss of random")
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    draw_legend(grid.flat[-1])
    draw_alone(below.subplots(), outcome, others)
    return figure


def settings_of(outcome: SettingsOutcome, panel: Panel) -> list[Setting]:
    """Find the settings that a panel shows, without the base."""
    return [setting for setting in outcome.config.settings if setting.factor == panel.factor]


def draw_panel(axes: Axes, outcome: SettingsOutcome, panel: Panel) -> None:
    """Draw the ratio of every order against one factor."""
    settings, base = settings_of(outcome, panel), outcome.config.settings[0]
    for name, look in LOOKS.items():
        rows = [(panel.x(row), row) for row in (outcome.row(s, name, "test") for s in settings)]
        if panel.base is not None:
            row = outcome.row(base, name, "test")
            rows.append((row.t0 if np.isnan(panel.base) else panel.base, row))
        draw_rows(axes, sorted(rows, key=lambda pair: pair[0]), look)
    axes.axhline(1, color=GREY, linewidth=1)
    axes.axhline(published_ratio("test"), color=BLACK, linewidth=1, linestyle=":")
    axes.set_ylim(0, 1.45)
    if panel.ticks:
        axes.set_xscale("log")
        axes.set_xticks(panel.ticks, [f"{tick:g}".removeprefix("0") for tick in panel.ticks])
        axes.minorticks_off()
    axes.set_title(panel.title)
    axes.set_xlabel(panel.label)


def draw_rows(axes: Axes, rows: list[tuple[float, Row]], look: Look) -> None:
    """Draw one order: ratios with intervals, and the predicted ones."""
    x = [at for at, _ in rows]
    ratio, low, high = (np.array([getattr(row, end) for _, row in rows]) for end in ("ratio", "low", "high"))
    axes.errorbar(x, ratio, [ratio - low, high - ratio], elinewidth=0.9, **look.line())
    predicted = [np.nan if row.predicted is None else row.predicted for _, row in rows]
    axes.plot(x, predicted, color=look.color, linestyle="--", linewidth=0.9)


def draw_legend(axes: Axes) -> None:
    """Draw the legend of all panels in a place of its own."""
    axes.set_axis_off()
    handles = [Line2D([], [], **look.line()) for look in LOOKS.values()]
    handles += [
        Line2D([], [], color=GREY, linestyle="--", linewidth=0.9, label="predicted, in the same colour"),
        Line2D([], [], color=BLACK, linestyle=":", linewidth=1, label="published, .46"),
        Line2D([], [], color=GREY, linewidth=1, label="random"),
    ]
    axes.legend(handles=handles, loc="center left", borderaxespad=0)


WORDS = {
    "rate": "rate {}",
    "optimizer": "{}",
    "batch_size": "batch {}",
    "scale_y": "y not scaled",
    "feature_spread": "spread {}",
    "scaling": "standardised",
    "t0": "t0 = {}",
    "noise": "noise {}",
    "vary": "new {} in every run",
}


def in_words(setting: Setting) -> str:
    """Name a setting for the label of its line."""
    text = ", ".join(WORDS[name].format(value) for name, value in setting.changes.items())
    for code, said in (("0.", "."), ("sgd", "SGD"), ("data,init,batches", "data, start and batches")):
        text = text.replace(code, said)
    return text


def draw_alone(axes: Axes, outcome: SettingsOutcome, settings: list[Setting]) -> None:
    """Draw a line a setting, the ratio to the right."""
    for name, look in LOOKS.items():
        rows = [outcome.row(setting, name, "test") for setting in settings]
        ratio, low, high = (np.array([getattr(row, end) for row in rows]) for end in ("ratio", "low", "high"))
        line = look._replace(linestyle="").line()
        axes.errorbar(ratio, range(len(rows)), xerr=[ratio - low, high - ratio], elinewidth=0.9, **line)
    axes.axvline(1, color=GREY, linewidth=1)
    axes.axvline(published_ratio("test"), color=BLACK, linewidth=1, linestyle=":")
    axes.set_yticks(range(len(settings)), [in_words(setting) for setting in settings])
    axes.set_ylim(len(settings) - 0.4, -0.6)
    axes.set_xlim(0, 1.2)
    axes.set_title("(i) two at a time, and others")
    axes.set_xlabel("loss / loss of random")


# --- the paper beside what is nearest to it -------------------------------------------------------------


@styled
def draw_published(outcome: SettingsOutcome) -> Picture:
    """Draw how many gradients the covariance takes; the published curve and stability beside the nearest."""
    count = runs(outcome.config.runs).capitalize()
    caption = (
        "(a) line: predicted for the base setting at t0; points: measured there and with other samples, "
        "95 % intervals; (2.6) lies above the line because it also averages over the steps before. (b) "
        "mean test loss, from 0 with nothing frozen to 1 with all frozen; (c) stability s(k) of the order "
        "between runs; both with y not scaled and Adam at .003, chosen from the sweep because it comes "
        f"near, on data drawn afterwards. {count}; circles: the published covariance order, squares: the "
        "published random order, both digitised."
    )
    figure = new_figure(height=3.6, title="Synthetic 3: what the published figures show", caption=caption)
    a, b, c = figure.subplots(1, 3)
    draw_gradients(a, outcome)
    draw_curves(b, outcome)
    draw_stability(c, outcome)
    return figure


def draw_gradients(axes: Axes, outcome: SettingsOutcome) -> None:
    """Draw the ratio against the number of gradients that the covariance is estimated from."""
    n = np.geomspace(100, 1e7, 26)
    axes.plot(n, outcome.expected_ratio(n), color=GREY, label="predicted")
    base = outcome.config.settings[0]
    sizes = [base, *(s for s in outcome.config.settings if s.factor == "n_train")]
    points = {
        "gradient_covariance": [(int(outcome.parts["base"]["t0"]), base)],
        "batch_covariance": [(2000, base)],
        "exact_covariance": sorted((s.changes.get("n_train", 2000), s) for s in sizes),
    }
    for name, settings in points.items():
        look = (LOOKS | {"batch_covariance": BATCH})[name]
        rows = [(count, outcome.row(setting, name, "test")) for count, setting in settings]
        draw_rows(axes, [(x, row._replace(predicted=None)) for x, row in rows], look._replace(linestyle=""))
    axes.axhline(published_ratio("test"), color=BLACK, linewidth=1, linestyle=":")
    axes.set_xscale("log")
    axes.set_ylim(0, 1.7)
    axes.set_title("(a) gradients it takes")
    axes.set_xlabel("gradients that C is estimated from")
    axes.set_ylabel("loss / loss of random")
    axes.legend(loc="upper right", borderaxespad=0, labelspacing=0.25)


def draw_curves(axes: Axes, outcome: SettingsOutcome) -> None:
    """Draw the published test curves and ours."""
    published = CURVES["synthetic3", "test"]
    x = percent(LEVELS)
    for curve, marker in ((published.covariance, "o"), (published.random, "s")):
        axes.plot(x, relative(curve), **PUBLISHED | {"marker": marker})
    for name, color in (("random", GREY), ("gradient_covariance", BLUE), ("batch_second_moment", VERMILION)):
        axes.plot(x, relative(outcome.curve(name, "test")), color=color)
    frozen_axis(axes)
    axes.set_title("(b) loss, none to all frozen")
    axes.set_ylabel("share of the way")


def draw_stability(axes: Axes, outcome: SettingsOutcome) -> None:
    """Draw the published stability and that of the orders in the setting of the curve."""
    x = percent(INNER)
    axes.plot(x, STABILITY["synthetic3"].s, label="published", **PUBLISHED)
    for name, color, label in (
        ("batch_second_moment", VERMILION, "mean of g²"),
        ("gradient_covariance", BLUE, "(2.6)"),
        ("random", GREY, "random"),
    ):
        axes.plot(x, outcome.stability("curve", name), color=color, label=label)
    frozen_axis(axes)
    axes.set_ylim(0, 1.3)
    axes.set_yticks(np.arange(0, 1.1, 0.2))
    axes.set_title("(c) stability s(k)")
    axes.legend(loc="upper left", ncols=2, fontsize=SMALL - 0.5, columnspacing=1, handlelength=1.6)
