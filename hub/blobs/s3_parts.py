"""What an upload in an object store looks like: its place, its parts, its notes, how uploads are
joined. Pure; ``hub.blobs.s3`` moves the bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec

MIB: Final = 2**20
PART_BYTES: Final = 8 * MIB
"""The smallest part that the hub makes; two of them are in memory for each upload."""
LEAST_BYTES: Final = 5 * MIB
"""The smallest part that the API allows before the last one."""
COPY_BYTES: Final = 64 * MIB
"""So much is copied by one request: it must end within the deadline of one."""
MAX_NUMBER: Final = 10_000
WANTED_PARTS: Final = 5_000
"""Half of the numbers are for writers that came to nothing."""

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_.\-]*(/[A-Za-z0-9_\-][A-Za-z0-9_.\-]*)*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which object store.

    Attributes:
        prefix: before every key; empty, or ends with a slash.
        endpoint: of another store than Amazon's.
    """

    bucket: str
    prefix: str
    endpoint: str | None
    region: str


def parse_place(url: str) -> Place:
    """``s3://bucket/prefix?endpoint=https://host:port&region=name``; all but the bucket may be
    left out.

    Raises:
        ValueError: with a sentence for an operator, which never repeats the URL.
    """
    parts = urlsplit(url)
    if parts.scheme != "s3":
        raise ValueError("A store of files in S3 begins with s3://.")
    if "@" in parts.netloc:
        raise ValueError("Credentials do not belong in the URL of the store of files.")
    if not _BUCKET.fullmatch(parts.netloc):
        raise ValueError("The URL of the store of files names no bucket, or not a possible one.")
    prefix = parts.path.strip("/")
    if (prefix and not _PREFIX.fullmatch(prefix)) or parts.fragment:
        raise ValueError(
            "The prefix of the store of files has letters, digits and _-. between slashes."
        )
    told: dict[str, str] = {}
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        if key not in ("endpoint", "region") or key in told or not value:
            raise ValueError("The URL of the store of files takes one endpoint and one region.")
        told[key] = value
    return Place(
        parts.netloc,
        f"{prefix}/" if prefix else "",
        _checked_endpoint(told.get("endpoint")),
        told.get("region", "us-east-1"),
    )


def _checked_endpoint(endpoint: str | None) -> str | None:
    if endpoint is None:
        return None
    parts = urlsplit(endpoint)
    try:
        parts.port  # noqa: B018  # raises
    except ValueError:
        raise ValueError("The endpoint of the store of files has no possible port.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("The endpoint of the store of files is an http or https URL.")
    if "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("The endpoint of the store of files is a scheme, a host and a port.")
    return f"{parts.scheme}://{parts.netloc}"


class Begun(msgspec.Struct, frozen=True):
    """What is fixed when an upload begins.

    Attributes:
        size: bytes that were announced.
        part: bytes of each of its parts but the last.
        upload: id of the multipart upload; empty when the whole is smaller than a part.
    """

    size: int
    part: int
    upload: str = ""


class Part(NamedTuple):
    """The store has answered that it has this part."""

    number: int
    etag: str


class Tail(NamedTuple):
    """Bytes ``start`` to ``end`` of an upload, shorter than a part, in an object of their own."""

    start: int
    end: int
    token: str

    @property
    def label(self) -> str:
        return f"tail-{self.start:020d}-{self.end:020d}-{self.token}"


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came with one mark: whole parts, in their order, and what is left of the next one."""

    parts: tuple[Part, ...] = ()
    tail: Tail | None = None


class Whole(msgspec.Struct, frozen=True):
    """All parts of an upload whose last byte has come."""

    upload: str
    parts: tuple[Part, ...]


class Range(NamedTuple):
    """Bytes of one of several sources."""

    source: int
    start: int
    end: int


def part_bytes(size: int, least: int = PART_BYTES) -> int:
    """Bytes of a part, for an upload of ``size`` bytes: whole MiB above the least."""
    if size <= WANTED_PARTS * least:
        return least
    return -(-size // (WANTED_PARTS * MIB)) * MIB


def noted(notes: Sequence[str]) -> tuple[list[Part], list[Tail]]:
    """All parts and all tails that were ever noted, in their order."""
    parts: list[Part] = []
    tails: list[Tail] = []
    for text in notes:
        note = msgspec.json.decode(text, type=Note)
        parts.extend(note.parts)
        if note.tail is not None:
            tails.append(note.tail)
    return parts, tails


def plan_join(
    sizes: Sequence[int], most: int, least: int = LEAST_BYTES
) -> list[tuple[Range, ...]]:  # fmt: skip
    """Cut sources, one behind the other, into parts of a new upload.

    A part of one range can be copied within the store; of several, it is read and put together.
    Each has at least ``least`` bytes, except the last one; and at most ``most``, or ``least`` when
    it is put together.

    Args:
        sizes: bytes of each source.
        most: bytes, at least ``least``.
    """
    planned: list[tuple[Range, ...]] = []
    short: list[Range] = []
    gathered = 0
    for source, size in enumerate(sizes):
        at = 0
        while at < size:
            end = min(size, at + least - gathered) if short else min(size, at + most)
            short.append(Range(source, at, end))
            gathered += end - at
            at = end
            if gathered >= least:
                planned.append(tuple(short))
                short, gathered = [], 0
    if short:
        planned.append(tuple(short))
    return planned
