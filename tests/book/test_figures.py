"""Every figure of the built book shows something: in each of its panels there is ink that is no frame and no grid.

The pictures are looked at as they are; nothing is run or drawn again. Build the book first.
"""

import base64
import io
import re
from pathlib import Path

import numpy as np
from PIL import Image

from minimal_order.plots.style import image, in_style, new_figure

HTML = Path(__file__).resolve().parents[2] / "book" / "_build" / "html"
INLINE = re.compile(rb'src="data:image/png;base64,([^"]+)"')
SIDE = 60  # pixels, the shortest side of a panel: letters and ticks are shorter
FEWEST = 30  # pixels of ink: a single marker has more


def pictures():
    """The figures of all pages as PNG: in files of their own, and those under a slider inside the pages."""
    yield from ((path.name, path.read_bytes()) for path in sorted((HTML / "_images").glob("*.png")))
    for page in sorted(HTML.rglob("*.html")):
        for i, found in enumerate(INLINE.findall(page.read_bytes())):
            yield f"{page.name}, frame {i}", base64.b64decode(found)


def darkness(png):
    """0 where the picture is white, 255 where a colour has none of red, green or blue."""
    return 255 - np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).min(axis=-1).astype(int)


def sides(black):
    """The long black lines along one axis: the row, the first and the last column of each."""
    for row in np.flatnonzero(black.sum(axis=1) >= SIDE):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], black[row], [0]]).astype(int)))
        yield from ((row, a, b - 1) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= SIDE)


def panels(dark):
    """What is inside each pair of axes: a lower and a left side that meet, but for a tick at the corner."""
    left = list(sides(dark.T > 200))
    seen = []
    for bottom, first, right in sides(dark > 200):
        for x, top, last in left:
            if max(abs(x - first), abs(bottom - last)) <= 10 and not any(
                max(abs(x - a), abs(bottom - b)) <= 10 for a, b in seen
            ):
                seen.append((x, bottom))
                yield dark[top + 5 : bottom - 5, x + 6 : right - 6]


def ink(dark):
    """How many pixels are darker than a grid."""
    return int((dark > 60).sum())


def faults(png):
    """What is wrong with a picture."""
    dark = darkness(png)
    empty = [i for i, inside in enumerate(panels(dark)) if ink(inside) < FEWEST]
    return [f"nothing in panel {i}" for i in empty] + ["blank"] * (ink(dark) < dark.size / 100)


def test_every_figure_of_the_book_shows_something():
    found = dict(pictures())
    assert found, "no pictures: jupyter-book build book"
    assert not {name: said for name, png in found.items() if (said := faults(png))}


def drawn(*lines):
    """A figure with a panel for each line."""
    with in_style():
        figure = new_figure(height=2.5, caption="What it was made from.")
        for axes, line in zip(figure.subplots(1, len(lines)), lines, strict=True):
            axes.plot(*line, "o-")
            axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="x", ylabel="y", title="a panel")
        return image(figure, "png")


def test_empty_panel_is_found():
    line, point, far_off = ([0, 1], [0.2, 0.8]), ([0.5], [0.5]), ([0, 1], [2, 3])
    assert faults(drawn(line, point)) == []
    assert faults(drawn(line, far_off)) == ["nothing in panel 1"]
    assert faults(drawn(([], []), line, point)) == ["nothing in panel 0"]


def test_blank_picture_is_found():
    with in_style():
        figure = new_figure()
        figure.subplots().axis("off")
        assert faults(image(figure, "png")) == ["blank"]
