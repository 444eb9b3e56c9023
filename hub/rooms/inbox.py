"""Who follows the events of all their threads, which threads those are, since when, and how far.

Pure bookkeeping: uid → connections and threads, thread → uids.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.rooms.subscriber import Subscriber
from hub.storage.timeline import Membership
from hub.wire.visibility import visible_from


class _Watch:
    def __init__(self) -> None:
        self.subscribers: dict[str, Subscriber] = {}
        self.threads: dict[str, int] = {}  # by id, the seq at which the user joined
        self.loaded = False
        # What happened while the threads were being read:
        self.joined: dict[str, int] = {}
        self.left: set[str] = set()


class _Thread:
    """Attributes:
    head: seq of the last event that the watchers were sent.
    """

    def __init__(self, head: int, history: str) -> None:
        self.head = head
        self.history = history
        self.watchers: set[str] = set()


class Inbox:
    def __init__(self) -> None:
        self._watches: dict[str, _Watch] = {}
        self._threads: dict[str, _Thread] = {}

    # --- people -----------------------------------------------------------------------------------

    @property
    def people(self) -> list[str]:
        """Who watches, and whose threads are known."""
        return [uid for uid, watch in self._watches.items() if watch.loaded]

    def begin(self, subscriber: Subscriber) -> bool:
        """Start watching; True when the user's threads must be read (then call ``loaded``)."""
        watch = self._watches.setdefault(subscriber.uid, _Watch())
        watch.subscribers[subscriber.key] = subscriber
        return not watch.loaded

    def loaded(self, uid: str, threads: Iterable[Membership]) -> None:
        """The threads as the database had them; what changed meanwhile counts more."""
        watch = self._watches.get(uid)
        if watch is None or watch.loaded:
            return
        watch.loaded = True
        for one in threads:
            since = watch.joined.pop(one.thread, None) if one.thread in watch.left else None
            if since is None and one.thread in watch.left:
                continue
            self._add(watch, one._replace(since=since or one.since))
        for thread, since in watch.joined.items():
            if thread not in watch.threads:
                self._add(watch, Membership(uid, thread, since, "joined", since - 1))
        watch.joined.clear()
        watch.left.clear()

    def end(self, subscriber: Subscriber) -> None:
        watch = self._watches.get(subscriber.uid)
        if watch is None:
            return
        watch.subscribers.pop(subscriber.key, None)
        if not watch.subscribers:
            for thread in tuple(watch.threads):
                self._remove(watch, subscriber.uid, thread)
            del self._watches[subscriber.uid]

    # --- membership -------------------------------------------------------------------------------

    def joined(self, one: Membership) -> None:
        """A user is a member, since ``since`` unless they were one before."""
        watch = self._watches.get(one.uid)
        if watch is None:
            return
        if watch.loaded:
            self._add(watch, one)
        else:
            watch.joined.setdefault(one.thread, one.since)

    def left(self, uid: str, thread: str) -> None:
        """A user is no member any more."""
        watch = self._watches.get(uid)
        if watch is None:
            return
        if watch.loaded:
            self._remove(watch, uid, thread)
        else:
            watch.joined.pop(thread, None)
            watch.left.add(thread)

    def watches(self, uid: str, thread: str) -> bool:
        watch = self._watches.get(uid)
        return watch is not None and thread in watch.threads

    # --- threads ----------------------------------------------------------------------------------

    def watched(self, thread: str) -> bool:
        return thread in self._threads

    def heads(self) -> dict[str, int]:
        """Of all watched threads."""
        return {thread: one.head for thread, one in self._threads.items()}

    def head(self, thread: str) -> int:
        """Of a watched thread."""
        return self._threads[thread].head

    def advance(self, thread: str, seq: int) -> None:
        """The watchers of a thread are sent this event."""
        self._threads[thread].head = seq

    def history_changed(self, thread: str, history: str) -> None:
        """What those may read who joined later."""
        if (known := self._threads.get(thread)) is not None:
            known.history = history

    def watching(self, thread: str) -> list[Subscriber]:
        """Connections to which an event of a watched thread goes."""
        return [
            one
            for uid in self._threads[thread].watchers
            for one in self._watches[uid].subscribers.values()
        ]

    def since(self, thread: str, uid: str) -> int:
        """The first seq that a watching member may read."""
        return visible_from(self._threads[thread].history, self._watches[uid].threads[thread])

    def _add(self, watch: _Watch, one: Membership) -> None:
        known = self._threads.setdefault(one.thread, _Thread(one.head, one.history))
        watch.threads.setdefault(one.thread, one.since)
        known.watchers.add(one.uid)

    def _remove(self, watch: _Watch, uid: str, thread: str) -> None:
        watch.threads.pop(thread, None)
        known = self._threads.get(thread)
        if known is not None:
            known.watchers.discard(uid)
            if not known.watchers:
                del self._threads[thread]
