"""Who follows the events of all their threads, and which threads those are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hub.rooms.session import Session


class _Watch:
    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.threads: set[str] = set()
        self.loaded = False
        self.changed: dict[str, bool] = {}  # what happened while the threads were being read


class Inbox:
    """Pure bookkeeping: uid → connections and threads, thread → uids."""

    def __init__(self) -> None:
        self._watches: dict[str, _Watch] = {}
        self._watchers: dict[str, set[str]] = {}

    def begin(self, session: Session) -> bool:
        """Start watching; True when the user's threads must be read (then call ``loaded``)."""
        watch = self._watches.setdefault(session.uid, _Watch())
        watch.sessions[session.key] = session
        return not watch.loaded

    def loaded(self, uid: str, threads: Iterable[str]) -> None:
        """The threads as the database had them; what changed meanwhile counts more."""
        watch = self._watches.get(uid)
        if watch is None or watch.loaded:
            return
        watch.loaded = True
        found = set(threads)
        for thread, member in watch.changed.items():
            (found.add if member else found.discard)(thread)
        watch.changed.clear()
        for thread in found:
            self._add(watch, uid, thread)

    def end(self, session: Session) -> None:
        watch = self._watches.get(session.uid)
        if watch is None:
            return
        watch.sessions.pop(session.key, None)
        if not watch.sessions:
            for thread in tuple(watch.threads):
                self._remove(watch, session.uid, thread)
            del self._watches[session.uid]

    def member_changed(self, uid: str, thread: str, member: bool) -> None:
        watch = self._watches.get(uid)
        if watch is None:
            return
        if not watch.loaded:
            watch.changed[thread] = member
        elif member:
            self._add(watch, uid, thread)
        else:
            self._remove(watch, uid, thread)

    def watched(self, thread: str) -> bool:
        return thread in self._watchers

    def watching(self, thread: str) -> list[Session]:
        """Connections to which an event of the thread goes."""
        return [
            session
            for uid in self._watchers.get(thread, ())
            for session in self._watches[uid].sessions.values()
        ]

    def _add(self, watch: _Watch, uid: str, thread: str) -> None:
        watch.threads.add(thread)
        self._watchers.setdefault(thread, set()).add(uid)

    def _remove(self, watch: _Watch, uid: str, thread: str) -> None:
        watch.threads.discard(thread)
        there = self._watchers.get(thread)
        if there is not None:
            there.discard(uid)
            if not there:
                del self._watchers[thread]
