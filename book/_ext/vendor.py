"""Parts of npm packages, fetched once and kept under the build folder: what a browser needs, from no other host."""

import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[1] / "_build" / "vendor"


def vendor(package: str, parts: Sequence[str], inside: str = "", folder: Path = VENDOR) -> Path:
    """Put parts of an npm package into ``folder/NAME`` and return that folder; does nothing if they are there.

    Parameters
    ----------
    package : name and version, ``mathjax@3.2.2``
    parts : files and folders of the package
    inside : the folder of the package in which they are

    Raises
    ------
    RuntimeError : when npm is not installed or cannot fetch the package.
    """
    kept = folder / package.partition("@")[0]
    if all((kept / part).exists() for part in parts):
        return kept
    if shutil.which("npm") is None:
        raise RuntimeError(f"npm is not installed: the book takes {package} through it; install Node.js")
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", package, "--silent"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if run.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {run.stderr.strip() or run.stdout.strip()}")
    archive = folder / run.stdout.split()[-1]
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    for part in parts:
        place = kept / part
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            shutil.rmtree(place)
        shutil.move(folder / "package" / inside / part, place)
    shutil.rmtree(folder / "package")
    archive.unlink()
    return kept
