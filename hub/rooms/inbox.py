"""Who follows the events of all their threads, which threads those are, and since when."""

from __future__ import annotations

from collections.abc import Mapping

from hub.rooms.subscriber import Subscriber
from hub.storage.timeline import Since
from hub.wire.visibility import visible_from


class _Watch:
    def __init__(self) -> None:
        self.sessions: dict[str, Subscriber] = {}
        self.threads: dict[str, int] = {}  # by id, the seq at which the user joined
        self.loaded = False
        # What happened while the threads were being read:
        self.changed: dict[str, int | None] = {}
        self.left: set[str] = set()


class Inbox:
    """Pure bookkeeping: uid → connections and threads, thread → uids."""

    def __init__(self) -> None:
        self._watches: dict[str, _Watch] = {}
        self._watchers: dict[str, set[str]] = {}
        self._histories: dict[str, str] = {}

    def begin(self, session: Subscriber) -> bool:
        """Start watching; True when the user's threads must be read (then call ``loaded``)."""
        watch = self._watches.setdefault(session.uid, _Watch())
        watch.sessions[session.key] = session
        return not watch.loaded

    def loaded(self, uid: str, threads: Mapping[str, Since]) -> None:
        """The threads as the database had them; what changed meanwhile counts more."""
        watch = self._watches.get(uid)
        if watch is None or watch.loaded:
            return
        watch.loaded = True
        for thread, (since, history) in threads.items():
            self._histories.setdefault(thread, history)
            self._add(watch, uid, thread, since)
        for thread in watch.left:  # whoever came back since is a new member
            self._remove(watch, uid, thread)
        for thread, joined in watch.changed.items():
            if joined is not None:
                self._add(watch, uid, thread, joined)
        watch.changed.clear()
        watch.left.clear()
        self._forget_histories()

    def end(self, session: Subscriber) -> None:
        watch = self._watches.get(session.uid)
        if watch is None:
            return
        watch.sessions.pop(session.key, None)
        if not watch.sessions:
            for thread in tuple(watch.threads):
                self._remove(watch, session.uid, thread)
            del self._watches[session.uid]
            self._forget_histories()

    def joined(self, uid: str, thread: str, seq: int) -> None:
        """A user is a member, since ``seq`` unless they were one before."""
        watch = self._watches.get(uid)
        if watch is None:
            return
        if not watch.loaded:
            watch.changed[thread] = watch.changed.get(thread) or seq
        else:
            self._add(watch, uid, thread, seq)

    def left(self, uid: str, thread: str) -> None:
        """A user is no member any more."""
        watch = self._watches.get(uid)
        if watch is None:
            return
        if not watch.loaded:
            watch.changed[thread] = None
            watch.left.add(thread)
        else:
            self._remove(watch, uid, thread)

    def history_changed(self, thread: str, history: str) -> None:
        """What those may read who joined later."""
        if thread in self._watchers or self._reading():
            self._histories[thread] = history

    def watched(self, thread: str) -> bool:
        return thread in self._watchers

    def watching(self, thread: str) -> list[Subscriber]:
        """Connections to which an event of the thread goes."""
        return [
            session
            for uid in self._watchers.get(thread, ())
            for session in self._watches[uid].sessions.values()
        ]

    def since(self, uid: str, thread: str) -> int:
        """The first seq that a watching member may read."""
        history = self._histories.get(thread, "joined")
        return visible_from(history, self._watches[uid].threads[thread])

    def _add(self, watch: _Watch, uid: str, thread: str, since: int) -> None:
        watch.threads.setdefault(thread, since)
        self._watchers.setdefault(thread, set()).add(uid)

    def _remove(self, watch: _Watch, uid: str, thread: str) -> None:
        watch.threads.pop(thread, None)
        there = self._watchers.get(thread)
        if there is not None:
            there.discard(uid)
            if not there:
                del self._watchers[thread]

    def _reading(self) -> bool:
        return any(not watch.loaded for watch in self._watches.values())

    def _forget_histories(self) -> None:
        if not self._reading():
            for thread in self._histories.keys() - self._watchers.keys():
                del self._histories[thread]
