"""The built book on a plain server, and a browser that notes what is wrong with a page."""

import functools
import http.server
import shutil
import threading

import pytest
from built import HTML, WIDTHS

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

    def go(page, width, theme="light"):
        tab.set_viewport_size({"width": WIDTHS[width], "height": 900})
        tab.emulate_media(color_scheme=theme, reduced_motion="reduce")
        tab.goto(address + page, wait_until="networkidle")
        tab.evaluate("() => window.MathJax?.startup?.promise.then(() => null)")
        return tab

    yield go
    tab.close()
