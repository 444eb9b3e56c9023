"""Browsers whose microphones and cameras are none: each a tone of its own, a picture that moves."""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from playwright.async_api import async_playwright

from tests.e2e.calls.phone import Phone
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.support.hub_process import HubProcess

RATE = 48_000
NETWORK = ["--disable-features=WebRtcHideLocalIpsWithMdns"]
DEVICES = ["--use-fake-device-for-media-stream=device-count=2"]
ALLOW = ["--use-fake-ui-for-media-stream", "--auto-select-desktop-capture-source=Entire screen"]
# What an ear tells apart, and no multiple of another.
TONES = (620, 910, 1330, 1990)
# Tests count sound: what makes voices clearer would take tones for noise.
PLAIN_SOUND = (
    "localStorage.getItem('hub.call') ?? "
    "localStorage.setItem('hub.call', '{\"noiseSuppression\": false}')"
)

# Every microphone and camera that a page has taken.
TAKEN = """
window.taken = [];
const { getUserMedia } = MediaDevices.prototype;
MediaDevices.prototype.getUserMedia = async function (...given) {
  const stream = await getUserMedia.apply(this, given);
  taken.push(...stream.getTracks());
  return stream;
};
"""

# Every connection to another one that a page has made.
CONNECTIONS = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); connections.push(this); }
};
"""

Answered = Callable[..., Awaitable[Phone]]


def write_tone(path: Path, frequency: int) -> None:
    """Two seconds, swelling four times a second: a tone that stays is noise, and suppressed."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        samples = (
            0.5
            * math.sin(2 * math.pi * frequency * n / RATE)
            * (0.5 - 0.5 * math.cos(2 * math.pi * 4 * n / RATE))
            for n in range(2 * RATE)
        )
        file.writeframes(b"".join(struct.pack("<h", int(32767 * one)) for one in samples))


@asynccontextmanager
async def phones(hub: HubProcess, folder: Path, script: str = "") -> AsyncIterator[Answered]:
    """Makes people, each with a browser and a tone of their own; the first is the hub's owner.

    Args:
        folder: for their tones.
        script: what their pages run before anything else.
    """
    made: list[Phone] = []
    async with AsyncExitStack() as stack, async_playwright() as playwright:

        async def make(
            name: str, *, link: str | None = None,
            devices: bool = True, allowed: bool = True, touch: bool = False,
            at: HubProcess = hub,
        ) -> Phone:  # fmt: skip
            frequency = TONES[len(made)]
            tone = folder / f"{frequency}.wav"
            write_tone(tone, frequency)
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM,
                args=[
                    *ARGUMENTS,
                    *NETWORK,
                    *(DEVICES if devices else []),
                    *(ALLOW if allowed else []),
                    f"--use-file-for-fake-audio-capture={tone}",
                ],
            )
            stack.push_async_callback(browser.close)
            address = f"{name.split()[0].lower()}@north.example"
            granted = ["microphone", "camera"] if allowed else ["clipboard-read"]
            person = await Phone.open(
                browser, at.url, name, address,
                permissions=granted, has_touch=touch, is_mobile=touch,
            )  # fmt: skip
            person.frequency = frequency
            await person.context.add_init_script(PLAIN_SOUND)
            await person.context.add_init_script(TAKEN)
            await person.context.add_init_script(CONNECTIONS)
            if script:
                await person.context.add_init_script(script)
            await person.accept(link or f"{hub.url}/welcome#{await hub.first_secret()}")
            if touch:
                await person.page.set_viewport_size({"width": 390, "height": 844})
            made.append(person)
            return person

        yield make
        for person in made:
            person.check()
