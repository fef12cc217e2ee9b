"""The zip that Gradescope's autograder takes: this package, the master, and two scripts."""

import importlib.metadata
import io
import re
import zipfile
from pathlib import Path

from ..checks import check

PACKAGE = Path(__file__).resolve().parents[1]

SETUP = """\
#!/usr/bin/env bash
# Runs once, when Gradescope builds the image.
set -euo pipefail
apt-get update -qq
apt-get install -qq -y python3 python3-pip python3-venv bubblewrap
python3 -m venv /autograder/venv
/autograder/venv/bin/pip install -q {requirements}
"""

RUN = """\
#!/usr/bin/env bash
# Runs for each submission. The seed decides the hidden cases.
set -euo pipefail
cd /autograder
rm -rf work && mkdir -p work results
cp -r submission work/student
export PYTHONPATH=/autograder/source
venv/bin/python -m minimal_order course grade {number} work --seed {seed} --jobs 1 \\
  --master source/assignment.md --out graded{unsandboxed} --gradescope results/results.json
"""


def adapter_zip(number: str, master: Path, seed: int, unsandboxed: bool) -> bytes:
    """Return the zip.

    Where the host doesn't let bubblewrap work, nothing is graded, unless it is made with ``unsandboxed``.
    """
    check(seed >= 0, "seed", seed, "0 or more")
    requirements = importlib.metadata.requires("minimal_order") or []
    needed = " ".join(f"'{r}'" for r in requirements if "extra ==" not in r and re.match(r"(numpy|autograd)\b", r))
    files = {
        "setup.sh": SETUP.format(requirements=needed),
        "run_autograder": RUN.format(number=number, seed=seed, unsandboxed=" --unsandboxed" * unsandboxed),
        "source/assignment.md": master.read_text("utf8"),
    }
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix in (".py", ".json"):
            files[f"source/minimal_order/{path.relative_to(PACKAGE).as_posix()}"] = path.read_text("utf8")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o755 if "/" not in name else 0o644) << 16
            archive.writestr(entry, text)
    return content.getvalue()
