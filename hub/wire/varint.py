"""Variable-length integers of lib0 (little-endian groups of 7 bits), read with a bound.

Source: https://github.com/dmonad/lib0 (encoding.writeVarUint). Never does I/O.
"""

from __future__ import annotations

from hub.errors import ProtocolError

MAX_BYTES = 8  # 56 bits hold every clock and every client id (< 2**53)


def write_varint(value: int) -> bytes:
    """Encode a number from 0 to 2**53 - 1."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """Decode the number at ``at``; returns it and the position behind it.

    Raises:
        ProtocolError: ``bad_varint`` when it is cut off, longer than 8 bytes or above 2**53 - 1.
    """
    end = len(data)
    if at < end:
        first = data[at]
        if first < 0x80:
            return first, at + 1
    value = shift = 0
    for position in range(at, min(at + MAX_BYTES, end)):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >= 1 << 53:
                break
            return value, position + 1
        shift += 7
    raise ProtocolError("A variable-length integer is malformed.", code="bad_varint")


def read_bytes(data: bytes | memoryview, at: int) -> tuple[bytes, int]:
    """Decode a length and so many bytes; returns them and the position behind them.

    Raises:
        ProtocolError: ``truncated`` when fewer bytes are there.
    """
    length, at = read_varint(data, at)
    if at + length > len(data):
        raise ProtocolError("The frame is shorter than it says.", code="truncated")
    return bytes(data[at : at + length]), at + length
