"""The settings: one frozen object, read once from the environment. No other module reads it.

Every variable begins with ``HUB_``; an unknown one stops the start. For values marked secret,
``HUB_…_FILE`` names a file that holds the value. docs/operations.md lists them all (a test checks).
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub.errors import HubError

MAX_WORKERS = 64


class SettingsError(HubError):
    code = "bad_setting"
    title = "A setting is wrong"
    retry_s = None


def _setting(default: Any, what: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"what": what, "secret": secret})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings with their defaults. Sizes are bytes, times are seconds unless named."""

    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(8480, "TCP port to listen on.")
    workers: int = _setting(1, "How many processes serve the address; several need HUB_REDIS_URL.")
    public_url: str = _setting("", "Address in people's browsers; default http://host:port.")
    hub_name: str = _setting("Webmail hub", "Name shown on the sign-in page.")
    data_dir: Path = _setting(Path("data"), "Folder of the embedded database and of files.")
    database_url: str | None = _setting(
        None, "PostgreSQL 15 or later; without it the hub runs its own.", secret=True
    )
    database_connections: int = _setting(10, "Largest number of database connections.")
    redis_url: str | None = _setting(
        None, "Redis between several processes: redis://, rediss://, unix:// or redis+sentinel://.",
        secret=True,
    )  # fmt: skip
    redis_prefix: str = _setting("hub", "What the names of all Redis channels begin with.")
    log_format: str = _setting("auto", "json, console, or auto (console on a terminal).")
    log_level: str = _setting("info", "debug, info, warning or error.")
    session_days: int = _setting(30, "A sign-in ends after so many days.")
    invitation_days: int = _setting(7, "An invitation link ends after so many days.")
    reset_hours: int = _setting(24, "A password reset link ends after so many hours.")
    undo_s: int = _setting(60, "How long a deleted message can be brought back.")
    max_frame_bytes: int = _setting(4 * 1024 * 1024, "Largest frame of the live socket.")
    max_document_bytes: int = _setting(32 * 1024 * 1024, "Largest document, encoded.")
    max_new_client_ids: int = _setting(
        4096, "New Yjs client ids one update may bring (a stock client merges many people's work)."
    )
    max_client_ids: int = _setting(
        65_536, "Yjs client ids of stock clients one user may bring to one document."
    )
    max_body_bytes: int = _setting(1024 * 1024, "Largest body of an HTTP request.")
    blob_url: str | None = _setting(
        None, "S3 store of files, s3://bucket/prefix?endpoint=…&region=…; without it a folder."
    )
    blob_key: str | None = _setting(
        None, "Access key of the S3 store; else as its tools find it.", secret=True
    )
    blob_secret: str | None = _setting(None, "Secret key of the S3 store.", secret=True)
    accel_prefix: str | None = _setting(
        None, "Address under which nginx has the folder of files and sends them for the hub."
    )
    blob_links: bool = _setting(
        False, "Whether downloads come from the S3 store itself, by links of some minutes."
    )
    max_file_bytes: int = _setting(0, "Largest file; 0: no bound.")
    account_quota_bytes: int = _setting(0, "Bytes of files one account may bring; 0: no bound.")
    thread_quota_bytes: int = _setting(0, "Bytes of files one thread may hold; 0: no bound.")
    keep_free_bytes: int = _setting(
        1024 * 1024 * 1024, "Bytes that uploads leave free on the store's disk."
    )
    upload_hours: int = _setting(72, "An upload that nobody goes on with ends after so many hours.")
    keep_blobs_hours: int = _setting(
        24, "Bytes that nothing refers to any more are kept for so many hours."
    )
    clamd: str | None = _setting(
        None, "ClamAV's daemon that looks at files: unix:/path or host:port."
    )
    icap: str | None = _setting(
        None, "ICAP service that looks at files: icap://host[:port]/service."
    )
    hold_unscanned: bool = _setting(False, "Whether nobody gets a file before it was looked at.")
    rescan_days: int = _setting(
        14, "Files of so many days are looked at again when a scanner's signatures change."
    )
    stun_urls: str = _setting(
        "", "STUN servers for calls, stun:host[:port], with commas between them; none: none."
    )
    turn_urls: str = _setting(
        "", "TURN servers for calls, turn:host[:port][?transport=tcp] or turns:…, with commas."
    )
    turn_secret: str | None = _setting(
        None, "Secret that the hub and the TURN servers share (coturn: static-auth-secret).",
        secret=True,
    )  # fmt: skip
    relay_only: bool = _setting(
        False, "Whether calls go over TURN only, so that nobody sees another's address."
    )
    trusted_proxies: str = _setting(
        "127.0.0.1,::1", "Addresses whose X-Forwarded-For and -Proto are believed."
    )

    @property
    def origin(self) -> str:
        """Scheme, host and port of the public address: what a browser sends as Origin."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def secure(self) -> bool:
        return self.public_url.startswith("https://")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **overrides: Any) -> Settings:
        """Read ``HUB_*`` variables; ``overrides`` are what the command line said.

        Raises:
            SettingsError: unknown variable, value of the wrong form, or plain http on an address
                that is not loopback.
        """
        known = {f"HUB_{one.name.upper()}": one for one in fields(cls)}
        given: dict[str, Any] = {}
        for name, value in environ.items():
            if not name.startswith("HUB_") or name.startswith("HUB_TEST_"):
                continue
            one, text = _lookup(known, name, value)
            if one.name in given:
                raise SettingsError(f"{name}: given twice, once as a value and once as a file.")
            given[one.name] = _parse(one, name, text)
        given.update({name: value for name, value in overrides.items() if value is not None})
        return _checked(cls(**given))


def describe() -> list[tuple[str, str, str]]:
    """(variable, default, what it is) of every setting, for the documents and ``hub doctor``."""
    rows = []
    for one in fields(Settings):
        default = "" if one.default in (None, MISSING) else str(one.default)
        rows.append((f"HUB_{one.name.upper()}", default, one.metadata["what"]))
    return rows


def _lookup(known: dict[str, Field[Any]], name: str, value: str) -> tuple[Field[Any], str]:
    if name in known:
        return known[name], value
    base = name.removesuffix("_FILE")
    if base != name and base in known and known[base].metadata["secret"]:
        try:
            return known[base], Path(value).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{name}: cannot read {value}: {error.strerror}.") from error
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise SettingsError(f"{name} is no setting of the hub.{hint}", code="unknown_setting")


def _parse(one: Field[Any], name: str, text: str) -> Any:
    if isinstance(one.default, bool):
        if text.lower() not in ("0", "1", "true", "false"):
            raise SettingsError(f"{name}: expected true or false, got {text!r}.")
        return text.lower() in ("1", "true")
    if isinstance(one.default, int):
        try:
            value = int(text)
        except ValueError:
            raise SettingsError(f"{name}: expected a whole number, got {text!r}.") from None
        if value < 0:
            raise SettingsError(f"{name}: must not be negative.")
        return value
    if isinstance(one.default, Path):
        return Path(text)
    return text or one.default


def _checked(settings: Settings) -> Settings:
    if not 0 < settings.port < 65536:
        raise SettingsError(f"HUB_PORT: {settings.port} is no TCP port.")
    if not 0 < settings.workers <= MAX_WORKERS:
        raise SettingsError(f"HUB_WORKERS: expected 1 to {MAX_WORKERS}, got {settings.workers}.")
    if settings.workers > 1 and settings.redis_url is None:
        raise SettingsError(
            "HUB_WORKERS: several processes hear each other over Redis; set HUB_REDIS_URL.",
            code="redis_needed",
        )
    if settings.log_format not in ("auto", "json", "console"):
        raise SettingsError("HUB_LOG_FORMAT: expected auto, json or console.")
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise SettingsError("HUB_LOG_LEVEL: expected debug, info, warning or error.")
    url = settings.public_url or _default_url(settings)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise SettingsError(f"HUB_PUBLIC_URL: {url!r} is no http or https address of a host.")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise SettingsError(
            "HUB_PUBLIC_URL: plain http is only for this machine (127.0.0.1 or localhost); "
            "everywhere else it must begin with https://.",
            code="insecure_url",
        )
    database = settings.database_url
    if database and not database.startswith(("postgresql://", "postgres://")):
        raise SettingsError("HUB_DATABASE_URL: must begin with postgresql://.")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", settings.redis_prefix):
        raise SettingsError("HUB_REDIS_PREFIX: 1 to 40 letters, digits, dots, dashes.")
    for one in filter(None, settings.trusted_proxies.replace(" ", "").split(",")):
        if one != "*" and not _is_network(one):
            raise SettingsError(
                f"HUB_TRUSTED_PROXIES: {one!r} is neither an address nor a network."
            )
    _check_ice(settings)
    object.__setattr__(settings, "public_url", url.rstrip("/"))
    return settings


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _check_ice(settings: Settings) -> None:
    for name, urls, form in (
        ("HUB_STUN_URLS", settings.stun_urls, _STUN), ("HUB_TURN_URLS", settings.turn_urls, _TURN)
    ):  # fmt: skip
        for url in filter(None, re.split(r"[,\s]+", urls)):
            if not re.fullmatch(form, url):
                raise SettingsError(f"{name}: {url!r} is no address of such a server.")
    if settings.turn_urls and not settings.turn_secret:
        raise SettingsError("HUB_TURN_SECRET: TURN servers need the secret they share.")
    if settings.relay_only and not settings.turn_urls:
        raise SettingsError("HUB_RELAY_ONLY: needs HUB_TURN_URLS.")


_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_STUN = rf"stuns?:{_HOST}"
_TURN = rf"turns?:{_HOST}(?:\?transport=(?:udp|tcp))?"


def _default_url(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
