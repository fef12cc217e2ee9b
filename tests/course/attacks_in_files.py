"""Faults in files: what is wrong before any code of a submission is run."""

import io
import json
import os
import zipfile

from attacks import HONEST


def write_files(folder):
    """Write what is wrong before any code is run; return the names of the submissions."""

    def write(name, content):
        (folder / name).write_bytes(content)

    write("broken json.ipynb", b'{"cells": [')
    write("json but no notebook.ipynb", b'[1, 2, {"cells": 3}]')
    write("cells of rubbish.ipynb", json.dumps({"cells": [{"cell_type": 3}, None, "x"]}).encode())
    write("nested json.ipynb", b"[" * 200_000)
    write("not utf-8.py", HONEST.encode() + b"# caf\xe9\n")
    write("null bytes.py", b"\0" * 100)
    write("large.py", b"#" * (9 << 20))
    write("=cmd|' !A1.py", b"raise ValueError('<img src=x onerror=alert(1)>')")
    (folder / "link.py").symlink_to("/etc/passwd")
    (folder / "folder link").symlink_to("/etc")
    os.mkfifo(folder / "pipe.py")
    (folder / "nothing in it").mkdir()
    (folder / "links in it").mkdir()
    (folder / "links in it" / "assignment0.py").symlink_to("/etc/passwd")
    write("essay.pdf", b"%PDF")
    (folder / os.fsdecode(b"caf\xe9.pdf")).write_bytes(b"%PDF")
    half = {"cell_type": "code", "source": "\ud800 = minimal_order", "metadata": {"tags": ["answer-1", "\udfff"]}}
    write("halves of characters.ipynb", json.dumps({"cells": [half]}).encode())
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            archive.writestr("assignment0.py", HONEST * 20)
        content = bytearray(out.getvalue())
        content[60:90] = bytes(255 - each for each in content[60:90])
        write(f"garbled by method {method}.zip", content)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assignment0.py", b"#" * (200 << 20))
    write("zip bomb.zip", bomb.getvalue())
    write("broken zip.zip", bomb.getvalue()[: len(bomb.getvalue()) // 2])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../escaped.txt", "out")
        archive.writestr("/tmp/course-escaped.txt", "out")
    write("zip that climbs.zip", out.getvalue())
    return [
        "broken json", "json but no notebook", "cells of rubbish", "nested json", "not utf-8", "null bytes", "large",
        "=cmd|' !A1", "link", "folder link", "pipe", "nothing in it", "links in it", "essay.pdf", "zip bomb",
        "broken zip", "zip that climbs", "caf?.pdf", "halves of characters", "garbled by method 8",
        "garbled by method 12", "garbled by method 14",
    ]  # fmt: skip
