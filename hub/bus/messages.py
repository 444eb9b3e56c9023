"""What crosses the bus. Everything is a doorbell or passes by; the truth is in PostgreSQL."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from hub.wire.events import PresenceEntry, Preview, Verdict


class Message(Struct, tag=True, array_like=True):
    """Attributes:
    waits_s: how long it may wait for another message of its topic to go with.
    """

    waits_s: ClassVar[float] = 0.0


class EventCommitted(Message):
    """Topic ``events``. ``frame`` is the encoded ``event`` frame, for all who may see all of it."""

    thread: str
    seq: int
    frame: str


class StreamCommitted(Message):
    """Topic ``document:{id}``: row ``seq`` of the document's log is written, with the updates that
    ``source`` relayed from number ``first`` to ``number``. ``claim`` is the body of a row that
    gives client ids away."""

    waits_s: ClassVar[float] = 0.1

    source: str
    seq: int
    first: int = 1
    number: int = 0
    claim: bytes = b""


class PresenceChanged(Message):
    """Topic ``room:{thread}``: a connection to ``process`` is there, changed, or went."""

    thread: str
    process: str
    entry: PresenceEntry
    gone: bool


class PresenceSnapshot(Message):
    """Topic ``room:{thread}``: all connections of ``process``, said again while they last."""

    waits_s: ClassVar[float] = 0.5

    thread: str
    process: str
    entries: list[PresenceEntry]


class PresenceAsked(Message):
    """Topic ``room:{thread}``: somebody does not know who is here."""

    thread: str


class TypingChanged(Message):
    """Topic ``room:{thread}``; not echoed to ``session``."""

    thread: str
    uid: str
    session: str
    on: bool


class UploadMoved(Message):
    """Topic ``room:{thread}``: so many bytes of an arriving version are here."""

    waits_s: ClassVar[float] = 0.1

    thread: str
    key: str
    received: int
    size: int


class VersionJudged(Message):
    """Topic ``room:{thread}``: a scanner has looked at a version."""

    thread: str
    key: str
    verdict: Verdict
    finding: str | None


class VersionPreviewed(Message):
    """Topic ``room:{thread}``: the preview of a version was made."""

    thread: str
    key: str
    preview: Preview


class UpdateRelayed(Message):
    """Topic ``document:{id}``: an admitted Yjs update, the ``number``-th (from 1) that a live
    document, ``source``, gave to the writer of its process. ``peer`` sent it and does not get it
    back. ``uid`` is whose it is, ``binds`` are client ids that become theirs; ``proven``: as in the
    log."""

    source: str
    number: int
    peer: str
    update: bytes
    uid: str = ""
    binds: list[int] = []
    proven: bool = True


class CaretsRelayed(Message):
    """Topic ``document:{id}``: an awareness update and who owns its client ids."""

    origin: str
    peer: str
    awareness: bytes
    owners: dict[int, str]


class CaretsAsked(Message):
    """Topic ``document:{id}``: process ``origin`` does not know who is where."""

    origin: str


class ToUser(Message):
    """Topic ``user:{uid}``: a private frame for the user's connections but ``except_session``."""

    uid: str
    frame: str
    except_session: str | None = None


class ToSession(Message):
    """Topic ``session:{id}``: a frame for one connection."""

    session: str
    frame: str


class Muted(Message):
    """Topic ``session:{id}``: this connection's microphone in a call is off; ``by`` did it."""

    session: str
    call: str
    by: str


class PeopleChanged(Message):
    """Topic ``people``: somebody came, or an account reads differently."""


class Revoked(Message):
    """Topic ``revocations``: a sign-in session, a token or a whole user lost the right to be
    connected."""

    kind: str
    id: str
