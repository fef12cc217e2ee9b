"""Pictures under a slider."""

from html.parser import HTMLParser

import pytest

from minimal_order.plots.frames import frames
from minimal_order.plots.style import in_style, new_figure


def figure_of(value):
    with in_style():
        figure = new_figure(width=1, height=1)
        figure.subplots().plot([0, value])
    return figure


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.setdefault(tag, []).append(dict(attributes))


def test_begins_at_the_last_and_tells_each_in_words():
    shown = frames("step", ((str(t), f"after {t} < {t + 1}", figure_of(t)) for t in (1, 10, 100)))
    tags = Tags(shown._repr_html_()).found
    assert [each["alt"] for each in tags["img"]] == ["after 1 < 2", "after 10 < 11", "after 100 < 101"]
    assert ["hidden" in each for each in tags["img"]] == [True, True, False]
    assert all(each["src"].startswith("data:image/png;base64,") for each in tags["img"])
    (slider,) = tags["input"]
    assert (slider["min"], slider["max"], slider["value"], slider["aria-valuetext"]) == ("0", "2", "2", "100")
    assert "src" not in slider and set(tags) == {"figure", "img", "label", "input", "output"}
    assert shown._repr_png_() == shown.pictures[-1].png != shown.pictures[0].png


def test_one_picture_needs_no_slider():
    with pytest.raises(ValueError, match="figures = 1: expected two or more"):
        frames("step", [("1", "one", figure_of(1))])
