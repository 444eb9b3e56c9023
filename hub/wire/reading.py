"""JSON of strangers: commands, and what stands in them. Pure.

The same checks stand at every door: what PostgreSQL cannot keep (U+0000), what is nested deeper
than a program follows, what is no text. A command that can be answered is answered; else its
connection ends, with a code that says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec

from hub.errors import BadRequest, ProtocolError
from hub.wire.commands import AnyCommand, Command

_decode: Final = msgspec.json.Decoder(AnyCommand).decode
_COMMANDS: Final = frozenset(one.__struct_config__.tag for one in get_args(AnyCommand))
_MAX_ID: Final = 1 << 53
_NUL: Final = "\\u0000"  # as JSON writes it; a raw one is no JSON


class Unreadable(Exception):
    """A command with an id, to which ``reason`` is the answer."""

    def __init__(self, id_: int, reason: BadRequest) -> None:
        super().__init__(reason.detail)
        self.id = id_
        self.reason = reason


def command(text: str) -> Command:
    """Read a command.

    Raises:
        Unreadable: ``unknown_command``, ``bad_field`` (``detail`` names it), ``bad_text``.
        ProtocolError: ``bad_json``, ``bad_command``: there is no id to answer to.
    """
    try:
        found: Command = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(text, error) from error
    if _NUL in text:
        try:
            refuse_nul(found)
        except BadRequest as reason:
            raise Unreadable(found.id, reason) from reason
    return found


def refuse_nul(value: Any) -> None:
    """Raises:
    BadRequest: ``bad_text``: a string in it holds U+0000, which nothing can keep.
    """
    if any("\x00" in text for text in _strings(value)):
        raise BadRequest("Text must not hold the character U+0000.", code="bad_text")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _strings(getattr(value, name))
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _unreadable(text: str, error: Exception) -> Unreadable:
    """Why a command cannot be read.

    Raises:
        ProtocolError: there is none to answer to.
    """
    try:
        parts = json.loads(text, parse_constant=_no_number)  # reads lone surrogates, too
    except (ValueError, RecursionError) as broken:
        raise ProtocolError(
            "A text frame is no JSON, or nested too deep.", code="bad_json"
        ) from broken
    id_ = parts.get("id", 0) if isinstance(parts, dict) else None
    if type(id_) is not int or not 0 <= id_ < _MAX_ID:
        raise ProtocolError("A text frame is no command with an id.", code="bad_command")
    cmd = parts.get("cmd")
    if isinstance(cmd, str) and cmd not in _COMMANDS:
        return Unreadable(id_, BadRequest("There is no such command.", code="unknown_command"))
    if not isinstance(error, msgspec.ValidationError):
        return Unreadable(id_, BadRequest("It holds half a character.", code="bad_text"))
    return Unreadable(id_, BadRequest(str(error), code="bad_field"))
