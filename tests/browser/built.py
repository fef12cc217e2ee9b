"""Where the built book is, and what is looked at."""

from pathlib import Path

HTML = Path(__file__).resolve().parents[2] / "book" / "_build" / "html"
_FILES = sorted(path for path in HTML.rglob("*.html") if "_static" not in path.parts)
PAGES = [
    path.relative_to(HTML).as_posix() for path in _FILES if 'http-equiv="refresh"' not in path.read_text("utf8").lower()
]
WIDTHS = {"desk": 1400, "phone": 400}
