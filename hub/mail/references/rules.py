"""The owner's rules for numbers, as one process knows them; another one's changes are seen within
seconds."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any, Final

import structlog

from hub.clock import Clock, to_datetime
from hub.errors import BadRequest, Conflict, NotFound
from hub.identity.principal import Principal
from hub.ids import new_id
from hub.mail.references import finding
from hub.mail.references.finding import BUILT_IN, Rule
from hub.storage import reference_rules as rows
from hub.storage.pool import Database
from hub.wire.api import NewReferenceRule, ReferenceRule
from hub.wire.references import checked_whose

log = structlog.get_logger()

MAX_RULES: Final = 100
FRESH_S: Final = 5.0


class Rules:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: tuple[Rule, ...] = ()
        self._read_at: float | None = None
        self._changes = 0
        self._reading = asyncio.Lock()

    async def all(self) -> tuple[Rule, ...]:
        """The owner's and the built-in ones, in the order in which they are asked."""
        return (*await self._owners(), *BUILT_IN)

    async def applied(self) -> tuple[Rule, ...]:
        """Those that ask nobody."""
        return tuple(rule for rule in await self._owners() if rule.apply)

    async def listed(self, who: Principal) -> list[ReferenceRule]:
        who.require("read")
        async with self._database.acquire() as connection:
            return await rows.every(connection)

    async def add(self, who: Principal, new: NewReferenceRule) -> ReferenceRule:
        """Raises:
        BadRequest: ``bad_pattern``, ``bad_reference``.
        Conflict: ``too_many_rules``.
        Forbidden: ``not_hub_owner``.
        """
        who.require_owner()
        finding.compiled(new.pattern)
        rule = ReferenceRule(
            new_id("n"), new.kind, new.pattern, checked_whose(new.whose), new.check, new.apply
        )
        async with self._database.transaction() as connection:
            await rows.lock(connection)
            if await rows.count(connection) >= MAX_RULES:
                raise Conflict(f"There may be {MAX_RULES} rules.", code="too_many_rules")
            await rows.add(connection, rule, who.uid, to_datetime(self._clock.now_ms()))
        self._changed()
        return rule

    async def remove(self, who: Principal, rule: str) -> None:
        """Raises:
        Forbidden: ``not_hub_owner``.
        NotFound: ``rule_not_found``.
        """
        who.require_owner()
        async with self._database.transaction() as connection:
            if not await rows.remove(connection, rule):
                raise NotFound("There is no such rule.", code="rule_not_found")
        self._changed()

    async def _owners(self) -> tuple[Rule, ...]:
        async with self._reading:
            if self._read_at is None or monotonic() - self._read_at > FRESH_S:
                changes, asked_at = self._changes, monotonic()
                async with self._database.acquire() as connection:
                    listed = await rows.every(connection)
                self._known = tuple(made for one in listed if (made := _made(one)) is not None)
                self._read_at = asked_at if self._changes == changes else None
        return self._known

    def _changed(self) -> None:
        self._changes += 1
        self._read_at = None


def _made(rule: ReferenceRule) -> Rule | None:
    """Null where this hub cannot use it any more."""
    try:
        pattern: Any = finding.compiled(rule.pattern)
    except BadRequest as refused:
        log.warning("a rule for numbers is passed over", rule=rule.rule, reason=refused.detail)
        return None
    return Rule(rule.kind, pattern, rule.whose, rule.check, rule.apply, digits=False)
