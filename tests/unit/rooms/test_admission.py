"""What an update lacks, whose ids it uses, what it contradicts, and what is refused."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from hub.errors import Conflict, Forbidden, HubError, TooLarge
from hub.rooms.access import Access
from hub.rooms.admission import Admit, Costly, Hold, Nothing, View, plan, study
from hub.rooms.content import Content
from hub.rooms.order import order
from hub.rooms.owners import Owners
from hub.rooms.relays import Relays
from hub.rooms.waiting import Waiting
from hub.wire import yupdate
from tests.support.contents import Taking, text_of
from tests.support.yupdates import deleted, element, gc, skip, string, struct, text, typed, update


def lacks(raw: bytes, clocks: dict[int, int]) -> bool:
    return bool(order(yupdate.parse(raw), clocks).missing)


def test_a_gap_and_a_foreign_reference_are_seen() -> None:
    _, (first, second) = typed(1, "ab", "cd")
    assert not lacks(first, {})
    assert lacks(second, {})
    assert not lacks(second, {1: 2})

    other: Doc[Any] = Doc(client_id=2)
    other.apply_update(first)
    before = other.get_state()
    content = other.get("content", type=Text)
    content.insert(1, "x")
    raw = other.get_update(before)
    assert lacks(raw, {})
    assert not lacks(raw, {1: 2})


def test_a_deletion_of_the_unknown_waits() -> None:
    doc, _ = typed(1, "abc")
    before = doc.get_state()
    del doc.get("content", type=Text)[0:2]
    raw = doc.get_update(before)
    assert lacks(raw, {})
    assert not lacks(raw, {1: 3})


def test_what_is_complete_of_an_update_is_taken_and_the_rest_waits() -> None:
    taking = Taking()
    whole = update(
        {
            5: (0, [text("ab"), skip(2), text("ef", origin=(5, 3))]),
            6: (3, [text("x", origin=(6, 2))]),
        },
        {5: [(0, 1)], 7: [(0, 2)]},
    )
    found = taking.take(whole)
    assert found.rest is not None
    assert (text_of(taking.content), taking.content.clocks) == ("b", {5: 2})
    taking.take(update({5: (2, [text("cd", origin=(5, 1))])}))
    assert text_of(taking.content) == "bcdef"
    taking.take(update({6: (0, [text("uvw", origin=(5, 5))])}))
    assert text_of(taking.content) == "bcdefuvwx"
    taking.take(update({7: (0, [text("12", origin=(6, 3))])}))
    assert text_of(taking.content) == "bcdefuvwx"
    assert not len(taking.waiting)


def test_structs_that_wait_for_each_other_wait() -> None:
    circle = update({1: (0, [text("a", origin=(2, 0))]), 2: (0, [text("b", origin=(1, 0))])})
    found = study(yupdate.parse(circle), Content("text"), repeats=False, patient=True)
    assert found.ready is None
    assert found.missing


@given(st.permutations(range(6)))
def test_updates_in_any_order_end_the_same(order_: list[int]) -> None:
    doc, updates = typed(9, *"abcdef")
    taking = Taking()
    for index in order_:
        taking.take(updates[index])
    assert text_of(taking.content) == str(doc.get("content", type=Text))
    assert taking.content.clocks == yupdate.read_state_vector(taking.content.doc.get_state())


def test_thousands_in_reverse_order_are_no_recursion() -> None:
    doc, updates = typed(9, *("x" * 3000))
    taking = Taking()
    for raw in reversed(updates):
        taking.take(raw)
    assert text_of(taking.content) == str(doc.get("content", type=Text))


# --- one id for two things ------------------------------------------------------------------------


@given(st.lists(st.text("ab🙂ž", min_size=1, max_size=4), min_size=1, max_size=6), st.data())
def test_the_same_content_split_otherwise_is_no_contradiction(
    pieces: list[str], data: st.DataObject
) -> None:
    doc, updates = typed(5, *pieces)
    taking = Taking()
    taking.take(doc.get_update())
    for raw in updates:
        taking.take(raw)
    assert len(taking.log) == 1
    # One character otherwise, and it is.
    chars = list("".join(pieces))
    at = data.draw(st.integers(0, len(chars) - 1))
    chars[at] = {"a": "b", "b": "a", "ž": "š", "🙂": "🙃"}[chars[at]]
    other, _ = typed(5, "".join(chars))
    with pytest.raises(Conflict):
        taking.take(other.get_update())


ONE = {"parent": "default"}
KINDS = [
    (text("a"), text("b")),
    (struct(6, b"\x04bold\x04true"), struct(6, b"\x04bold\x04null")),
    (struct(5, b'\x07{"a":1}'), struct(5, b'\x07{"a":2}')),
    (text("a"), struct(5, b'\x07{"a":1}')),
]
RICH_KINDS = [
    (struct(7, b"\x03\x01p", **ONE), struct(7, b"\x03\x01q", **ONE)),
    (struct(7, b"\x03\x01p", **ONE), struct(7, b"\x06", **ONE)),
]


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [("text", *pair) for pair in KINDS] + [("rich", *pair) for pair in RICH_KINDS],
)
def test_an_id_used_twice_is_found_for_all_content(kind: str, one: Any, other: Any) -> None:
    taking = Taking(kind)
    taking.take(update({1: (0, [one])}))
    taking.take(update({1: (0, [one])}))
    with pytest.raises(Conflict) as caught:
        taking.take(update({1: (0, [other])}))
    assert caught.value.code == "client_id_reused"


def test_an_id_used_twice_is_found_by_the_place() -> None:
    taking = Taking()
    taking.take(update({1: (0, [text("ab")]), 2: (0, [text("x", origin=(1, 0), right=(1, 1))])}))
    with pytest.raises(Conflict):
        taking.take(update({2: (0, [text("x", origin=(1, 1))])}))


def test_what_is_deleted_contradicts_nothing() -> None:
    taking = Taking()
    taking.take(update({1: (0, [text("abc")])}, {1: [(0, 3)]}))
    taking.take(update({1: (0, [text("abc"), text("d", origin=(1, 2))])}))
    taking.take(update({1: (0, [gc(4), text("e", origin=(1, 3))])}))
    assert taking.content.clocks == {1: 5}


# --- what may take long ---------------------------------------------------------------------------


def test_a_look_at_a_long_history_is_not_for_the_loop() -> None:
    taking = Taking()
    taking.take(update({1: (0, [text("x" * 200_000)])}))
    repeated = yupdate.parse(update({1: (0, [text("x")])}))
    with pytest.raises(Costly):
        study(repeated, taking.content, repeats=False, patient=False)
    assert study(repeated, taking.content, repeats=False, patient=True).ready is None


# --- the plan -------------------------------------------------------------------------------------


def view(**given_: Any) -> View:
    owners = Owners()
    owners.lease(1 << 33, (1 << 33) + 63, "u_ada")
    owners.bind(77, "u_bob")
    about: dict[str, Any] = {
        "uid": "u_ada", "access": Access(edit=True), "owners": owners,
        "strangers": 1 << 32, "room": 1000, "ids_per_update": 3, "ids_per_user": 4,
    }  # fmt: skip
    return View(**{**about, **given_})


def planned(raw: bytes, *, content: Content | None = None, **given_: Any) -> Any:
    found = study(yupdate.parse(raw), content or Content("text"), repeats=True, patient=True)
    return plan(found, view(**given_))


def refusal(raw: bytes, **given_: Any) -> str:
    with pytest.raises(HubError) as caught:
        planned(raw, **given_)
    return caught.value.code


def test_whose_the_ids_are_decides() -> None:
    mine, theirs, nobodys = (
        update({client: (0, [text("x")])}) for client in ((1 << 33) + 5, 77, (1 << 52) + 1)
    )
    assert planned(mine) == Admit([], proven=True)
    assert planned(theirs) == Admit([], proven=False)
    assert refusal(nobodys) == "foreign_client_id"
    assert planned(nobodys, strangers=1 << 53) == Admit([(1 << 52) + 1], proven=True)


def test_new_ids_are_bounded_before_anything_changes() -> None:
    many = update({client: (0, [text("x")]) for client in range(1, 5)})
    assert refusal(many, strangers=1 << 53) == "too_many_client_ids"
    assert planned(many, strangers=1 << 53, ids_per_update=4).binds == [1, 2, 3, 4]
    assert (
        refusal(many, strangers=1 << 53, ids_per_update=9, ids_per_user=3) == "too_many_client_ids"
    )


def test_access_and_room_are_asked() -> None:
    raw = update({1 << 33: (0, [text("x" * 2000)])})
    reader = Access(edit=False)
    with pytest.raises(Forbidden):
        planned(raw, access=reader, room=10_000)
    with pytest.raises(TooLarge):
        planned(raw)
    assert isinstance(planned(raw, room=10_000), Admit)
    full = Taking()
    full.take(raw)
    shorter = update({}, {1 << 33: [(at, 2) for at in range(0, 600, 3)]})
    assert isinstance(planned(shorter, content=full.content, room=0), Admit)


def test_an_owner_is_not_silenced_by_who_spoke_first() -> None:
    """What others delivered under an id must say what its owner says; else the owner is told."""
    ada = 1 << 33
    hello = update({ada: (3, [text("hello", origin=(ada, 2))])})
    for filling in ([deleted(5, origin=(ada, 2))], [text("\ufffd" * 5, origin=(ada, 2))]):
        taking = Taking()
        taking.take(update({ada: (0, [text("abc")])}))
        taking.take(update({ada: (3, filling)}))
        known = {"content": taking.content, "repeats": False, "patient": True}
        heard = study(yupdate.parse(hello), **known)  # without knowing who filled it
        assert (heard.fresh, heard.ready) == ([], None)
        for unproven in ([(3, 8)], [(0, 2), (5, 6)]):
            with pytest.raises(HubError) as caught:
                study(yupdate.parse(hello), **known, unproven={ada: unproven})
            assert caught.value.code == "client_id_reused"
        aside = {ada: [(0, 3), (8, 9)]}
        assert study(yupdate.parse(hello), **known, unproven=aside).ready is None


def test_what_a_reader_repeats_is_nothing() -> None:
    taking = Taking()
    taking.take(update({1 << 33: (0, [text("abcdef")])}, {1 << 33: [(1, 2), (4, 1)]}))
    reader = Access(edit=False)
    known = update({1 << 33: (0, [text("abcdef")])}, {1 << 33: [(1, 1), (2, 1), (4, 1)]})
    assert isinstance(planned(known, content=taking.content, access=reader), Nothing)
    news = update({}, {1 << 33: [(1, 3)]})
    assert refusal(news, content=taking.content, access=reader) == "read_only"
    ahead = update({1 << 33: (9, [text("x", origin=(1 << 33, 8))])})
    assert refusal(ahead, content=taking.content, access=reader) == "read_only"
    assert isinstance(planned(ahead, content=taking.content), Hold)


def test_shuffled_updates_of_many_give_the_same_as_in_order() -> None:
    """Several clients that write into each other's text, delivered in a random order."""
    chance = random.Random(7)
    docs: list[Doc[Any]] = [Doc(client_id=client) for client in (3, 4, 5)]
    updates: list[bytes] = []
    for doc in docs:
        doc.observe(lambda event: updates.append(event.update))
    for _ in range(120):
        doc = chance.choice(docs)
        for raw in chance.sample(updates, len(updates) // 2):
            doc.apply_update(raw)
        content = doc.get("content", type=Text)
        size = len(str(content))
        if size > 4 and chance.random() < 0.3:
            at = chance.randrange(size - 2)
            del content[at : at + 2]
        else:
            content.insert(chance.randint(0, size), chance.choice("abcdefg") * 3)
    whole: Doc[Any] = Doc()
    for raw in updates:
        whole.apply_update(raw)
    shuffled = list(dict.fromkeys(updates))
    chance.shuffle(shuffled)
    taking = Taking()
    for raw in shuffled:
        taking.take(raw)
    for raw in updates:
        whole.apply_update(raw)
    assert text_of(taking.content) == str(whole.get("content", type=Text))


# --- what waits -----------------------------------------------------------------------------------


def test_what_an_update_lacks_of_its_own_clients_is_named() -> None:
    """It brings some of a client's clocks and rests upon later ones of the same client."""
    first = update({7: (0, [text("x", origin=(8, 7))]), 8: (0, [text("abcde")])})
    second = update({8: (5, [text("fghij", origin=(8, 4))])})
    assert order(yupdate.parse(first), {}).missing == {8: 7, 7: 0}
    for updates in ((first, second), (second, first)):
        taking = Taking()
        for raw in updates:
            taking.take(raw)
        assert taking.content.clocks == {7: 1, 8: 10}
        assert text_of(taking.content) == "abcdefghxij"


def test_what_went_leaves_nothing_behind() -> None:
    waiting: Waiting[str] = Waiting()
    for number in range(10):
        waiting.put(dict.fromkeys(range(1000), 5), f"item {number}")
    assert len(waiting.take(lambda item: item != "item 3")) == 9
    assert sum(map(len, waiting._by_client.values())) == 1000
    assert waiting.due([1], {1: 6}) == ["item 3"]
    waiting.take(lambda item: True)
    assert not waiting._by_client


@pytest.mark.parametrize(
    "value", ["9223372036854775808", "9007199254740993", "1" * 400, '{"a":[-9007199254740993]}']
)
def test_numbers_that_are_not_the_same_everywhere_are_refused(value: str) -> None:
    taking = Taking()
    taking.take(update({1: (0, [text("a")])}))
    state = taking.content.state()
    for made in (struct(6, string("b") + string(value), origin=(1, 0)),
                 struct(5, string(value), origin=(1, 0))):  # fmt: skip
        with pytest.raises(HubError) as caught:
            taking.take(update({1: (1, [made])}))
        assert caught.value.code == "unsupported_content"
    assert taking.content.doc.get_update() == state


@pytest.mark.parametrize("value", [b"\x7d\xbf" + b"\xff" * 7 + b"\x7f", b"\x7a\x7f" + b"\xff" * 7])
def test_attributes_are_numbers_that_all_can_read(value: bytes) -> None:
    taking = Taking("rich")
    taking.take(update({1: (0, [element(parent="default")])}))
    with pytest.raises(HubError):
        taking.take(update({1: (1, [struct(8, b"\x01" + value, parent=(1, 0), key="x")])}))


def test_an_update_of_countless_parts_is_refused_while_it_is_read() -> None:
    with pytest.raises(TooLarge):
        yupdate.parse(update({1: (0, [gc(1)] * 50)}), 49)
    with pytest.raises(TooLarge):
        yupdate.parse(update({}, {1: [(at, 1) for at in range(50)]}), 49)
    assert yupdate.parse(update({1: (0, [gc(1)] * 50)}), 50).structs


def test_a_repeat_costs_by_its_length() -> None:
    """Many small structs against many, and one long text against many: four times as many take
    about four times as long."""

    def seconds(count: int, *, whole: bool) -> float:
        taking = Taking()
        parts = [text("ab", origin=(1, 2 * at - 1) if at else None) for at in range(count)]
        other = [text("x", origin=(1, 2 * at)) for at in range(count)]
        taking.take(update({1: (0, parts)}))
        taking.take(update({2: (0, other)}))
        again = update({1: (0, [text("ab" * count)] if whole else parts)})
        best = 9.0
        for _ in range(3):
            started = time.thread_time()
            taking.take(again)
            best = min(best, time.thread_time() - started)
        return best

    for whole in (False, True):
        assert seconds(8000, whole=whole) < 10 * max(seconds(2000, whole=whole), 0.002)


def test_ranges_that_others_delivered_are_one_union() -> None:
    relays = Relays([(1, 10, 10)])
    for first, end in ((0, 5), (30, 40), (5, 7), (18, 22), (33, 35), (6, 12)):
        relays.add(1, first, end)
    assert relays.of(1) == [(0, 22), (30, 40)]
    assert relays.of(2) == []
