"""Files in both directions: the client of ``/files/`` and ``/api/attachments``.

    files = FileClient("http://127.0.0.1:8480", token)
    sent = await files.upload("film.mov", thread)
    (attachment,) = await files.post(thread, [sent], "The film")
    await files.download(attachment, target=Path("copies"))
    document = await files.open(attachment.attachment)  # for LiveClient.open_document
    await files.save(document.document)

Owns what a file is for; the bytes go by ``sending`` and ``fetching``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeVar
from urllib.parse import quote

import msgspec

from hub.client.fetching import Download, WrongBytes, place, require_free, write_whole
from hub.client.http import Endpoint
from hub.client.notes import Notes, Sending, default_folder
from hub.client.patience import OnWait, Patience
from hub.client.sending import OnProgress, Sent, Source, Upload
from hub.errors import Conflict, HubError, NotFound, Unavailable
from hub.ids import b64url, new_id, sha256
from hub.wire.api import (
    AttachDocument,
    AttachedFile,
    Attachment,
    DocumentInfo,
    NewMessage,
    OpenFile,
    SaveDocument,
    SavedVersion,
    Version,
)
from hub.wire.commands import NewFile
from hub.wire.events import Accepted
from hub.wire.filenames import file_name

MOST_FILES: Final = 100
"""Of a message."""
PATIENCE_S: Final = 300.0
MAX_LIVE_BYTES: Final = 96 << 20
"""Of a file that is a live document."""
READY_S: Final = 600.0
FIRST_LOOK_S: Final = 0.05
MOST_LOOK_S: Final = 2.0
HOPELESS: Final = frozenset(("upload_used", "version_failed", "wrong_bytes"))
"""No message will ever have these uploads."""

Result = TypeVar("Result")


class FileClient:
    """Sends and fetches files; goes on after cuts, restarts of the hub and its own death.

    Args:
        url: the hub's http(s) address.
        token: from ``hub token create``.
        state: folder of what is under way; null: the user's state folder.
        patience_s: how long nothing may move before an error that might pass is raised.
        on_wait: told why and for how many seconds, before each pause.

    Raises:
        HubError: ``bad_address``, ``bad_token``.
    """

    def __init__(
        self, url: str, token: str, *, state: Path | None = None,
        patience_s: float = PATIENCE_S, on_wait: OnWait | None = None,
    ) -> None:  # fmt: skip
        self._endpoint = Endpoint(url, token)
        self._notes = Notes(state or default_folder())
        self._patience_s = patience_s
        self._on_wait = on_wait

    async def upload(
        self, file: Path | str | BinaryIO, thread: str, *, name: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> Sent:  # fmt: skip
        """Send the bytes of a file. What another process began with the same file is gone on with;
        a file that is open already begins at its first byte and is not remembered.

        Args:
            name: what it is called in the thread; null: as on this machine.

        Returns:
            its upload, which ``post`` makes a file of the thread.

        Raises:
            Conflict: ``file_changed``.
            HubError: ``local_file``; what the hub says; what ended the connection.
        """
        source = Source(file)
        try:
            upload = Upload(
                self._endpoint, self._notes, self._patience(), source, thread, name, on_progress
            )
            return await upload.run()
        finally:
            source.close()

    async def post(self, thread: str, sent: Sequence[Sent], text: str = "") -> list[Attachment]:
        """Send a message with files and wait until they are there. Asked again for the same files
        and text, it is the same message. More than MOST_FILES go with the messages after it.

        Raises:
            HubError: as ``wait_ready``; what the hub says (``upload_used``: a message has them).
        """
        found: list[Attachment] = []
        for at in range(0, max(1, len(sent)), MOST_FILES):
            some = sent[at : at + MOST_FILES]
            found += await self._message(thread, some, text if at == 0 else "")
        # Not before: who stops while this waits, and begins again, sends no second message.
        self._forget(sent)
        return found

    async def _message(self, thread: str, sent: Sequence[Sent], text: str) -> list[Attachment]:
        uploads = [one.upload for one in sent]
        send_id = "put." + b64url(sha256(msgspec.json.encode((text, uploads))))
        files = [NewFile(upload=one.upload, name=one.name) for one in sent]
        body = msgspec.json.encode(NewMessage(text=text, files=files, send_id=send_id))
        path = f"/api/threads/{quote(thread, safe='')}/messages"
        try:
            accepted = await self._ask("POST", path, Accepted, body)
            return await self.wait_ready(accepted.attachments, sent)
        except HubError as error:
            if error.code in HOPELESS:
                self._forget(sent)
            raise

    async def wait_ready(
        self, attachments: Sequence[str], sent: Sequence[Sent], timeout_s: float = READY_S
    ) -> list[Attachment]:
        """Wait until each file has its version, and prove that this is what was sent.

        Args:
            attachments: in the order of ``sent``.

        Raises:
            HubError: ``version_failed``: nothing comes of it; ``timeout``.
            WrongBytes: the hub has other bytes.
        """
        try:
            async with asyncio.timeout(timeout_s):
                pairs = zip(attachments, sent, strict=True)
                return [await self._settled(attachment, one) for attachment, one in pairs]
        except TimeoutError as late:
            detail = "The hub has the bytes, but no file is made of them yet."
            raise Unavailable(detail, code="timeout") from late

    async def attachment(self, attachment: str) -> Attachment:
        """A file of a thread, with its versions."""
        path = f"/api/attachments/{quote(attachment, safe='')}"
        return await self._ask("GET", path, Attachment)

    async def download(
        self, attachment: str | Attachment, number: int | None = None, *,
        target: Path | None = None, force: bool = False, on_progress: OnProgress | None = None,
    ) -> Path:  # fmt: skip
        """Fetch a version; what another process began is gone on with.

        Args:
            number: null: the version that is shown.
            target: a path, or a folder; null: the current one.
            force: replace a file that is there.

        Returns:
            where the file is.

        Raises:
            Conflict: ``file_exists``, ``already_fetching``.
            NotFound: ``attachment_not_found``, ``version_not_found``.
            WrongBytes: they are not what the version names; no file is left.
            HubError: ``local_file``; what the hub says; what ended the connection.
        """
        if isinstance(attachment, str):
            attachment = await self.attachment(attachment)
        version = _version(attachment, number)
        name = quote(attachment.attachment, safe="")
        # Not as a download, which the store may send instead of the hub, unproved.
        path = f"/api/attachments/{name}/versions/{version.number}"
        goes_to = place(target, file_name(attachment.name))
        download = Download(
            self._endpoint, self._notes, self._patience(), path, version, goes_to, force,
            on_progress,
        )  # fmt: skip
        return await download.run()

    async def open(self, attachment: str) -> DocumentInfo:
        """The live document of a file; made, if nobody has it open.

        Raises:
            HubError: what the hub says (``format_not_editable``, ``read_only``, …).
        """
        path = f"/api/attachments/{quote(attachment, safe='')}/open"
        body = msgspec.json.encode(OpenFile(send_id=new_id("n")))
        return await self._ask("POST", path, DocumentInfo, body)

    async def save(
        self, document: str, *, encoding: Literal["utf-8"] | None = None
    ) -> SavedVersion:
        """Save a live document to its file, as a new version; asked again after a cut it is one.

        Args:
            encoding: that the file of a text gets, instead of its own.

        Raises:
            HubError: what the hub says (``unwritable_characters``, ``other_version``, …).
        """
        path = f"/api/documents/{quote(document, safe='')}/save"
        body = msgspec.json.encode(SaveDocument(encoding=encoding, send_id=new_id("n")))
        return await self._ask("POST", path, SavedVersion, body)

    async def attach(self, document: str, wish: AttachDocument) -> AttachedFile:
        """Put a live document into its thread as a file; asked again after a cut it is one.

        Raises:
            HubError: what the hub says (``characters_missing``, ``its_own_file``, …).
        """
        path = f"/api/documents/{quote(document, safe='')}/attach"
        wish = msgspec.structs.replace(wish, send_id=wish.send_id or new_id("n"))
        return await self._ask("POST", path, AttachedFile, msgspec.json.encode(wish))

    async def live(
        self, attachment: str | Attachment, *, target: Path | None = None, force: bool = False
    ) -> Path:
        """Fetch a file as its live document says now, saved or not.

        Args:
            target, force: as of ``download``.

        Returns:
            where the file is.

        Raises:
            Conflict: ``file_exists``.
            NotFound: ``attachment_not_found``, ``not_open``.
            HubError: ``local_file``; what the hub says; what ended the connection.
        """
        if isinstance(attachment, str):
            attachment = await self.attachment(attachment)
        goes_to = place(target, file_name(attachment.name))
        if not force:
            require_free(goes_to)
        path = f"/api/attachments/{quote(attachment.attachment, safe='')}/live"
        patience = self._patience()
        while True:
            try:
                data = await self._endpoint.whole(path, MAX_LIVE_BYTES)
                break
            except HubError as error:
                await patience.wait(error)
        await asyncio.to_thread(write_whole, goes_to, data, force=force)
        return goes_to

    async def _settled(self, attachment: str, sent: Sent) -> Attachment:
        pause_s = FIRST_LOOK_S
        while True:
            found = await self.attachment(attachment)
            version = next((one for one in found.versions if one.key == sent.upload), None)
            if version is None:
                raise NotFound("The version is gone.", code="version_not_found")
            if version.state == "failed":
                raise Conflict(
                    f"Nothing came of {sent.name}: {version.reason}.",
                    code="version_failed",
                )
            if version.state != "arriving":
                if version.blob != sent.blob:
                    raise WrongBytes(f"The hub has other bytes of {sent.name} than were sent.")
                return found
            await asyncio.sleep(pause_s)
            pause_s = min(MOST_LOOK_S, pause_s * 1.5)

    async def _ask(
        self, method: str, path: str, result: type[Result], body: bytes = b""
    ) -> Result:  # fmt: skip
        """Ask until there is an answer; what is asked may be asked twice."""
        patience = self._patience()
        while True:
            try:
                return await self._endpoint.json(method, path, result, body)
            except HubError as error:
                await patience.wait(error)

    def _patience(self) -> Patience:
        return Patience(self._patience_s, self._on_wait)

    def _forget(self, sent: Sequence[Sent]) -> None:
        for one in sent:
            if one.path is not None:
                self._notes.forget(Sending, self._endpoint.url, one.thread, one.path)


def _version(attachment: Attachment, number: int | None) -> Version:
    """Raises:
    NotFound: ``version_not_found``.
    """
    wanted = attachment.number if number is None else number
    ready = (one for one in attachment.versions if one.number == wanted and one.state == "ready")
    if wanted is None or (found := next(ready, None)) is None:
        raise NotFound("There is no such version.", code="version_not_found")
    return found
