"""The error tree of the hub.

Every failure that a client, a peer or an operator can meet is one of these classes, carrying a
stable ``code``. HTTP turns them into RFC 9457 problem documents, the live socket into ``error``
replies or close codes. Nothing here does I/O.

    HubError
    ├── BadRequest        400  4400
    │   └── ProtocolError 400  4400   malformed frame or update
    ├── Unauthenticated   401  4401
    ├── Forbidden         403  4403
    ├── NotFound          404  4404
    ├── Conflict          409  4409
    ├── TooLarge          413  4413
    │   └── HeadersTooLarge 431 4413  the head of an HTTP request
    ├── RateLimited       429  4529
    ├── Unavailable       503  1013
    └── RemoteError       424  4502   a peer failed; never our own 5xx
"""

from __future__ import annotations

from typing import ClassVar


class HubError(Exception):
    """Base of all errors with a stable code.

    Args:
        detail: one sentence for a person, without secrets.
        code: stable machine-readable code; defaults to the class's own.
        retry_after_s: seconds to wait before trying again; given exactly where the same request may
            succeed later. Defaults to the class's own.
    """

    code: str = "internal"
    http_status: ClassVar[int] = 500
    close_code: ClassVar[int] = 1011
    title: ClassVar[str] = "Internal error"
    retry_s: ClassVar[float | None] = 5

    def __init__(
        self, detail: str = "", *, code: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.retry_after_s = self.retry_s if retry_after_s is None else retry_after_s
        if code is not None:
            self.code = code


class BadRequest(HubError):
    code = "bad_request"
    http_status = 400
    close_code = 4400
    title = "Bad request"
    retry_s: ClassVar[float | None] = None


class ProtocolError(BadRequest):
    code = "protocol_error"
    title = "Malformed frame"


class Unauthenticated(HubError):
    code = "unauthenticated"
    http_status = 401
    close_code = 4401
    title = "Sign in first"
    retry_s = None


class Forbidden(HubError):
    code = "forbidden"
    http_status = 403
    close_code = 4403
    title = "Not allowed"
    retry_s = None


class NotFound(HubError):
    code = "not_found"
    http_status = 404
    close_code = 4404
    title = "Not found"
    retry_s = None


class Conflict(HubError):
    code = "conflict"
    http_status = 409
    close_code = 4409
    title = "Conflict"
    retry_s: ClassVar[float | None] = None


class TooLarge(HubError):
    code = "too_large"
    http_status = 413
    close_code = 4413
    title = "Too large"
    retry_s = None


class HeadersTooLarge(TooLarge):
    code = "headers_too_large"
    http_status = 431
    title = "Request header fields too large"


class RateLimited(HubError):
    code = "rate_limited"
    http_status = 429
    close_code = 4529
    title = "Too many requests"
    retry_s = None


class Unavailable(HubError):
    code = "unavailable"
    http_status = 503
    close_code = 1013
    title = "Temporarily unavailable"
    retry_s = 2


class RemoteError(HubError):
    code = "remote_error"
    http_status = 424
    close_code = 4502
    title = "The other hub failed"
    retry_s = None
