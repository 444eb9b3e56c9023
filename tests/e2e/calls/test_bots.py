"""A program in a call with a browser: either begins, and a restart of ICE brings media back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest

from hub.client import call_peer
from hub.client.calls import CallClient, Participant
from tests.e2e.calls.booth import Answered
from tests.e2e.calls.phone import Phone
from tests.support.hub_process import HubProcess, answer, token
from tests.support.tones import Bar, Tone, hears, hears_nothing, sees_moving

FREQUENCY = 2_750
NAME = "Bot Tester"


@dataclass
class Voice:
    """What a phone listens for."""

    name: str = NAME
    frequency: int = FREQUENCY


BOT = Voice()
Joined = Callable[..., Awaitable[tuple[Phone, CallClient]]]


@pytest.fixture
async def with_bot(phone: Answered, hub: HubProcess) -> AsyncIterator[Joined]:
    """Ada with a thread open, and a program of its own account in it."""
    async with AsyncExitStack() as stack:

        async def make(device: str) -> tuple[Phone, CallClient]:
            ada = await phone("Ada Okafor")
            await ada.begin_thread("Offer")
            link = await ada.invite()
            http = await stack.enter_async_context(
                httpx.AsyncClient(base_url=hub.url, headers={"origin": hub.url}, trust_env=False)
            )
            account = {
                "secret": link.partition("#")[2],
                "display_name": NAME,
                "address": "bot@north.example",
                "password": "correct horse battery",
            }
            await answer(http.post("/api/links/accept", json=account))
            found = re.search(r"r_[\w-]+", ada.page.url)
            assert found, ada.page.url
            bot = await stack.enter_async_context(
                CallClient(hub.url, await token(http), found[0], device=device)
            )
            await bot.send("microphone", Tone(FREQUENCY))
            await bot.send("camera", Bar())
            return ada, bot

        yield make


async def ada_in(bot: CallClient) -> Participant:
    await bot.until(lambda: any(one.connected for one in bot.others))
    (ada,) = bot.others
    return ada


def cut(there: Participant) -> None:
    """Nothing goes either way any more by the addresses in use, and neither end is told."""
    peer = there._peer
    assert peer is not None
    assert peer._connection is not None
    (way,) = {one.transport.transport for one in peer._connection._pc.getSenders()}

    async def nowhere(*_: object) -> None: ...

    for socket in way._connection._protocols:
        socket.datagram_received = lambda *_: None
        socket.send_stun = lambda *_: None
        socket.send_data = nowhere


@pytest.mark.timeout(120)
async def test_a_bot_rings_a_page(with_bot: Joined) -> None:
    ada, bot = await with_bot("!")  # before every name that a page gives itself: it begins
    await bot.ring()
    await ada.answer(video=True)
    there = await ada_in(bot)
    await ada.is_with("Bot")
    await hears(there.track("microphone"), ada.frequency)
    await sees_moving(there.track("camera"))
    await ada.hears(BOT)
    await ada.sees_moving(ada.page.get_by_label(f"Camera of {NAME}"))

    await ada.press("Mute")
    await bot.until(lambda: there.muted)
    await hears_nothing(there.track("microphone"))
    bot.mute(True)
    await ada.hears_nothing_of(BOT)
    await ada.press("Unmute")
    await hears(there.track("microphone"), ada.frequency)

    await ada.press("Leave")
    await bot.until(lambda: not bot.others)
    await bot.leave()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("device", ["!", "~"], ids=["impolite", "polite"])
async def test_a_page_rings_a_bot_and_restarts_ice(
    with_bot: Joined, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_peer, "STALLED_S", 1_000)  # that is another way to come back
    ada, bot = await with_bot(device)
    await ada.call(camera=True)
    await bot.ringing()
    await bot.join()
    there = await ada_in(bot)
    await ada.is_with("Bot")
    await hears(there.track("microphone"), ada.frequency)
    await sees_moving(there.track("camera"))
    await ada.hears(BOT)
    assert there.sessions == 1

    cut(there)
    await ada.page.evaluate("dispatchEvent(new Event('online'))")
    # A page whose restarts come to nothing begins anew by itself, but only after 15 s.
    await bot.until(lambda: there.sessions == 2 and there.connected, 12)
    await hears(there.track("microphone"), ada.frequency)
    await sees_moving(there.track("camera"))
    await ada.is_with("Bot")
    await ada.hears(BOT)
    await ada.sees_moving(ada.page.get_by_label(f"Camera of {NAME}"))
    assert there.sessions == 2
    await ada.press("Leave")
    await bot.until(lambda: not bot.others)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("device", ["!", "~"], ids=["impolite", "polite"])
async def test_screens_go_both_ways(with_bot: Joined, device: str) -> None:
    """The order of the sections says what they carry, whoever made them."""
    ada, bot = await with_bot(device)
    await ada.call()
    await bot.ringing()
    await bot.join()
    there = await ada_in(bot)
    await ada.press("Share the screen")
    await sees_moving(there.track("screen"))
    await ada.press("Stop sharing the screen")
    await bot.send("screen", Bar())
    await ada.sees_moving(ada.page.get_by_label(f"Screen of {NAME}"))
    await bot.send("sound", Tone(3_700))
    await ada.hears(Voice(frequency=3_700))
    await hears(there.track("microphone"), ada.frequency)
    assert there.sessions == 1
    await ada.press("Leave")
