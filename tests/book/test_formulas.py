"""Formulas that reports write with the letters of a keyboard, as a page shows them."""

import pytest
from docutils import nodes
from formulas import pieces


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("C_t0 approximates C.", [r"C_{t_0}", " approximates C."]),
        (
            "tends to it, g(w_n(lam)) -> g(w*(lam)).",
            ["tends to it, ", r"g(w_n(\lambda)) \to g(w^*(\lambda))", "."],
        ),
        ("over lam: L(lam) at lam = 0.001", ["over ", r"\lambda", ": ", r"L(\lambda)", " at ", r"\lambda = 0.001"]),
        ("the order's alpha_hat, w*, w^2", ["the order's ", r"\hat{\boldsymbol\alpha}", ", ", "w^*", ", ", "w^2"]),
        ("g_1^2 without g_S, from t0 on", [r"\mathbf g_1^2", " without ", r"\mathbf g_S", ", from ", "t_0", " on"]),
        ("within +-5% of it", ["within ", r"\pm 5", "% of it"]),
        ("With x ~ N(0, I), as", ["With ", r"\mathbf x \sim \mathcal N(0, I)", ", as"]),
        ("|w - w*|", [r"\lvert w - w^* \rvert"]),
    ],
)
def test_formula_is_cut_out_and_set(text, shown):
    found = pieces(text)
    assert [node.astext() for node in found] == shown
    assert [isinstance(node, nodes.math) for node in found] == [piece not in text or piece == "w^2" for piece in shown]


@pytest.mark.parametrize("text", ["clamp, lambda and w_star", "gradient_covariance", "at0 C_t01 g_12", "--lam_2"])
def test_names_are_left_alone(text):
    assert [node.astext() for node in pieces(text)] == [text]
