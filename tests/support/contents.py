"""Takes updates into a document's content as a live document does, without a hub around it."""

from __future__ import annotations

import contextlib
from collections import deque

from pycrdt import Text

from hub.errors import HubError
from hub.rooms.admission import Study, study
from hub.rooms.content import Content
from hub.rooms.waiting import Waiting
from hub.wire import yupdate


class Taking:
    """A content and what waits for it; ``log`` holds what was admitted, in order."""

    def __init__(self, kind: str = "text") -> None:
        self.content = Content(kind)
        self.log: list[bytes] = []
        self.waiting: Waiting[bytes] = Waiting()

    def take(self, raw: bytes) -> Study:
        """Raises:
        HubError: the refusal.
        """
        first = self._take(raw)
        queue = deque(first.fresh)
        while queue:
            for held in self.waiting.due((queue.popleft(),), self.content.clocks):
                with contextlib.suppress(HubError):  # its own sender is told
                    queue.extend(self._take(held).fresh)
        return first

    def _take(self, raw: bytes) -> Study:
        found = study(yupdate.parse(raw), self.content, repeats=False, patient=True)
        if found.ready is not None:
            self.content.apply(found.ready, found.applied, found.draft, found.cut, found.doc)
            self.log.append(found.ready.data)
        if found.rest is not None:
            self.waiting.put(found.missing, found.rest)
        return found


def text_of(content: Content) -> str:
    return str(content.doc.get("content", type=Text))
