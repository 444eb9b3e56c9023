"""When people are free, of those who agree that somebody knows it.

Consent is between two: who agreed can withdraw it at any time, and whoever asked is not told of a
refusal. What is told are times at which nobody is busy; never whose meeting is in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Final

from hub.agenda import free, reading
from hub.agenda.free import Span
from hub.clock import Clock, to_datetime
from hub.errors import BadRequest, Forbidden, NotFound
from hub.identity.attempts import Attempts, SharedAttempts
from hub.ids import b64url, sha256
from hub.storage import accounts, consents, reminders
from hub.storage.consents import Busy
from hub.storage.pool import Database
from hub.wire import busy as wire
from hub.wire.events import Frame, NoticeFrame, NoticeSeen
from hub.wire.reminders import NoticeBody

MAX_DAYS: Final = 62
MAX_SLOTS: Final = 500
_ASKS: Final = 20
_ASK_EVERY_S: Final = 300.0
_LOOKS: Final = 120
_LOOK_EVERY_S: Final = 0.5


class Availability:
    """Args:
    tell: called with a uid and a frame for them, once what it says is stored.
    """

    def __init__(
        self, database: Database, clock: Clock, tell: Callable[[str, Frame], None]
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._tell = tell
        self._asks = SharedAttempts(
            "busy", database, clock, burst=_ASKS, every_s=_ASK_EVERY_S
        )  # fmt: skip
        self._looks = Attempts(clock, burst=_LOOKS, every_s=_LOOK_EVERY_S)

    async def consents(self, uid: str) -> wire.BusyConsents:
        async with self._database.acquire() as connection:
            found = await consents.of(connection, uid)
        mine = [one for one in found if one.owner == uid]
        return wire.BusyConsents(
            asked=[one.viewer for one in mine if one.agreed_at_ms is None and not one.is_refused],
            agreed=[one.viewer for one in mine if one.agreed_at_ms is not None],
            known=[one.owner for one in found if one.viewer == uid and one.agreed_at_ms],
            waiting=[one.owner for one in found if one.viewer == uid and not one.agreed_at_ms],
        )

    async def ask(self, uid: str, owner: str) -> None:
        """Raises:
        NotFound: ``account_not_found``.
        Forbidden: ``no_shared_thread``.
        RateLimited: ``too_many_attempts``.
        """
        now = to_datetime(self._clock.now_ms())
        notice = None
        await self._asks.spend(uid)
        async with self._database.transaction() as connection:
            await _require_known(connection, uid, owner)
            if not await consents.share_a_thread(connection, uid, owner):
                raise Forbidden(
                    "Only who is in a thread with you can be asked.", code="no_shared_thread"
                )
            if await consents.ask(connection, owner, uid, now):
                seed = sha256(f"busy {owner} {uid} {now}".encode())
                notice = await reminders.notify(
                    connection, owner, f"n_{b64url(seed[:15])}", now, NoticeBody(note="", asks=uid)
                )
        if notice is not None:
            self._tell(owner, NoticeFrame(notice))

    async def agree(self, uid: str, viewer: str) -> None:
        """Raises:
        NotFound: ``account_not_found``.
        """
        now = to_datetime(self._clock.now_ms())
        async with self._database.transaction() as connection:
            await _require_known(connection, uid, viewer)
            await consents.agree(connection, uid, viewer, now)
            decided = await reminders.answered(connection, uid, viewer, now)
        self._told(uid, decided)

    async def refuse(self, uid: str, viewer: str) -> None:
        now = to_datetime(self._clock.now_ms())
        async with self._database.transaction() as connection:
            await consents.refuse(connection, uid, viewer, now)
            decided = await reminders.answered(connection, uid, viewer, now)
        self._told(uid, decided)

    async def slots(self, uid: str, asked: wire.FindSlots) -> wire.Slots:
        """When the person who asks and others are free.

        Raises:
            BadRequest: ``bad_parameter``, ``bad_date``, ``unknown_zone``.
            RateLimited: ``too_many_attempts``.
        """
        self._looks.spend(uid)
        zone = reading.zone(asked.zone)
        first, last = to_datetime(asked.first), to_datetime(asked.last)
        if not first < last <= first + timedelta(days=MAX_DAYS):
            raise BadRequest(f"At most {MAX_DAYS} days are looked at.", code="bad_parameter")
        opens, closes = _time(asked.opens), _time(asked.closes)
        if closes <= opens and closes != time():
            raise BadRequest("The hours end before they begin.", code="bad_parameter")
        others = [one for one in dict.fromkeys(asked.people) if one != uid]
        async with self._database.acquire() as connection:
            known = await consents.agreed(connection, uid, others)
            busy = await consents.busy(connection, [uid, *known], first, last)
        within = free.hours(first, last, zone, opens, closes, weekends=asked.weekends)
        found = free.slots(within, spans(busy, zone), timedelta(minutes=asked.minutes))
        return wire.Slots(
            free=[(_ms(one.first), _ms(one.last)) for one in found[:MAX_SLOTS]],
            unknown=[one for one in others if one not in known],
        )

    def _told(self, uid: str, decided: Sequence[str]) -> None:
        for notice in decided:
            self._tell(uid, NoticeSeen(notice))

    async def own(self, uid: str, first: datetime, last: datetime, zone: tzinfo) -> list[Span]:
        """When somebody is busy, told to themselves."""
        async with self._database.acquire() as connection:
            busy = await consents.busy(connection, [uid], first, last)
        within = free.merged(spans(busy, zone))
        return [
            Span(max(one.first, first), min(one.last, last))
            for one in within
            if one.first < last and one.last > first
        ]


def spans(busy: Sequence[Busy], zone: tzinfo) -> list[Span]:
    """Args:
    zone: of whoever looks, for what floats.
    """
    return [
        Span(_placed(one.first, zone), _placed(one.last, zone))
        if one.floats
        else Span(one.first, one.last)
        for one in busy
    ]


def _placed(moment: datetime, zone: tzinfo) -> datetime:
    return moment.replace(tzinfo=zone).astimezone(UTC)


def _time(text: str) -> time:
    try:
        return time.fromisoformat("00:00" if text == "24:00" else text)
    except ValueError as error:
        raise BadRequest(f"{text!r} is no time of a day.", code="bad_parameter") from error


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


async def _require_known(connection: Any, uid: str, other: str) -> None:
    row = await accounts.by_uid(connection, other)
    if row is None or row.disabled or other == uid:
        raise NotFound("There is no such person.", code="account_not_found")
