"""Results on disk: one folder an experiment, every file whole or absent, no two configurations in one folder.

A folder holds ``config.json`` (settings and versions), ``parts/<name>.npz`` (one file a finished unit of
work, sealed by a checksum) and the tables and figures that follow from the parts. Each file is written under
a temporary name first and renamed, so a process killed at any moment leaves the old file or the new one.
"""

import hashlib
import io
import json
import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check
from .files import json_text, npz_bytes, write_atomic
from .versions import versions

DIGEST = 64  # characters of a SHA-256 in hexadecimal
LEFTOVER = re.compile(r"\..+\.[0-9a-f]{16}\.tmp")
PART_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=,+-]*")


class ResultsError(ValueError):
    """A results folder that cannot be used: of another configuration, foreign, or not writable."""


class ResultsWarning(UserWarning):
    """A damaged results file, named, that is made anew."""


@dataclass(frozen=True)
class Store:
    """The folder of one experiment; made by ``Store.open``. A plain value: it can be sent to other processes.

    Attributes
    ----------
    folder : Path
        Absolute path of the folder.
    fingerprint : str
        Digest of the settings and versions; each part is sealed with it.
    """

    folder: Path
    fingerprint: str

    @classmethod
    def open(cls, folder: str | os.PathLike[str], settings: Mapping[str, Any]) -> "Store":
        """Open the folder for these settings, or make it; temporary files of killed writers are removed.

        Parameters
        ----------
        folder : path
            A folder that is new, empty, or was opened before with equal settings.
        settings : mapping
            Everything the results depend on, the seed included, as JSON knows it (tuples count as lists) -
            and nothing else: no number of jobs, no scheduler, no path.

        Raises
        ------
        ResultsError
            If the folder holds results of other settings or other versions, holds something else, or cannot
            be written. Nothing in it was touched. Other versions are refused rather than recomputed: hours of
            work should not vanish because a library was updated, nor two versions meet in one table.
        """
        place = Path(folder).absolute()
        plain = json.loads(json_text(settings))
        config = {"settings": plain, "settings_sha256": _sha256(json_text(plain)), "versions": versions()}
        store = cls(place, _sha256(json_text(config)))
        try:
            if os.path.lexists(place):
                store._check_owner(config)
            # Written even when it is there: that it cannot be shows at once, not after the first part.
            write_atomic(place / "config.json", json_text(config))
            (place / "parts").mkdir(exist_ok=True)
            for path in place.rglob(".*.tmp"):
                if LEFTOVER.fullmatch(path.name):
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise ResultsError(f"out = {place}: expected a folder that can be written ({error})") from error
        return store

    def save(self, name: str, arrays: Mapping[str, ArrayLike]) -> None:
        """Store one finished part as ``parts/<name>.npz``."""
        # The seal stands in the zip file's comment, so the part is one file that np.load still reads: the
        # stamp says whose part it is, the checksum after it covers every byte of the file before it.
        sealed = npz_bytes(arrays, comment=self._stamp(name) + b"0" * DIGEST)[:-DIGEST]
        write_atomic(self._path(name), sealed + _sha256(sealed).encode())

    def load(self, name: str) -> dict[str, NDArray] | None:
        """Return the arrays of a stored part, or None if it has to be computed.

        A damaged part, or one sealed for other settings or versions, is named in a ``ResultsWarning`` and
        removed.
        """
        path = self._path(name)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        sealed, checksum = content[:-DIGEST], content[-DIGEST:]
        if _sha256(sealed).encode() != checksum:
            problem = "is damaged (its checksum does not match)"
        elif sealed[-DIGEST:] != self._stamp(name):
            problem = "belongs to other settings, versions or another part"
        else:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return {key: arrays[key] for key in arrays.files}
        warnings.warn(f"{path} {problem}: it is computed again", ResultsWarning, stacklevel=2)
        path.unlink(missing_ok=True)
        return None

    def write(self, name: str, data: bytes | str) -> None:
        """Write a table or figure that follows from the finished parts alone, so the same at every run.

        An older file that differs was therefore damaged or edited: a ``ResultsWarning`` names it. For files
        that grow while parts come in, or hold times, use ``write_atomic``.
        """
        path = self.folder / name
        content = data.encode() if isinstance(data, str) else data
        if path.is_file() and path.read_bytes() != content:
            warnings.warn(f"{path} was damaged or edited: it is written again", ResultsWarning, stacklevel=2)
        write_atomic(path, content)

    def _path(self, name: str) -> Path:
        check(bool(PART_NAME.fullmatch(name)), "name", name, f"a file name of the form {PART_NAME.pattern}")
        return self.folder / "parts" / f"{name}.npz"

    def _stamp(self, name: str) -> bytes:
        return _sha256(f"{self.fingerprint} {name}").encode()

    def _check_owner(self, config: dict[str, Any]) -> None:
        """Refuse a folder that is not empty and was not made with this config."""
        present = sorted(path.name for path in self.folder.iterdir() if not LEFTOVER.fullmatch(path.name))
        old = _read_config(self.folder / "config.json")
        if old is not None:
            before, now = (_flat(c["settings"]) | _flat(c["versions"], "version of ") for c in (old, config))
            changes = [
                f"{key}: {before.get(key, 'absent')} -> {now.get(key, 'absent')}"
                for key in sorted(before.keys() | now.keys())
                if before.get(key) != now.get(key)
            ]
            if changes:
                raise ResultsError(
                    f"out = {self.folder}: expected a new folder or one with these settings, but its results"
                    f" were made with others ({'; '.join(changes)}); choose another folder or delete this one"
                )
        elif present and not any(map(self._owns, (self.folder / "parts").glob("*.npz"))):
            fault = "a damaged config.json" if "config.json" in present else "no config.json"
            raise ResultsError(
                f"out = {self.folder}: expected a new folder or one with these settings, but it has {fault}"
                f" and holds {', '.join(present[:5])}; choose another folder or delete this one"
            )
        elif present:
            path = self.folder / "config.json"
            warnings.warn(f"{path} is damaged or missing: it is written again", ResultsWarning, stacklevel=3)

    def _owns(self, path: Path) -> bool:
        """Whether the part's stamp says that it was made with this store's settings and versions."""
        return path.read_bytes()[-2 * DIGEST : -DIGEST] == self._stamp(path.stem)


def _read_config(path: Path) -> dict[str, Any] | None:
    """Return the config of a results folder, or None if it is absent, damaged or another program's."""
    try:
        config = json.loads(path.read_text("utf-8"))
        whole = config["settings_sha256"] == _sha256(json_text(config["settings"]))
        return config if whole and isinstance(config["versions"], dict) else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested settings as one level with dotted keys and JSON values."""
    flat: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = json.dumps(value, ensure_ascii=False)
    return flat


def _sha256(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()
