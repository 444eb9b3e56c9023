"""Every wall that there is on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.sandbox import landlock, seccomp
from hub.sandbox.walls import Kind, Program, Sandbox, sandbox_kind

HOSTILE = Program("hostile", Path(__file__).parent / "hostile")


@pytest.fixture(params=["bubblewrap", "landlock", "rlimits"])
def walled(request: pytest.FixtureRequest) -> Sandbox:
    kind: Kind = request.param
    if kind == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed (scripts/require-bubblewrap)")
    if kind == "landlock" and not (landlock.version() and seccomp.supported()):
        pytest.skip("this kernel has no Landlock")
    if kind == "bubblewrap":
        assert sandbox_kind() == "bubblewrap"
    return Sandbox(kind=kind)


@pytest.fixture
def sandbox() -> Sandbox:
    """The best there is."""
    return Sandbox()
