"""One file to the hub by tus 1.0.0, from the first byte or from where it stands.

Never holds more of the file than one part. Source: tus.io/protocols, resumable upload 1.0.0.
"""

from __future__ import annotations

import asyncio
import base64
import mimetypes
import os
import re
import stat
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from hub.client.http import PART_BYTES, Endpoint, bad_answer
from hub.client.notes import LocalFile, Notes, Sending, local
from hub.client.patience import Patience
from hub.errors import Conflict, HubError, NotFound
from hub.wire.filenames import file_name
from hub.wire.pieces import Hasher

TUS: Final = {"Tus-Resumable": "1.0.0"}
BODY: Final = {**TUS, "Content-Type": "application/offset+octet-stream"}
GONE: Final = frozenset(("upload_not_found", "upload_ended"))
ELSEWHERE: Final = frozenset(("wrong_offset", "upload_done"))

OnProgress = Callable[[int, int], None]
"""Bytes that are through, and bytes of the whole."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file whose bytes are on the hub, and not in a message yet.

    Attributes:
        blob: what its bytes are called, computed here while they went.
        path: null for an open file.
    """

    upload: str
    thread: str
    name: str
    size: int
    blob: str
    path: str | None


class Source:
    """The file that is sent. One that changes meanwhile is noticed, as far as a file system tells.

    Raises:
        LocalFile: it cannot be read.
    """

    def __init__(self, given: Path | str | BinaryIO) -> None:
        try:
            if isinstance(given, str | Path):
                if not stat.S_ISREG(os.stat(given).st_mode):
                    raise LocalFile(f"{given} is no file.")
                self.path: str | None = os.path.abspath(given)
                self._file: BinaryIO = open(given, "rb")  # noqa: SIM115 closed by close()
                self.size, self.mtime_ns = self._stands()
            else:
                self.path = None
                self._file = given
                self.size, self.mtime_ns = given.seek(0, os.SEEK_END), 0
        except OSError as error:
            raise local(error) from error
        self.name = file_name(self.path or str(getattr(given, "name", "file")))

    def close(self) -> None:
        if self.path is not None:
            self._file.close()

    def changed(self) -> bool:
        return self.path is not None and self._stands() != (self.size, self.mtime_ns)

    def read(self, offset: int, end: int) -> bytes:
        """The part that begins there.

        Raises:
            Conflict: ``file_changed``: it is shorter now.
            LocalFile: it cannot be read.
        """
        try:
            self._file.seek(offset)
            part = self._file.read(min(PART_BYTES, end - offset))
        except OSError as error:
            raise local(error) from error
        if not part:
            raise _changed(self)
        return part

    def _stands(self) -> tuple[int, int]:
        now = os.fstat(self._file.fileno())
        return now.st_size, now.st_mtime_ns


class Upload:
    """The way of one file.

    Args:
        source: stays open until ``run`` ended; the caller closes it.
    """

    def __init__(
        self, endpoint: Endpoint, notes: Notes, patience: Patience, source: Source, thread: str,
        name: str | None, on_progress: OnProgress | None,
    ) -> None:  # fmt: skip
        self._endpoint = endpoint
        self._notes = notes
        self._patience = patience
        self._source = source
        self._thread = thread
        self._name = file_name(name) if name else source.name
        self._on_progress = on_progress
        self._key = (endpoint.url, thread, source.path or "")
        self._hasher = Hasher()
        self._furthest = 0

    async def run(self) -> Sent:
        """Send what is missing.

        Raises:
            Conflict: ``file_changed``.
            HubError: what the hub says; what is on this machine's side.
        """
        upload, fresh = await self._known(), False
        while True:
            try:
                if upload is None:
                    upload, fresh = await self._create(), True
                    offset = 0
                else:
                    offset = await self._offset(upload)
                self._stands_at(offset)
                if offset < self._source.size:
                    offset = await self._patch(upload, offset)
                if offset == self._source.size:
                    break
            except HubError as error:
                if error.code in GONE and upload is not None and not fresh:
                    upload = None
                elif error.code in ELSEWHERE:
                    error.retry_after_s = 0
                    await self._patience.wait(error)
                else:
                    if error.code == "file_changed" and upload is not None:
                        await self._give_up(upload)
                    await self._patience.wait(error)
        await self._catch_up(self._source.size)
        if self._source.changed():
            await self._give_up(upload)
            raise _changed(self._source)
        return Sent(
            upload, self._thread, self._name, self._source.size, self._hasher.finish(),
            self._source.path,
        )  # fmt: skip

    async def _known(self) -> str | None:
        """The upload that another process began with the same file."""
        if self._source.path is None:
            return None
        note = self._notes.find(Sending, *self._key)
        if note is None:
            return None
        if (note.size, note.mtime_ns) == (self._source.size, self._source.mtime_ns):
            return note.upload
        await self._give_up(note.upload)
        return None

    async def _create(self) -> str:
        type_ = mimetypes.guess_type(self._name)[0] or ""
        told = {"filename": self._name, "thread": self._thread, "filetype": type_}
        headers = {
            **TUS,
            "Upload-Length": str(self._source.size),
            "Upload-Metadata": ",".join(f"{key} {_base64(value)}" for key, value in told.items()),
        }
        async with self._endpoint.ask("POST", "/files/", headers) as answer:
            if answer.status != 201:
                raise await answer.refusal()
            # Only the last part: a token goes to no address that an answer names.
            upload = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if not re.fullmatch(r"[\w.-]{1,128}", upload):
            raise bad_answer("The hub does not say where the upload is.")
        if self._source.path is not None:
            hub, thread, path = self._key
            self._notes.keep(
                Sending(
                    hub=hub, thread=thread, path=path, upload=upload, size=self._source.size,
                    mtime_ns=self._source.mtime_ns,
                ),
                *self._key,
            )  # fmt: skip
        return upload

    async def _offset(self, upload: str) -> int:
        async with self._endpoint.ask("HEAD", f"/files/{upload}", TUS) as answer:
            if answer.status in (404, 410):  # the answer to HEAD has no code
                raise NotFound("The upload is gone.", code="upload_not_found")
            if answer.status != 200:
                raise await answer.refusal()
            return self._read_offset(answer.headers)

    async def _patch(self, upload: str, offset: int) -> int:
        await self._catch_up(offset)
        headers = {**BODY, "Upload-Offset": str(offset)}
        length = self._source.size - offset
        async with self._endpoint.ask(
            "PATCH", f"/files/{upload}", headers, self._rest(offset), length
        ) as answer:
            if answer.status != 204:
                raise await answer.refusal()
            return self._read_offset(answer.headers)

    async def _rest(self, offset: int) -> AsyncGenerator[bytes, None]:
        while offset < self._source.size:
            part = await asyncio.to_thread(self._take, offset, self._source.size)
            yield part
            offset += len(part)
            self._tell(offset)

    async def _catch_up(self, offset: int) -> None:
        """Take the bytes that are on the hub already into the blob's name."""
        while self._hasher.size < offset:
            await asyncio.to_thread(self._take, self._hasher.size, offset)

    def _take(self, offset: int, end: int) -> bytes:
        part = self._source.read(offset, end)
        if offset + len(part) > self._hasher.size:
            self._hasher.update(memoryview(part)[self._hasher.size - offset :])
        return part

    async def _give_up(self, upload: str) -> None:
        """Its bytes are of no use: the hub need not wait until it expires."""
        with suppress(HubError):
            async with self._endpoint.ask("DELETE", f"/files/{upload}", TUS):
                pass
        self._notes.forget(Sending, *self._key)

    def _read_offset(self, headers: dict[str, str]) -> int:
        said = headers.get("upload-offset", "")
        if not re.fullmatch(r"[0-9]{1,19}", said) or int(said) > self._source.size:
            raise bad_answer("The hub does not say where the upload stands.")
        return int(said)

    def _stands_at(self, offset: int) -> None:
        if offset > self._furthest:
            self._furthest = offset
            self._patience.moved()
        self._tell(offset)

    def _tell(self, offset: int) -> None:
        if self._on_progress is not None:
            self._on_progress(offset, self._source.size)


def _changed(source: Source) -> HubError:
    if source.path is None:
        return LocalFile("The file is shorter than it was.")
    return Conflict(f"{source.path} changed while it was sent.", code="file_changed")


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()
