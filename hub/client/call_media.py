"""Frames of a call on their way: one source to many connections, and what arrives from each.

Owns clocks and queues of frames; never who is in a call nor how connections come about. Needs
aiortc (the extra ``calls``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from fractions import Fraction
from typing import Final, Literal

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler, VideoFrame

Part = Literal["microphone", "camera", "sound", "screen"]
"""``sound`` is that of the screen."""
Frame = AudioFrame | VideoFrame

ORDER: Final[dict[str, tuple[Part, Part]]] = {
    "audio": ("microphone", "sound"),
    "video": ("camera", "screen"),
}
"""Sections of one kind, in their order: docs/calls.md, section 4."""
PARTS: Final[tuple[Part, ...]] = ("microphone", "camera", "sound", "screen")
KIND: Final[dict[Part, str]] = {part: kind for kind, parts in ORDER.items() for part in parts}
MAX_FRAMES: Final = {"audio": 50, "video": 10}
"""That wait, at each end; of more the oldest is dropped. A second of sound has 50."""
RATE: Final = 48_000

_log = logging.getLogger(__name__)


class FrameQueue(MediaStreamTrack):
    """A track that gives what is put into it; ends only when it is stopped."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self.kind = KIND[part]
        self.part = part
        self.closed_off = False
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue()

    def put(self, frame: Frame) -> None:
        if self.closed_off or self.readyState != "live":
            return
        if self._frames.qsize() >= MAX_FRAMES[self.kind]:
            self._frames.get_nowait()
        self._frames.put_nowait(frame)

    def shut(self, closed: bool) -> None:
        """Let nothing through, not even what waits, until it is opened again."""
        self.closed_off = closed
        if closed:
            self.drop()

    def drop(self) -> None:
        """Forget what waits."""
        while self.readyState == "live" and not self._frames.empty():
            self._frames.get_nowait()

    async def recv(self) -> Frame:
        """The next frame, waiting for it.

        Raises:
            MediaStreamError: it was stopped: no more will come.
        """
        if self.readyState != "live":
            raise MediaStreamError
        frame = await self._frames.get()
        if frame is None:
            self._frames.put_nowait(None)  # for whoever else waits
            raise MediaStreamError
        return frame

    def stop(self) -> None:
        super().stop()
        self._frames.put_nowait(None)


class Source:
    """What one part sends: reads a track once and gives each frame to every connection.

    Timestamps run on over a change of tracks and over silence, as receivers expect of a section.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.track: MediaStreamTrack | None = None
        self._outlets: set[FrameQueue] = set()
        self._muted = False
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._task: asyncio.Task[None] | None = None

    def outlet(self) -> FrameQueue:
        """A track for one connection, which stops it when it ends."""
        outlet = FrameQueue(self.part)
        self._outlets.add(outlet)
        outlet.on("ended", lambda: self._outlets.discard(outlet))
        return outlet

    async def replace(self, track: MediaStreamTrack | None) -> None:
        """Send another track from now on; null: nothing."""
        await self.close()
        self.track = track
        if track is not None:
            self._task = asyncio.create_task(self._read(track), name=f"call {self.part}")

    def mute(self, muted: bool) -> None:
        """Nothing goes out, and the track is read on: what was said meanwhile is gone."""
        self._muted = muted
        if muted:
            for outlet in self._outlets:
                outlet.drop()

    async def close(self) -> None:
        """Read no more. The track is left to whoever made it."""
        self.track = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _read(self, track: MediaStreamTrack) -> None:
        resampler = AudioResampler(format="s16", layout="stereo", rate=RATE)
        began: Fraction | None = None
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return  # it is over
            except Exception as error:
                _log.warning("call: the %s broke: %r", self.part, error)
                return
            if isinstance(frame, AudioFrame):
                # An encoder takes no change of format, which another track may be.
                frames: Iterable[Frame] = resampler.resample(frame)
            elif isinstance(frame, VideoFrame):
                frames = (frame,)
            else:
                continue  # a packet: encoded for somebody else
            for one in frames:
                if one.time_base is None:
                    continue  # nobody knows when it is
                base = Fraction(one.time_base.numerator, one.time_base.denominator)
                now = Fraction(self._loop.time() - self._began).limit_denominator(RATE)
                if began is None:
                    began = now - (one.pts or 0) * base
                one.pts = int(((one.pts or 0) * base + began) / base)
                if not self._muted:
                    for outlet in tuple(self._outlets):
                        outlet.put(one)
