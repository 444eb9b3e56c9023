"""What a test sends in a call and knows again: a tone of its own, a picture that moves."""

from __future__ import annotations

import asyncio
import math
from array import array
from fractions import Fraction

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

RATE = 48_000
SAMPLES = 960
FRAMES_S = 15
WIDTH, HEIGHT = 160, 90


class Tone(MediaStreamTrack):
    """A tone that swells four times a second, as a voice does."""

    kind = "audio"

    def __init__(self, frequency: int) -> None:
        super().__init__()
        self.frequency = frequency
        self._at = 0
        self._began = asyncio.get_running_loop().time()

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await _until(self._began + self._at / RATE)
        samples = array(
            "h",
            (
                int(
                    16_000
                    * math.sin(2 * math.pi * self.frequency * n / RATE)
                    * (0.5 - 0.5 * math.cos(2 * math.pi * 4 * n / RATE))
                )
                for n in range(self._at, self._at + SAMPLES)
            ),
        )
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate = RATE
        frame.pts, frame.time_base = self._at, Fraction(1, RATE)
        self._at += SAMPLES
        return frame


class Bar(MediaStreamTrack):
    """A bright bar that goes over a dark picture once a second."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._at = 0
        self._began = asyncio.get_running_loop().time()

    async def recv(self) -> VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await _until(self._began + self._at / FRAMES_S)
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        stride = frame.planes[0].line_size
        at = self._at % FRAMES_S * (WIDTH // FRAMES_S)
        line = bytearray([32]) * stride
        line[at : at + 20] = bytes([224]) * len(line[at : at + 20])
        frame.planes[0].update(bytes(line) * HEIGHT)
        frame.pts, frame.time_base = self._at, Fraction(1, FRAMES_S)
        self._at += 1
        return frame


async def _until(when: float) -> None:
    await asyncio.sleep(max(0.0, when - asyncio.get_running_loop().time()))


def share(frame: AudioFrame, frequency: int) -> float:
    """Of the energy of a frame of stereo in 16 bits, how much is at a frequency; 0 when silent."""
    samples = array("h", bytes(frame.planes[0])[: frame.samples * 4])[::2]
    energy = sum(one * one for one in samples)
    if energy < 1_000 * len(samples):
        return 0.0
    turn = 2 * math.pi * frequency / frame.sample_rate
    real = sum(one * math.cos(turn * n) for n, one in enumerate(samples))
    imaginary = sum(one * math.sin(turn * n) for n, one in enumerate(samples))
    return 2 * (real * real + imaginary * imaginary) / len(samples) / energy


async def hears(track: MediaStreamTrack, frequency: int, timeout_s: float = 20) -> None:
    """Until ten frames, one after the other, are that tone or its pauses."""
    heard = 0
    async with asyncio.timeout(timeout_s):
        while heard < 10:
            frame = await track.recv()
            assert isinstance(frame, AudioFrame)
            heard += 1 if share(frame, frequency) > 0.6 else 0


async def hears_nothing(track: MediaStreamTrack, for_s: float = 1.0) -> None:
    """No frame with any sound comes for a while."""
    try:
        async with asyncio.timeout(for_s):
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                samples = array("h", bytes(frame.planes[0]))
                assert max(map(abs, samples)) < 100, "something is heard"
    except TimeoutError:
        return


async def falls_silent(track: MediaStreamTrack, timeout_s: float = 10) -> None:
    """Until nothing has come for half a second."""
    async with asyncio.timeout(timeout_s):
        while True:
            try:
                await asyncio.wait_for(track.recv(), 0.5)
            except TimeoutError:
                return


async def sees_moving(track: MediaStreamTrack, timeout_s: float = 20) -> None:
    """Until five pictures, each another than the one before."""
    moved = 0
    before: bytes | None = None
    async with asyncio.timeout(timeout_s):
        while moved < 5:
            frame = await track.recv()
            assert isinstance(frame, VideoFrame)
            plane = frame.planes[0]
            at = plane.line_size * (frame.height // 2)
            row = bytes(plane)[at : at + frame.width]
            if before is not None and len(before) == len(row):
                changed = sum(abs(a - b) > 24 for a, b in zip(before, row, strict=True))
                moved += 1 if changed > frame.width // 50 else 0
            before = row
