"""The versions that results depend on."""

import functools
import hashlib
from pathlib import Path

import numpy as np

FACES = ("__main__.py", "cli/", "claims/", "plots/", "reports/", "reproduce/", "course/")  # read parts


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions that results depend on.

    ``minimal_order`` carries a digest of its source, since in a clone the version number stands still while
    the code moves; ``FACES`` are left out of it, so a figure can be changed without computing all again. Only
    the first two numbers of Python count: arithmetic is the same in its patch releases.
    """
    import platform
    from importlib.metadata import version

    from .. import __version__

    source = hashlib.sha256()
    folder = Path(__file__).parents[1]
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(FACES):
            source.update(f"{name}\n{path.read_text('utf-8')}".encode())
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "numpy": np.__version__,
        "autograd": version("autograd"),
        "scipy": version("scipy"),
        "minimal_order": f"{__version__}+{source.hexdigest()[:12]}",
    }
