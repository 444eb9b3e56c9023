"""A program in the call that says anything at all: nobody else's call is disturbed by it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec
import pytest
from playwright.async_api import expect

from hub.client import LiveClient
from hub.errors import HubError
from hub.ids import new_id
from hub.wire import commands as cmd
from hub.wire import events as ev
from hub.wire.calls import Call
from tests.e2e.calls.booth import Answered
from tests.e2e.calls.test_calls import two
from tests.e2e.people import PASSWORD
from tests.support.hub_process import HubProcess, answer, token

JUNK: tuple[Any, ...] = (
    None, 0, -1, 1e300, "", "\0", "x" * 5000, [], {}, [[]], {"type": "offer"}, True, "😀",
)  # fmt: skip
WORDS = (
    "", "\r\n", "m=audio 9 RTP 0", "a=ice-ufrag:x", "a=fingerprint:sha-256 00", "a=mid:0",
    "a=sendrecv", "a=setup:active", "a=candidate:1 1 UDP 1 127.0.0.1 9 typ host", "\0", "ß" * 99,
    "v=1", "a=group:BUNDLE 0 1 2 3", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
)  # fmt: skip


class Mallory:
    """In the call with a device of her choice, signalling one other device."""

    def __init__(self, live: LiveClient, thread: str, call: str, seed: int) -> None:
        self.live = live
        self.thread = thread
        self.call = call
        self.device = ""
        self.heard: list[dict[str, Any]] = []
        self.to: ev.PresenceEntry | None = None
        self.random = random.Random(seed)

    def hears(self, frame: ev.Frame) -> None:
        if isinstance(frame, ev.SignalFrame) and frame.kind == "call":
            self.heard.append(msgspec.json.decode(msgspec.json.encode(frame.payload)))

    async def come_in(self, device: str, uid: str) -> None:
        self.device = device
        self.heard.clear()
        result = await self.live.call(
            cmd.Subscribe(thread=self.thread, after=None), ev.SubscribeResult
        )
        await self.live.call(cmd.JoinCall(thread=self.thread, call=self.call, device=device), Call)
        async with asyncio.timeout(10):
            while True:
                try:
                    await self.present()
                    break
                except HubError as error:
                    if error.code != "not_in_call":
                        raise
        self.to = next(one for one in result.presence if one.uid == uid and one.call is not None)

    async def present(self) -> None:
        await self.live.call(
            cmd.PresentCall(
                thread=self.thread, call=self.call, device=self.device, muted=True
            ),
            ev.InCall,
        )  # fmt: skip

    async def offer(self) -> dict[str, Any]:
        """What the other one offers."""
        async with asyncio.timeout(20):
            while True:
                for one in self.heard:
                    if one.get("description", {}).get("type") == "offer":
                        return one
                await asyncio.sleep(0.02)  # collected by the client's own task

    async def say(self, body: Any) -> None:
        assert self.to is not None
        assert self.to.call is not None
        head = {"call": self.call, "from": self.device, "to": self.to.call.device}
        payload = {**head, **body} if isinstance(body, dict) else body
        try:
            await self.live.call(
                cmd.Signal(
                    thread=self.thread, to_session=self.to.session, kind="call",
                    payload=msgspec.Raw(msgspec.json.encode(payload)),
                ),
                type(None),
            )  # fmt: skip
        except HubError as error:
            if error.code not in ("rate_limited", "signal_too_large"):
                raise

    def changed(self, sdp: str) -> str:
        lines = sdp.split("\r\n")
        for _ in range(self.random.randint(1, 6)):
            at = self.random.randrange(len(lines))
            match self.random.randrange(5):
                case 0:
                    del lines[at:]
                    lines.append("")
                case 1:
                    lines[at] = self.random.choice(WORDS)
                case 2:
                    lines.insert(at, lines[self.random.randrange(len(lines))])
                case 3:
                    cut = self.random.randrange(len(lines[at]) + 1)
                    lines[at] = lines[at][:cut] + self.random.choice(WORDS)
                case _:
                    self.random.shuffle(lines)
        return "\r\n".join(lines)

    def anything(self, sdp: str, kind: str, session: str) -> Any:
        """One more thing to say."""
        body: dict[str, Any] = {"session": session}
        match self.random.randrange(6):
            case 0 | 1:
                body["description"] = {"type": kind, "sdp": self.changed(sdp)}
            case 2:
                candidate = self.changed("candidate:1 1 UDP 1 127.0.0.1 9 typ host")
                body["candidate"] = {"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0}
            case 3:
                body["session"] = self.random.choice((session, "another", None, 7))
                body["hello"] = True
            case 4:
                key = self.random.choice(
                    ("description", "candidate", "want", "reaction", "pointer", "session", "call")
                )
                body[key] = self.random.choice(JUNK)
            case _:
                return self.random.choice(JUNK)
        return body


@asynccontextmanager
async def mallory(hub: HubProcess, thread: str, call: str) -> AsyncIterator[Mallory]:
    async with aclosing(hub.browser()) as ada:
        given = {"address": "ada@north.example", "password": PASSWORD}
        await answer(ada.post("/api/session", json=given))
        async with aclosing(await hub.colleague(ada, "Mallory Grey")) as http:
            me = await answer(http.get("/api/me"))
            async with LiveClient(hub.url, await token(ada)) as owner:
                await owner.send(
                    cmd.SetMember(thread=thread, send_id=new_id("n"), uid=me["uid"], role="editor")
                )
            found: list[Mallory] = []
            live = LiveClient(
                hub.url, await token(http), on_frame=lambda frame: found and found[0].hears(frame)
            )
            found.append(Mallory(live, thread, call, seed=17))
            async with live:
                yield found[0]


@pytest.mark.timeout(180)
async def test_nonsense_from_one_who_is_in_disturbs_nobody(
    phone: Answered, hub: HubProcess
) -> None:
    ada, grace = await two(phone)
    await ada.call()
    await grace.answer()
    await ada.is_with("Grace")
    thread = ada.page.url.split("/t/")[1].split("/")[0]
    me = await ada.page.evaluate("fetch('/api/me').then((answer) => answer.json())")
    state = await ada.page.evaluate(f"fetch('/api/threads/{thread}').then((one) => one.json())")
    async with mallory(hub, thread, state["summary"]["call"]["call"]) as hostile:
        # Polite, so that Ada offers; then impolite, so that she answers what Mallory offers.
        for device, kind in (("~~~~", "answer"), ("    ", "offer")):
            await hostile.come_in(device, me["uid"])
            if kind == "answer":
                await hostile.say({"session": None, "hello": True})
                offered = await hostile.offer()
            sdp = offered["description"]["sdp"]
            for turn in range(250):
                session = offered["session"] if kind == "answer" else f"session {turn // 5}"
                await hostile.say(hostile.anything(sdp, kind, session))
                if turn % 25 == 0:
                    await hostile.present()
            await ada.hears(grace)
            await grace.hears(ada)
        await expect(ada.person("Mallory")).to_have_count(1)
    await ada.is_with("Grace")
    await ada.press("Mute")
    await expect(grace.person("Ada")).to_have_count(1)
    await grace.hears_nothing_of(ada)
