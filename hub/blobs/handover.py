"""Who sends the bytes of a download instead of the hub: the web server in front, from the same
folder, or the object store itself.

What they send is not proved piece by piece; an operator chooses that for speed.

Source: nginx, ngx_http_proxy_module (X-Accel-Redirect).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol
from urllib.parse import quote

from hub.blobs.local import LocalStore


class Handed(NamedTuple):
    """An answer without a body, in whose place another one comes."""

    status: int
    headers: Mapping[str, str]


class LinkStore(Protocol):
    async def link(
        self, name: str, headers: Mapping[str, str], *, seconds: int = 300
    ) -> str | None: ...


class Handover(Protocol):
    async def of(self, name: str, headers: Mapping[str, str], *, download: bool) -> Handed | None:
        """Args:
        name: in the store.
        headers: that the answer must have.
        download: it is saved, not shown within a page.

        Returns:
            null when the hub has to send it itself.
        """
        ...


class Accelerated:
    """Args:
    prefix: of the addresses under which the web server has the store's folder for itself.
    """

    def __init__(self, store: LocalStore, prefix: str) -> None:
        self._store = store
        self._prefix = "/" + prefix.strip("/")

    async def of(self, name: str, headers: Mapping[str, str], *, download: bool) -> Handed | None:
        place = self._store.path_of(name).relative_to(self._store.root)
        address = f"{self._prefix}/{quote(place.as_posix())}"
        # Which ranges there are is nginx's to say, and it does not replace what is said already.
        kept = {name: value for name, value in headers.items() if name != "Accept-Ranges"}
        return Handed(200, {**kept, "X-Accel-Redirect": address})


class Linked:
    """Downloads are answered with a link that ends after some minutes; what a page shows comes
    from the hub, whose policy lets a page show nothing else."""

    def __init__(self, store: LinkStore) -> None:
        self._store = store

    async def of(self, name: str, headers: Mapping[str, str], *, download: bool) -> Handed | None:
        if not download:
            return None
        kept = ("Content-Type", "Content-Disposition")
        told = {one: headers[one] for one in kept if one in headers}
        link = await self._store.link(name, told)
        if link is None:
            return None
        return Handed(307, {"Location": link, "Cache-Control": "private, no-store"})
