"""The built book on a plain server, and a browser that notes what is wrong with a page."""

import contextlib
import functools
import http.server
import shutil
import threading

import pytest
from built import HTML, PAGES, WIDTHS

sync_api = pytest.importorskip("playwright.sync_api")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    assert program, f"none of {', '.join(names)} is installed: apt-get install chromium"
    with sync_api.sync_playwright() as playwright:
        folder = tmp_path_factory.mktemp("profile")
        context = playwright.chromium.launch_persistent_context(folder, executable_path=program, args=FLAGS)
        yield context
        context.close()


@contextlib.contextmanager
def opened(browser, address):
    """A tab that opens pages at a width; in ``complaints`` stands what it complains of or fetches elsewhere."""
    tab = browser.new_page()
    tab.set_default_timeout(120_000)  # milliseconds: a busy machine is no fault of the page
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
        tab.emulate_media(color_scheme="light", reduced_motion="reduce")
        tab.goto(address + page, wait_until="load")
        tab.evaluate("() => Promise.all([window.MathJax?.startup?.promise, document.fonts.ready]).then(() => null)")
        return tab

    yield go
    tab.close()


@pytest.fixture
def visit(browser, address):
    """Open a page for one test alone."""
    with opened(browser, address) as go:
        yield go


@pytest.fixture(scope="session", params=PAGES)
def desk(browser, address, request):
    """A page on the width of a desk, opened once: pytest runs all tests of a page one after the other."""
    with opened(browser, address) as go:
        yield go(request.param, "desk")


@pytest.fixture(scope="session", params=PAGES)
def phone(browser, address, request):
    """A page on the width of a phone, opened once."""
    with opened(browser, address) as go:
        yield go(request.param, "phone")
