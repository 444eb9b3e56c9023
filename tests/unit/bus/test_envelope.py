"""What arrives from another process is that process's, in its order, or said to be missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.bus import envelope
from hub.bus.envelope import NOTHING, Receiver, Sender, Unreadable, encode
from hub.bus.messages import PeopleChanged, PresenceAsked, Revoked

KEY = b"k" * 32


def parcel(sender: Sender, *threads: str, topic: str = "t") -> bytes:
    return sender.seal(topic, [encode(PresenceAsked(thread)) for thread in threads])


def threads(opened: tuple[list[object], bool]) -> list[str]:
    return [one.thread for one in opened[0]]  # type: ignore[attr-defined]


def test_in_order_nothing_is_missing() -> None:
    sender, receiver = Sender("p1", KEY), Receiver("t", KEY)
    assert threads(receiver.open(parcel(sender, "a", "b"))) == ["a", "b"]
    messages, missing = receiver.open(parcel(sender, "c"))
    assert (threads((messages, missing)), missing) == (["c"], False)


def test_who_comes_late_misses_nothing_that_it_could_know_of() -> None:
    sender, receiver = Sender("p1", KEY), Receiver("t", KEY)
    parcel(sender, "a")
    assert receiver.open(parcel(sender, "b"))[1] is False


def test_a_hole_is_seen_and_what_was_overtaken_is_passed_over() -> None:
    sender, receiver = Sender("p1", KEY), Receiver("t", KEY)
    receiver.open(parcel(sender, "a"))
    late = parcel(sender, "b")
    messages, missing = receiver.open(parcel(sender, "c"))
    assert (threads((messages, missing)), missing) == (["c"], True)
    assert receiver.open(late) == ([], False)


def test_what_came_twice_is_taken_once() -> None:
    sender, receiver = Sender("p1", KEY), Receiver("t", KEY)
    once = parcel(sender, "a", "b")
    receiver.open(once)
    assert receiver.open(once) == ([], False)


def test_what_was_left_out_is_missing() -> None:
    sender, receiver = Sender("p1", KEY), Receiver("t", KEY)
    assert receiver.open(sender.seal("t", [NOTHING])) == ([], True)


def test_a_message_of_a_newer_hub_is_missing_and_its_neighbours_are_here() -> None:
    sender, receiver = Sender("p1", KEY), Receiver("t", KEY)
    newer = encode(["NotKnownHere", 1])
    known = [PeopleChanged(), Revoked("session", "s")]
    opened = receiver.open(sender.seal("t", [encode(known[0]), newer, encode(known[1])]))
    assert opened == (known, True)


def test_a_topic_that_was_forgotten_goes_on_above(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "MAX_TOPICS", 2)
    sender, receiver = Sender("p1", KEY), Receiver("t", KEY)
    assert threads(receiver.open(parcel(sender, "a"))) == ["a"]
    for other in ("u", "v", "w"):
        parcel(sender, "x", topic=other)
    assert threads(receiver.open(parcel(sender, "b"))) == ["b"]


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01\xff", b"\x02" + b"x" * 60, b"{}" * 40])
def test_garbage_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        Receiver("t", KEY).open(data)


def test_what_another_hub_or_anybody_else_sealed_is_unreadable() -> None:
    for forged in (Sender("p1", b"other"), Sender("p1")):
        with pytest.raises(Unreadable):
            Receiver("t", KEY).open(parcel(forged, "a"))


def test_a_parcel_of_another_topic_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        Receiver("t", KEY).open(parcel(Sender("p1", KEY), "a", topic="u"))


@given(st.binary(max_size=80), st.integers(0, 79), st.integers(1, 255))
def test_a_changed_parcel_is_unreadable(text: bytes, at: int, by: int) -> None:
    good = bytearray(Sender("p1", KEY).seal("t", [encode(PresenceAsked(text.hex()))]))
    good[at % len(good)] ^= by
    with pytest.raises(Unreadable):
        Receiver("t", KEY).open(bytes(good))


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["there", "lost", "twice", "late"]))))
def test_whatever_happens_on_the_way_a_loss_is_said(fates: list[tuple[int, str]]) -> None:
    """Every message is handed over once, in order; or something was said to be missing since."""
    sender, receiver = Sender("p1", KEY), Receiver("t", KEY)
    receiver.open(parcel(sender, "-1"))
    late: list[bytes] = []
    here: list[int] = []
    said_after: list[int] = []  # how many were sent when something was said to be missing
    sent = 0
    for count, fate in [*fates, (1, "there")]:
        data = parcel(sender, *(str(sent + one) for one in range(count)))
        sent += count
        if fate == "late":
            late.append(data)
        for _ in range({"there": 1, "lost": 0, "twice": 2, "late": 0}[fate]):
            messages, missing = receiver.open(data)
            here += [int(one.thread) for one in messages]  # type: ignore[attr-defined]
            said_after += [sent] if missing else []
    for data in late:
        assert receiver.open(data) == ([], False)
    assert here == sorted(set(here))
    for number in set(range(sent)) - set(here):
        assert any(number < after for after in said_after)
