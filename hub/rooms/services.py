"""What a live connection works with; all of it is shared by the process."""

from __future__ import annotations

from dataclasses import dataclass

from hub.bus.interface import Bus
from hub.clock import Clock
from hub.identity.attempts import Attempts, SharedAttempts
from hub.rooms.background import Background
from hub.rooms.connections import Connections
from hub.rooms.door import Door
from hub.rooms.inbox import Inbox
from hub.rooms.library import Library
from hub.rooms.people import People
from hub.rooms.registry import Registry
from hub.rooms.router import Router
from hub.rooms.saving import Saving
from hub.rtc.service import Calls
from hub.rtc.watch import Watch
from hub.storage.pool import Database
from hub.wire.events import Scanning


@dataclass(frozen=True, slots=True)
class Services:
    database: Database
    clock: Clock
    bus: Bus
    rooms: Registry
    door: Door
    inbox: Inbox
    router: Router
    library: Library
    connections: Connections
    people: People
    calls: Calls
    saving: Saving
    rings: SharedAttempts
    acts: Attempts
    background: Background
    watch: Watch
    scanning: Scanning
