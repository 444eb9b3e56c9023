"""One RTCPeerConnection of a call: its four sections, its descriptions, what it brings.

Owns aiortc's objects and what they want of an SDP; never sessions nor signals (``call_peer``).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Final, Literal

from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.sdp import candidate_from_sdp
from msgspec import Struct, field

from hub.client.call_media import ORDER, PARTS, FrameQueue, Part, Source
from hub.wire.api import Ice

CLOSE_S: Final = 5.0

_UFRAG = re.compile(r"^a=ice-ufrag:(\S+)", re.MULTILINE)
_PWD = re.compile(r"^a=ice-pwd:(\S+)", re.MULTILINE)
_NAMED = re.compile(r"^a=candidate:(?:\S+ ){4}\S+\.local .*\r?\n", re.MULTILINE)


class Description(Struct, omit_defaults=True):
    """``offer``: number of the offer, which its answer repeats."""

    type: Literal["offer", "answer"]
    sdp: str
    offer: int | None = None


class Candidate(Struct, omit_defaults=True):
    """As WebRTC's RTCIceCandidateInit."""

    candidate: str
    sdp_mid: str | None = field(default=None, name="sdpMid")
    sdp_m_line_index: int | None = field(default=None, name="sdpMLineIndex")


def configuration(ice: Ice) -> RTCConfiguration:
    """No servers means none: left to itself, aiortc asks a public one."""
    servers = [RTCIceServer(one.urls, one.username, one.credential) for one in ice.servers]
    policy = RTCIceTransportPolicy.RELAY if ice.relay_only else RTCIceTransportPolicy.ALL
    return RTCConfiguration(
        iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE, iceTransportPolicy=policy
    )


class Connection:
    """One RTCPeerConnection, of one session."""

    def __init__(
        self,
        session: str,
        configuration: RTCConfiguration,
        sources: Mapping[Part, Source],
        received: Mapping[Part, FrameQueue],
    ) -> None:
        self.session = session
        self.ufrag: str | None = None
        self._pc = RTCPeerConnection(configuration)
        self._outlets = {part: source.outlet() for part, source in sources.items()}
        self._received = received
        self._readers: dict[Part, asyncio.Task[None]] = {}

    @property
    def connected(self) -> bool:
        return self._pc.connectionState == "connected"

    @property
    def over(self) -> bool:
        return self._pc.connectionState in ("failed", "closed")

    @property
    def unanswered(self) -> bool:
        return self._pc.signalingState == "have-local-offer"

    @property
    def stable(self) -> bool:
        return self._pc.signalingState == "stable"

    @property
    def local(self) -> Description | None:
        local = self._pc.localDescription
        if local is None:
            return None
        return Description("offer" if local.type == "offer" else "answer", local.sdp)

    def on_change(self, changed: Callable[[], None]) -> None:
        self._pc.on("connectionstatechange", changed)

    def show(self, part: Part, shown: bool) -> None:
        """Whether the other one wants to see a picture."""
        self._outlets[part].shut(not shown)

    async def offer(self) -> None:
        """Offer the four sections."""
        for part in PARTS:
            self._pc.addTransceiver(self._outlets[part], direction="sendrecv")
        await self._pc.setLocalDescription()

    async def answer(self, offer: Description) -> None:
        await self._take(offer)
        for part, section in self._sections():
            section.direction = "sendrecv"
            if section.sender.track is not self._outlets[part]:
                section.sender.replaceTrack(self._outlets[part])
        await self._pc.setLocalDescription()
        self._read()

    async def answered(self, answer: Description) -> None:
        await self._take(answer)
        self._read()

    async def add(self, candidate: Candidate | None) -> None:
        """A way to the other one; null: there are no more."""
        if candidate is None or not candidate.candidate:
            await self._pc.addIceCandidate(None)
            return
        found = candidate_from_sdp(candidate.candidate.removeprefix("candidate:"))
        if found.ip.endswith(".local"):
            return  # a name that only its own network knows
        found.sdpMid, found.sdpMLineIndex = candidate.sdp_mid, candidate.sdp_m_line_index
        await self._pc.addIceCandidate(found)

    async def arrived(self) -> int:
        """Packets of any kind but checks of the way, which aiortc does not count."""
        report = await self._pc.getStats()
        return sum(one.packetsReceived for one in report.values() if one.type == "transport")

    async def close(self) -> None:
        """End it and what it reads; bounded to CLOSE_S."""
        for outlet in self._outlets.values():
            outlet.stop()
        for reader in self._readers.values():
            reader.cancel()
        await asyncio.gather(*self._readers.values(), return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._pc.close()

    async def _take(self, description: Description) -> None:
        sdp = _NAMED.sub("", description.sdp)
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp, description.type))
        self.ufrag = ufrag(sdp)

    def _sections(self) -> list[tuple[Part, RTCRtpTransceiver]]:
        """In the order of the description, whose first of a kind carries the first part."""
        found: list[tuple[Part, RTCRtpTransceiver]] = []
        for kind, parts in ORDER.items():
            sections = [one for one in self._pc.getTransceivers() if one.kind == kind]
            found += zip(parts, sections, strict=False)
        return found

    def _read(self) -> None:
        for part, section in self._sections():
            track = section.receiver.track
            if track is not None and part not in self._readers:
                reading = self._hand_on(track, self._received[part])
                self._readers[part] = asyncio.create_task(reading, name=f"call reads {part}")

    async def _hand_on(self, track: MediaStreamTrack, to: FrameQueue) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                to.put(await track.recv())  # type: ignore[arg-type]  # decoded: never a packet


def ufrag(sdp: str) -> str | None:
    """Of its first section; ICE is restarted with another one."""
    found = _UFRAG.search(sdp)
    return found[1] if found else None


def with_new_credentials(sdp: str) -> str:
    """The same description with another ufrag and password in all its sections."""
    sdp = _UFRAG.sub(f"a=ice-ufrag:{secrets.token_hex(4)}", sdp)
    return _PWD.sub(f"a=ice-pwd:{secrets.token_hex(16)}", sdp)
