"""What a file is, by its first bytes, its name and what was said of it; how it may be shown. Pure.

Bytes count for more than a name, and a name for more than what a sender declared.

Source: WHATWG MIME Sniffing; the formats' own specifications.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["image", "pdf", "text", "code", "markdown", "audio", "video", "office", "none"]

HEAD_BYTES: Final = 4096
"""As many of a file's first bytes are enough."""

_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"BZh", "application/x-bzip2"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
)  # fmt: skip
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS: Final = {
    b"heic": "image/heic", b"heix": "image/heic", b"heim": "image/heic", b"heis": "image/heic",
    b"hevc": "image/heic", b"hevx": "image/heic", b"mif1": "image/heif", b"msf1": "image/heif",
    b"avif": "image/avif", b"avis": "image/avif", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
}  # fmt: skip

_OOXML: Final = "application/vnd.openxmlformats-officedocument."
_ODF: Final = "application/vnd.oasis.opendocument."
_OFFICE: Final = {
    "docx": _OOXML + "wordprocessingml.document",
    "xlsx": _OOXML + "spreadsheetml.sheet",
    "pptx": _OOXML + "presentationml.presentation",
    "odt": _ODF + "text",
    "ods": _ODF + "spreadsheet",
    "odp": _ODF + "presentation",
}
_OLD_OFFICE: Final = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
}
_SUFFIXES: Final = {
    **{media_type: suffix for suffix, media_type in (_OFFICE | _OLD_OFFICE).items()},
    "application/rtf": "rtf",
}
_BY_NAME: Final = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
    "webp": "image/webp", "bmp": "image/bmp", "tif": "image/tiff", "tiff": "image/tiff",
    "avif": "image/avif", "heic": "image/heic", "heif": "image/heif", "svg": "image/svg+xml",
    "pdf": "application/pdf", "rtf": "application/rtf",
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg", "oga": "audio/ogg",
    "opus": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav", "aac": "audio/aac",
    "weba": "audio/webm",
    "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "ogv": "video/ogg",
    "mov": "video/quicktime", "mkv": "video/x-matroska", "avi": "video/x-msvideo",
    "html": "text/html", "htm": "text/html", "xhtml": "application/xhtml+xml",
    "xml": "application/xml", "zip": "application/zip", "gz": "application/gzip",
    "md": "text/markdown", "markdown": "text/markdown", "csv": "text/csv", "txt": "text/plain",
    "log": "text/plain", "text": "text/plain", "json": "application/json", **_OFFICE,
    **_OLD_OFFICE,
}  # fmt: skip
_CODE: Final = frozenset({
    "bash", "bat", "c", "cc", "cfg", "clj", "cmake", "conf", "cpp", "cs", "css", "dart",
    "diff", "dockerfile", "ex", "exs", "go", "gradle", "graphql", "h", "hpp", "hs", "html",
    "htm", "ini", "java", "js", "json", "jsonl", "jsx", "kt", "less", "lua", "makefile",
    "mjs", "ml", "nix", "patch", "php", "pl", "proto", "ps1", "py", "r", "rb", "rs", "sass",
    "scala", "scss", "sh", "sql", "svelte", "svg", "swift", "tex", "toml", "ts", "tsx", "vue",
    "xhtml", "xml", "yaml", "yml", "zig",
})  # fmt: skip

# What a browser can show or play, and what runs no script when it does.
_INLINE: Final = frozenset({
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp",
    "audio/mpeg", "audio/mp4", "audio/ogg", "audio/flac", "audio/wav", "audio/aac", "audio/webm",
    "video/mp4", "video/webm", "video/ogg", "application/pdf", "text/plain",
})  # fmt: skip
_PICTURES: Final = frozenset({
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp", "image/tiff",
    "image/heic", "image/heif",
})  # fmt: skip

_TOKEN: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,63}/[a-z0-9!#$&^_.+-]{1,127}")
_TAGS: Final = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*"
    rb"<(!doctype\s+html|html|head|body|script|iframe|\?xml|svg|!doctype\s+svg)[\s>]",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Nature:
    """What a file is.

    Attributes:
        kind: which preview is possible; ``none`` for none but the download.
        media_type: what it may be served as; never one that the bytes contradict.
        inline: whether a browser may show it as a page's part or a page; else only as a download.
    """

    kind: Kind
    media_type: str
    inline: bool


def nature(name: str, declared: str, head: bytes) -> Nature:
    """Args:
    name: of the file, with or without a suffix.
    declared: media type as the sender said it, with or without parameters; may be empty.
    head: its first ``HEAD_BYTES``, or all of it.
    """
    suffix = name.lower().rpartition(".")[2].strip()
    said = declared.partition(";")[0].strip().lower()
    if not _TOKEN.fullmatch(said):
        said = ""
    found = sniff(head)
    if found is not None:
        media_type = _refined(found, suffix, said)
    elif is_text(head):
        media_type = _text_type(suffix, said)
    else:
        # Claims to be a text or a picture of a kind that we would know: neither is true.
        named = _BY_NAME.get(suffix, said)
        trusted = named.startswith(("audio/", "video/"))
        media_type = named if trusted else "application/octet-stream"
    return Nature(_kind(media_type, suffix), media_type, media_type in _INLINE)


def office_suffix(media_type: str) -> str | None:
    """The suffix that an office document of this type has."""
    return _SUFFIXES.get(media_type)


def sniff(head: bytes) -> str | None:
    """Media type by the first bytes; None where they tell nothing. 64 bytes are enough but for text
    with tags."""
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _brand(head)
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and len(head) >= 18:
        return "image/bmp"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
        # A frame of MPEG audio, and no byte order mark of UTF-16.
        return "audio/mpeg" if head[1] != 0xFE and head[2] & 0xF0 != 0xF0 else None
    if tag := _TAGS.match(head.removeprefix(b"\xef\xbb\xbf")):
        word = tag[1].lower()
        if word.endswith(b"svg") or (word == b"?xml" and b"<svg" in head.lower()):
            return "image/svg+xml"
        return "application/xml" if word == b"?xml" else "text/html"
    return None


def is_text(head: bytes) -> bool:
    """Whether it may be text: UTF-16 with its mark, or bytes without controls."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    controls = set(range(32)) - set(b"\t\n\r\f\b\x1b")
    return not controls & set(head)


def _brand(head: bytes) -> str:
    if (found := _BRANDS.get(head[8:12])) and found != "image/heif":
        return found
    size = min(int.from_bytes(head[:4], "big"), len(head))
    others = [head[at : at + 4] for at in range(16, size, 4)]
    for brand in others:
        if (better := _BRANDS.get(brand, "")) in ("image/heic", "image/avif"):
            return better
    return found or "video/mp4"


def _refined(found: str, suffix: str, said: str) -> str:
    """A container's own kind is told by the name."""
    if found == "application/zip":
        if suffix in _OFFICE:
            return _OFFICE[suffix]
        return said if said in _OFFICE.values() else found
    if found == "application/x-ole-storage":
        if suffix in _OLD_OFFICE:
            return _OLD_OFFICE[suffix]
        return said if said in _OLD_OFFICE.values() else found
    if found == "video/webm" and suffix in ("mkv", "weba"):
        return _BY_NAME[suffix]
    if found == "audio/ogg" and (suffix == "ogv" or said == "video/ogg"):
        return "video/ogg"
    return found


def _text_type(suffix: str, said: str) -> str:
    named = _BY_NAME.get(suffix, "text/plain" if suffix in _CODE else said)
    if named in ("text/html", "application/xhtml+xml", "application/xml", "image/svg+xml"):
        return named  # downloads
    if named in ("text/markdown", "text/csv", "application/json"):
        return named
    return "text/plain"


def _kind(media_type: str, suffix: str) -> Kind:
    if media_type in _PICTURES:
        return "image"
    if media_type == "application/pdf":
        return "pdf"
    if media_type.startswith("audio/"):
        return "audio"
    if media_type.startswith("video/"):
        return "video"
    if media_type in _OFFICE.values() or media_type in _OLD_OFFICE.values():
        return "office"
    if media_type == "application/rtf":
        return "office"
    if media_type == "text/markdown":
        return "markdown"
    if media_type in ("text/html", "application/xhtml+xml", "application/xml", "image/svg+xml"):
        return "code"
    if media_type == "application/json" or (media_type == "text/plain" and suffix in _CODE):
        return "code"
    return "text" if media_type in ("text/plain", "text/csv") else "none"
