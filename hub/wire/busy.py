"""When people are busy, told to whom they agree to, and when several are free. Pure."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from hub.wire.agenda import MAX_PEOPLE
from hub.wire.commands import Uid

_LAST_MS: Final = 32_503_680_000_000  # the year 3000
Ms = Annotated[int, Meta(ge=0, lt=_LAST_MS)]
Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class BusyConsents(Struct):
    """By uids. Of one's own: who ``asked`` and waits, who ``agreed`` means knows. Of others: whose
    busy times are ``known``, and who was asked and has not agreed (``waiting``)."""

    asked: list[str]
    agreed: list[str]
    known: list[str]
    waiting: list[str]


class FindSlots(Struct, forbid_unknown_fields=True, kw_only=True):
    """When whoever asks and ``people`` are free for so many ``minutes``, between two moments (Unix
    ms) and within the hours of the days that a ``zone`` shows."""

    people: Annotated[list[Uid], Meta(max_length=MAX_PEOPLE)]
    first: Ms
    last: Ms
    zone: Annotated[str, Meta(max_length=64)]
    minutes: Annotated[int, Meta(ge=5, le=1440)] = 30
    opens: Clock = "09:00"
    closes: Clock = "17:00"
    weekends: bool = False


class Slots(Struct):
    """Where all are ``free`` (Unix ms), as far as it is known: of who is ``unknown`` it is not."""

    free: list[tuple[int, int]]
    unknown: list[str]
