"""iCalendar as lines: read, changed and written so that whatever else stands there stays.

A text that a program of somebody's sends is kept as it came. What the hub changes, it changes line
by line: properties that it does not know, their order and their parameters are not its business.
What they mean is read elsewhere (``hub.agenda.reading``). Pure.

Source: RFC 5545 sections 3.1 (content lines), 3.1.1 and 3.2 (parameters), 3.3.11 (text); RFC 6868.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from hub.errors import BadRequest, TooLarge

MAX_BYTES: Final = 1 << 18
"""Of one text that is kept: a series with its exceptions."""
MAX_LINES: Final = 50_000
MAX_DEPTH: Final = 6
_FOLD: Final = 75
"""Bytes of a line, without its end."""
_ESCAPED: Final = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}
_MEANT: Final = {"n": "\n", "N": "\n"}
_CARET: Final = {"^^": "^", "^n": "\n", "^'": '"'}


@dataclass(frozen=True, slots=True)
class Line:
    """``NAME;PARAMETER=…:value``. ``params`` and ``value`` are as they stand there, and ``name`` is
    in capitals, however it was written; empty for a line that is no property."""

    name: str
    value: str
    params: str = ""
    written: str = ""
    """The name as it was written, if that was otherwise."""

    def __str__(self) -> str:
        if not self.name:
            return self.value
        return f"{self.written or self.name}{self.params}:{self.value}"

    @property
    def text(self) -> str:
        """The value of a property of type TEXT."""
        return unescape(self.value)

    def param(self, name: str) -> str | None:
        """The value of a parameter, of several the first; null without one."""
        return next((value for key, value in parameters(self.params) if key == name), None)


@dataclass(slots=True)
class Block:
    """A component: its lines and the components in it, in their order."""

    name: str
    parts: list[Line | Block] = field(default_factory=list)

    def lines(self, name: str) -> list[Line]:
        return [one for one in self.parts if isinstance(one, Line) and one.name == name]

    def first(self, name: str) -> Line | None:
        return next(iter(self.lines(name)), None)

    def blocks(self, name: str | None = None) -> list[Block]:
        return [
            one for one in self.parts if isinstance(one, Block) and name in (None, one.name)
        ]  # fmt: skip

    def put(self, *lines: Line) -> None:
        """In place of all lines of these names, where the first of them stood; new ones stand
        before the components inside."""
        for name in dict.fromkeys(line.name for line in lines):
            wanted = [line for line in lines if line.name == name]
            at = next(
                (
                    index
                    for index, one in enumerate(self.parts)
                    if isinstance(one, Block) or one.name == name
                ),
                len(self.parts),
            )
            rest = [
                one for one in self.parts[at:] if isinstance(one, Block) or one.name != name
            ]  # fmt: skip
            self.parts[at:] = [*wanted, *rest]

    def drop(self, *names: str) -> None:
        self.parts = [
            one for one in self.parts if isinstance(one, Block) or one.name not in names
        ]  # fmt: skip

    def copy(self) -> Block:
        return Block(
            self.name, [one.copy() if isinstance(one, Block) else one for one in self.parts]
        )


def read(data: bytes, most: int = MAX_BYTES, most_lines: int = MAX_LINES) -> list[Block]:
    """The components of a text: of a file, one VCALENDAR or several.

    Raises:
        BadRequest: ``bad_calendar``.
        TooLarge: ``calendar_too_large``.
    """
    if len(data) > most:
        raise TooLarge(f"A calendar has at most {most} bytes.", code="calendar_too_large")
    stack: list[Block] = []
    done: list[Block] = []
    for number, text in enumerate(_unfolded(_decoded(data)), 1):
        if number > most_lines:
            raise TooLarge(f"A calendar has at most {most_lines} lines.", code="calendar_too_large")
        line = _line(text) or Line("", text.strip())  # kept, and understood by nobody
        if line.name == "BEGIN":
            block = Block(line.value.strip().upper())
            if len(stack) >= MAX_DEPTH:
                raise _bad(number, "components are nested too deep")
            if stack:
                stack[-1].parts.append(block)
            stack.append(block)
        elif line.name == "END":
            if not stack or stack[-1].name != line.value.strip().upper():
                raise _bad(number, f"there is no component {line.value.strip()[:40]!r} to end")
            block = stack.pop()
            if not stack:
                done.append(block)
        elif not stack:
            raise _bad(number, "it is no calendar")
        else:
            stack[-1].parts.append(line)
    if stack:
        raise BadRequest(f"The calendar ends within {stack[-1].name}.", code="bad_calendar")
    if not done:
        raise BadRequest("There is no calendar in it.", code="bad_calendar")
    return done


def write(block: Block) -> bytes:
    """UTF-8, with lines of 75 bytes that end with CRLF."""
    parts: list[bytes] = []
    for line in _all(block):
        if "\n" in line or "\r" in line:  # it would be read as another one
            raise BadRequest(f"A line breaks: {line[:60]!r}.", code="bad_calendar")
        parts += _folded(line.encode())
    return b"".join(parts)


def unfolded(data: bytes) -> list[str]:
    """The lines of a text, whole; for comparing two."""
    return list(_unfolded(_decoded(data)))


def escape(text: str) -> str:
    """A value of type TEXT."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        _ESCAPED.get(char, char) for char in lines if char >= " " or char in "\n\t"
    )  # fmt: skip


def unescape(value: str) -> str:
    parts: list[str] = []
    chars = iter(value)
    for char in chars:
        if char == "\\":
            char = next(chars, "\\")
            char = _MEANT.get(char, char)
        parts.append(char)
    return "".join(parts)


def parameter(name: str, value: str) -> str:
    """``;NAME=value``; characters that a parameter cannot have are written after RFC 6868."""
    said = value.replace("^", "^^").replace("\n", "^n").replace('"', "^'")
    said = "".join(char for char in said if char == "\t" or char >= " ")
    quoted = f'"{said}"' if any(char in said for char in ":;,") else said
    return f";{name}={quoted}"


def parameters(params: str) -> Iterator[tuple[str, str]]:
    """``(NAME, value)``; of one with several values each."""
    for one in split(params, ";"):
        name, equals, values = one.partition("=")
        if equals:
            for value in split(values, ","):
                yield name.strip().upper(), _without_carets(value.strip().strip('"'))


def _without_carets(value: str) -> str:
    if "^" not in value:
        return value
    parts: list[str] = []
    at = 0
    while at < len(value):
        pair = value[at : at + 2]
        parts.append(_CARET.get(pair, value[at]))
        at += 2 if pair in _CARET else 1
    return "".join(parts)


def split(text: str, mark: str) -> Iterator[str]:
    """At marks that are not in quotes; without what is empty."""
    quoted, start = False, 0
    for index, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == mark and not quoted:
            if index > start:
                yield text[start:index]
            start = index + 1
    if start < len(text):
        yield text[start:]


def _line(text: str) -> Line | None:
    """Null where there is no value."""
    quoted = False
    for index, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            head, value = text[:index], text[index + 1 :]
            break
    else:
        return None
    written, semicolon, params = head.partition(";")
    name = written.strip().upper()
    if not name or not all(char.isalnum() or char in "-_." for char in name):
        return None
    return Line(name, value, semicolon + params, "" if written == name else written)


def _decoded(data: bytes) -> str:
    """UTF-8, or what older programs write: every byte is a character then. NUL is none."""
    data = data.replace(b"\x00", b"")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _unfolded(text: str) -> Iterable[str]:
    whole: list[str] = []
    # Some programs end lines twice, and still fold them.
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    for line in text.split("\n"):
        if line[:1] in (" ", "\t") and whole:
            whole.append(line[1:])
            continue
        if whole:
            yield "".join(whole)
        whole = [line] if line.strip() else []
    if whole:
        yield "".join(whole)


def _folded(line: bytes) -> Iterator[bytes]:
    """In pieces of at most 75 bytes, none of which cuts a character."""
    start, room = 0, _FOLD
    while len(line) - start > room:
        end = start + room
        while line[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        yield line[start:end] + b"\r\n "
        start, room = end, _FOLD - 1
    yield line[start:] + b"\r\n"


def _all(block: Block) -> Iterator[str]:
    yield f"BEGIN:{block.name}"
    for one in block.parts:
        if isinstance(one, Block):
            yield from _all(one)
        else:
            yield str(one)
    yield f"END:{block.name}"


def _bad(number: int, why: str) -> BadRequest:
    return BadRequest(f"Line {number} of the calendar: {why}.", code="bad_calendar")
