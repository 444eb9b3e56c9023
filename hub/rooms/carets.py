"""Presence inside one document: the latest awareness state of each client id, as opaque bytes.

An id belongs to one connection while that lasts, and to one user for ever. Pure state; the
document sends what comes out of here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from hub.rooms import limits
from hub.wire.awareness import GONE, Entry

TTL_S: Final = 45.0
MAX_IDS: Final = 4
"""Of one connection: an editor has one, one more while it opens the document again."""


class Owners(Protocol):
    def get(self, client: int) -> str | None:
        """Whose a client id is; null for an id that nobody owns."""
        ...


@dataclass(slots=True)
class _Caret:
    """``peer`` is null for what another process told of."""

    entry: Entry
    uid: str
    peer: str | None
    at_s: float


class _Peer:
    """A connection to this process."""

    __slots__ = ("at_s", "ids", "late", "left")

    def __init__(self, now_s: float) -> None:
        self.ids: set[int] = set()
        self.late: dict[int, Entry] = {}  # came too soon after others
        self.left = 2.0 * limits.PRESENCE_PER_S
        self.at_s = now_s

    def may(self, now_s: float) -> bool:
        """Whether one more may be told now."""
        most = 2.0 * limits.PRESENCE_PER_S
        self.left = min(most, self.left + (now_s - self.at_s) * limits.PRESENCE_PER_S)
        self.at_s = now_s
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Carets:
    def __init__(self) -> None:
        self._carets: dict[int, _Caret] = {}
        self._peers: dict[str, _Peer] = {}

    def __len__(self) -> int:
        return len(self._carets)

    # --- connections to this process --------------------------------------------------------------

    def take(
        self, peer: str, uid: str, entries: Iterable[Entry], owners: Owners | Mapping[int, str],
        now_s: float, *, stock: bool = False,
    ) -> list[Entry]:  # fmt: skip
        """Accept a connection's entries; returns those that others should see.

        Ids of other users are left out without a word (stock clients echo what they have heard),
        and ids of nobody unless the client is a ``stock`` one, which chose its own. Above 10 a
        second only departures pass; of the rest the latest is kept for ``late``.
        """
        known = self._peers.setdefault(peer, _Peer(now_s))
        accepted = [one for one in entries if self._is_theirs(known, peer, uid, one, owners, stock)]
        if not accepted:
            return []
        allowed = known.may(now_s)
        taken = []
        for entry in accepted:
            if entry.state == GONE:
                known.late.pop(entry.client, None)
                if self._carets.pop(entry.client, None) is None:
                    continue
                known.ids.discard(entry.client)
            elif len(known.ids | known.late.keys() | {entry.client}) > MAX_IDS:
                continue
            elif not allowed:
                known.late[entry.client] = entry
                continue
            else:
                self._set(known, peer, uid, entry, now_s)
            taken.append(entry)
        return taken

    @property
    def waits(self) -> bool:
        """Whether something came too soon after others."""
        return any(one.late for one in self._peers.values())

    def late(self, uids: Mapping[str, str], now_s: float) -> list[tuple[str, list[Entry]]]:
        """What came too soon and may be told now, by connection.

        Args:
            uids: of the connections.
        """
        due = []
        for peer, known in self._peers.items():
            if known.late and peer in uids and known.may(now_s):
                entries = list(known.late.values())
                known.late.clear()
                for entry in entries:
                    self._set(known, peer, uids[peer], entry, now_s)
                due.append((peer, entries))
        return due

    def leave(self, peer: str) -> list[Entry]:
        """A connection went; returns what tells the others."""
        known = self._peers.pop(peer, None)
        if known is None:
            return []
        return self._drop([self._carets[client] for client in known.ids if client in self._carets])

    def _is_theirs(
        self, known: _Peer, peer: str, uid: str, entry: Entry, owners: Owners | Mapping[int, str],
        stock: bool,
    ) -> bool:  # fmt: skip
        owner = owners.get(entry.client)
        if owner != uid and (owner is not None or not stock):
            return False
        there = self._carets.get(entry.client)
        if there is not None:
            # What other connections said is echoed by stock clients.
            if there.peer != peer and (there.peer is not None or entry.clock <= there.entry.clock):
                return False
            if there.uid != uid or entry.clock < there.entry.clock:
                return False
        return True

    def _set(self, known: _Peer, peer: str, uid: str, entry: Entry, now_s: float) -> None:
        known.ids.add(entry.client)
        self._carets[entry.client] = _Caret(entry, uid, peer, now_s)

    # --- other processes --------------------------------------------------------------------------

    def relayed(
        self, owners: Mapping[int, str], entries: Iterable[Entry], now_s: float
    ) -> list[Entry]:
        """Take over what another process accepted; returns what is news."""
        taken = []
        for entry in entries:
            there = self._carets.get(entry.client)
            if there is not None and there.peer is not None:
                continue  # it is here, so it is not there any more
            if entry.state == GONE:
                self._carets.pop(entry.client, None)
            elif (uid := owners.get(entry.client)) is not None:
                self._carets[entry.client] = _Caret(entry, uid, None, now_s)
            taken.append(entry)
        return taken

    # --- everybody --------------------------------------------------------------------------------

    def expire(self, now_s: float) -> tuple[list[Entry], list[Entry]]:
        """Drop what was not renewed in time: of this process's connections, which all are told,
        and of others', whose own process tells."""
        old = [one for one in self._carets.values() if now_s - one.at_s > TTL_S]
        here = self._drop([one for one in old if one.peer is not None])
        return here, self._drop([one for one in old if one.peer is None])

    def everybody(self) -> list[Entry]:
        return [one.entry for one in self._carets.values()]

    def here(self) -> list[Entry]:
        """Of connections to this process."""
        return [one.entry for one in self._carets.values() if one.peer is not None]

    def owners(self) -> dict[int, str]:
        return {client: one.uid for client, one in self._carets.items()}

    def _drop(self, gone: list[_Caret]) -> list[Entry]:
        entries = []
        for one in gone:
            del self._carets[one.entry.client]
            if one.peer is not None and (known := self._peers.get(one.peer)) is not None:
                known.ids.discard(one.entry.client)
            entries.append(Entry(one.entry.client, one.entry.clock + 1, GONE))
        return entries
