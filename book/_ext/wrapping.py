"""Where lines may break on the screen: not between a formula and its comma, nor inside an interval or an option.

Long lines of code and long names may, and a line of code goes on further in than it began.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

OPENING = re.compile(r"[(\[“‘]+$")
CLOSING = re.compile(r"^[^\s\-–—/(]+")
PERCENT = re.compile(r"(?<=\d) (?=%)")
SIZES = re.compile(r"\b\d+(?:-\d+){2,}\b")
INTERVAL = re.compile(r"(?<=[\d.]) \[(-?\.?\d\S*), (?=-?\.?\d)")
NAMED = re.compile(r'(<span class="(?:pre|nn|caption-text)">)([^<]+)')  # in text, of a module in code, of a file
LONG_NAME = re.compile(r"\S{20,}")
BRACKET = re.compile(r'<span class="p">[^<]*[(\[{]</span>(?!\n)')
JOINTS = re.compile(r"(?<=[_./:=,(])(?=[\w(\[])")  # of a name, after which it may go on below
LINE = re.compile(r'(?P<start><span id="code-[\w-]+")(?P<rest>>(?:<span class="\w+">)?(?P<indent> +))')
LITERAL = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw)


class WholeFormulas(SphinxPostTransform):
    """Keep a formula in the text together with the bracket before it and what follows it without a space."""

    default_priority = 700
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Put each such group into an element that is not broken."""
        for math in list(self.document.findall(nodes.math)):
            place = math.parent.index(math)
            before = math.parent[place - 1] if place else None
            after = math.parent[place + 1] if place + 1 < len(math.parent) else None
            opening = OPENING.search(before) if isinstance(before, nodes.Text) else None
            closing = CLOSING.search(after) if isinstance(after, nodes.Text) else None
            if not (opening or closing):
                continue
            whole = nodes.inline(classes=["unbroken"])
            math.replace_self(whole)
            whole += [nodes.Text(opening[0])] if opening else []
            whole += math
            whole += [nodes.Text(closing[0])] if closing else []
            if opening:
                before.parent.replace(before, nodes.Text(before[: opening.start()]))
            if closing:
                after.parent.replace(after, nodes.Text(after[closing.end() :]))


class WholeNumbers(SphinxPostTransform):
    """Keep a number together with its per cent, and with its interval, and the sizes of a network, 784-10-10."""

    default_priority = 701
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Put spaces and hyphens that don't break in the place of others."""
        for text in list(self.document.findall(nodes.Text)):
            if not isinstance(text.parent, LITERAL):
                kept = INTERVAL.sub("\u00a0[\\1,\u00a0", PERCENT.sub("\u00a0", text))
                kept = SIZES.sub(lambda sizes: sizes[0].replace("-", "\u2011"), kept)
                if kept != text:
                    text.parent.replace(text, nodes.Text(kept))


class LinesOfCode(SphinxPostTransform):
    """Give each line of code an element of its own, so that the style sheet can break long ones as in ``eqcode``."""

    default_priority = 702
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Set what the highlighter makes of them."""
        for number, code in enumerate(self.document.findall(nodes.literal_block), start=1):
            if code.get("language") in ("ipython3", "python", "default"):  # included files have the default
                code["highlight_args"] = {"linespans": f"code-{number}"} | code.get("highlight_args", {})


def joints(html: str) -> str:
    """Let long names break after a dot, an underscore or a slash, and code after an opening bracket.

    What is copied or searched knows nothing of it.
    """

    def broken(named: re.Match[str]) -> str:
        return named[1] + LONG_NAME.sub(lambda name: JOINTS.sub("<wbr>", name[0]), named[2])

    html = NAMED.sub(broken, html)
    return BRACKET.sub(r"\g<0><wbr>", html)


def indents(html: str) -> str:
    """Tell the style sheet of each line of code how far in it begins."""
    return LINE.sub(lambda line: f'{line["start"]} style="--indent: {len(line["indent"])}ch"{line["rest"]}', html)


def finish(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """Do to the finished text of a page what its nodes have no place for."""
    if "body" in context:
        context["body"] = indents(joints(context["body"]))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the steps."""
    for step in (WholeFormulas, WholeNumbers, LinesOfCode):
        app.add_post_transform(step)
    app.connect("html-page-context", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
