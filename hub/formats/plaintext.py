"""A text file as the text of a document, and back: what nobody touched stays byte for byte.

A document's lines end with LF and hold no half characters; a file's may end as they like, be in any
encoding, and be damaged. So the file is read as lines that remember how they stood there (``Line``)
and saved by comparing: a line that is still there is written as it was, and only a new one anew.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

import charset_normalizer

from hub.formats import diff
from hub.formats.aligning import aligned

_BOMS: Final = (  # the longer ones first: that of UTF-32 begins like that of UTF-16
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|(?<=[^\r\n])\Z)")
_HALVES: Final = re.compile("[\ud800-\udfff]")
UNKNOWN: Final = "\N{REPLACEMENT CHARACTER}"
"""What a document shows for a byte that means nothing."""
_CONTROLS: Final = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_LOOKED_AT: Final = 1 << 20
_SAMPLE: Final = 1 << 14
_LEGACY: Final = (  # the likelier ones first
    "cp1250", "cp1252", "iso8859_2", "iso8859_15", "cp852", "cp850", "cp1251", "koi8_r", "koi8_u",
    "iso8859_5", "cp866", "cp1253", "iso8859_7", "cp1254", "iso8859_9", "mac_roman",
)  # fmt: skip
_LATIN: Final = frozenset((
    "cp1250", "cp1252", "iso8859_2", "iso8859_15", "cp852", "cp850", "iso8859_9", "mac_roman",
))  # fmt: skip
_ALPHABETS: Final = [
    frozenset(one)
    for one in (
        "áäčďéíĺľňóôŕšťúýž",
        "áčďéěíňóřšťúůýž",
        "ąćęłńóśźż",
        "áéíóöőúüű",
        "äöüß",
        "čćđšž",
        "àâæçéèêëîïôœùûüÿ",
        "áéíñóúüºª¿¡",
        "àèéìíîòóùúºª",
        "áâãàçéêíóôõúüºª",
        "åäöæøé",
        "ëïéèöüó",
        "ăâîșțşţ",
        "çğıöşüâî",
        "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
        "абвгґдежзиіїйклмнопрстуфхцчшщьюяє",
        "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",
    )
]
"""Letters beyond those of ASCII that a text in one language has."""
_SIGNS: Final = frozenset("„“”‚‘’«»‹›–—…€£§°©®™±×·•´\N{NO-BREAK SPACE}\N{SOFT HYPHEN}")
_WITHIN: Final = _SIGNS - frozenset("’´")
_ENOUGH: Final = 64
"""Letters that tell an alphabet by how often each is there."""
_LIKELY: Final = 0.9


class NotText(Exception):
    """Bytes that are no text, whatever their name says."""


class Unwritable(Exception):
    """``characters`` that the encoding of the file has not."""

    def __init__(self, characters: str) -> None:
        super().__init__(characters)
        self.characters = characters


class Line(NamedTuple):
    """Attributes:
    raw: as it stands in the file, with its end; damaged bytes are lone surrogates.
    shown: as it stands in the document.
    """

    raw: str
    shown: str


class TextFile(NamedTuple):
    """Attributes:
    encoding: name of a codec of Python; ``bom``: bytes before the text.
    damaged: whether some bytes mean nothing in it: they are shown as U+FFFD.
    """

    encoding: str
    bom: bytes
    damaged: bool
    lines: list[Line]

    @property
    def text(self) -> str:
        """Of the document."""
        return "".join(line.shown for line in self.lines)


def read(data: bytes, encoding: str | None = None) -> TextFile:
    """Args:
        encoding: as it was found before; what the bytes look like may be told otherwise by now.

    Raises:
        NotText.
    """
    bom, marked = next(((bom, name) for bom, name in _BOMS if data.startswith(bom)), (b"", None))
    body = data[len(bom) :]
    name = marked or encoding or _encoding(body)
    text = _decoded(body, name)
    if text is None:
        raise NotText
    if "\0" in text or len(_CONTROLS.findall(text, 0, _LOOKED_AT)) * 50 > min(
        len(text), _LOOKED_AT
    ):
        raise NotText
    damaged = _HALVES.search(text) is not None
    lines = [Line(raw, _shown(raw)) for raw in _LINE.findall(text) if raw]
    return TextFile(name, bom, damaged, lines)


def write(file: TextFile, text: str, *, anew: str | None = None) -> bytes:
    """The file with the text of the document.

    Args:
        anew: an encoding that all of it gets, instead of its own.

    Raises:
        Unwritable.
    """
    ends = Counter(line.raw[len(line.raw.rstrip("\r\n")) :] for line in file.lines)
    ends.pop("", None)
    usual = ends.most_common(1)[0][0] if ends else "\n"
    now = re.findall(r"[^\n]*\n|[^\n]+\Z", text)
    raws: list[str] = []
    end = usual
    old = 0
    for match in [*diff.matches([line.shown for line in file.lines], now), None]:
        upto = len(now) if match is None else match.b
        before = file.lines[old : None if match is None else match.a]
        for index, line in enumerate(_damaged(before, now[len(raws) : upto])):
            # A line that stands in the place of another ends like that one.
            if match is None or old + index < match.a:
                replaced = file.lines[old + index].raw if old + index < len(file.lines) else ""
                end = _end(replaced) or end
            raws.append(line[:-1] + end if line.endswith("\n") else line)
        if match is None:
            break
        raws += [line.raw for line in file.lines[match.a : match.a + match.size]]
        old = match.a + match.size
        end = _end(raws[-1]) or usual
    whole = _apart(raws)
    encoding = anew or file.encoding
    bom = file.bom if anew is None or anew == file.encoding else b""
    try:
        return bom + _encoded(whole, encoding)
    except UnicodeEncodeError:
        raise Unwritable(_unwritable(whole, encoding)) from None


def _damaged(before: Sequence[Line], now: Sequence[str]) -> Sequence[str]:
    """Lines that stand in the place of others, with the bytes that mean nothing and are still
    there."""
    if not any(_HALVES.search(line.raw) for line in before):
        return now
    shown = "".join(line.shown for line in before)
    raws = "".join(
        line.raw.removesuffix(_end(line.raw)) + ("\n" if _end(line.raw) else "") for line in before
    )
    whole = "".join(now)
    made = [
        raws[at] if one == UNKNOWN and at is not None else one
        for one, at in zip(whole, aligned(shown, whole), strict=True)
    ]
    ends = [*accumulate((len(line) for line in now), initial=0)]
    return ["".join(made[at:end]) for at, end in pairwise(ends)]


def _apart(raws: Sequence[str]) -> str:
    """Lines as one text; an empty line behind a lone CR must not make CR LF with it."""
    found: list[str] = []
    for raw in raws:
        alone = raw == "\n" and found and found[-1].endswith("\r")
        found.append("\r" if alone else raw)
    return "".join(found)


def _end(raw: str) -> str:
    return raw[len(raw.rstrip("\r\n")) :]


def _shown(raw: str) -> str:
    end = _end(raw)
    line = raw[: len(raw) - len(end)] + ("\n" if end else "")
    return _HALVES.sub(UNKNOWN, line)


def _errors(encoding: str) -> str:
    """How bytes that mean nothing are kept."""
    return "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def _decoded(body: bytes, encoding: str) -> str | None:
    """The text that gives these very bytes again; null when there is none."""
    errors = _errors(encoding)
    try:
        text = body.decode(encoding, errors)
        return text if text.encode(encoding, errors) == body else None
    except (UnicodeError, LookupError):
        return None


def _encoded(text: str, encoding: str) -> bytes:
    """Raises:
    UnicodeEncodeError: it has not all of the characters.
    """
    return text.encode(encoding, _errors(encoding))


def _unwritable(text: str, encoding: str) -> str:
    found: dict[str, None] = {}
    for one in dict.fromkeys(text):
        try:
            one.encode(encoding, _errors(encoding))
        except UnicodeEncodeError:
            found[one] = None
    return "".join(found)


def _encoding(body: bytes) -> str:
    """What bytes without a mark most likely are in."""
    try:
        body.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    if b"\0" in body[:_LOOKED_AT]:
        raise NotText
    # A little damage does not make another encoding of it.
    text = body[:_LOOKED_AT].decode("utf-8", "surrogateescape")
    broken = len(_HALVES.findall(text))
    whole = sum(one > "\x7f" and not "\ud800" <= one <= "\udfff" for one in text)
    if whole > broken:
        return "utf-8"
    sample = body[:_SAMPLE]
    likely = max(_LEGACY, key=lambda one: _likelihood(sample, one))  # the first of the best
    fits = _likelihood(sample, likely) >= _LIKELY and _decoded(body, likely) is not None
    if fits and (likely in _LATIN or sum(one > 0x7F for one in sample) < _ENOUGH):
        return likely
    # Where all letters are beyond ASCII any alphabet looks like any other: that takes some words.
    found = charset_normalizer.from_bytes(body[:_LOOKED_AT]).best()
    if found is not None and _decoded(body, found.encoding) is not None:
        return found.encoding
    return likely if fits else "latin-1"  # which has a character for every byte


def _likelihood(sample: bytes, encoding: str) -> float:
    """How much of what is not ASCII a text in one language may hold, in this encoding: 0 to 1."""
    text = sample.decode(encoding, "replace")
    found = [one for one in text.lower() if one > "\x7f" and one not in _SIGNS]
    if not found:
        return 1.0
    counts = Counter(found)
    known = max(sum(counts[one] for one in letters) for letters in _ALPHABETS)
    odd = sum(  # a capital, or a sign, within a word
        before.islower() and (at.isupper() or (at in _WITHIN and after.isalpha()))
        for before, at, after in zip(text, text[1:], text[2:], strict=False)
        if at > "\x7f"
    )
    return (known - odd) / len(found)
