"""References: commands checked and turned into events, and threads found by their numbers.

Never decides roles and never writes: it hands back an ``Append``, as ``hub.mail.threads`` does.
Whoever asks is told only of what they may read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec

from hub.errors import BadRequest, Conflict, NotFound
from hub.mail.references.finding import Found, Rule, find
from hub.mail.references.rules import Rules
from hub.mail.search import split_words
from hub.storage import channels as channel_rows
from hub.storage import references as rows
from hub.storage.pool import Database
from hub.storage.writer import Append
from hub.wire import commands as cmd
from hub.wire import events as ev
from hub.wire.api import (
    FoundReference,
    FoundReferences,
    ProposedReference,
    ReferencedThread,
)
from hub.wire.references import MAX_NUMBER, MAX_REFERENCES, Named, NewReference, checked, key, shape

MAX_ASKED: Final = 8
"""Numbers of one text whose threads are looked for."""
MAX_THREADS: Final = 5
MIN_BEGINNING: Final = 2
"""Letters and digits with which numbers may be asked to begin."""
_THREAD_CHARS: Final = 4000
"""A longer text is looked at in a thread: the loop may not stand still."""
_NOTHING: Final = FoundReferences([])
_encode = msgspec.json.Encoder().encode


class References:
    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules

    # --- what is written ------------------------------------------------------------------------

    async def prepare(self, uid: str, command: cmd.SetReference) -> Append | None:
        """The event that a command asks for; null when everything is so already. That the message
        is there was checked.

        Raises:
            BadRequest: ``bad_reference``.
            Conflict: ``too_many_references``.
            NotFound: ``reference_not_found``.
        """
        named = checked(command.kind, command.number, command.whose)
        async with self._database.acquire() as connection:
            there = await rows.at(connection, command.thread, command.target or 0)
        known = there.get(named.id)
        was = known is not None and known.is_on
        matter = known.matter if known is not None and was else named.id
        if command.alias_of is not None and command.on:
            other = there.get(command.alias_of)
            if command.target is not None or command.alias_of == named.id:
                raise BadRequest("A number is another name of one of the thread.",
                                 code="bad_reference")  # fmt: skip
            if other is None or not other.is_on:
                raise NotFound("The thread has no such reference.", code="reference_not_found")
            if any(one.is_on and one.matter == named.id != one.id for one in there.values()):
                raise Conflict("Others are names of this one already.", code="has_other_names")
            matter = other.matter
        if known is not None and known.is_on == command.on and not known.by_rule:
            same = (known.number, known.whose, known.matter) == (named.number, named.whose, matter)
            if same or not command.on:
                return None
        data = ev.ReferenceSetData(
            named.id, named.kind, named.number, command.on, was, matter, named.whose,
            command.target,
        )  # fmt: skip
        return Append(
            command.thread, "reference.set", uid, _encode(data), command.send_id,
            guard=partial(_require_room, command.thread, command.target or 0, named.id),
        )  # fmt: skip

    async def of_text(
        self, text: str, thread: str = "", target: int | None = None
    ) -> list[ev.MessageReference]:
        """Numbers in a message that become its references by a rule.

        Args:
            target: the message, where it is there already: what somebody took away stays so.
        """
        found: dict[str, Named] = {}
        for one in await self._find(text, await self._rules.applied()):
            named = _named(one)
            if named is not None:
                found.setdefault(named.id, named)
        if found and target is not None:
            async with self._database.acquire() as connection:
                there = await rows.at(connection, thread, target)
            found = {id_: one for id_, one in found.items() if id_ not in there or there[id_].is_on}
        return [
            ev.MessageReference(named.id, named.kind, named.number, named.whose)
            for named in found.values()
        ]

    async def of_new_thread(
        self, subject: str, asked: Sequence[NewReference]
    ) -> list[ev.ReferenceSetData]:
        """References that a thread begins with: those that its maker chose, and what a rule finds
        in the subject.

        Raises:
            BadRequest: ``bad_reference``.
        """
        begun: dict[str, ev.ReferenceSetData] = {}
        for one in asked:
            named = checked(one.kind, one.number, one.whose)
            begun.setdefault(named.id, _begun(named, rule=False))
        for found in await self._find(subject, await self._rules.applied()):
            if (ruled := _named(found)) is not None:
                begun.setdefault(ruled.id, _begun(ruled, rule=True))
        return list(begun.values())

    async def of_new_subject(
        self, uid: str, thread: str, subject: str, send_id: str
    ) -> tuple[Append, ...]:
        """Numbers that a rule finds in another subject and that the thread neither has nor had."""
        begun = await self.of_new_thread(subject, [])
        if not begun:
            return ()
        async with self._database.acquire() as connection:
            there = await rows.at(connection, thread, 0)
        return tuple(
            Append(thread, "reference.set", uid, _encode(one), f"hub:{send_id}.{nth}")
            for nth, one in enumerate(begun)
            if one.id not in there
        )

    # --- what is found --------------------------------------------------------------------------

    async def find(self, uid: str, text: str, *, typed: bool) -> FoundReferences:
        """Numbers that a text names, and the threads that have them.

        Args:
            typed: into a search: what is no number by its look may be one that is known, or how one
                begins.
        """
        found = (await self._find(text, await self._rules.all()))[:MAX_ASKED]
        whole = text.strip()
        may_begin = typed and len(whole) <= MAX_NUMBER and len(shape(key(whole))) >= MIN_BEGINNING
        if not found:
            return await self._find_beginning(uid, text, whole) if may_begin else _NOTHING
        keys = [key(one.number, one.kind) for one in found]
        words = {
            folded: (one.number, *parts)
            for folded, one in zip(keys, found, strict=True)
            if (parts := split_words(one.number))
        }
        async with self._database.acquire() as connection:
            known = await rows.find(connection, uid, keys, MAX_THREADS + 1)
            said = await rows.said(connection, uid, words, MAX_THREADS + 1)
            seen = await channel_rows.seen(connection, uid)
        answer = []
        for folded, one in zip(keys, found, strict=True):
            threads = _joined(known[folded], said.get(folded, []))
            answer.append(
                FoundReference(
                    one.number, *_utf16(text, one.start, one.end), threads[:MAX_THREADS], one.kind,
                    one.whose, len(threads) > MAX_THREADS,
                    [row.channel for row in seen if row.gathers(one.kind, folded)], one.apply,
                )
            )  # fmt: skip
        if may_begin and len(answer) == 1 and not answer[0].threads and answer[0].number == whole:
            begun = await self._find_beginning(uid, text, whole)
            answer = begun.found or answer
        return FoundReferences(answer)

    async def _find_beginning(self, uid: str, text: str, number: str) -> FoundReferences:
        folded = key(number)
        async with self._database.acquire() as connection:
            known = await rows.find(
                connection, uid, [folded], MAX_THREADS + 1, beginning=True
            )  # fmt: skip
        if not (threads := known[folded]):
            return _NOTHING
        start = text.index(number)
        place = _utf16(text, start, start + len(number))
        more = len(threads) > MAX_THREADS
        return FoundReferences(
            [FoundReference(number, *place, threads[:MAX_THREADS], more=more)]
        )  # fmt: skip

    async def proposed(
        self, texts: Sequence[tuple[int, str]], settled: set[tuple[int, str, str]]
    ) -> list[ProposedReference]:
        """What messages ``(seq, text)`` name that is no reference; ``settled`` are ``(seq, kind,
        key)`` of what is one, of the message or of the thread (0), or was taken away."""
        return await asyncio.to_thread(_proposed, texts, settled, await self._rules.all())

    async def _find(self, text: str, rules: Sequence[Rule]) -> list[Found]:
        if not rules:
            return []
        if len(text) > _THREAD_CHARS:
            return await asyncio.to_thread(find, text, rules)
        return find(text, rules)


async def _require_room(thread: str, target: int, id_: str, connection: Any) -> None:
    """Raises:
    Conflict: ``too_many_references``.
    """
    if not await rows.require_room(connection, thread, target, id_):
        raise Conflict(f"There may be {MAX_REFERENCES} references.", code="too_many_references")


def _proposed(
    texts: Sequence[tuple[int, str]], settled: set[tuple[int, str, str]], rules: Sequence[Rule]
) -> list[ProposedReference]:
    proposed = []
    for seq, text in texts:
        for one in find(text, rules):
            if (named := _named(one)) is None:
                continue
            known = named.kind, key(named.number, named.kind)
            if (0, *known) in settled or (seq, *known) in settled:
                continue
            start, end = _utf16(text, one.start, one.end)
            proposed.append(
                ProposedReference(seq, named.kind, named.number, start, end, named.whose)
            )
    return proposed


def _named(one: Found) -> Named | None:
    """As it is stored; null where it cannot be."""
    try:
        return checked(one.kind, one.number, one.whose)
    except BadRequest:
        return None


def _begun(named: Named, *, rule: bool) -> ev.ReferenceSetData:
    return ev.ReferenceSetData(
        named.id, named.kind, named.number, True, False, named.id, named.whose, rule=rule
    )


def _joined(
    known: Sequence[ReferencedThread], said: Sequence[ReferencedThread]
) -> list[ReferencedThread]:
    """One entry of a thread: it has the number, or else it speaks of it. What only looks like it
    comes last."""
    sure = [one for one in known if one.match != "alike"]
    alike = [one for one in known if one.match == "alike"]
    threads: dict[str, ReferencedThread] = {}
    for one in (*sure, *said, *alike):
        threads.setdefault(one.thread, one)
    return list(threads.values())


def _utf16(text: str, start: int, end: int) -> tuple[int, int]:
    first = len(text[:start].encode("utf-16-le")) // 2
    return first, first + len(text[start:end].encode("utf-16-le")) // 2
