"""Calls: how fast they ring and connect, what the network and three more people cost, and that the
hub has nothing to do with what is said in them.

Beside each figure of the hub, in the same run, stands what it rests on: a message that is posted
instead of a call that rings, two RTCPeerConnections in one page instead of two browsers and a hub.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from playwright.async_api import Page

from hub.client import LiveClient
from hub.ids import new_id
from hub.wire import commands as cmd
from hub.wire import events as ev
from hub.wire.calls import Call
from tests.e2e.calls.booth import Answered, phones
from tests.e2e.calls.phone import Phone
from tests.support.hub_process import HubProcess, answer, token
from tests.support.turn import SECRET, CoturnProcess, Road

CALLERS = 10
RINGS_EACH = 8
RUNS = 5
MESH_S = 20
KEYS = 60

# Keeps every connection of the page, and can be asked what arrived in all of them.
WATCHED = """
window.pcs = [];
window.RTCPeerConnection = class extends window.RTCPeerConnection {
  constructor(...given) { super(...given); pcs.push(this); }
};
window.arrived = async () => {
  const total = { packets: 0, frames: 0, audio: 0, freezes: 0, frozen: 0, fps: [], heights: [] };
  for (const pc of pcs) {
    if (pc.connectionState === 'closed') continue;
    for (const one of (await pc.getStats()).values()) {
      if (one.type !== 'inbound-rtp') continue;
      total.packets += one.packetsReceived;
      if (one.kind === 'audio') total.audio += one.totalAudioEnergy > 0 ? one.packetsReceived : 0;
      if (one.kind !== 'video' || !one.framesDecoded) continue;
      total.frames += one.framesDecoded;
      total.freezes += one.freezeCount ?? 0;
      total.frozen += one.totalFreezesDuration ?? 0;
      total.fps.push(one.framesPerSecond ?? 0);
      total.heights.push(one.frameHeight ?? 0);
    }
  }
  return total;
};
window.when = async (which, least = 0) => {
  for (;;) {
    if ((await arrived())[which] > least) return Date.now();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
"""

# The bare thing: camera and microphone from one connection to another in this page.
BARE = """
async () => {
  const began = performance.now();
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
  a.onicecandidate = ({ candidate }) => b.addIceCandidate(candidate ?? undefined);
  b.onicecandidate = ({ candidate }) => a.addIceCandidate(candidate ?? undefined);
  for (const track of stream.getTracks()) a.addTrack(track, stream);
  const video = document.createElement('video');
  video.muted = true;
  const first = new Promise((resolve) => {
    b.ontrack = ({ track }) => {
      if (track.kind !== 'video') return;
      video.srcObject = new MediaStream([track]);
      video.play();
      video.requestVideoFrameCallback(() => resolve(performance.now() - began));
    };
  });
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription);
  const took = await first;
  a.close(); b.close();
  for (const track of stream.getTracks()) track.stop();
  return took;
}
"""

TYPED = """
(wanted) => new Promise((resolve) => {
  const there = () => document.querySelector('.tiptap')?.textContent.includes(wanted);
  if (there()) return resolve(Date.now());
  const observer = new MutationObserver(() => {
    if (there()) { observer.disconnect(); resolve(Date.now()); }
  });
  observer.observe(document.body, { subtree: true, childList: true, characterData: true });
})
"""


def line(name: str, value: float, unit: str, aim: str = "") -> None:
    print(f"{name:58}{value:9.2f} {unit:4} {aim}", flush=True)


# --- ringing: two programs, no browser ------------------------------------------------------------


class Waits:
    """Somebody who is called: knows when the event of a call or a message is there."""

    def __init__(self) -> None:
        self._told: dict[str, asyncio.Future[float]] = {}

    def of(self, type_: str) -> asyncio.Future[float]:
        self._told[type_] = asyncio.get_running_loop().create_future()
        return self._told[type_]

    def hears(self, frame: ev.Frame) -> None:
        if isinstance(frame, ev.Event) and (waiting := self._told.pop(frame.type, None)):
            waiting.set_result(time.perf_counter())


async def ringing(hub: HubProcess) -> None:
    rings: list[float] = []
    posts: list[float] = []
    async with AsyncExitStack() as stack:
        ada = await stack.enter_async_context(aclosing(await hub.first_owner()))
        me = await answer(ada.get("/api/me"))
        waits = Waits()
        callee = LiveClient(hub.url, await token(ada), on_frame=waits.hears)
        await stack.enter_async_context(callee)
        await callee.watch_inbox()
        for number in range(CALLERS):
            http = await hub.colleague(ada, f"Caller {number}")
            await stack.enter_async_context(aclosing(http))
            state = await answer(
                http.post("/api/threads", json={"subject": "Call", "members": [me["uid"]]})
            )
            thread = state["summary"]["thread"]
            caller = await stack.enter_async_context(LiveClient(hub.url, await token(http)))
            for _ in range(RINGS_EACH):
                heard = waits.of("message")
                began = time.perf_counter()
                await caller.send(cmd.Post(thread=thread, send_id=new_id("n"), text="Hello"))
                posts.append(await heard - began)
                heard = waits.of("call.start")
                began = time.perf_counter()
                call = await caller.call(cmd.StartCall(thread=thread, device="bench"), Call)
                rings.append(await heard - began)
                leave = cmd.LeaveCall(thread=thread, call=call.call, device="bench")
                await caller.call(leave, Call)
    p95 = statistics.quantiles(rings, n=20)[18] * 1000
    line("ring to ringing, p95", p95, "ms", "aim 150")
    line("  of a message that is posted", statistics.quantiles(posts, n=20)[18] * 1000, "ms")
    line("  ratio of medians", statistics.median(rings) / statistics.median(posts), "")


# --- browsers -------------------------------------------------------------------------------------


async def together(make: Answered, *others: str) -> list[Phone]:
    ada = await make("Ada Okafor")
    await ada.begin_thread("Offer")
    people = [ada]
    for name in others:
        one = await make(name, link=await ada.invite())
        await one.open_thread("Offer")
        people.append(one)
    return people


async def answering(make: Answered) -> None:
    ada, grace = await together(make, "Grace Lindqvist")
    frames: list[float] = []
    sounds: list[float] = []
    bare: list[float] = []
    for _ in range(RUNS):
        bare.append(await grace.page.evaluate(BARE))
        await ada.call(camera=True)
        await grace.ringing().wait_for()
        began = await grace.page.evaluate("pcs.length = 0; Date.now()")
        frame = asyncio.create_task(grace.page.evaluate("when('frames')"))
        sound = asyncio.create_task(grace.page.evaluate("when('audio')"))
        await grace.ringing().get_by_role("button", name="With video").click()
        frames.append(await frame - began)
        sounds.append(await sound - began)
        await grace.is_with("Ada")
        await grace.press("Leave")
        await ada.press("Leave")
        await ada.is_out()
    line("answer to first frame, median", statistics.median(frames), "ms", "aim 1000")
    line("answer to first sound, median", statistics.median(sounds), "ms", "aim 700")
    line("  bare connections in one page to first frame", statistics.median(bare), "ms")
    line("  ratio", statistics.median(frames) / statistics.median(bare), "")


async def typing(make: Answered) -> None:
    ada, grace = await together(make, "Grace Lindqvist")
    await ada.begin_document("Draft")
    await grace.editor("Draft").wait_for()

    async def type_all(letter: str) -> float:
        took: list[float] = []
        await ada.editor("Draft").click()
        for number in range(KEYS):
            word = f"{letter}{number}."
            await ada.page.keyboard.type(word[:-1])
            await grace.page.evaluate(TYPED, word[:-1])
            await asyncio.sleep(0.2)  # keys that follow one another fast are sent together
            seen = asyncio.create_task(grace.page.evaluate(TYPED, word))
            began = await ada.page.evaluate("Date.now()")
            await ada.page.keyboard.type(".")
            took.append(await seen - began)
        return statistics.median(took)

    await type_all("warm")
    idle = await type_all("idle")
    await ada.call(camera=True)
    await grace.answer(video=True)
    await ada.is_with("Grace")
    busy = await type_all("call")
    line("a keystroke at the other one, at rest, median", idle, "ms")
    line("  during a call with pictures", busy, "ms")
    line("  ratio", busy / idle, "", "aim 1.5")
    await grace.press("Leave")
    await ada.press("Leave")


async def mesh(make: Answered, hub: HubProcess) -> None:
    people = await together(make, "Grace Lindqvist", "Alan Mbeki", "Edsger Novak")
    for one in people:
        await one.page.set_viewport_size({"width": 800, "height": 600})
    ada, *others = people
    await ada.call(camera=True)
    for one in others:
        await one.answer(video=True)
    for one in people:
        await one.is_with(*(other.name.split()[0] for other in people if other is not one))
    for one in people:
        await one.press("Show the call large")
    assert hub.process is not None
    process = psutil.Process(hub.process.pid)
    await settled(people)
    before = [await one.page.evaluate("arrived()") for one in people]
    cpu = sum(process.cpu_times()[:2])
    began = time.perf_counter()
    await asyncio.sleep(MESH_S)  # what is measured is what happens in this time
    took = time.perf_counter() - began
    cpu = sum(process.cpu_times()[:2]) - cpu
    after = [await one.page.evaluate("arrived()") for one in people]
    pairs = list(zip(before, after, strict=True))
    frames = sum(b["frames"] - a["frames"] for a, b in pairs) / took / 12
    line("four in a mesh: frames a second of each picture", frames, "", "aim 15")
    line("  freezes of 12 pictures in 20 s", sum(b["freezes"] - a["freezes"] for a, b in pairs), "")
    line("  their height", statistics.median(h for one in after for h in one["heights"]), "px")
    line("  the hub's CPU meanwhile", 100 * cpu / took, "%")


async def settled(people: list[Phone]) -> None:
    """All twelve pictures move, and what the machine bears has been found."""
    async with asyncio.timeout(60):
        for one in people:
            while len((await one.page.evaluate("arrived()"))["fps"]) < 3:
                await asyncio.sleep(0.2)
        await asyncio.sleep(10)


async def network_change(make: Answered, road: Road) -> None:
    ada, grace = await together(make, "Grace Lindqvist")
    await ada.call(camera=True)
    await grace.answer(video=True)
    await ada.is_with("Grace")
    took: list[float] = []
    for _ in range(RUNS):
        await ada.is_with("Grace")
        await grace.is_with("Ada")
        began = time.time() * 1000
        road.rebind()
        # What is in the buffers arrives yet.
        took.append(max(await asyncio.gather(back(ada.page), back(grace.page))) - began)
    line(
        "network change to media again, relayed, median", statistics.median(took), "ms", "aim 2000"
    )


async def back(page: Page) -> float:
    """When media arrive again, after a pause."""
    at: float = await page.evaluate(
        """async () => {
      let [last, since] = [(await arrived()).packets, performance.now()], paused = false;
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        const now = (await arrived()).packets;
        if (now !== last && paused) return Date.now();
        if (now !== last) since = performance.now();
        if (performance.now() - since > 400) paused = true;
        last = now;
      }
    }"""
    )
    return at


def opened(name: str) -> Path:
    """The embedded database runs as another user."""
    folder = Path(name)
    folder.chmod(0o755)
    return folder


@asynccontextmanager
async def world(**environ: Any) -> AsyncIterator[tuple[HubProcess, Answered]]:
    with TemporaryDirectory(prefix="hub-bench-") as name:
        folder = opened(name)
        async with (
            HubProcess(folder / "data", **environ) as hub,
            phones(hub, folder, WATCHED) as make,
        ):
            yield hub, make


async def run() -> None:
    with TemporaryDirectory(prefix="hub-bench-") as name:
        async with HubProcess(opened(name) / "data") as hub:
            await ringing(hub)
    async with world() as (_, make):
        await answering(make)
    async with world() as (_, make):
        await typing(make)
    async with world() as (hub, make):
        await mesh(make, hub)
    with CoturnProcess() as coturn:
        async with (
            Road(coturn.port, "udp") as road,
            world(
                HUB_TURN_URLS=f"turn:127.0.0.1:{road.port}",
                HUB_TURN_SECRET=SECRET,
                HUB_RELAY_ONLY="true",
            ) as (_, make),
        ):
            await network_change(make, road)
