"""``GET /api/openapi.json``: generated from the routes and the types they read and write.

The table below is what a test compares with the routes: one that is missing here fails it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

import hub
from hub.wire import agenda, api, busy, protocol, reminders
from hub.wire.events import Accepted, ReadState


@dataclass(frozen=True)
class Operation:
    """One method of one path. ``body`` and ``answer`` are types; null is none, or no JSON."""

    method: str
    path: str
    summary: str
    body: Any = None
    answer: Any = None
    status: int = 200
    query: tuple[str, ...] = field(default=())
    public: bool = False
    media: str | None = None


_PAGE = ("before", "limit")

OPERATIONS = (
    Operation("GET", "/api/hub", "The hub's name and whether it has an owner", answer=api.HubInfo,
              public=True),
    Operation("POST", "/api/session", "Sign in", api.SignIn, api.Me, public=True),
    Operation("DELETE", "/api/session", "Sign out", status=204),
    Operation("GET", "/api/me", "Who I am", answer=api.Me),
    Operation("PATCH", "/api/me", "Change my name, or whether calls sound", api.PatchMe, api.Me),
    Operation("POST", "/api/me/password", "Change my password", api.ChangePassword, status=204),
    Operation("GET", "/api/sessions", "My sign-in sessions", answer=list[api.SignInSession]),
    Operation("DELETE", "/api/sessions/{id}", "End a session", status=204),
    Operation("GET", "/api/tokens", "My programs' tokens", answer=list[api.Token]),
    Operation("POST", "/api/tokens", "Make a token", api.NewToken, api.TokenCreated, 201),
    Operation("DELETE", "/api/tokens/{id}", "Revoke a token", status=204),
    Operation("GET", "/api/ice", "STUN and TURN servers for my calls", answer=api.Ice),
    Operation("GET", "/api/accounts", "People of this hub", answer=list[api.Account]),
    Operation("PATCH", "/api/accounts/{uid}", "Disable or enable an account", api.PatchAccount,
              api.Account),
    Operation("POST", "/api/accounts/{uid}/reset", "Make a password reset link",
              answer=api.LinkCreated, status=201),
    Operation("GET", "/api/invitations", "Invitations", answer=list[api.Invitation]),
    Operation("POST", "/api/invitations", "Invite a colleague", api.NewInvitation,
              api.LinkCreated, 201),
    Operation("DELETE", "/api/invitations/{id}", "Withdraw an invitation", status=204),
    Operation("POST", "/api/links/inspect", "What a link is for", api.InspectLink, api.LinkInfo,
              public=True),
    Operation("POST", "/api/links/accept", "Use a link", api.AcceptLink, api.LinkAccepted, 201,
              public=True),
    Operation("POST", "/api/links/join", "Join by an invitation, with an account", api.JoinLink,
              api.Joined),
    Operation("GET", "/api/threads", "My inbox", answer=list[api.ThreadSummary]),
    Operation("POST", "/api/threads", "Begin a thread", api.NewThread, api.ThreadState, 201),
    Operation("GET", "/api/threads/{id}", "A thread's state", answer=api.ThreadState),
    Operation("PATCH", "/api/threads/{id}", "Rename, set what newcomers read", api.PatchThread,
              api.ThreadState),
    Operation("GET", "/api/threads/{id}/events", "Events as they stand in the log",
              answer=api.EventsPage, query=("after", *_PAGE)),
    Operation("GET", "/api/threads/{id}/history", "The history as it reads now",
              answer=api.HistoryPage, query=("around", *_PAGE)),
    Operation("POST", "/api/threads/{id}/messages", "Say something", api.NewMessage, Accepted, 201),
    Operation("GET", "/api/threads/{id}/members", "Members", answer=list[api.Member]),
    Operation("POST", "/api/threads/{id}/members", "Add, change or remove a member",
              api.NewMember, Accepted, 201),
    Operation("PUT", "/api/threads/{id}/read", "Set my read marker", api.ReadMark, ReadState),
    Operation("GET", "/api/threads/{id}/attachments", "The files of a thread, or those named",
              answer=api.Attachments, query=("attachment", *_PAGE)),
    Operation("GET", "/api/threads/{id}/files.zip",
              "Files as one ZIP: those named by attachment (repeated), or all",
              query=("attachment",), media="application/zip"),
    Operation("POST", "/api/threads/{id}/attachments", "Add a file without a message",
              api.NewAttachment, Accepted, 201),
    Operation("GET", "/api/attachments/{id}", "A file and its versions", answer=api.Attachment),
    Operation("PATCH", "/api/attachments/{id}",
              "Rename it, choose the version that is shown, set its properties",
              api.PatchAttachment, api.Attachment),
    Operation("DELETE", "/api/attachments/{id}", "Remove it", status=204),
    Operation("POST", "/api/attachments/{id}/unremove", "Bring it back", answer=api.Attachment),
    Operation("GET", "/api/attachments/{id}/versions/{number}",
              "The bytes of a version; ranges, and ?download to keep it from being shown",
              query=("download",), media="application/octet-stream"),
    Operation("GET", "/api/attachments/{id}/versions/{number}/preview/{part}",
              "A part of its preview: thumb, view, pdf, text or page-N", media="image/webp"),
    Operation("POST", "/api/attachments/{id}/open", "Open a file as a live document",
              api.OpenFile, api.DocumentInfo),
    Operation("GET", "/api/attachments/{id}/live", "The file as its live document says now",
              media="application/octet-stream"),
    Operation("POST", "/api/documents/{id}/save", "Save it to its file, as a new version",
              api.SaveDocument, api.SavedVersion),
    Operation("PATCH", "/api/documents/{id}/file", "Have it save itself, or not",
              api.PatchFile, api.FileState),
    Operation("POST", "/api/documents/{id}/attach", "Put it into the thread as a file",
              api.AttachDocument, api.AttachedFile, 201),
    Operation("POST", "/api/documents/{id}/merge", "Take over another version of its file, or not",
              api.MergeVersion, api.Merged),
    Operation("POST", "/api/documents/{id}/encoding", "Read its file in another encoding",
              api.ReadAs, api.Merged),
    Operation("POST", "/api/documents/{id}/replace", "Replace words in it",
              api.ReplaceWords, api.Replaced),
    Operation("GET", "/api/documents/{id}/file", "How it stands to its file", answer=api.FileState),
    Operation("GET", "/api/threads/{id}/documents", "Documents", answer=list[api.DocumentInfo]),
    Operation("POST", "/api/threads/{id}/documents", "Begin a document", api.NewDocument,
              Accepted, 201),
    Operation("GET", "/api/documents/{id}", "About a document", answer=api.DocumentInfo),
    Operation("GET", "/api/documents/{id}/authors", "Whose the words are", answer=api.Authors),
    Operation("GET", "/api/documents/{id}/state", "The document as a Yjs update (v1)",
              media="application/octet-stream"),
    Operation("GET", "/api/documents/{id}/export",
              "The document as a file: md, docx, odt, html, txt or pdf",
              query=("format", "strict"), media="text/plain"),
    Operation("GET", "/api/documents/{id}/print", "A page to print", media="text/html"),
    Operation("POST", "/api/documents/{id}/ticket", "A ticket for a stock Yjs client",
              answer=api.YjsTicket, status=201),
    Operation("POST", "/api/references/find", "Numbers in a text, and the threads that have them",
              api.FindReferences, api.FoundReferences),
    Operation("GET", "/api/references/rules", "The owner's rules for numbers",
              answer=list[api.ReferenceRule]),
    Operation("POST", "/api/references/rules", "Add a rule", api.NewReferenceRule,
              api.ReferenceRule, 201),
    Operation("DELETE", "/api/references/rules/{id}", "Remove a rule", status=204),
    Operation("GET", "/api/threads/{id}/references", "Numbers that its latest messages name",
              answer=api.ThreadReferences, query=("after",)),
    Operation("POST", "/api/threads/{id}/channels", "Ask the people of a channel in",
              api.AskIn, api.AskedIn),
    Operation("GET", "/api/channels", "My channels, and open ones", answer=list[api.Channel]),
    Operation("POST", "/api/channels", "Make a channel", api.NewChannel, api.Channel, 201),
    Operation("GET", "/api/channels/{id}", "A channel", answer=api.Channel),
    Operation("PATCH", "/api/channels/{id}", "Change, join or leave a channel", api.PatchChannel,
              api.Channel),
    Operation("DELETE", "/api/channels/{id}", "Remove a channel", status=204),
    Operation("GET", "/api/agenda", "What is for me between two moments", answer=agenda.Agenda,
              query=("first", "last", "zone")),
    Operation("GET", "/api/tasks", "What I have to do", answer=agenda.Tasks),
    Operation("POST", "/api/me/thread", "The thread of what concerns nobody else",
              answer=api.PersonalThread),
    Operation("GET", "/api/threads/{id}/entries", "Tasks and meetings of a thread",
              answer=agenda.Entries, query=("after",)),
    Operation("POST", "/api/threads/{id}/entries", "Add a task or a meeting", api.NewEntry,
              Accepted, 201),
    Operation("POST", "/api/threads/{id}/calendar", "Bring a calendar file in (text/calendar)",
              answer=agenda.Brought),
    Operation("GET", "/api/threads/{id}/calendar.ics", "A thread's tasks and meetings as a file",
              media="text/calendar"),
    Operation("GET", "/api/calendar.ics", "What is for me as a file", media="text/calendar"),
    Operation("GET", "/api/attachments/{id}/versions/{number}/calendar",
              "What a calendar file of a thread has", answer=agenda.CalendarFile),
    Operation("POST", "/api/attachments/{id}/versions/{number}/calendar",
              "Bring it into the thread", api.BringCalendar, agenda.Brought),
    Operation("GET", "/api/entries/{id}", "A task or a meeting", answer=agenda.Entry),
    Operation("GET", "/api/entries/{id}.ics", "The same as iCalendar", media="text/calendar"),
    Operation("PATCH", "/api/entries/{id}", "Change it, or say that it is done", api.PatchEntry,
              Accepted),
    Operation("DELETE", "/api/entries/{id}", "Remove it", answer=Accepted),
    Operation("GET", "/api/busy/consents", "Who may know when I am busy, and of whom I may",
              answer=busy.BusyConsents),
    Operation("PUT", "/api/busy/consents/{uid}", "Let them know when I am busy", status=204),
    Operation("DELETE", "/api/busy/consents/{uid}", "Refuse it, or withdraw it", status=204),
    Operation("PUT", "/api/busy/asks/{uid}", "Ask them to let me know", status=204),
    Operation("POST", "/api/busy/slots", "When I and others are free", busy.FindSlots, busy.Slots),
    Operation("GET", "/api/reminders", "What I am to be reminded of",
              answer=reminders.Reminders),
    Operation("POST", "/api/reminders", "Have me, or a thread, reminded", reminders.NewReminder,
              reminders.Reminder, 201),
    Operation("PATCH", "/api/reminders/{id}", "Move a reminder", reminders.PatchReminder,
              reminders.Reminder),
    Operation("DELETE", "/api/reminders/{id}", "Remove a reminder", status=204),
    Operation("GET", "/api/notices", "Reminders that are due and were not seen",
              answer=reminders.Notices),
    Operation("DELETE", "/api/notices/{id}", "It was seen", status=204),
    Operation("POST", "/api/notices/{id}/snooze", "Remind of it again", reminders.SnoozeNotice,
              reminders.Reminder, 201),
    Operation("GET", "/api/search", "Search messages and files", answer=api.SearchResult,
              query=("q", "thread", "limit", "offset")),
    Operation("GET", "/api/openapi.json", "This document", public=True, media="application/json"),
    Operation("GET", "/api/protocol.json", "The live socket as a JSON schema", public=True,
              media="application/json"),
)  # fmt: skip

_NUMBERS = {"after", "before", "around", "limit", "offset"}


@cache
def document() -> bytes:
    """The OpenAPI 3.1 document as JSON."""
    types = [one for op in OPERATIONS for one in (op.body, op.answer) if one is not None]
    schemas, components = msgspec.json.schema_components(
        [*types, api.Problem], ref_template="#/components/schemas/{name}"
    )
    by_type = dict(zip([str(one) for one in types], schemas, strict=False))
    paths: dict[str, dict[str, Any]] = {}
    for op in OPERATIONS:
        paths.setdefault(op.path, {})[op.method.lower()] = _operation(op, by_type)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Webmail hub",
                "version": hub.__version__,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {
                    "token": {"type": "http", "scheme": "bearer"},
                    "session": {"type": "apiKey", "in": "cookie", "name": "hub_session"},
                },
            },
        }
    )


def _operation(op: Operation, by_type: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"summary": op.summary, "operationId": _name(op)}
    described["security"] = [] if op.public else [{"token": []}, {"session": []}]
    parameters: list[dict[str, Any]] = [
        {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for part in op.path.split("/")
        if part.startswith("{")
    ]
    parameters += [
        {
            "name": name,
            "in": "query",
            "schema": {"type": "integer" if name in _NUMBERS else "string"},
        }
        for name in op.query
    ]
    if parameters:
        described["parameters"] = parameters
    if op.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": by_type[str(op.body)]}},
        }
    good: dict[str, Any] = {"description": op.summary}
    if op.answer is not None:
        good["content"] = {"application/json": {"schema": by_type[str(op.answer)]}}
    elif op.media is not None:
        good["content"] = {op.media: {}}
    problem = {"$ref": "#/components/schemas/Problem"}
    described["responses"] = {
        str(op.status): good,
        "default": {
            "description": "What went wrong",
            "content": {"application/problem+json": {"schema": problem}},
        },
    }
    return described


def _name(op: Operation) -> str:
    words = [part for part in op.path.removeprefix("/api/").split("/") if not part.startswith("{")]
    kind = "One" if op.path.endswith("}") else ""
    return op.method.lower() + "".join(word.split(".")[0].title() for word in words) + kind


async def get_openapi(request: Request) -> Response:
    return Response(document(), media_type="application/json")


async def get_protocol(request: Request) -> Response:
    return Response(_protocol(), media_type="application/json")


@cache
def _protocol() -> bytes:
    return msgspec.json.encode(protocol.schema())


def routes() -> list[BaseRoute]:
    return [
        Route("/api/openapi.json", get_openapi, methods=["GET"]),
        Route("/api/protocol.json", get_protocol, methods=["GET"]),
    ]
