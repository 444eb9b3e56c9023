"""What of a thread a member may see: one rule for events, live and read, and for commands. Pure.

Of a thread with ``history: joined`` a member sees nothing from before the first seq they may read,
in no form: not the text that an edit gives to an older message, nor that somebody reacted to one,
nor what became of an older file.
Such an event keeps its place in the order, without its data. A call that lasts is no thing of the
past: who joins meanwhile may come in, and sees it whole. A task or meeting that is for somebody, or
was, they see whenever it was added.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from hub.wire.events import Event

_ABOUT_ANOTHER = frozenset((
    "message.edit", "message.delete", "message.undelete", "reaction", "attachment.rename",
    "attachment.remove", "attachment.unremove", "attachment.restore", "attachment.property",
    "version.ready", "version.failed", "version.blocked", "version.unblocked", "reference.set",
    "entry.set", "entry.remove",
))  # fmt: skip


def visible_from(history: str, since_seq: int) -> int:
    """The first seq a member may read who joined at ``since_seq``."""
    return since_seq if history == "joined" else 0


def target_of(type_: str, data: Any) -> int | None:
    """The seq of the event that an event is about, when it is about one."""
    if type_ in _ABOUT_ANOTHER and data is not None:
        target: int | None = data.get("target")  # a reference may be the whole thread's
        return target
    return None


def shown_to(data: Any) -> Collection[str]:
    """Uids of those who see what an event is about, from whenever it is."""
    found: Collection[str] = data.get("shown", ()) if data is not None else ()
    return found


def is_veiled(type_: str, data: Any, from_seq: int, uid: str) -> bool:
    """Whether an event is about something from before ``from_seq`` that is not for ``uid``."""
    target = target_of(type_, data)
    return target is not None and target < from_seq and uid not in shown_to(data)


def veiled(event: Event) -> Event:
    """An event as those see it who may not see what it is about."""
    return msgspec.structs.replace(event, data=None)
