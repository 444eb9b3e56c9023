"""Carets are bound to connection and user, expire, and are limited; the latest always comes."""

from __future__ import annotations

from hub.rooms import limits
from hub.rooms.carets import MAX_IDS, TTL_S, Carets
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


def test_ids_of_nobody_are_for_stock_clients_and_few() -> None:
    carets = Carets()
    many = [Entry(client, 1, b"{}") for client in range(10, 522)]
    assert carets.take("c1", "ada", many, {}, 0.0) == []
    assert len(carets.take("c2", "ada", many, {}, 0.0, stock=True)) == MAX_IDS
    assert len(carets) == MAX_IDS
    # One that went makes room for another.
    assert carets.take("c2", "ada", [Entry(10, 2, GONE), Entry(99, 1, b"{}")], {}, 1.0, stock=True)
    assert len(carets.leave("c2")) == MAX_IDS
    assert len(carets) == 0


def test_the_latest_comes_late_but_surely() -> None:
    carets = Carets()
    owners = {1: "ada"}
    taken = [
        carets.take("c1", "ada", [Entry(1, clock, b"{}")], owners, 0.0) for clock in range(100)
    ]
    assert sum(map(bool, taken)) == 2 * limits.PRESENCE_PER_S
    assert carets.waits
    assert carets.late({"c1": "ada"}, 0.0) == []  # not yet
    assert carets.late({"c1": "ada"}, 1.0) == [("c1", [Entry(1, 99, b"{}")])]
    assert not carets.waits
    assert carets.everybody() == [Entry(1, 99, b"{}")]
    # A departure never waits, and what waited before it is nothing any more.
    for clock in range(200, 300):
        carets.take("c1", "ada", [Entry(1, clock, b"{}")], owners, 1.0)
    assert carets.take("c1", "ada", [Entry(1, 300, GONE)], owners, 1.0) == [Entry(1, 300, GONE)]
    assert not carets.waits


def test_carets_expire() -> None:
    carets = Carets()
    carets.take("c1", "ada", [Entry(1, 201, b"{}")], {1: "ada"}, 5.0)
    carets.relayed({2: "grace"}, [Entry(2, 7, b"{}")], 5.0)
    assert carets.expire(5.0 + TTL_S) == ([], [])
    # Those of other processes are forgotten here; it is not for us to tell the others.
    assert carets.expire(5.1 + TTL_S) == ([Entry(1, 202, GONE)], [Entry(2, 8, GONE)])


def test_what_is_echoed_belongs_to_whoever_said_it() -> None:
    carets = Carets()
    owners = {1: "ada"}
    carets.relayed({1: "ada"}, [Entry(1, 7, b"{}")], 0.0)
    assert carets.take("c1", "ada", [Entry(1, 7, b"{}")], owners, 0.0) == []
    assert carets.here() == []
    assert carets.take("c1", "ada", [Entry(1, 8, b"{}")], owners, 0.0)  # connected here now
    carets.relayed({1: "ada"}, [Entry(1, 9, GONE)], 0.0)  # the old connection ends
    assert carets.here() == [Entry(1, 8, b"{}")]
