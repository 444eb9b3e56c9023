"""What waits to be published is bounded, and what finds no room is said to be missing."""

from __future__ import annotations

import pytest

from hub.bus import outgoing
from hub.bus.envelope import NOTHING, encode
from hub.bus.messages import PresenceAsked, StreamCommitted, ToUser
from hub.bus.outgoing import Outgoing

URGENT = PresenceAsked("r")
PATIENT = StreamCommitted("l", 1)


def test_messages_of_a_topic_go_together_and_in_order() -> None:
    waiting = Outgoing()
    for number in range(3):
        waiting.put("a", PresenceAsked(str(number)), 0.0)
    waiting.put("b", URGENT, 0.0)
    assert waiting.take(0.0) == [
        ("a", [encode(PresenceAsked(str(number))) for number in range(3)]),
        ("b", [encode(URGENT)]),
    ]
    assert not waiting


def test_what_may_wait_goes_with_the_next() -> None:
    waiting = Outgoing()
    assert waiting.put("a", PATIENT, 5.0) == 5.1
    assert waiting.take(5.05) == []
    assert waiting.next_s() == 5.1
    assert waiting.put("a", URGENT, 5.06) == 5.06
    assert waiting.take(5.06) == [("a", [encode(PATIENT), encode(URGENT)])]


def test_what_waited_long_enough_goes_alone() -> None:
    waiting = Outgoing()
    waiting.put("a", PATIENT, 5.0)
    assert waiting.take(5.1) == [("a", [encode(PATIENT)])]


def test_what_finds_no_room_is_left_out_and_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "MAX_BYTES", 60)
    waiting = Outgoing()
    frame = ToUser("u", "x" * 20)
    for _ in range(5):
        waiting.put("a", frame, 0.0)
    assert waiting.take(0.0) == [("a", [encode(frame), NOTHING])]
    assert waiting.left_out == 4
    waiting.put("a", frame, 0.0)
    assert waiting.take(0.0) == [("a", [encode(frame)])]


def test_a_huge_message_is_left_to_postgresql() -> None:
    waiting = Outgoing()
    waiting.put("a", ToUser("u", "x" * outgoing.MAX_MESSAGE), 0.0)
    assert waiting.take(0.0) == [("a", [NOTHING])]


def test_much_of_one_topic_goes_in_several_parcels() -> None:
    waiting = Outgoing()
    frame = ToUser("u", "x" * 200_000)
    for _ in range(5):
        waiting.put("a", frame, 0.0)
    assert [len(messages) for _, messages in waiting.take(0.0)] == [2, 2, 1]


def test_while_nothing_can_be_sent_each_topic_keeps_a_word() -> None:
    waiting = Outgoing()
    waiting.put("a", URGENT, 0.0)
    waiting.put("a", URGENT, 0.0)
    waiting.leave_out()
    waiting.lose("a")
    waiting.lose("b")
    assert waiting.left_out == 4
    assert waiting.take(1e9) == [], "nothing is due before it can be sent"
    waiting.hurry()
    assert waiting.take(0.0) == [("a", [NOTHING]), ("b", [NOTHING])]


def test_topics_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "MAX_TOPICS", 2)
    waiting = Outgoing()
    for topic in "abc":
        waiting.put(topic, URGENT, 0.0)
        waiting.lose(topic)
    assert [topic for topic, _ in waiting.take(0.0)] == ["a", "b"]
