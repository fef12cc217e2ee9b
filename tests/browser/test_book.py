"""The built book as a reader meets it: every page in Chromium, on the width of a desk and of a phone.

Not part of the default run: build the book, then ``pytest tests/browser``.
"""

import functools
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from built import HTML, PAGES

bs4 = pytest.importorskip("bs4")

LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "video": "src"}

LOOK = """() => {
  const box = (element) => element.getBoundingClientRect();
  return {
    sideways: document.documentElement.scrollWidth - window.innerWidth,
    raw: [...document.querySelectorAll(".math")]
      .filter(e => !e.querySelector("mjx-container"))
      .map(e => e.textContent),
    errors: [...document.querySelectorAll("mjx-merror")].map(e => e.dataset.mjxError),
    cut: [...document.querySelectorAll(".eqcode-formula mjx-container[display=true]")]
      .filter(e => e.scrollWidth > e.clientWidth + 1)
      .map(e => e.closest(".math").id),
    pairs: [...document.querySelectorAll(".eqcode-pair")].map(pair => {
      const formula = box(pair.querySelector(".eqcode-formula"));
      const code = box(pair.querySelector(".eqcode-code"));
      return {
        id: pair.querySelector(".math").id,
        beside: formula.right <= code.left + 1 && formula.top < code.bottom && code.top < formula.bottom,
        below: formula.bottom <= code.top + 1,
      };
    }),
  };
}"""


@functools.cache
def soup(page):
    return bs4.BeautifulSoup((HTML / page).read_text("utf8"), "html.parser")


@functools.cache
def anchors(page):
    return {tag[key] for key in ("id", "name") for tag in soup(page).find_all(attrs={key: True})}


def test_there_is_a_book():
    assert PAGES, f"no pages in {HTML}: jupyter-book build book"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    broken = []
    for link in soup(page).find_all("a", href=True):
        target = urlsplit(urljoin(f"/{page}", link["href"]))
        if target.scheme or target.netloc or not link["href"].strip("#"):
            continue
        path = unquote(target.path).lstrip("/")
        known = path in PAGES and (not target.fragment or unquote(target.fragment) in anchors(path))
        if not known and not (path not in PAGES and (HTML / path).is_file()):
            broken.append(link["href"])
    assert not broken


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_named_to_be_loaded_from_another_host(page):
    loaded = [tag[key] for name, key in LOADS.items() for tag in soup(page).find_all(name, attrs={key: True})]
    assert not [url for url in loaded if urlsplit(url).netloc]


def faults(tab, side):
    """What is wrong with a page whose code stands at that side of its formulas."""
    seen = tab.evaluate(LOOK)
    wrong = {
        "complaints": tab.complaints,
        "formulas that MathJax left alone": seen["raw"],
        "formulas that MathJax could not read": seen["errors"],
        "pixels by which the page scrolls sideways": max(seen["sideways"], 0),
        f"code not {side} its formula": [pair["id"] for pair in seen["pairs"] if not pair[side]],
        "formulas too wide for their place, to be broken with \\\\": seen["cut"] if side == "beside" else [],
    }
    return {what: found for what, found in wrong.items() if found}


def test_page_is_whole_on_a_desk(desk):
    assert not faults(desk, "beside")


def test_page_is_whole_on_a_phone(phone):
    assert not faults(phone, "below")


# What is folded away is opened for a moment, solutions above all; a table scrolls in its place.
WIDE = """() => {
  const folds = [...document.querySelectorAll("details:not([open])")];
  const hidden = [...document.querySelectorAll(".toggle-hidden")];
  folds.forEach(e => e.open = true);
  hidden.forEach(e => e.classList.remove("toggle-hidden"));
  const wide = [...document.querySelectorAll("p mjx-container:not([display])")]
    .filter(e => !e.closest("table"))
    .filter(e => e.getBoundingClientRect().right > e.closest("p").getBoundingClientRect().right + 1)
    .map(e => e.closest("p").textContent.slice(0, 60));
  hidden.forEach(e => e.classList.add("toggle-hidden"));
  folds.forEach(e => e.open = false);
  return wide;
}"""


def test_formulas_in_the_text_end_with_their_line_on_a_phone(phone):
    assert not phone.evaluate(WIDE), "to be cut in two at a sign"
