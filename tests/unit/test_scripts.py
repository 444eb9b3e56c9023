"""What the scripts say when a check could not run."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(("ci", "status"), [("true", 1), ("false", 0), (None, 0)])
def test_without_postgres_15_the_check_fails_where_it_must_run(
    tmp_path: Path, ci: str | None, status: int
) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "CI"}
    if ci is not None:
        environ["CI"] = ci
    done = subprocess.run(
        [ROOT / "scripts" / "with-postgres15", "touch", tmp_path / "ran"],
        env=environ | {"HUB_TEST_POSTGRES15": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "NOT RUN" in done.stderr
    assert done.returncode == status
    assert not (tmp_path / "ran").exists()


def test_the_ci_runs_make_test_where_everything_must_run() -> None:
    lines = [line.partition(" #")[0] for line in (ROOT / ".ci" / "run").read_text().splitlines()]
    assert lines[-2:] == ["export CI=true", "exec make test"]


def test_the_folders_that_make_names_are_there() -> None:
    named = set(re.findall(r"\btests/\w+", (ROOT / "Makefile").read_text()))
    assert named
    assert [one for one in sorted(named) if not (ROOT / one).is_dir()] == []
