"""One HTTP/1.1 request to the hub on a connection of its own, its body and its answer in parts.

Owns sockets and the words of errors; never what a request is for. Built on httptools, which the
hub runs on anyway: a body goes out while the answer is listened for, so that a refusal in the
middle is heard, and nothing is held but the part that is under way. A connection serves one
request, because those that matter here carry gigabytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Final, TypeVar
from urllib.parse import urlsplit

import httptools
import msgspec

from hub.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    HubError,
    NotFound,
    ProtocolError,
    RateLimited,
    RemoteError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from hub.wire.api import Problem

PART_BYTES: Final = 256 * 1024
CONNECT_S: Final = 10.0
QUIET_S: Final = 60.0
LAST_WORDS_S: Final = 2.0
MAX_HEAD_BYTES: Final = 64 * 1024
MAX_JSON_BYTES: Final = 16 * 2**20
MAX_PROBLEM_BYTES: Final = 64 * 1024

Result = TypeVar("Result")


class Refused(HubError):
    """The hub answered with an error of no other kind; ``code`` is the hub's."""

    code = "command_failed"
    title = "The hub refused the request"
    retry_s = None


KINDS: Final[Mapping[int, type[HubError]]] = {
    400: BadRequest, 401: Unauthenticated, 403: Forbidden, 404: NotFound, 409: Conflict,
    408: Unavailable, 410: NotFound,
    413: TooLarge, 423: Conflict, 424: RemoteError, 429: RateLimited,
    503: Unavailable,
}  # fmt: skip


class Answer:
    """What the hub says: the head is here, the body comes.

    Attributes:
        headers: names in lower case; the last of equal ones.
    """

    def __init__(self, reader: asyncio.StreamReader, method: str) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._reader = reader
        self._bodiless = method == "HEAD"
        self._parser = httptools.HttpResponseParser(self)
        self._begun = self._whole = False
        self._read = 0
        self._parts: list[bytes] = []

    # --- called by the parser ---------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._begun = self.status >= 200

    def on_body(self, part: bytes) -> None:
        self._parts.append(part)

    def on_message_complete(self) -> None:
        self._whole = self._begun

    # --- the body ---------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Wait for the head.

        Raises:
            HubError: ``connection_lost``, ``bad_answer``.
        """
        while not self._begun:
            await self._more()
            if self._read > MAX_HEAD_BYTES + PART_BYTES:
                raise bad_answer("The head of the answer does not end.")
        self._whole = self._whole or self._bodiless

    async def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes.

        Raises:
            HubError: ``connection_lost``, ``timeout``, ``bad_answer``.
        """
        while True:
            parts, self._parts = self._parts, []
            for part in parts:
                yield part
            if self._whole:
                return
            try:
                async with asyncio.timeout(QUIET_S):
                    await self._more()
            except TimeoutError as late:
                raise silent() from late

    async def read(self, most: int) -> bytes:
        """All of a small body."""
        body = bytearray()
        async for part in self.parts():
            body += part
            if len(body) > most:
                raise bad_answer("The answer is too long.")
        return bytes(body)

    async def _more(self) -> None:
        try:
            data = await self._reader.read(PART_BYTES)
        except OSError as error:
            raise lost(error) from error
        if not data:
            if not self._begun or self.headers.keys() & {"content-length", "transfer-encoding"}:
                raise lost()
            self._whole = True
            return
        self._read += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self._whole:
                raise bad_answer("What answers does not speak HTTP.") from error

    async def refusal(self) -> HubError:
        """The error that this answer is."""
        kind = KINDS.get(self.status, Unavailable if self.status >= 502 else Refused)
        after_s = _seconds(self.headers.get("retry-after"))
        try:
            said = msgspec.json.decode(await self.read(MAX_PROBLEM_BYTES), type=Problem)
        except (HubError, msgspec.MsgspecError):
            if self.status < 400:
                return bad_answer(f"The hub answered {self.status}.")
            return kind(f"The hub answered {self.status}.", retry_after_s=after_s)
        known = KINDS.get(self.status, Refused)
        code = said.code if re.fullmatch(r"[a-z0-9_]{1,64}", said.code) else None
        # It may be written to a terminal.
        detail = "".join(char if char.isprintable() else " " for char in said.detail)
        error = known(detail, code=code, retry_after_s=after_s or said.retry_after_s)
        if said.retry_after_s is None and after_s is None:
            error.retry_after_s = None
        return error


class Endpoint:
    """Where the hub is, and who asks.

    Args:
        url: the hub's http(s) address.
        token: from ``hub token create``.

    Raises:
        BadRequest: ``bad_address``: this is none.
        Unauthenticated: ``bad_token``: this cannot be one.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        try:
            parts = urlsplit(self.url)
            self._port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise BadRequest(f"{url!r} is no address.", code="bad_address") from error
        plain = re.fullmatch(r"[!-~]+", self.url) and not (parts.query or parts.fragment)
        if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
            raise BadRequest(f"{url!r} is no address of a hub.", code="bad_address")
        if not re.fullmatch(r"[!-~]+", token):
            raise Unauthenticated("This is no token.", code="bad_token")
        self._host, self._netloc = parts.hostname, parts.netloc.rpartition("@")[2]
        self._prefix = parts.path
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._token = token

    @asynccontextmanager
    async def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: AsyncGenerator[bytes, None] | bytes = b"",
        length: int | None = None,
    ) -> AsyncIterator[Answer]:
        """Send a request; the answer, whatever it is, once its head is here.

        Args:
            length: bytes of ``body`` where that is a generator.

        Raises:
            HubError: ``unreachable``, ``connection_lost``, ``timeout``, ``bad_answer``; what the
                generator raises.
        """
        head = {
            "Host": self._netloc,
            "Authorization": f"Bearer {self._token}",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **(headers or {}),
        }
        if method != "GET" and method != "HEAD":
            head["Content-Length"] = str(len(body) if isinstance(body, bytes) else length)
        lines = [f"{method} {self._prefix}{path} HTTP/1.1", *(f"{k}: {v}" for k, v in head.items())]
        reader, writer = await self._connect()
        try:
            answer = Answer(reader, method)
            words = "\r\n".join((*lines, "", "")).encode("latin-1")
            sending = asyncio.create_task(_send(writer, words, body), name="hub.client sends")
            hearing = asyncio.create_task(answer.begin(), name="hub.client hears")
            try:
                await _heard(sending, hearing)
            finally:
                sending.cancel()
                hearing.cancel()
                await asyncio.gather(sending, hearing, return_exceptions=True)
            yield answer
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    await writer.wait_closed()

    async def whole(self, path: str, most: int) -> bytes:
        """What there is at a path, of at most so many bytes.

        Raises:
            HubError: the hub refuses; as ``ask``.
        """
        async with self.ask("GET", path) as answer:
            if answer.status != 200:
                raise await answer.refusal()
            return await answer.read(most)

    async def json(
        self, method: str, path: str, result: type[Result], body: bytes = b""
    ) -> Result:  # fmt: skip
        """Ask for something small.

        Raises:
            HubError: the hub refuses; as ``ask``.
        """
        headers = {"Content-Type": "application/json"} if body else {}
        async with self.ask(method, path, headers, body) as answer:
            if not 200 <= answer.status < 300:
                raise await answer.refusal()
            try:
                return msgspec.json.decode(await answer.read(MAX_JSON_BYTES), type=result)
            except msgspec.MsgspecError as error:
                raise bad_answer("What answers is no hub.") from error

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(CONNECT_S):
                return await asyncio.open_connection(
                    self._host, self._port, ssl=self._tls, limit=PART_BYTES
                )
        except ssl.SSLCertVerificationError as error:
            raise Refused(f"{self.url}: {error.verify_message}", code="bad_certificate") from error
        except TimeoutError as error:
            raise _unreachable(f"{self.url} does not answer.") from error
        except OSError as error:
            raise _unreachable(f"{self.url}: {error.strerror or error}") from error


async def _send(
    writer: asyncio.StreamWriter, head: bytes, body: AsyncGenerator[bytes, None] | bytes
) -> None:
    writer.transport.set_write_buffer_limits(high=PART_BYTES)
    writer.write(head)
    if isinstance(body, bytes):
        writer.write(body)
        await _drained(writer)
        return
    async with aclosing(body) as parts:
        async for part in parts:
            writer.write(part)
            await _drained(writer)


async def _drained(writer: asyncio.StreamWriter) -> None:
    try:
        async with asyncio.timeout(QUIET_S):
            await writer.drain()
    except TimeoutError as late:
        raise silent() from late
    except OSError as error:
        raise lost(error) from error


async def _heard(sending: asyncio.Task[None], hearing: asyncio.Task[None]) -> None:
    """Until the head of the answer is here, which may be before all is sent."""
    await asyncio.wait({sending, hearing}, return_when=asyncio.FIRST_COMPLETED)
    wait_s, broken = QUIET_S, None
    if not hearing.done():
        broken = sending.exception()
        if broken is not None and not isinstance(broken, Unavailable):
            raise broken
        # Who closes on a body has often said why.
        wait_s = QUIET_S if broken is None else LAST_WORDS_S
    try:
        async with asyncio.timeout(wait_s):
            await hearing
    except TimeoutError as late:
        raise broken or silent() from late


def lost(error: OSError | None = None) -> Unavailable:
    why = f": {error.strerror or error}" if error is not None else ""
    detail = f"The connection was lost{why}."
    return Unavailable(detail, code="connection_lost", retry_after_s=0)


def silent() -> Unavailable:
    return Unavailable("The hub did not answer in time.", code="timeout", retry_after_s=0)


def _unreachable(detail: str) -> Unavailable:
    return Unavailable(detail, code="unreachable", retry_after_s=0)


def bad_answer(detail: str) -> ProtocolError:
    return ProtocolError(detail, code="bad_answer")


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and re.fullmatch(r"[0-9]{1,6}", header) else None
