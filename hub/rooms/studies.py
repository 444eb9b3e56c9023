"""Holds updates against a document as it is: on the loop, or off it when that may take long."""

from __future__ import annotations

from functools import partial

from hub.rooms import admission
from hub.rooms.admission import Study, View
from hub.rooms.attachment import Attachment
from hub.rooms.content import Content
from hub.rooms.owners import Owners
from hub.rooms.relays import Relays
from hub.rooms.scholar import Bill, Scholar
from hub.wire import yupdate

SLUGGISH_S = 0.1


class Studies:
    def __init__(self, content: Content, owners: Owners, relays: Relays, scholar: Scholar) -> None:
        self._content = content
        self._owners = owners
        self._relays = relays
        self._scholar = scholar
        self._slow_ones = 0

    @property
    def sluggish(self) -> bool:
        """yrs took long over updates that looked quick; once may be the machine."""
        return self._slow_ones > 2

    def took(self, seconds: float) -> None:
        """So long yrs took over an update on the loop."""
        if seconds > SLUGGISH_S:
            self._slow_ones += 1

    def study(
        self, attachment: Attachment, payload: bytes, repeats: bool, *, patient: bool = False
    ) -> Study:
        """What an update of a connection means.

        Raises:
            HubError: what stands against it.
            Costly: not patient, and it would take long.
        """
        # Deletions that a reader sends are looked at exactly: they must not write.
        repeats = repeats or not attachment.access.edit
        update = yupdate.parse(payload, admission.MAX_STRUCTS)
        unproven = {}
        if self._relays:
            uid = attachment.peer.uid
            unproven = {
                client: ranges
                for client in update.structs
                if (ranges := self._relays.of(client)) and self._owners.get(client) == uid
            }
        return admission.study(
            update, self._content, repeats=repeats, patient=patient, unproven=unproven
        )

    async def elsewhere(
        self, attachment: Attachment, payload: bytes, repeats: bool, view: View, bill: Bill
    ) -> Study:
        """The same off the loop, while the content stands still; what takes yrs long is tried
        first, and applied to a copy."""
        content = self._content
        study = partial(self.study, attachment, payload, repeats, patient=True)
        found = await self._scholar.study(study, bill)
        if found.ready is None or not (found.suspect or (self.sluggish and found.doc is None)):
            return found
        admission.plan(found, view)  # what is refused is not tried
        given = found.ready, found.applied, found.cut
        if found.suspect:
            await self._scholar.attempt(partial(content.as_updates, *given), bill)
        found.doc = await self._scholar.study(partial(content.ahead, *given), bill)
        return found
