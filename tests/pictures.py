"""Take the README's pictures again, as the second journeys of the tests do.

    python tests/pictures.py

Runs them in a real Chromium and copies some of their pictures into samples/pictures.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "samples" / "pictures"
TAKEN = {
    "2-priced-1440-light.png": "priced.png",
    "2-answer-1440-light.png": "answer.png",
    "2-receipt.png": "receipt.png",
    "2-spending.png": "spending.png",
    "2-break-even.png": "break-even.png",
}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "tests/test_journeys.py", "-k", "test_2"]
        environment = {**os.environ, "KIMIQA_PICTURES": folder}
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        if done.returncode:
            return done.returncode
        FOLDER.mkdir(exist_ok=True)
        for name, kept in TAKEN.items():
            shutil.copyfile(Path(folder, name), FOLDER / kept)
    return 0


if __name__ == "__main__":
    sys.exit(main())
