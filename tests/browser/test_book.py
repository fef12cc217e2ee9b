"""The built book as a reader meets it: every page in Chromium, on the width of a desk and of a phone.

Not part of the default run: build the book, then ``pytest tests/browser``.
"""

import functools
import http.server
import shutil
import threading
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
bs4 = pytest.importorskip("bs4")

HTML = Path(__file__).resolve().parents[2] / "book" / "_build" / "html"
PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)
WIDTHS = {"desk": 1400, "phone": 400}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "video": "src"}

LOOK = """async () => {
  await window.MathJax?.startup?.promise;
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


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A plain server with the book under a sub-path, as on a project's page."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "some").mkdir()
    (folder / "some" / "book").symlink_to(HTML)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/some/book/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    assert program, f"none of {', '.join(names)} is installed: apt-get install chromium"
    with sync_api.sync_playwright() as playwright:
        folder = tmp_path_factory.mktemp("profile")
        context = playwright.chromium.launch_persistent_context(folder, executable_path=program, args=FLAGS)
        yield context
        context.close()


@pytest.fixture
def visit(browser, address):
    """Open a page at a width; in ``complaints`` stands what the browser complains of or fetches elsewhere."""
    tab = browser.new_page()
    tab.complaints = []

    def complain(what):
        tab.complaints.append(what)

    tab.on("console", lambda m: complain(f"console: {m.text}") if m.type == "error" else None)
    tab.on("pageerror", lambda error: complain(f"error: {error}"))
    tab.on("requestfailed", lambda r: complain(f"failed: {r.url}"))
    tab.on("response", lambda r: complain(f"{r.status}: {r.url}") if r.status >= 400 else None)
    here = (address.split("/some")[0], "data:", "blob:")
    tab.on("request", lambda r: None if r.url.startswith(here) else complain(f"other host: {r.url}"))

    def go(page, width):
        tab.set_viewport_size({"width": WIDTHS[width], "height": 900})
        tab.goto(address + page, wait_until="networkidle")
        return tab

    yield go
    tab.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", PAGES)
def test_page_is_whole(visit, page, width):
    tab = visit(page, width)
    seen = tab.evaluate(LOOK)
    side = "beside" if width == "desk" else "below"
    wrong = {
        "complaints": tab.complaints,
        "formulas that MathJax left alone": seen["raw"],
        "formulas that MathJax could not read": seen["errors"],
        "pixels by which the page scrolls sideways": max(seen["sideways"], 0),
        f"code not {side} its formula": [pair["id"] for pair in seen["pairs"] if not pair[side]],
        "formulas too wide for their place, to be broken with \\\\": seen["cut"] if width == "desk" else [],
    }
    assert not {what: found for what, found in wrong.items() if found}


def test_search_finds(visit):
    tab = visit("search.html?q=permutation", "desk")
    tab.wait_for_selector("#search-results ul.search li a")
    assert not tab.complaints
