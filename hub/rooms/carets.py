"""Presence inside one document: the latest awareness state of each client id, as opaque bytes.

An id belongs to one connection while that lasts, and to one user for ever. Pure state; the
document sends what comes out of here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hub.rooms import limits
from hub.rooms.owners import Owners
from hub.wire.awareness import GONE, Entry

TTL_S: Final = 45.0


@dataclass(slots=True)
class _Caret:
    entry: Entry
    uid: str
    peer: str
    at_s: float


class Carets:
    def __init__(self) -> None:
        self._carets: dict[int, _Caret] = {}
        self._clocks: dict[str, dict[int, int]] = {}
        self._budget: dict[str, tuple[float, float]] = {}

    def take(
        self, peer: str, uid: str, entries: Iterable[Entry], owners: Owners, now_s: float
    ) -> list[Entry]:
        """Accept a connection's entries; returns those that others should see.

        Ids of other users and of other connections are left out without a word: stock clients
        echo what they have heard. Above 10 a second only departures pass; the client's next
        state, which comes at the latest with its renewal, replaces what was dropped.
        """
        entries = list(entries)
        allowed = self._spend(peer, now_s)
        taken = []
        for entry in entries:
            owner = owners.get(entry.client)
            if owner is not None and owner != uid:
                continue
            known = self._carets.get(entry.client)
            if known is not None and known.peer != peer:
                continue
            if known is not None and entry.clock < known.entry.clock:
                continue
            if entry.state == GONE:
                if known is None:
                    continue
                del self._carets[entry.client]
            elif not allowed:
                continue
            else:
                self._carets[entry.client] = _Caret(entry, uid, peer, now_s)
            taken.append(entry)
        return taken

    def relayed(
        self, peer: str, owners: dict[int, str], entries: list[Entry], now_s: float
    ) -> None:
        """Take over what another process accepted."""
        for entry in entries:
            if entry.state == GONE:
                self._carets.pop(entry.client, None)
            elif (uid := owners.get(entry.client)) is not None:
                self._carets[entry.client] = _Caret(entry, uid, peer, now_s)

    def leave(self, peer: str) -> list[Entry]:
        """A connection went; returns what tells the others."""
        self._budget.pop(peer, None)
        return self._drop([one for one in self._carets.values() if one.peer == peer])

    def expire(self, now_s: float) -> list[Entry]:
        """Drop what was not renewed in time."""
        return self._drop([one for one in self._carets.values() if now_s - one.at_s > TTL_S])

    def everybody(self) -> list[Entry]:
        return [one.entry for one in self._carets.values()]

    def owners(self) -> dict[int, str]:
        return {client: one.uid for client, one in self._carets.items()}

    def __len__(self) -> int:
        return len(self._carets)

    def _drop(self, gone: list[_Caret]) -> list[Entry]:
        entries = []
        for one in gone:
            del self._carets[one.entry.client]
            entries.append(Entry(one.entry.client, one.entry.clock + 1, GONE))
        return entries

    def _spend(self, peer: str, now_s: float) -> bool:
        left, at = self._budget.get(peer, (2.0 * limits.PRESENCE_PER_S, now_s))
        left = min(2.0 * limits.PRESENCE_PER_S, left + (now_s - at) * limits.PRESENCE_PER_S)
        self._budget[peer] = (max(left - 1, 0.0), now_s)
        return left >= 1
