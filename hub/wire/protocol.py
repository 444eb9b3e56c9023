"""The live socket described by its types: what goes with what; `/api/protocol.json` is made of it.

The examples beside it are written by a test. Source of the form: JSON Schema 2020-12.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from hub.wire import agenda, calls
from hub.wire import commands as cmd
from hub.wire import events as ev

RESULTS: Final[dict[type[cmd.Command], type[msgspec.Struct] | None]] = {
    cmd.Auth: None,
    cmd.Ping: None,
    cmd.WatchInbox: None,
    cmd.Subscribe: ev.SubscribeResult,
    cmd.Unsubscribe: None,
    cmd.Post: ev.Accepted,
    cmd.Edit: ev.Accepted,
    cmd.Delete: ev.Accepted,
    cmd.Undelete: ev.Accepted,
    cmd.React: ev.Accepted,
    cmd.Rename: ev.Accepted,
    cmd.SetReference: ev.Accepted,
    cmd.SetHistory: ev.Accepted,
    cmd.SetMember: ev.Accepted,
    cmd.CreateDocument: ev.Accepted,
    cmd.RenameDocument: ev.Accepted,
    cmd.AddAttachment: ev.Accepted,
    cmd.RenameAttachment: ev.Accepted,
    cmd.SetProperty: ev.Accepted,
    cmd.RemoveAttachment: ev.Accepted,
    cmd.UnremoveAttachment: ev.Accepted,
    cmd.RestoreVersion: ev.Accepted,
    cmd.AddEntry: ev.Accepted,
    cmd.ChangeEntry: ev.Accepted,
    cmd.ReplaceEntry: ev.Accepted,
    cmd.FinishEntry: ev.Accepted,
    cmd.AnswerEntry: ev.Accepted,
    cmd.RemoveEntry: ev.Accepted,
    cmd.UnremoveEntry: ev.Accepted,
    cmd.MarkRead: ev.ReadState,
    cmd.Typing: None,
    cmd.Present: None,
    cmd.StartCall: calls.Call,
    cmd.JoinCall: calls.Call,
    cmd.LeaveCall: calls.Call,
    cmd.DeclineCall: calls.Call,
    cmd.RingInCall: calls.Call,
    cmd.RemoveFromCall: calls.Call,
    cmd.LockCall: calls.Call,
    cmd.MuteInCall: None,
    cmd.PresentCall: ev.InCall,
    cmd.OpenDocument: ev.OpenResult,
    cmd.CloseDocument: None,
    cmd.LeaseClientIds: ev.Leased,
    cmd.Signal: None,
}
"""What a command is answered with in ``ok``; null where there is nothing to say."""

EVENT_DATA: Final[dict[ev.EventType, type[msgspec.Struct]]] = {
    "thread.create": ev.ThreadCreateData,
    "thread.rename": ev.ThreadRenameData,
    "thread.history": ev.ThreadHistoryData,
    "member.set": ev.MemberSetData,
    "message": ev.MessageData,
    "message.edit": ev.MessageEditData,
    "message.delete": ev.MessageDeleteData,
    "message.undelete": ev.MessageUndeleteData,
    "reaction": ev.ReactionData,
    "reference.set": ev.ReferenceSetData,
    "document.create": ev.DocumentCreateData,
    "document.rename": ev.DocumentRenameData,
    "attachment.add": ev.AttachmentAddData,
    "attachment.rename": ev.AttachmentRenameData,
    "attachment.remove": ev.AttachmentRemoveData,
    "attachment.unremove": ev.AttachmentUnremoveData,
    "attachment.restore": ev.AttachmentRestoreData,
    "attachment.property": ev.AttachmentPropertyData,
    "version.add": ev.VersionAddData,
    "version.ready": ev.VersionReadyData,
    "version.failed": ev.VersionFailedData,
    "version.blocked": ev.VersionBlockedData,
    "version.unblocked": ev.VersionUnblockedData,
    "call.start": calls.CallStartData,
    "call.ring": calls.CallRingData,
    "call.join": calls.CallJoinData,
    "call.decline": calls.CallDeclineData,
    "call.miss": calls.CallMissData,
    "call.leave": calls.CallLeaveData,
    "call.lock": calls.CallLockData,
    "call.end": calls.CallEndData,
    "entry.set": agenda.EntrySetData,
    "entry.remove": agenda.EntryRemoveData,
    "checkpoint": ev.CheckpointData,
}
"""``data`` of each type of event; null where it is hidden or erased."""

EXAMPLES: Final = Path(__file__).with_name("examples.json")


def tag_of(type_: type[msgspec.Struct]) -> str:
    return str(type_.__struct_config__.tag)


@cache
def schema() -> dict[str, Any]:
    """The live socket as one JSON schema; definitions stand in ``$defs``."""
    commands, frames = list(RESULTS), list(get_args(ev.AnyFrame))
    results = [one for one in dict.fromkeys(RESULTS.values()) if one is not None]
    types: list[Any] = [*commands, *frames, *results, *EVENT_DATA.values()]
    references, definitions = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    of = dict(zip(types, references, strict=True))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hub.live.v1",
        "description": (
            "Text frames of the live socket; see docs/protocol.md. `#/command` is what a client"
            " sends, `#/frame` what it is sent, `#/results` the `result` of an `ok` by command,"
            " `#/events` the `data` of an event by type, when it is not null. Values may be added"
            " to the enumerations of frames."
        ),
        "command": {"oneOf": [of[one] for one in commands]},
        "frame": {"oneOf": [of[one] for one in frames]},
        "results": {
            tag_of(one): {"type": "null"} if result is None else of[result]
            for one, result in RESULTS.items()
        },
        "events": {type_: of[data] for type_, data in EVENT_DATA.items()},
        "x-examples": examples(),
        "$defs": definitions,
    }


def examples() -> dict[str, list[dict[str, Any]]]:
    """One of every command, frame and event, as a hub took and sent them."""
    found: dict[str, list[dict[str, Any]]] = json.loads(EXAMPLES.read_text())
    return found
