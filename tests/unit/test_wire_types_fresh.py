"""The TypeScript types of the wire are those of ``hub.wire``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_wire_types_fresh() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "generate_wire_types.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
