"""What of a calendar concerns only whoever's program wrote it: when it rings there, and what was
heard and put off. Others who are asked to the same are not rung by it. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from hub.agenda import lines, reading
from hub.agenda.lines import Block, Line

_ALARM: Final = "VALARM"
_HEARD: Final = ("X-MOZ-LASTACK", "X-MOZ-SNOOZE-TIME")
_encode = msgspec.json.Encoder().encode
NOTHING: Final = "[]"


class _Piece(msgspec.Struct):
    """Of a component: its RECURRENCE-ID, which is empty for the whole, and what it has of it."""

    of: str
    text: str


_decode = msgspec.json.Decoder(list[_Piece]).decode


def take(calendar: Block) -> str:
    """Take it out; what ``give`` is given."""
    found, has_any = [], False
    for block in _components(calendar):
        own = [one for one in block.parts if _is_own(one)]
        block.parts = [one for one in block.parts if not _is_own(one)]
        has_any = has_any or bool(own)
        found.append(_Piece(_moment(block), lines.write(Block("X", own)).decode()))
    return _encode(found).decode() if has_any else NOTHING


def give(calendar: Block, own: str) -> None:
    """Put it in, in place of whatever there is of it. A moment that has become one by itself since
    then has what the whole has."""
    pieces = {one.of: one.text for one in _decode(own)}
    for block in _components(calendar):
        block.parts = [one for one in block.parts if not _is_own(one)]
        text = pieces.get(_moment(block)) or pieces.get("")
        if text is not None:
            for one in lines.read(text.encode(), most=2 * lines.MAX_BYTES)[0].parts:
                if isinstance(one, Block):
                    block.parts.append(one)
                else:
                    block.put(*block.lines(one.name), one)


def _components(calendar: Block) -> list[Block]:
    return [one for one in calendar.blocks() if one.name in reading.COMPONENTS]


def _is_own(one: Line | Block) -> bool:
    return one.name == _ALARM if isinstance(one, Block) else one.name.startswith(_HEARD)


def _moment(block: Block) -> str:
    line = block.first("RECURRENCE-ID")
    return "" if line is None else line.value.strip()
