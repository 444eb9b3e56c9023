"""Identity: who there is, how they sign in, and what ends their right to be here.

Every end (of a session, token or account) is told to ``on_revoked`` after its commit, which cuts
live connections at once. Nothing here knows HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from hub.clock import Clock, to_datetime
from hub.errors import BadRequest, Conflict, Forbidden, NotFound, Unauthenticated
from hub.identity.addresses import normalise
from hub.identity.attempts import SharedAttempts, network_of
from hub.identity.last_use import LastUse
from hub.identity.passwords import Passwords, normal
from hub.identity.principal import Principal
from hub.ids import new_id, new_secret, secret_digest
from hub.settings import Settings
from hub.storage import accounts, changes, links, sessions
from hub.storage.accounts import AccountRow
from hub.storage.pool import Database
from hub.wire import api, words

__all__ = ["Identity", "Principal"]

PROGRAMS = frozenset(("read", "write", "admin"))
"""Scopes of programs that speak the hub's own language."""
TOUCH_MS = 60_000
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
SAME_START_MS = 600_000
MAX_TOKENS = 100
MIN_PASSWORD = 10


class _Known(NamedTuple):
    principal: Principal
    used_at_ms: int


class Identity:
    """Args:
    on_revoked: called with ``("session" | "token" | "user", id)``.
    on_people: somebody came, or an account reads differently.
    """

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, *,
        on_revoked: Callable[[str, str], None], on_people: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._settings = settings
        self._on_revoked = on_revoked
        self._on_people = on_people
        self.last_use = LastUse(database)
        self._passwords = Passwords()
        # The pair is the tightest, so that one stranger cannot keep an account's owner out.
        self._by_remote = SharedAttempts("remote", database, clock, burst=30, every_s=2)
        self._by_pair = SharedAttempts("pair", database, clock, burst=10, every_s=10)
        self._by_account = SharedAttempts("account", database, clock, burst=50, every_s=5)

    # --- who is it --------------------------------------------------------------------------------

    async def authenticate_cookie(self, secret: str) -> Principal:
        """Raises:
        Unauthenticated: ``session_ended``.
        """
        now = self._clock.now_ms()
        async with self._database.acquire() as connection:
            who = self._of_session(await sessions.find(connection, secret_digest(secret)), now)
        if now - who.used_at_ms > TOUCH_MS and who.principal.session_id is not None:
            self.last_use.of_session(who.principal.session_id, to_datetime(now))
        return who.principal

    async def authenticate_token(
        self, token: str, purposes: frozenset[str] = PROGRAMS
    ) -> Principal:  # fmt: skip
        """Args:
            purposes: scopes, one of which the token has; those of programs without it.

        Raises:
            Unauthenticated: ``bad_token``.
            Forbidden: ``missing_scope``: it is good for something else.
        """
        now = self._clock.now_ms()
        async with self._database.acquire() as connection:
            who = self._of_token(await sessions.find_token(connection, secret_digest(token)), now)
        if now - who.used_at_ms > TOUCH_MS and who.principal.token_id is not None:
            self.last_use.of_token(who.principal.token_id, to_datetime(now))
        if not purposes & (who.principal.scopes or frozenset()):
            raise Forbidden(
                f"The token is good for {', '.join(sorted(who.principal.scopes or ()))} only.",
                code="missing_scope",
            )
        return who.principal

    async def principal_behind(
        self, session_id: str | None, token_id: str | None, scopes: frozenset[str]
    ) -> Principal:
        """Who made a ticket, as long as the session or token it came from lasts.

        Args:
            scopes: what the ticket allows; never more than the token does now.

        Raises:
            Unauthenticated: ``session_ended``, ``bad_token``.
        """
        now = self._clock.now_ms()
        async with self._database.acquire() as connection:
            if token_id is not None:
                row = await sessions.token_by_id(connection, token_id)
                principal = self._of_token(row, now).principal
            else:
                row = await sessions.by_id(connection, session_id or "")
                principal = self._of_session(row, now).principal
        allowed = scopes if principal.scopes is None else scopes & principal.scopes
        return replace(principal, is_owner=False, scopes=allowed)

    async def principal_of(self, uid: str) -> Principal:
        """A user known by a link they made: may read and write, no more.

        Raises:
            Unauthenticated: the account is gone or disabled.
        """
        async with self._database.acquire() as connection:
            row = await accounts.by_uid(connection, uid)
        if row is None or row.disabled:
            raise Unauthenticated("The account is disabled.", code="session_ended")
        return Principal(uid, row.display_name, False, scopes=frozenset(("read", "write")))

    # --- signing in and out -----------------------------------------------------------------------

    async def sign_in(self, given: api.SignIn, user_agent: str, remote: str) -> tuple[api.Me, str]:
        """Returns who it is and the secret of a new session.

        Raises:
            Unauthenticated: ``bad_credentials``, whatever was wrong.
            RateLimited: ``too_many_attempts``.
        """
        network = network_of(remote)
        await self._by_remote.spend(network)
        try:
            address = normalise(given.address)
        except BadRequest:
            address = ""
        pair = f"{network} {address}"
        await self._by_pair.spend(pair)
        await self._by_account.spend(address)
        async with self._database.acquire() as connection:
            row = await accounts.by_address(connection, address)
        stored = row.password_hash if row is not None and not row.disabled else None
        good = await self._passwords.verify(stored, given.password)
        if row is None or stored is None or not good:
            raise Unauthenticated("Address or password is wrong.", code="bad_credentials")
        await self._by_pair.forgive(pair)
        await self._by_account.forgive(address)
        rehashed = None
        if await self._passwords.wants_rehash(stored, given.password):
            rehashed = await self._passwords.hash(given.password)
        async with self._database.transaction() as connection:
            # Hashing took a while: what was checked must still be so.
            present = await accounts.lock(connection, row.uid)
            if present is None or present.disabled or present.password_hash != stored:
                raise Unauthenticated("Address or password is wrong.", code="bad_credentials")
            if rehashed is not None:
                await accounts.set_password(connection, row.uid, rehashed)
            session, secret = await self._new_session(connection, row.uid, user_agent)
        return _me(present, session), secret

    async def end_session(self, uid: str, id_: str) -> None:
        """Raises:
        NotFound: ``session_not_found``.
        """
        async with self._database.transaction() as connection:
            if not await sessions.end(connection, uid, id_, self._now()):
                raise NotFound("There is no such session.", code="session_not_found")
            await changes.rights_ended(connection)
        self._on_revoked("session", id_)

    async def sessions(self, principal: Principal) -> list[api.SignInSession]:
        async with self._database.acquire() as connection:
            return await sessions.of_user(
                connection, principal.uid, self._now(), principal.session_id
            )

    async def change_password(self, principal: Principal, given: api.ChangePassword) -> None:
        """Set a new password; every other session and every reset link ends. Tokens stay.

        Raises:
            Forbidden: ``bad_credentials`` when the old one is wrong.
            RateLimited: ``too_many_attempts``.
        """
        await self._by_pair.spend(principal.uid)
        row = await self._account(principal.uid)
        if not await self._passwords.verify(row.password_hash, given.old):
            raise Forbidden("The present password is wrong.", code="bad_credentials")
        await self._by_pair.forgive(principal.uid)
        hashed = await self._passwords.hash(_long_enough(given.new))
        async with self._database.transaction() as connection:
            present = await accounts.lock(connection, principal.uid)
            if present is None or present.password_hash != row.password_hash:
                raise Forbidden("The present password is wrong.", code="bad_credentials")
            now = self._now()
            await accounts.set_password(connection, principal.uid, hashed)
            ended = await sessions.end_others(connection, principal.uid, principal.session_id, now)
            await links.revoke_kind(connection, "reset", principal.uid, now)
            await changes.rights_ended(connection)
        self._revoked("session", ended)

    # --- people -----------------------------------------------------------------------------------

    async def me(self, principal: Principal) -> api.Me:
        return _me(await self._account(principal.uid), principal.session_id)

    async def change_me(self, principal: Principal, patch: api.PatchMe) -> api.Me:
        uid, changed = principal.uid, False
        async with self._database.transaction() as connection:
            if patch.quiet is not None:
                await accounts.set_quiet(connection, uid, patch.quiet)
            if patch.display_name is not None:
                name = words.name(patch.display_name)
                changed = await accounts.set_name(connection, uid, name)
            if changed:
                await changes.person_changed(connection, principal.uid)
        if changed:
            self._on_people()
        return await self.me(principal)

    async def accounts(self) -> list[api.Account]:
        async with self._database.acquire() as connection:
            return [_account(row) for row in await accounts.everybody(connection)]

    async def known_uids(self, uids: list[str]) -> set[str]:
        """Those of them that are accounts and not disabled."""
        async with self._database.acquire() as connection:
            return await accounts.enabled_among(connection, uids)

    async def set_disabled(self, principal: Principal, uid: str, disabled: bool) -> api.Account:
        """Disabling ends sessions and tokens, and the links somebody made or could use.

        Raises:
            Forbidden: ``not_hub_owner``, ``missing_scope``.
            NotFound: ``account_not_found``.
            Conflict: ``last_owner``.
        """
        principal.require_owner()
        ended: list[str] = []
        async with self._database.transaction() as connection:
            owners = await accounts.lock_owners(connection)
            if await accounts.by_uid(connection, uid) is None:
                raise NotFound("There is no such account.", code="account_not_found")
            if disabled and owners == {uid}:
                raise Conflict("A hub needs an owner.", code="last_owner")
            now = self._now()
            changed = await accounts.set_disabled(connection, uid, now if disabled else None)
            if disabled:
                ended = await sessions.end_others(connection, uid, None, now)
                await sessions.revoke_tokens(connection, uid, now)
                await links.revoke_by(connection, uid, now)
                await changes.rights_ended(connection)
            if changed:
                await changes.person_changed(connection, uid)
        if changed:
            self._on_people()
        if disabled:
            self._revoked("session", ended)
            self._on_revoked("user", uid)
        return _account(await self._account(uid))

    # --- links ------------------------------------------------------------------------------------

    async def needs_owner(self) -> bool:
        async with self._database.acquire() as connection:
            return not await accounts.any_owner(connection)

    async def first_owner_link(self) -> str | None:
        """A fresh one-time link while the hub has no owner; earlier ones stop working, but for
        those of the last minutes, which other machines may have printed at the same start."""
        if not await self.needs_owner():
            return None
        async with self._database.transaction() as connection:
            await accounts.lock_first_owner(connection)
            if await accounts.any_owner(connection):
                return None
            before = to_datetime(self._clock.now_ms() - SAME_START_MS)
            await links.revoke_kind(connection, "first_owner", None, self._now(), before)
            created = await self._new_link(connection, "first_owner", 7 * DAY_MS)
        return created.link

    async def reset_link(self, principal: Principal, uid: str) -> api.LinkCreated:
        """A link with which somebody sets a new password; earlier ones stop working.

        Raises:
            Forbidden: ``not_hub_owner``, ``missing_scope``.
            NotFound: ``account_not_found``.
        """
        principal.require_owner()
        await self._account(uid)
        async with self._database.transaction() as connection:
            await links.revoke_kind(connection, "reset", uid, self._now())
            return await self._new_link(
                connection, "reset", self._settings.reset_hours * HOUR_MS,
                created_by=principal.uid, for_uid=uid,
            )  # fmt: skip

    async def invite(self, principal: Principal, new: api.NewInvitation) -> api.LinkCreated:
        """A link with which one colleague joins the hub; the route has checked the thread."""
        principal.require("write")
        async with self._database.transaction() as connection:
            await self._still_here(connection, principal.uid)
            return await self._new_link(
                connection, "invitation", self._settings.invitation_days * DAY_MS,
                created_by=principal.uid,
                address=normalise(new.address) if new.address else None,
                thread=new.thread, role=new.role, note=new.note,
            )  # fmt: skip

    async def invitations(self, principal: Principal) -> list[api.Invitation]:
        """Everybody's for an owner of the hub, else one's own."""
        mine = None if principal.is_owner else principal.uid
        async with self._database.acquire() as connection:
            return await links.invitations(connection, self._now(), mine)

    async def revoke_invitation(self, principal: Principal, id_: str) -> None:
        principal.require("write")
        async with self._database.transaction() as connection:
            creator = await links.creator(connection, id_)
            if creator is None or (creator != principal.uid and not principal.is_owner):
                raise NotFound("There is no such invitation.", code="link_unknown")
            if not await links.revoke(connection, id_, self._now()):
                raise Conflict("It is used, expired or revoked already.", code="link_used")

    async def inspect_link(self, secret: str, remote: str) -> api.LinkInfo:
        """What a link is for.

        Raises:
            NotFound, Conflict: ``link_unknown``, ``link_used``, ``link_revoked``,
                ``link_expired``.
        """
        await self._by_remote.spend(network_of(remote))
        async with self._database.acquire() as connection:
            link = self._usable(await links.find(connection, secret_digest(secret)))
        return api.LinkInfo(
            kind=link["kind"],
            hub_name=self._settings.hub_name,
            address=link["address"],
            invited_by=link["invited_by"],
            thread_subject=link["thread_subject"],
            expires_at=int(link["expires_at"].timestamp() * 1000),
        )

    async def accept_link(
        self, given: api.AcceptLink, user_agent: str, remote: str
    ) -> tuple[api.Me, str, Any]:
        """Use a link, once: returns who it is now, a session's secret, and the link's row.

        Raises:
            NotFound, Conflict: as ``inspect_link``; ``address_taken``.
            Conflict: ``account_disabled`` for a reset.
            BadRequest: ``bad_body``, ``bad_address``.
        """
        await self._by_remote.spend(network_of(remote))
        digest = secret_digest(given.secret)
        async with self._database.acquire() as connection:
            link = self._usable(await links.find(connection, digest))
        hashed = await self._passwords.hash(_long_enough(given.password))
        ended: list[str] = []
        async with self._database.transaction() as connection:
            # Accounts are locked before links, here as everywhere.
            if link["kind"] == "reset":
                await self._still_here(connection, link["for_uid"])
            elif link["kind"] == "first_owner":
                await accounts.lock_first_owner(connection)
            # Of two who come at once, the second waits here and finds the link used.
            link = self._usable(await links.find(connection, digest, lock=True))
            now = self._now()
            if link["kind"] == "reset":
                uid = link["for_uid"]
                await accounts.set_password(connection, uid, hashed)
                ended = await sessions.end_others(connection, uid, None, now)
            else:
                uid = await self._join(connection, given, link, hashed)
            await links.use(connection, link["id"], uid, now)
            session, secret = await self._new_session(connection, uid, user_agent)
            if link["kind"] == "reset":
                await changes.rights_ended(connection)
            else:
                await changes.person_changed(connection, uid)
        self._revoked("session", ended)
        if link["kind"] != "reset":
            self._on_people()
        return _me(await self._account(uid), session), secret, link

    async def _join(self, connection: Any, given: api.AcceptLink, link: Any, hashed: str) -> str:
        address = link["address"] or (normalise(given.address) if given.address else None)
        if address is None or given.display_name is None:
            raise BadRequest("Give a name and an address.", code="bad_body")
        if link["kind"] == "first_owner" and await accounts.any_owner(connection):
            raise Conflict("The hub has an owner already.", code="link_used")
        uid = new_id("u")
        await accounts.add(
            connection, uid, words.name(given.display_name), address, hashed,
            link["kind"] == "first_owner", self._now(),
        )  # fmt: skip
        return uid

    async def invitation(self, principal: Principal, secret: str, remote: str) -> Any:
        """The row of an invitation that somebody with an account may use, or did.

        Raises:
            NotFound, Conflict: as ``inspect_link``.
            BadRequest: ``not_an_invitation``.
            Forbidden: ``wrong_address``: it is for somebody else.
        """
        await self._by_remote.spend(network_of(remote))
        async with self._database.acquire() as connection:
            return await self._invitation(connection, principal.uid, secret)

    async def use_invitation(self, principal: Principal, secret: str) -> Any:
        """Use an invitation up; again by the same person, since an answer can be lost.

        Raises:
            NotFound, Conflict, BadRequest, Forbidden: as ``invitation``.
        """
        async with self._database.transaction() as connection:
            await self._still_here(connection, principal.uid)
            link = await self._invitation(connection, principal.uid, secret, lock=True)
            if link["used_by"] is None:
                await links.use(connection, link["id"], principal.uid, self._now())
        return link

    async def _invitation(
        self, connection: Any, uid: str, secret: str, *, lock: bool = False
    ) -> Any:  # fmt: skip
        link = await links.find(connection, secret_digest(secret), lock=lock)
        again = link is not None and link["used_by"] == uid
        if not again or link["expires_at"] <= self._now():
            link = self._usable(link)
        if link["kind"] != "invitation":
            raise BadRequest("This link is no invitation.", code="not_an_invitation")
        row = await accounts.by_uid(connection, uid)
        if link["address"] is not None and (row is None or link["address"] not in row.addresses):
            raise Forbidden(f"The invitation is for {link['address']}.", code="wrong_address")
        return link

    def _usable(self, link: Any) -> Any:
        if link is None:
            raise NotFound("This link is not known here.", code="link_unknown")
        if link["used_at"] is not None:
            raise Conflict("This link has been used already.", code="link_used")
        if link["revoked_at"] is not None:
            raise Conflict("This link was withdrawn.", code="link_revoked")
        if link["expires_at"] <= self._now():
            raise Conflict("This link has expired.", code="link_expired")
        return link

    # --- tokens -----------------------------------------------------------------------------------

    async def create_token(self, principal: Principal, new: api.NewToken) -> api.TokenCreated:
        """A token for a program. Only a signed-in person can make one, and no wider than theirs.

        Raises:
            Conflict: ``too_many_tokens``.
            Forbidden: ``token_cannot``, ``not_hub_owner``.
        """
        if principal.token_id is not None:
            raise Forbidden("A token cannot make tokens.", code="token_cannot")
        if "admin" in new.scopes:
            principal.require_owner()
        if len(set(new.scopes)) > 1 and not PROGRAMS.issuperset(new.scopes):
            raise BadRequest(
                "A device or an address to follow has that scope alone.", code="bad_scope"
            )
        return await self._new_token(principal.uid, new)

    async def create_token_for(self, address: str, new: api.NewToken) -> api.TokenCreated:
        """For the command line, whose user has the database anyway.

        Raises:
            NotFound: ``account_not_found``.
        """
        async with self._database.acquire() as connection:
            row = await accounts.by_address(connection, normalise(address))
        if row is None or row.disabled:
            raise NotFound(f"Nobody here has the address {address}.", code="account_not_found")
        return await self._new_token(row.uid, new)

    async def tokens(self, principal: Principal) -> list[api.Token]:
        async with self._database.acquire() as connection:
            return await sessions.tokens_of(connection, principal.uid)

    async def revoke_token(self, principal: Principal, id_: str) -> None:
        """A token may end itself; the others need ``admin``.

        Raises:
            Forbidden: ``missing_scope``.
            NotFound: ``token_not_found``.
        """
        if id_ != principal.token_id:
            principal.require("admin")
        async with self._database.transaction() as connection:
            if not await sessions.revoke_token(connection, principal.uid, id_, self._now()):
                raise NotFound("There is no such token.", code="token_not_found")
            await changes.rights_ended(connection)
        self._on_revoked("token", id_)

    # --- parts ------------------------------------------------------------------------------------

    def _of_session(self, row: Any, now: int) -> _Known:
        if row is None or row["expires_at_ms"] <= now:
            raise Unauthenticated("Your session has ended.", code="session_ended")
        principal = Principal(
            row["uid"], row["display_name"], row["is_owner"], session_id=row["id"],
            expires_at_ms=row["expires_at_ms"],
        )  # fmt: skip
        return _Known(principal, row["used_at_ms"])

    def _of_token(self, row: Any, now: int) -> _Known:
        if row is None or (row["expires_at_ms"] or now + 1) <= now:
            raise Unauthenticated("The token is unknown or has ended.", code="bad_token")
        principal = Principal(
            row["uid"], row["display_name"], row["is_owner"], token_id=row["id"],
            scopes=frozenset(row["scopes"]), expires_at_ms=row["expires_at_ms"],
        )  # fmt: skip
        return _Known(principal, row["used_at_ms"] or 0)

    async def _account(self, uid: str) -> AccountRow:
        async with self._database.acquire() as connection:
            row = await accounts.by_uid(connection, uid)
        if row is None:
            raise NotFound("There is no such account.", code="account_not_found")
        return row

    async def _still_here(self, connection: Any, uid: str) -> None:
        """Hold an account; what is made for a disabled one would live on when it is enabled.

        Raises:
            Conflict: ``account_disabled``.
        """
        row = await accounts.lock(connection, uid)
        if row is None or row.disabled:
            raise Conflict("The account is disabled.", code="account_disabled")

    async def _new_session(self, connection: Any, uid: str, user_agent: str) -> tuple[str, str]:
        id_, secret = new_id("s"), new_secret()
        expires = self._clock.now_ms() + self._settings.session_days * DAY_MS
        await sessions.add(
            connection, id_, secret_digest(secret), uid, user_agent[:300], self._now(),
            to_datetime(expires),
        )  # fmt: skip
        return id_, secret

    async def _new_token(self, uid: str, new: api.NewToken) -> api.TokenCreated:
        id_, secret = new_id("t"), "hub_" + new_secret()
        now = self._clock.now_ms()
        expires = None if new.expires_in_days is None else now + new.expires_in_days * DAY_MS
        scopes = sorted(set(new.scopes))
        async with self._database.transaction() as connection:
            await self._still_here(connection, uid)
            if await sessions.count_tokens(connection, uid, self._now()) >= MAX_TOKENS:
                raise Conflict(
                    f"{MAX_TOKENS} tokens are enough; revoke one first.", code="too_many_tokens"
                )
            await sessions.add_token(
                connection, id_, secret_digest(secret), uid, words.name(new.name), list(scopes),
                to_datetime(now), None if expires is None else to_datetime(expires),
            )  # fmt: skip
        return api.TokenCreated(secret, api.Token(id_, new.name, list(scopes), now, None, expires))

    async def _new_link(
        self, connection: Any, kind: str, lasts_ms: int, **about: Any
    ) -> api.LinkCreated:
        id_, secret = new_id("l"), new_secret()
        expires = self._clock.now_ms() + lasts_ms
        await links.add(
            connection, id_, kind, secret_digest(secret), self._now(), to_datetime(expires), **about
        )
        return api.LinkCreated(id_, f"{self._settings.public_url}/welcome#{secret}", expires)

    def _revoked(self, kind: str, ids: list[str]) -> None:
        for id_ in ids:
            self._on_revoked(kind, id_)

    def _now(self) -> Any:
        return to_datetime(self._clock.now_ms())


def _me(row: AccountRow, session: str | None) -> api.Me:
    return api.Me(row.uid, row.display_name, row.addresses, row.is_owner, session, row.quiet)


def _account(row: AccountRow) -> api.Account:
    return api.Account(row.uid, row.display_name, row.addresses, row.is_owner, row.disabled)


def _long_enough(password: str) -> str:
    """As long as the interface says, however its letters are put together."""
    if len(normal(password)) < MIN_PASSWORD:
        raise BadRequest(f"A password has at least {MIN_PASSWORD} characters.", code="bad_body")
    return password
