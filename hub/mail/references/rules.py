"""The owner's rules for numbers, as one process knows them; another one's changes are seen within
seconds."""

from __future__ import annotations

from time import monotonic
from typing import Any, Final

from hub.clock import Clock, to_datetime
from hub.errors import Conflict, NotFound
from hub.identity.principal import Principal
from hub.ids import new_id
from hub.mail.references import finding
from hub.mail.references.finding import BUILT_IN, Rule
from hub.storage import reference_rules as rows
from hub.storage.pool import Database
from hub.wire.api import NewReferenceRule, ReferenceRule
from hub.wire.references import checked_whose

MAX_RULES: Final = 100
FRESH_S: Final = 5.0


class Rules:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: tuple[Rule, ...] = ()
        self._read_at: float | None = None

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
        self._read_at = None
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
        self._read_at = None

    async def _owners(self) -> tuple[Rule, ...]:
        if self._read_at is None or monotonic() - self._read_at > FRESH_S:
            asked_at = self._read_at = monotonic()
            async with self._database.acquire() as connection:
                listed = await rows.every(connection)
            if self._read_at == asked_at:  # not changed here meanwhile
                self._known = tuple(map(_made, listed))
        return self._known


def _made(rule: ReferenceRule) -> Rule:
    pattern: Any = finding.compiled(rule.pattern)
    return Rule(rule.kind, pattern, rule.whose, rule.check, rule.apply, digits=False)
