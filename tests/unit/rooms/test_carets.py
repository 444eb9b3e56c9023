"""Carets are bound to connection and user, expire, and are limited."""

from __future__ import annotations

from hub.rooms import limits
from hub.rooms.carets import TTL_S, Carets
from hub.wire.awareness import GONE, Entry


def test_carets_belong_to_connection_and_user() -> None:
    carets = Carets()
    owners = {1: "ada", 2: "grace"}
    assert carets.take("c1", "ada", [Entry(1, 1, b"{}")], owners, 0.0)
    # Another's id, an id of another connection, and an old clock say nothing.
    assert carets.take("c1", "ada", [Entry(2, 1, b"{}")], owners, 0.0) == []
    assert carets.take("c2", "ada", [Entry(1, 9, b"{}")], owners, 0.0) == []
    assert carets.take("c1", "ada", [Entry(1, 0, b"{}")], owners, 0.0) == []
    assert carets.owners() == {1: "ada"}
    assert carets.leave("c2") == []
    assert carets.leave("c1") == [Entry(1, 2, GONE)]
    assert len(carets) == 0


def test_carets_expire_and_are_limited() -> None:
    carets = Carets()
    accepted = sum(
        bool(carets.take("c1", "ada", [Entry(1, clock, b"{}")], {1: "ada"}, 0.0))
        for clock in range(100)
    )
    assert accepted == 2 * limits.PRESENCE_PER_S
    assert carets.take("c1", "ada", [Entry(1, 200, GONE)], {1: "ada"}, 0.0)
    carets.take("c1", "ada", [Entry(1, 201, b"{}")], {1: "ada"}, 5.0)
    assert carets.expire(5.0 + TTL_S) == []
    assert carets.expire(5.1 + TTL_S) == [Entry(1, 202, GONE)]
