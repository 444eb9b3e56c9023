"""What crosses the bus. Everything is a doorbell or passes by; the truth is in PostgreSQL."""

from __future__ import annotations

from msgspec import Struct

from hub.wire.events import PresenceEntry


class Message(Struct, tag=True, array_like=True):
    pass


class EventCommitted(Message):
    """Topic ``room:{thread}``. ``frame`` is the encoded ``event`` frame, for every subscriber."""

    thread: str
    seq: int
    frame: str


class PresenceChanged(Message):
    """Topic ``room:{thread}``: a connection is there, changed, or went."""

    thread: str
    entry: PresenceEntry
    gone: bool


class TypingChanged(Message):
    """Topic ``room:{thread}``; not echoed to ``session``."""

    thread: str
    uid: str
    session: str
    on: bool


class UpdateRelayed(Message):
    """Topic ``document:{number}``: an admitted Yjs update. ``peer`` sent it and does not get it
    back; ``counter`` counts the updates of process ``origin``."""

    number: int
    origin: str
    counter: int
    peer: str
    update: bytes


class CaretsRelayed(Message):
    """Topic ``document:{number}``: an awareness update and who owns its client ids."""

    number: int
    origin: str
    peer: str
    awareness: bytes
    owners: dict[int, str]


class ToUser(Message):
    """Topic ``user:{uid}``: a private frame for the user's connections but ``except_session``."""

    uid: str
    frame: str
    except_session: str | None = None


class ToSession(Message):
    """Topic ``session:{id}``: a frame for one connection."""

    session: str
    frame: str


class Revoked(Message):
    """Topic ``revocations``: a sign-in session, a token or a whole user lost the right to be
    connected."""

    kind: str
    id: str
