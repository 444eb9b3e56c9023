"""The one door: who may do what in a thread. Pure."""

from __future__ import annotations

from enum import Enum
from typing import Final

from hub.errors import Forbidden, NotFound
from hub.identity.service import Principal
from hub.wire import commands as cmd


class Action(Enum):
    """``(least role, scope of a token)``; leaving is anybody's right."""

    READ = ("reader", "read")
    SIGNAL = ("reader", "write")
    LEAVE = ("reader", "write", "leave")
    WRITE = ("editor", "write")
    OWN = ("owner", "write", "own")


_RANK: Final = {"reader": 0, "editor": 1, "owner": 2}

_OF_COMMAND: Final[dict[type[cmd.Command], Action]] = {
    cmd.Subscribe: Action.READ,
    cmd.MarkRead: Action.READ,
    cmd.Typing: Action.WRITE,
    cmd.Present: Action.READ,
    cmd.OpenDocument: Action.READ,
    cmd.LeaseClientIds: Action.READ,
    cmd.Signal: Action.SIGNAL,
    cmd.StartCall: Action.SIGNAL,
    cmd.JoinCall: Action.SIGNAL,
    cmd.LeaveCall: Action.SIGNAL,
    cmd.DeclineCall: Action.SIGNAL,
    cmd.RingInCall: Action.WRITE,
    cmd.RemoveFromCall: Action.SIGNAL,
    cmd.LockCall: Action.SIGNAL,
    cmd.MuteInCall: Action.SIGNAL,
    cmd.PresentCall: Action.SIGNAL,
    cmd.Post: Action.WRITE,
    cmd.Edit: Action.WRITE,
    cmd.Delete: Action.WRITE,
    cmd.Undelete: Action.WRITE,
    cmd.React: Action.WRITE,
    cmd.Rename: Action.WRITE,
    cmd.SetReference: Action.WRITE,
    cmd.CreateDocument: Action.WRITE,
    cmd.RenameDocument: Action.WRITE,
    cmd.AddAttachment: Action.WRITE,
    cmd.RenameAttachment: Action.WRITE,
    cmd.SetProperty: Action.WRITE,
    cmd.RemoveAttachment: Action.WRITE,
    cmd.UnremoveAttachment: Action.WRITE,
    cmd.RestoreVersion: Action.WRITE,
    cmd.AddEntry: Action.WRITE,
    cmd.ChangeEntry: Action.WRITE,
    cmd.ReplaceEntry: Action.SIGNAL,
    cmd.FinishEntry: Action.SIGNAL,
    cmd.AnswerEntry: Action.SIGNAL,
    cmd.RemoveEntry: Action.WRITE,
    cmd.UnremoveEntry: Action.WRITE,
    cmd.SetHistory: Action.OWN,
    cmd.SetMember: Action.OWN,
}


def action_of(command: cmd.Command, uid: str) -> Action:
    """What right a command needs."""
    if isinstance(command, cmd.SetMember) and command.role is None and command.uid == uid:
        return Action.LEAVE
    return _OF_COMMAND[type(command)]


def require(principal: Principal, role: str | None, action: Action) -> None:
    """Let through or raise.

    Raises:
        NotFound: ``thread_not_found``; who is no member does not learn that the thread exists.
        Forbidden: ``missing_scope``, ``read_only`` for readers, ``not_owner``.
    """
    if role is None:
        raise NotFound("There is no such thread, or you are no member.", code="thread_not_found")
    least, scope = action.value[0], action.value[1]
    principal.require(scope)
    if _RANK[role] < _RANK[least]:
        if least == "owner":
            raise Forbidden("Only an owner of the thread can do this.", code="not_owner")
        raise Forbidden("You can read this thread, not write in it.", code="read_only")


def may_write(role: str | None) -> bool:
    """Whether documents open for editing."""
    return role is not None and _RANK[role] >= _RANK["editor"]
