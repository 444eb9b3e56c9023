"""The composition root: the only place that builds the hub's objects and ties them together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from hub.api import (
    accounts,
    agenda,
    archives,
    attachments,
    blobs,
    busy,
    caldav,
    calendar_files,
    calls,
    documents,
    editing,
    live,
    openapi,
    ops,
    previews,
    problems,
    references,
    reminders,
    session,
    static,
    threads,
    uploads,
    yjs,
)
from hub.api.hub import Hub
from hub.api.security import SecurityHeaders
from hub.api.sockets import Restarting
from hub.api.tickets import Tickets
from hub.blobs.opening import open_handover, open_store
from hub.bus.interface import Bus
from hub.bus.messages import ToUser
from hub.bus.opening import open_bus, redis_of
from hub.calendars.files import Files as CalendarFiles
from hub.calendars.service import Calendars
from hub.calendars.writing import Writing as CalendarWriting
from hub.clock import Clock, SystemClock
from hub.editing.arrived import Arrived
from hub.editing.attaching import Attaching
from hub.editing.autosaving import Autosaving
from hub.editing.converter import Converter
from hub.editing.exporting import Exporting
from hub.editing.merging import Merging
from hub.editing.opening import Opening
from hub.editing.pen import Pen
from hub.editing.pictures import Pictures
from hub.editing.replacing import Replacing
from hub.editing.saving import Saving as FileSaving
from hub.editing.sources import Sources
from hub.editing.workshop import Workshop
from hub.errors import Conflict
from hub.files.attachments import Attachments
from hub.files.keeping import DIGEST, Keeper
from hub.files.previews.service import Made, Previews
from hub.files.quotas import Quotas
from hub.files.scanning.opening import open_scanners
from hub.files.scanning.service import SCAN, Scanning
from hub.files.scanning.telling import Telling
from hub.files.settling import Settling
from hub.files.uploads import Bounds as UploadBounds
from hub.files.uploads import Uploads
from hub.identity.attempts import Attempts, SharedAttempts
from hub.identity.retention import Retention
from hub.identity.service import Identity
from hub.jobs.queue import Jobs
from hub.mail.agenda.availability import Availability
from hub.mail.agenda.horizon import Horizon
from hub.mail.agenda.personal import Personal
from hub.mail.agenda.reminders import Reminders
from hub.mail.agenda.service import Agenda
from hub.mail.erasure import Eraser
from hub.mail.references.channels import Channels
from hub.mail.references.rules import Rules
from hub.mail.references.service import References
from hub.mail.search import Search
from hub.mail.threads import Threads
from hub.rooms import lag
from hub.rooms.background import Background
from hub.rooms.connections import Connections
from hub.rooms.door import Door
from hub.rooms.inbox import Inbox
from hub.rooms.intake import Bounds
from hub.rooms.library import Library
from hub.rooms.people import People
from hub.rooms.registry import Registry
from hub.rooms.router import Router
from hub.rooms.saving import Saving
from hub.rooms.services import Services
from hub.rtc.ice import IceServers
from hub.rtc.service import Calls
from hub.rtc.watch import Watch
from hub.sandbox.walls import Sandbox
from hub.settings import Settings, is_loopback
from hub.storage import settings_store
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.migrations import migrate
from hub.storage.pool import Database, DatabaseAway
from hub.storage.projection import Projector
from hub.storage.settings_store import bus_key, ticket_key
from hub.storage.uploads import Upload
from hub.storage.verdicts import Place
from hub.storage.writer import GroupCommitWriter

DRAIN_S = 5.0
RINGS = 10
RING_EVERY_S = 6.0
"""Somebody may ring so often at once, then once in so many seconds."""
CALL_ACTS = 40
CALL_ACT_EVERY_S = 1.0
"""The same of whatever is written of calls, at each process."""

log = structlog.get_logger()


@asynccontextmanager
async def database_of(settings: Settings, *, beside: bool = False) -> AsyncIterator[str]:
    """The address of the database of the settings: the given one, or the embedded one, which runs
    for the length of the block.

    Args:
        beside: a hub may be running on the same embedded database (for commands).
    """
    async with AsyncExitStack() as stack:
        url = settings.database_url
        if url is None:
            embedded = EmbeddedPostgres(settings.data_dir)
            try:
                url = await embedded.start()
            except Conflict:
                url = embedded.running() if beside else None
                if url is None:
                    raise
            else:
                stack.push_async_callback(embedded.stop)
                watch = asyncio.create_task(embedded.keep_running(), name="embedded-postgres")
                stack.push_async_callback(_cancel, watch)
        yield url


@asynccontextmanager
async def open_database(settings: Settings, *, beside: bool = False) -> AsyncIterator[Database]:
    """The database of the settings, migrated; ``beside`` as above."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(database_of(settings, beside=beside))
        database = await Database.connect(url, max_size=settings.database_connections)
        stack.push_async_callback(database.close)
        version = await migrate(database)
        log.info("database ready", embedded=settings.database_url is None, version=version)
        yield database


async def home_of(database: Database, settings: Settings) -> str:
    """The issuer that this hub's threads name: the address of the hub, and the same one for ever
    once a thread names it.

    A hub that was tried on one machine only may get its real address later.

    Raises:
        Conflict: ``home_changed``.
    """
    async with database.acquire() as connection:
        pinned = await settings_store.home(connection)
    if pinned in (None, settings.public_url):
        return settings.public_url
    assert pinned is not None
    if is_loopback(urlsplit(pinned).hostname or ""):
        try:
            async with database.acquire() as connection:
                await settings_store.pin_home(connection, settings.public_url)
        except DatabaseAway as away:
            if away.code != "database_read_only":
                raise
            log.warning("the address cannot be noted", reason=away.code)
        return settings.public_url
    if is_loopback(urlsplit(settings.public_url).hostname or ""):
        log.warning(
            "another address than the threads name", address=settings.public_url, home=pinned
        )
        return pinned
    raise Conflict(
        f"The threads of this hub belong to {pinned}; start it with HUB_PUBLIC_URL={pinned}.",
        code="home_changed",
    )


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,), timeout=5)


@asynccontextmanager
async def build(settings: Settings, clock: Clock, bus: Bus | None = None) -> AsyncIterator[Hub]:
    """A running hub, without its HTTP side; ends cleanly with the block.

    Args:
        bus: instead of that of the settings.
    """
    redis_of(settings)  # an address that is none is said before anything starts
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        async with database.acquire() as connection:
            tickets, between = await ticket_key(connection), await bus_key(connection)
        if bus is None:
            bus = await stack.enter_async_context(open_bus(settings, between))
        connections = Connections(bus)
        await connections.start()
        home = await home_of(database, settings)
        projector = Projector(home)
        writer = GroupCommitWriter(database, clock, home)
        writer.project = projector.project
        people = People(database, bus, connections)
        await people.start()
        identity = Identity(
            database, clock, settings, on_revoked=connections.revoke, on_people=people.changed
        )
        jobs = Jobs(database, clock)
        quotas = Quotas(settings.account_quota_bytes, settings.thread_quota_bytes)
        scanners = open_scanners(settings)
        telling = Telling(jobs, scans=bool(scanners))
        attachments = Attachments(database, clock, jobs, settings.undo_s, quotas, telling)
        Settling(database, writer, jobs, telling)
        reference_rules = Rules(database, clock)
        named = References(database, reference_rules)
        channels = Channels(database, clock, identity)
        reminding = Reminders(database, writer, clock, jobs, partial(_tell, bus))
        availability = Availability(database, clock, partial(_tell, bus))
        planning = Agenda(database, clock, settings.undo_s, reminding)
        horizon = Horizon(database, clock, jobs, reminding)
        mail = Threads(
            database,
            writer,
            clock,
            identity,
            attachments,
            named,
            channels,
            planning,
            settings.undo_s,
        )
        background = Background()
        bounds = Bounds(
            max_bytes=settings.max_document_bytes,
            ids_per_update=settings.max_new_client_ids,
            ids_per_user=settings.max_client_ids,
        )
        library = Library(database, writer, clock, bus, background, bounds)
        rooms = Registry(database, bus, clock, background)
        inbox = Inbox()
        router = Router(database, bus, rooms, inbox, library, background)
        await router.start()
        writer.on_commit = router.announce
        writer.on_recovered = router.look
        saving = Saving()
        writer.on_trouble = saving.changed
        store = open_store(settings)
        stack.callback(store.close)
        files = Uploads(
            database,
            store,
            clock,
            jobs,
            UploadBounds(
                file=settings.max_file_bytes,
                account=settings.account_quota_bytes,
                thread=settings.thread_quota_bytes,
                free=settings.keep_free_bytes,
                hours=settings.upload_hours,
            ),
        )
        keeper = Keeper(database, store, clock, jobs, settings.keep_blobs_hours * 3600)

        def arriving(upload: Upload) -> None:
            if upload.thread is not None:
                rooms.arriving(upload.thread, upload.upload, upload.received, upload.size)

        files.on_progress = arriving
        scanning = Scanning(
            database, store, writer, clock, jobs, scanners, settings.hold_unscanned,
            settings.rescan_days,
        )  # fmt: skip
        files.then = (DIGEST, SCAN) if scanners else (DIGEST,)

        def judged(place: Place) -> None:
            rooms.judged(place.thread, place.key, place.verdict, place.finding or None)

        scanning.on_verdict = judged
        shown = Previews(
            database, store, clock, jobs, Sandbox(), judged_first=scanning.policy != "off"
        )  # fmt: skip
        stack.push_async_callback(shown.close)

        def previewed(made: Made) -> None:
            rooms.previewed(made.thread, made.key, made.preview)

        shown.on_preview = previewed
        calls = Calls(database, writer, clock)
        watch = Watch(database, calls, clock)
        router.on_removed = watch.soon
        services = Services(
            database=database, clock=clock, bus=bus, rooms=rooms, inbox=inbox, router=router,
            library=library, connections=connections, people=people, calls=calls, watch=watch,
            saving=saving,
            rings=SharedAttempts("ring", database, clock, burst=RINGS, every_s=RING_EVERY_S),
            acts=Attempts(clock, burst=CALL_ACTS, every_s=CALL_ACT_EVERY_S),
            background=background,
            door=Door(database, writer, clock, bus, mail, rooms), scanning=scanning.policy,
        )  # fmt: skip
        sources = Sources(database, store, held=scanning.policy == "hold")
        pen = Pen(writer, rooms)
        arrived = Arrived(jobs, telling)
        workshop = Workshop(
            database, pen, library, sources, Converter(Sandbox()),
            Pictures(database, files, sources, arrived),
        )  # fmt: skip
        opening = Opening(workshop, settings.max_document_bytes)
        merging = Merging(workshop, jobs)
        replacing = Replacing(workshop)
        file_saving = FileSaving(workshop, merging, files, jobs, arrived)
        held = scanning.policy == "hold"
        exporting = Exporting(workshop, file_saving, store, settings.public_url, held=held)
        attaching = Attaching(workshop, exporting, files, jobs, arrived)
        autosaving = Autosaving(database, pen, library, file_saving, clock, jobs)
        personal = Personal(database, mail)
        collections = Calendars(database, clock)
        hub = Hub(
            settings=settings,
            clock=clock,
            database=database,
            writer=writer,
            bus=bus,
            identity=identity,
            threads=mail,
            search=Search(database),
            personal=personal,
            calendar_files=CalendarFiles(database, services.door),
            calendars=collections,
            calendar_writing=CalendarWriting(
                database, clock, services.door, personal, mail, reminding, collections
            ),
            reminders=reminding,
            availability=availability,
            references=named,
            reference_rules=reference_rules,
            channels=channels,
            blobs=store,
            handover=open_handover(store, settings),
            keeper=keeper,
            uploads=files,
            jobs=jobs,
            scanning=scanning,
            previews=shown,
            opening=opening,
            merging=merging,
            replacing=replacing,
            file_saving=file_saving,
            exporting=exporting,
            attaching=attaching,
            autosaving=autosaving,
            services=services,
            ice=IceServers(settings, clock),
            tickets=Tickets(clock, tickets),
            background=background,
        )
        await writer.start()
        stack.push_async_callback(writer.stop)
        stack.push_async_callback(background.close)
        for run, name in (
            (library.run, "library"), (rooms.run, "rooms"), (router.run, "router"),
            (people.run, "people"), (watch.run, "calls"), (files.run, "uploads"),
            (jobs.run, "jobs"), (shown.run, "previews"), (scanning.run, "scanning"),
            (autosaving.run, "autosaving"),
            (horizon.run, "horizon"), (keeper.run, "keeper"),
            (Eraser(database, clock).run, "eraser"),
            (Retention(database, clock).run, "retention"), (identity.last_use.run, "last use"),
            (lag.watch, "lag"),
        ):  # fmt: skip
            background.keep(run, name)
        yield hub
        await drain(hub)


def _tell(bus: Bus, uid: str, frame: msgspec.Struct) -> None:
    """To all connections of somebody, of every process."""
    bus.publish(f"user:{uid}", ToUser(uid, msgspec.json.encode(frame).decode(), None))


async def drain(hub: Hub) -> None:
    """Ask every connection to come back later, and write what is in memory."""
    hub.draining = True
    try:
        async with asyncio.timeout(DRAIN_S):
            await hub.connections.end_all(Restarting())
            await hub.library.settle()
            await hub.connections.emptied()
    except TimeoutError:
        log.warning("not everybody left in time", connections=len(hub.connections))


def routes() -> list[BaseRoute]:
    """Every route; the browser client answers whatever is left."""
    found: list[BaseRoute] = []
    for module in (
        session, accounts, threads, documents, editing, uploads, attachments, archives, blobs,
        previews, references, agenda, busy, reminders, caldav, calendar_files, calls, live, yjs,
        ops, openapi, static,
    ):  # fmt: skip
        found += module.routes()
    return found


def create_app(
    settings: Settings,
    clock: Clock | None = None,
    *,
    bus: Bus | None = None,
    hub: Hub | None = None,
) -> Starlette:
    """The hub as an ASGI application; without a ``hub`` it builds one in its lifespan.

    Args:
        bus: to the other processes, instead of that of the settings.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with build(settings, clock or SystemClock(), bus) as app.state.hub:
            yield

    app = Starlette(
        routes=routes(),
        lifespan=lifespan if hub is None else None,
        exception_handlers=dict(problems.HANDLERS),
        middleware=[Middleware(SecurityHeaders, secure=settings.secure)],
    )
    if hub is not None:
        app.state.hub = hub
    return app
