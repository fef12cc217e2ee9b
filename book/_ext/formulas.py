r"""What reports and claims write with the letters of a keyboard, ``C_t0`` or ``lam``, is mathematics on the page.

The texts themselves stay as they are: a terminal and a table can show nothing else. Code keeps its names.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

FORMULAS = {
    r"\bg\(w_n\(lam\)\) -> g\(w\*\(lam\)\)": r"g(w_n(\lambda)) \to g(w^*(\lambda))",
    r"\bL\(lam\)": r"L(\lambda)",
    r"\blam = (?P<value>\d+(?:\.\d+)?(?:e-?\d+)?)": r"\lambda = \g<value>",
    r"\blam\b": r"\lambda",
    r"\bx ~ N\(0, I\)": r"\mathbf x \sim \mathcal N(0, I)",
    r"\|w - w\*\|": r"\lvert w - w^* \rvert",
    r"\bw\*": r"w^*",
    r"\bw\^2": r"w^2",
    r"\bC_t0\b": r"C_{t_0}",
    r"\balpha_hat\b": r"\hat{\boldsymbol\alpha}",
    r"\+-(?P<margin>\d+)": r"\pm \g<margin>",
    r"\bt(?P<index>[01])\b": r"t_\g<index>",
    r"\bg_(?P<which>[1S])\^2": r"\mathbf g_\g<which>^2",
    r"\bg_(?P<one>[1S])\b": r"\mathbf g_\g<one>",
}
ANY = re.compile("|".join(re.sub(r"\?P<\w+>", "?:", pattern) for pattern in FORMULAS))
LITERAL = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.comment)


def tex(text: str) -> str:
    """Write one of the formulas in TeX."""
    pattern, written = next(each for each in FORMULAS.items() if re.fullmatch(each[0], text))
    return re.fullmatch(pattern, text).expand(written.replace("\\", "\\\\").replace("\\\\g<", "\\g<"))


def pieces(text: str) -> list[nodes.Node]:
    """Cut a text into what stays and what is a formula."""
    found: list[nodes.Node] = []
    end = 0
    for match in ANY.finditer(text):
        formula = tex(match[0])
        found += [nodes.Text(text[end : match.start()]), nodes.math(formula, formula)]
        end = match.end()
    return [node for node in [*found, nodes.Text(text[end:])] if node.astext()]


class Formulas(SphinxTransform):
    """Set formulas in the text of a page, while it is read: so Sphinx knows that the page needs MathJax."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        """Put nodes of mathematics in the place of text."""
        for text in list(self.document.findall(nodes.Text)):
            if not isinstance(text.parent, LITERAL) and ANY.search(text):
                place = text.parent.index(text)
                text.parent[place : place + 1] = pieces(text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the step."""
    app.add_transform(Formulas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
