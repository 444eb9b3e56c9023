"""Fixtures of calls: people with browsers that have microphones and cameras."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.calls.booth import Answered, phones
from tests.support.hub_process import HubProcess


@pytest.fixture
async def phone(tmp_path: Path, hub: HubProcess) -> AsyncIterator[Answered]:
    """Makes people, each with a browser and a tone of their own; the first is the hub's owner."""
    async with phones(hub, tmp_path) as make:
        yield make
