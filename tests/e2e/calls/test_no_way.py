"""A hub whose secret the TURN server does not share: nobody connects, and the page says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.calls.booth import Answered
from tests.e2e.calls.test_calls import two
from tests.support.hub_process import HubProcess
from tests.support.turn import CoturnProcess


@pytest.fixture
async def hub(tmp_path: Path, services: None) -> AsyncIterator[HubProcess]:
    with CoturnProcess() as coturn:
        async with HubProcess(
            tmp_path / "data",
            HUB_TURN_URLS=f"turn:127.0.0.1:{coturn.port}",
            HUB_TURN_SECRET="not the secret of that server",
            HUB_RELAY_ONLY="true",
        ) as hub:
            yield hub


@pytest.mark.timeout(120)
async def test_credentials_that_no_server_takes_are_told_in_words(phone: Answered) -> None:
    ada, grace = await two(phone)
    await ada.call()
    await grace.answer()
    words = "No way to Grace Lindqvist was found, not even by the hub’s relay"
    await expect(ada.strip()).to_contain_text(words)
    await grace.press("Leave")
    await expect(ada.strip()).not_to_contain_text(words)
