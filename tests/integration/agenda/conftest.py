"""A hub on a Friday morning."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import TurnableClock
from tests.integration.agenda.moments import FRIDAY
from tests.integration.conftest import Served, serve


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock(int(FRIDAY.timestamp() * 1000))


@pytest.fixture
async def served(database_url: str, clock: TurnableClock) -> AsyncIterator[Served]:
    async with serve(database_url, clock=clock) as one:
        yield one
