"""What the routes work with: every service, built by ``hub.app``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from hub.api.tickets import Tickets
from hub.blobs.handover import Handover
from hub.blobs.store import BlobStore
from hub.bus.interface import Bus
from hub.calendars.files import Files as CalendarFiles
from hub.calendars.service import Calendars
from hub.calendars.writing import Writing as CalendarWriting
from hub.clock import Clock
from hub.editing.attaching import Attaching
from hub.editing.autosaving import Autosaving
from hub.editing.exporting import Exporting
from hub.editing.merging import Merging
from hub.editing.opening import Opening
from hub.editing.replacing import Replacing
from hub.editing.saving import Saving as FileSaving
from hub.files.keeping import Keeper
from hub.files.previews.service import Previews
from hub.files.scanning.service import Scanning
from hub.files.uploads import Uploads
from hub.identity.service import Identity
from hub.jobs.queue import Jobs
from hub.mail.agenda.availability import Availability
from hub.mail.agenda.personal import Personal
from hub.mail.agenda.reminders import Reminders
from hub.mail.references.channels import Channels
from hub.mail.references.rules import Rules
from hub.mail.references.service import References
from hub.mail.search import Search
from hub.mail.threads import Threads
from hub.rooms.background import Background
from hub.rooms.connections import Connections
from hub.rooms.door import Door
from hub.rooms.library import Library
from hub.rooms.registry import Registry
from hub.rooms.services import Services
from hub.rtc.ice import IceServers
from hub.settings import Settings
from hub.storage.pool import Database
from hub.storage.writer import GroupCommitWriter

ARCHIVES = 4


@dataclass
class Hub:
    """``draining`` is set at the end: no new connection is taken. ``unknown_sockets`` counts those
    that have not said yet who they are. ``archives`` bounds how many pieces of files are read for
    archives at once. ``all_figures`` gives those of all processes that share the address, where
    there are several."""

    settings: Settings
    clock: Clock
    database: Database
    writer: GroupCommitWriter
    bus: Bus
    identity: Identity
    threads: Threads
    search: Search
    references: References
    personal: Personal
    reminders: Reminders
    availability: Availability
    calendars: Calendars
    calendar_writing: CalendarWriting
    calendar_files: CalendarFiles
    reference_rules: Rules
    channels: Channels
    blobs: BlobStore
    handover: Handover | None
    keeper: Keeper
    uploads: Uploads
    jobs: Jobs
    scanning: Scanning
    previews: Previews
    opening: Opening
    merging: Merging
    replacing: Replacing
    file_saving: FileSaving
    exporting: Exporting
    attaching: Attaching
    autosaving: Autosaving
    services: Services
    ice: IceServers
    tickets: Tickets
    background: Background
    draining: bool = False
    unknown_sockets: int = 0
    all_figures: Callable[[], Awaitable[bytes]] | None = None
    archives: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ARCHIVES))

    @property
    def rooms(self) -> Registry:
        return self.services.rooms

    @property
    def door(self) -> Door:
        return self.services.door

    @property
    def library(self) -> Library:
        return self.services.library

    @property
    def connections(self) -> Connections:
        return self.services.connections


def hub_of(connection: HTTPConnection) -> Hub:
    """The hub that serves a request or a socket."""
    hub: Hub = connection.app.state.hub
    return hub
