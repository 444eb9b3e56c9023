"""Addresses of Redis as its users write them, and connections made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio.connection import AbstractConnection, ConnectionPool, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

SENTINEL_PORT = 26379
CONNECT_S = 2.0
SENTINEL_S = 0.5

# No deadline of redis-py's own, and no keepalive: what they end is taken for an answer there, again
# and again without a pause (redis-py's PubSub does the same). The bus has its own beat.
_OPTIONS: Mapping[str, Any] = {
    "protocol": 2,
    "driver_info": None,
    "socket_timeout": None,
    "socket_connect_timeout": CONNECT_S,
    "socket_keepalive": False,
    "health_check_interval": 0,
    "decode_responses": False,
}


class RedisAddress:
    """Where a Redis is, or the Sentinels that know.

    Args:
        url: ``redis://[[user]:password@]host[:port][/db]``, ``rediss://`` for TLS (with
            ``?ssl_ca_certs=…`` and the like of redis-py), ``unix:///path``, or
            ``redis+sentinel://[[user]:password@]host[:port],host…/service[/db]`` (``rediss+…`` for
            TLS; ``?sentinel_username=…&sentinel_password=…`` are for the Sentinels).

    Raises:
        ValueError: no such address, in words.
    """

    def __init__(self, url: str) -> None:
        self._sentinel: Sentinel | None = None
        self._pool: ConnectionPool
        scheme = urlsplit(url).scheme
        if scheme in ("redis+sentinel", "rediss+sentinel"):
            self._pool = self._by_sentinel(url, tls=scheme.startswith("rediss"))
        else:
            self._pool = _direct(url, scheme)
        try:
            self.connection()
        except TypeError as error:  # an option that its kind of connection does not have
            raise ValueError(str(error).partition("() ")[2] or str(error)) from None

    def connection(self) -> AbstractConnection:
        """A new connection, not open yet."""
        made: AbstractConnection = self._pool.make_connection()
        return made

    async def aclose(self) -> None:
        """End what is open to Sentinels."""
        for one in self._sentinel.sentinels if self._sentinel is not None else ():
            await one.aclose()

    def _by_sentinel(self, url: str, *, tls: bool) -> SentinelConnectionPool:
        parts = urlsplit(url)
        who, _, where = parts.netloc.rpartition("@")
        sentinels = [_host(one) for one in where.split(",") if one]
        found = re.fullmatch(r"/([A-Za-z0-9._-]+)(?:/([0-9]+))?", parts.path)
        if not sentinels or found is None:
            raise ValueError("Sentinels are written redis+sentinel://host:port,host:port/service")
        options: dict[str, Any] = dict(_OPTIONS, db=int(found[2] or 0))
        query = parse_url(f"redis://host?{parts.query}")
        of_sentinels: dict[str, Any] = {
            "protocol": 2,
            "socket_timeout": SENTINEL_S,
            "socket_connect_timeout": SENTINEL_S,
            "retry": Retry(NoBackoff(), 0),
        }
        for name, value in query.items():
            if name.startswith("sentinel_"):
                of_sentinels[name.removeprefix("sentinel_")] = value
            elif name != "host":
                options[name] = value
        user, _, password = who.partition(":")
        if user:
            options["username"] = unquote(user)
        if password:
            options["password"] = unquote(password)
        if tls:
            of_sentinels |= {name: one for name, one in options.items() if name.startswith("ssl_")}
            of_sentinels["ssl"] = True
        self._sentinel = Sentinel(sentinels, sentinel_kwargs=of_sentinels)
        return SentinelConnectionPool(found[1], self._sentinel, ssl=tls, **options)


def _direct(url: str, scheme: str) -> ConnectionPool:
    options = parse_url(url)
    if scheme in ("redis", "rediss") and not options.get("host"):
        raise ValueError("it names no host")
    if "port" in options and not 0 < options["port"] < 65536:
        raise ValueError(f"{options['port']} is no TCP port")
    path = urlsplit(url).path.strip("/")
    if scheme in ("redis", "rediss") and path and not path.isdigit():
        raise ValueError(f"{path!r} is no number of a database")
    given = dict(_OPTIONS)
    if scheme == "unix":
        del given["socket_keepalive"]  # which such a socket does not have
    return ConnectionPool.from_url(url, **given)


def _host(text: str) -> tuple[str, int]:
    found = re.fullmatch(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?", text)
    if found is None or not 0 < int(found[2] or SENTINEL_PORT) < 65536:
        raise ValueError(f"{text!r} is no host and port of a Sentinel")
    return found[1].strip("[]"), int(found[2] or SENTINEL_PORT)
