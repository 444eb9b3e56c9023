"""Pictures within files: under which attachments their documents show them. Pure."""

from __future__ import annotations

from typing import Final

from hub.ids import b64url, sha256

PREFIX: Final = "attachment:"
_HEADS: Final = (
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"\xff\xd8\xff", "jpeg", "image/jpeg"),
    (b"GIF8", "gif", "image/gif"),
)


def attachment_of(document: str, data: bytes) -> str:
    """The id of the attachment that shows this picture in a document; always the same."""
    return "a_" + b64url(sha256(b"picture", document.encode(), data)[:16])


def kind_of(data: bytes) -> tuple[str, str] | None:
    """Extension and media type of a picture that every browser shows; null for any other."""
    for head, extension, media_type in _HEADS:
        if data.startswith(head):
            return extension, media_type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp", "image/webp"
    return None
