"""Where the built book is, and what is looked at."""

from pathlib import Path

HTML = Path(__file__).resolve().parents[2] / "book" / "_build" / "html"
PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)
WIDTHS = {"desk": 1400, "phone": 400}
