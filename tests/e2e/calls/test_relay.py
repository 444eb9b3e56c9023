"""Calls whose media go through a TURN server only: nobody sees another's address."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.calls.booth import Answered
from tests.e2e.calls.test_calls import NETWORK_FAULTS, two
from tests.support.hub_process import HubProcess
from tests.support.turn import SECRET, CoturnProcess, Road

# Ms between two frames of a picture, the longest from now on.
LONGEST_GAP = """
(video) => {
  let before = performance.now();
  video.longestGap = 0;
  const next = (now) => {
    video.longestGap = Math.max(video.longestGap, now - before);
    before = now;
    video.requestVideoFrameCallback(next);
  };
  video.requestVideoFrameCallback(next);
}
"""


@pytest.fixture
def coturn(services: None) -> Iterator[CoturnProcess]:
    with CoturnProcess() as coturn:
        yield coturn


@pytest.fixture(params=["udp", "tcp"])
async def road(coturn: CoturnProcess, request: pytest.FixtureRequest) -> AsyncIterator[Road]:
    async with Road(coturn.port, request.param) as road:
        yield road


@pytest.fixture
async def hub(tmp_path: Path, road: Road) -> AsyncIterator[HubProcess]:
    async with HubProcess(
        tmp_path / "data",
        HUB_TURN_URLS=f"turn:127.0.0.1:{road.port}?transport={road.transport}",
        HUB_TURN_SECRET=SECRET,
        HUB_RELAY_ONLY="true",
    ) as hub:
        yield hub


@pytest.mark.timeout(120)
async def test_relayed_media_come_back_after_a_change_of_network(
    phone: Answered, hub: HubProcess, coturn: CoturnProcess, road: Road
) -> None:
    ada, grace = await two(phone)
    await ada.call(camera=True)
    await grace.answer(video=True)
    await ada.is_with("Grace")
    await grace.is_with("Ada")
    await ada.hears(grace)
    await grace.hears(ada)
    await ada.sees_moving(ada.page.get_by_label("Camera of Grace Lindqvist"))
    await ada.press("Devices and connection")
    dialog = ada.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Grace Lindqvist: relayed")
    await expect(dialog).to_contain_text("nobody sees another’s network address")
    await dialog.get_by_role("button", name="Close").click()

    before = coturn.allocations()
    assert before >= 2
    road.rebind()
    await ada.hears(grace)
    await grace.hears(ada)
    await ada.is_with("Grace")
    await ada.sees_moving(ada.page.get_by_label("Camera of Grace Lindqvist"))
    assert coturn.allocations() >= before + 2  # nobody goes on by the old ones

    # The hub is killed and started again: media never stop for it.
    for one in (ada, grace):
        one.forgive(NETWORK_FAULTS)
    picture = ada.page.get_by_label("Camera of Grace Lindqvist")
    await picture.evaluate(LONGEST_GAP)
    killed = time.monotonic()
    await hub.kill()
    await expect(ada.strip()).to_contain_text("The call goes on")
    await ada.hears(grace)
    await hub.start()
    away_ms = (time.monotonic() - killed) * 1000
    await expect(ada.strip()).not_to_contain_text("The call goes on")
    await ada.is_with("Grace")
    await grace.is_with("Ada")
    await grace.hears(ada)
    assert await picture.evaluate("(video) => video.longestGap") < away_ms / 2
