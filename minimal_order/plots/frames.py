"""Pictures of something that changes, to leaf through with a slider: in a page, without a server or another file."""

import base64
from collections.abc import Iterable
from html import escape
from typing import NamedTuple

from ..checks import check
from .style import Picture, image

SHOW = (
    "const all=this.closest('figure').querySelectorAll('img');"
    "all.forEach((each,i)=>{each.hidden=i!=this.value});"
    "const label=all[this.value].dataset.label;"
    "this.setAttribute('aria-valuetext',label);this.nextElementSibling.value=label"
)


class Frame(NamedTuple):
    """One of the pictures: as a PNG, where the slider stands for it, what it shows in words."""

    png: bytes
    label: str
    alt: str


class Frames(NamedTuple):
    """Pictures under one slider; what cannot show HTML shows the last."""

    of: str  # what the slider changes
    pictures: tuple[Frame, ...]

    def _repr_html_(self) -> str:
        last = len(self.pictures) - 1
        images = "\n".join(
            f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" alt="{escape(alt)}"'
            f' data-label="{escape(label)}"{" hidden" * (i < last)}>'
            for i, (png, label, alt) in enumerate(self.pictures)
        )
        label = escape(self.pictures[last].label)
        # a browser that loads the page again would put the slider where it was, and leave the pictures
        slider = (
            f'<input type="range" min="0" max="{last}" value="{last}" autocomplete="off"'
            f' aria-valuetext="{label}" oninput="{SHOW}">'
        )
        return (
            f'<figure class="frames">\n{images}\n'
            f"<label>{escape(self.of)} {slider} <output>{label}</output></label>\n</figure>"
        )

    def _repr_png_(self) -> bytes:
        return self.pictures[-1].png


def frames(of: str, figures: Iterable[tuple[str, str, Picture]]) -> Frames:
    """Put figures under a slider, which begins at the last.

    Parameters
    ----------
    of : what the slider changes, "step" say
    figures : label, text for those who do not see it, and figure of each; one at a time is enough

    Raises
    ------
    ValueError : when there are fewer than two.
    """
    pictures = tuple(Frame(image(figure, "png"), label, alt) for label, alt, figure in figures)
    check(len(pictures) > 1, "figures", len(pictures), "two or more")
    return Frames(of, pictures)
