"""From a log to a document: whatever is in it, it opens, and nothing acknowledged is lost."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text, XmlFragment

from hub.errors import HubError, ProtocolError
from hub.rooms.content_rules import MAX_NESTING, MAX_STORED_NESTING
from hub.rooms.fold import Folded, Unreadable, fold
from hub.wire import yupdate
from tests.support.contents import Taking, text_of
from tests.support.oracle import content_of
from tests.support.yupdates import (
    Made,
    element,
    gc,
    nested,
    skip,
    string,
    struct,
    text,
    typed,
    update,
    xml_text,
)

UNDEFINED = bytes.fromhex(
    "0102010002010764656661756c740209756e646566696e6564077b2261223a317d"
    "0900010004677569647b41f55ea733c3960900"
)
HOOK = bytes.fromhex("0101010007010764656661756c7405017000")


def folded(kind: str, *updates: bytes) -> Folded:
    return fold(kind, None, list(enumerate(updates, 1)))


def refusal(taking: Taking, raw: bytes) -> str:
    with pytest.raises(HubError) as caught:
        taking.take(raw)
    return caught.value.code


def inside(outer: Callable[..., Made], *made: Made) -> bytes:
    """An update of a type at the root and what stands in it."""
    return update({1: (0, [outer(parent="default"), *made])})


def reopens(result: Folded) -> bool:
    """Whether the state says the same again."""
    content = result.content
    again = fold(content.kind, content.doc.get_update(), []).content
    return again.clocks == content.clocks and (
        content_of(again.doc, content.kind) == content_of(content.doc, content.kind)
    )


# --- nesting --------------------------------------------------------------------------------------


def test_endless_nesting_is_refused_however_it_comes() -> None:
    taking = Taking("rich")
    assert refusal(taking, nested(1, 100_000)) == "unsupported_content"
    assert taking.content.clocks == {}
    taking.take(nested(1, MAX_NESTING))
    deepest = (1, MAX_NESTING - 1)
    assert refusal(taking, nested(2, 1, parent=deepest)) == "unsupported_content"
    # The same in small steps, by several people, beside each other or in between.
    beside = update({3: (0, [element(origin=deepest)])})
    taking.take(beside)
    assert refusal(taking, nested(2, 1, parent=(3, 0))) == "unsupported_content"
    taking.take(update({4: (0, [xml_text(parent=(1, MAX_NESTING - 2))])}))
    assert refusal(taking, nested(5, 1, parent=(4, 0))) == "unsupported_content"


@pytest.mark.timeout(120)
def test_a_log_with_endless_nesting_opens_and_survives_a_deletion() -> None:
    result = folded("rich", nested(1, 100_000), update({}, {1: [(0, 1)]}))
    assert (result.aside, result.waiting) == ([], [])
    assert result.content.clocks == {1: 100_000}
    assert content_of(result.content.doc, "rich") == {"children": []}
    assert reopens(result)
    kept = folded("rich", nested(1, MAX_STORED_NESTING + 5))
    depth, node = 0, kept.content.doc.get("default", type=XmlFragment)
    while len(node.children):
        depth, node = depth + 1, node.children[0]
    assert depth == MAX_STORED_NESTING
    assert fold("rich", kept.content.state(), []).content.clocks == kept.content.clocks


# --- what no document may hold --------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        UNDEFINED,
        HOOK,
        update({1: (0, [struct(7, b"\x00", parent="default")])}),
        update({1: (0, [struct(9, string("guid") + b"\x76\x00", parent="default")])}),
        update({1: (0, [text("beside", parent="default")])}),
        update({1: (0, [element(parent="elsewhere")])}),
        update({1: (0, [struct(8, b"\x01\x7e", parent="default", key="x")])}),
        update({1: (0, [xml_text(parent="default"), element(parent=(1, 0))])}),
        inside(xml_text, text("x", parent=(1, 0)), text("y", parent=(1, 1))),
        inside(xml_text, struct(6, string("b") + string("undefined"), parent=(1, 0))),
        inside(xml_text, struct(6, string("b") + string('"\\ud800"'), parent=(1, 0))),
        inside(xml_text, struct(5, string("[" * 999 + "]" * 999), parent=(1, 0))),
        inside(element, struct(8, b"\x02\x7e\x7e", parent=(1, 0), key="x")),
        update({1: (0, [element("n" * 2000, parent="default")])}),
    ],
)  # fmt: skip
def test_what_no_document_may_hold(raw: bytes) -> None:
    """New, it is refused; in a log, it is taken as deleted and what came after it is there."""
    taking = Taking("rich")
    assert refusal(taking, raw) == "unsupported_content"
    assert (taking.content.clocks, taking.content.state()) == ({}, yupdate.EMPTY)
    last = max(yupdate.end_of(structs) for structs in yupdate.parse(raw).structs.values())
    result = folded("rich", raw, update({1: (last, [element("after", parent="default")])}))
    assert (result.aside, result.waiting) == ([], [])
    assert any(
        child.get("name") == "after" for child in content_of(result.content.doc, "rich")["children"]
    )
    assert reopens(result)


def test_the_type_of_a_type_is_one_byte() -> None:
    """Yjs reads a number of any length, yrs a byte: the update would break the document."""
    for type_ref in (b"\x83\x00", b"\x86\x00"):
        content = type_ref + string("p") * (type_ref[0] == 0x83)
        raw = update({1: (0, [struct(7, content, parent="default")])})
        with pytest.raises(ProtocolError):
            yupdate.parse(raw)


def test_what_hung_in_a_hook_hangs_nowhere() -> None:
    child = update(
        {2: (0, [element(parent=(1, 0)), xml_text(parent=(2, 0)), text("x", parent=(2, 1))])}
    )
    result = folded("rich", HOOK, child, update({3: (0, [element("after", parent="default")])}))
    assert [one["name"] for one in content_of(result.content.doc, "rich")["children"]] == ["after"]
    assert result.content.clocks == {1: 1, 2: 3, 3: 1}
    assert reopens(result)


def test_a_text_holds_text_only() -> None:
    taking = Taking("text")
    for made in (element(parent="content"), element(parent="default"), gc(1),
                 text("x", parent="other"), text("x", parent="content", key="k")):  # fmt: skip
        raw = update({1: (0, [made])})
        assert refusal(taking, raw) == "unsupported_content"
        result = folded("text", raw, update({1: (1, [text("after")])}))
        assert text_of(result.content) == "after"
        assert reopens(result)


# --- clocks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        update({1: (2**31, [text("x")])}),
        update({1: (0, [struct(1, yupdate.write_varint(2**31), 1)])}),
        update({1: (0, [skip(2**31)])}),
        update({}, {1: [(2**31, 1)]}),
        update({1: (0, [text("x", origin=(1, 0))])}),
        update({1: (0, [text("x", origin=(1, 7))])}),
    ],
)
def test_clocks_that_cannot_be(raw: bytes) -> None:
    taking = Taking()
    with pytest.raises(HubError) as caught:
        taking.take(raw)
    assert caught.value.code == "malformed_update"
    result = folded("text", raw, update({1: (0, [text("good")])}))
    assert (text_of(result.content), result.aside) == ("good", [1])


def test_skips_are_taken_as_gaps() -> None:
    whole = update({1: (0, [text("ab"), skip(3), text("fg", origin=(1, 4))])})
    middle = update({1: (2, [text("cde", origin=(1, 1))])})
    for order in (
        [whole, middle],
        [middle, whole],
        [whole, middle, whole],
        [middle, whole, middle],
    ):
        taking = Taking()
        for raw in order:
            taking.take(raw)
        assert text_of(taking.content) == "abcdefg"
        assert text_of(folded("text", *order).content) == "abcdefg"


# --- what lacks something -------------------------------------------------------------------------


def test_what_lacks_something_in_a_log_waits_and_is_said() -> None:
    _, (one, two, three) = typed(1, "a", "b", "c")
    result = folded("text", one, three)
    assert (text_of(result.content), result.waiting) == ("a", [2])
    assert text_of(folded("text", one, three, two).content) == "abc"
    noise = folded("text", one, b"\xff\xff", two)
    assert (text_of(noise.content), noise.aside) == ("ab", [2])


def test_ids_that_come_from_elsewhere_release_what_waits_under_them() -> None:
    """Someone broke the rule of ids: with a snapshot in between it must be the same document."""
    waits = update({7: (0, [text("abc", origin=(9, 0)), text("defgh")])})
    other = update({7: (0, [text("wxyz")])})
    whole = folded("text", waits, other)
    assert (whole.content.clocks, whole.waiting) == ({7: 8}, [])
    before = fold("text", None, [(1, waits)])
    assert before.waiting == [1]
    middle = fold("text", before.content.state(), [(1, waits), (2, other)])
    after = fold("text", middle.content.state(), [(1, waits)] if middle.waiting else [])
    assert text_of(after.content) == text_of(middle.content) == text_of(whole.content)
    # Nor does it wait for ever once it says nothing new.
    assert folded("text", waits, update({7: (0, [text("0123456789")])})).waiting == []


def test_a_snapshot_that_is_damaged_is_known_for_it() -> None:
    _, updates = typed(1, "a", "b")
    state = folded("text", *updates).content.state()
    for damaged in (state[:-1], state[:4] + b"\xff" + state[5:], HOOK):
        with pytest.raises(Unreadable):
            fold("rich", damaged, [])


@given(st.integers(0, 2**32), st.integers(0, 60))
def test_a_snapshot_and_the_rows_after_it_are_the_whole_log(seed: int, at: int) -> None:
    """Wherever it is taken, with whatever waiting: state and rest fold to the same as all rows."""
    chance = random.Random(seed)
    docs = [Doc(client_id=client) for client in (3, 4)]
    updates: list[bytes] = []
    for doc in docs:
        doc.observe(lambda event: updates.append(event.update))
    for _ in range(40):
        doc = chance.choice(docs)
        for raw in chance.sample(updates, len(updates) // 2):
            doc.apply_update(raw)
        content = doc.get("content", type=Text)
        content.insert(chance.randint(0, len(str(content))), chance.choice("abc"))
    log = list(dict.fromkeys(updates))
    lost = chance.randrange(len(log))
    rows = [(seq, raw) for seq, raw in enumerate(log, 1) if seq != lost]
    whole = fold("text", None, rows)
    head = rows[: at % len(rows)]
    first = fold("text", None, head)
    upto = first.waiting[0] - 1 if first.waiting else head[-1][0] if head else 0
    state = fold("text", None, [row for row in rows if row[0] <= upto]).content.state()
    second = fold("text", state, [row for row in rows if row[0] > upto])
    assert text_of(second.content) == text_of(whole.content)
    assert (second.content.clocks, second.waiting) == (whole.content.clocks, whole.waiting)
