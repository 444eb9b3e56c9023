"""Why a file does not become a document, or a document no file, in words for people."""

from __future__ import annotations

from typing import Final

import structlog

from hub.errors import HubError
from hub.sandbox.frames import Part, Reason
from hub.sandbox.walls import Failed

log = structlog.get_logger()


class NotText(HubError):
    code = "not_text"
    title = "The file is no text, whatever its name says"
    http_status = 422
    retry_s = None


class UnwritableCharacters(HubError):
    code = "unwritable_characters"
    title = "The encoding of the file has not all of the characters"
    http_status = 409
    retry_s = None


class CharactersMissing(HubError):
    code = "characters_missing"
    title = "No font of this hub has all of the characters"
    http_status = 409
    retry_s = None

    def __init__(self, characters: str) -> None:
        super().__init__(
            f"No font of this hub has {' '.join(characters)}: there would be empty boxes. Whoever "
            "runs the hub can install fonts for it."
        )


class NoEditableFormat(HubError):
    code = "format_not_editable"
    title = "Files of this format cannot be edited together"
    http_status = 422
    retry_s = None


class FileDamaged(HubError):
    code = "file_damaged"
    title = "The file is not what its name says, or damaged"
    http_status = 422
    retry_s = None


class FileEncrypted(HubError):
    code = "file_encrypted"
    title = "The file is protected by a password; save it without one to edit it here"
    http_status = 422
    retry_s = None


class OldOfficeFormat(HubError):
    code = "old_office_format"
    title = "This is a file of an old office format; save it as .docx to edit it here"
    http_status = 422
    retry_s = None


class FileTooComplex(HubError):
    code = "file_too_complex"
    title = "The file takes more time or memory than the hub gives one"
    http_status = 422
    retry_s = None


class ConverterAway(HubError):
    code = "converter_failed"
    title = "The hub failed at converting the file; the file is not to blame"
    http_status = 503
    retry_s = 5


_FAILED: Final[dict[Reason, type[HubError]]] = {
    "too_large": FileTooComplex, "timeout": FileTooComplex, "damaged": FileDamaged,
    "unsupported": NoEditableFormat, "sandbox": ConverterAway,
}  # fmt: skip


def failed(outcome: Failed, *, ours: bool = False) -> HubError:
    """What a worker's end says to a person.

    Args:
        ours: it was a document that was to be written, and no foreign file to be read.
    """
    log.info("a file was not converted", reason=outcome.reason, detail=outcome.detail)
    if ours and outcome.reason == "damaged":
        return ConverterAway()
    return _FAILED[outcome.reason]()


def refused(part: Part) -> HubError:
    """What a worker found in the file itself."""
    about = str(part.meta.get("about", ""))[:40]
    log.info("a file was refused", code=part.meta.get("code"), about=about)
    match part.meta.get("code"):
        case "not_text":
            return NotText()
        case "encrypted":
            return FileEncrypted()
        case "old_office_format":
            return OldOfficeFormat()
        case "too_complex":
            return FileTooComplex()
        case "unwritable_characters":
            return UnwritableCharacters(
                f"The encoding of this file has no {' '.join(about)}. Save it as UTF-8, or take "
                "them out."
            )
        case _:
            return FileDamaged()
