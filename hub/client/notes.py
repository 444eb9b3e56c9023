"""What is under way, kept on disk so that another process can go on with it.

One small file for each file that is being sent or fetched. It holds no secret: an upload's id is of
use only to whoever has the token.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from hub.errors import HubError
from hub.ids import b64url, sha256

FOLDER: Final = "webmail-hub"
KEPT_S: Final = 30 * 86_400

Note = TypeVar("Note", bound=msgspec.Struct)


class Sending(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An upload that was begun, and what its file was then."""

    hub: str
    thread: str
    path: str
    size: int
    mtime_ns: int
    upload: str


class Fetching(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which blob the partial file at ``path`` is the beginning of."""

    path: str
    blob: str


class LocalFile(HubError):
    """A file of this machine."""

    code = "local_file"
    title = "A file cannot be read or written"
    http_status = 400
    retry_s = None


def local(error: OSError) -> LocalFile:
    where = f"{error.filename}: " if error.filename else ""
    return LocalFile(f"{where}{error.strerror or error}")


def default_folder() -> Path:
    """Source: XDG Base Directory Specification."""
    given = os.environ.get("XDG_STATE_HOME", "")
    home = Path(given) if os.path.isabs(given) else Path.home() / ".local" / "state"
    return home / FOLDER


class Notes:
    """Args:
    folder: made when the first note is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, kind: type[Note], *key: str) -> Note | None:
        """The note kept under a key; one that does not read back is none."""
        try:
            return msgspec.json.decode(self._place(kind, key).read_bytes(), type=kind)
        except (OSError, msgspec.MsgspecError):
            return None

    def keep(self, note: msgspec.Struct, *key: str) -> None:
        """Raises:
        LocalFile: the folder cannot be written.
        """
        place = self._place(type(note), key)
        fresh = place.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.json.encode(note))
            fresh.replace(place)
            self._sweep(place.stat().st_mtime - KEPT_S)
        except OSError as error:
            raise local(error) from error

    def forget(self, kind: type[msgspec.Struct], *key: str) -> None:
        self._place(kind, key).unlink(missing_ok=True)

    def _sweep(self, before_s: float) -> None:
        """Forget what nobody went on with."""
        for one in self._folder.iterdir():
            if one.lstat().st_mtime < before_s:
                one.unlink(missing_ok=True)

    def _place(self, kind: type[msgspec.Struct], key: tuple[str, ...]) -> Path:
        name = b64url(sha256(msgspec.json.encode((kind.__name__, *key))))
        return self._folder / f"{name}.json"
