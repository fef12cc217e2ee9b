"""Frames of arrays: how the grader speaks with student code, and how it reads what may be meant to harm it."""

import io
import math
import struct
import zipfile
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGEST = 4 << 20
"""Bytes of one frame: thousands of times what an assignment needs."""

Arrays = dict[str, NDArray]


class BadFrameError(ValueError):
    """Bytes that are no frame of plain arrays."""


def frame(arrays: Mapping[str, ArrayLike]) -> bytes:
    """Return 8 bytes of length and an npz."""
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **{name: np.asarray(a) for name, a in arrays.items()})
    return struct.pack("<Q", content.tell()) + content.getvalue()


def read_arrays(content: bytes) -> Arrays:
    """Return the arrays of an npz that a stranger wrote: stored, not compressed; numbers only; as long as they say.

    Raises
    ------
    BadFrameError : for anything else, before memory is taken for what a header claims.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            arrays = {}
            if sum(entry.file_size for entry in archive.infolist()) > len(content):
                raise BadFrameError("compressed, or members that share their bytes")
            for entry in archive.infolist():
                if entry.compress_type != zipfile.ZIP_STORED:
                    raise BadFrameError("compressed")
                name = entry.filename.removesuffix(".npy")
                if name in arrays:
                    raise BadFrameError(f"two arrays {name}")
                arrays[name] = read_array(archive.read(entry))
            return arrays
    except BadFrameError:
        raise
    except Exception as error:  # zipfile and numpy.lib.format raise what they like on broken bytes
        raise BadFrameError(f"{type(error).__name__}: {error}") from error


def read_array(content: bytes) -> NDArray:
    """Return the array of one npy: booleans, whole numbers or floats."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise BadFrameError(f"npy version {version}")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream, max_header_size=10_000)
    data = content[stream.tell() :]
    if dtype.kind not in "biuf" or dtype.itemsize > 16 or math.prod(shape) * dtype.itemsize != len(data):
        raise BadFrameError(f"{dtype} of shape {shape} in {len(data)} bytes")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C").copy()


def as_text(array: NDArray) -> str:
    """Return text that came as bytes, without control characters."""
    text = array.astype(np.uint8).tobytes()[:4000].decode("utf-8", "replace")
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
