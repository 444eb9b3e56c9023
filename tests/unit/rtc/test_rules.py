"""Any order of acts: a call that begins ends, everybody is rung once at a time, and what it says of
durations is so."""

from __future__ import annotations

import contextlib
from collections import Counter

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.errors import HubError
from hub.rtc import rules
from hub.rtc.rules import ALL_LOST_MS, LOST_MS, MAX_DIRECT, RING_MS, Asked, Written
from hub.wire import calls
from hub.wire.calls import Call

PEOPLE = ["ada", "ben", "eva", "ivo", "uma"]
people = st.sampled_from(PEOPLE)
devices = st.sampled_from(["desk", "phone"])


class Calls(RuleBasedStateMachine):
    """One thread; its clock goes on with each act."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000
        self.call: Call | None = None
        self.over: list[Call] = []
        self.members = set(PEOPLE)
        self.heard: dict[tuple[str, str], int] = {}
        self.alive: dict[str, str] = {}
        """By person: the device that is really there."""
        self.began: dict[str, int] = {}
        self.stayed: Counter[str] = Counter()
        self.rung: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()

    def write(self, written: list[Written]) -> None:
        for one in written:
            data = msgspec.to_builtins(one.data)
            if one.type == "call.start":
                assert self.call is None or self.call.ended is not None
                if self.call is not None:
                    self.over.append(self.call)
                self.call = calls.begun(7, one.sender, self.now, data)
                self.stayed.clear()
                self.rung = Counter(data["ring"])
                self.answered.clear()
            else:
                assert self.call is not None
                assert self.call.ended is None, one
                before = self.call
                self.call = calls.after(
                    before, before.head + 1, one.type, one.sender, self.now, data
                )
                assert self.call != before, one  # nothing is written that says nothing
                if one.type == "call.ring":
                    self.rung.update(data["ring"])
                for uid in self.rung:
                    was = before.people.get(uid)
                    if was and was.state == "ringing" and self.call.people[uid].state != "ringing":
                        self.answered[uid] += 1

    @rule(uid=people, device=devices)
    def starts(self, uid: str, device: str) -> None:
        if uid not in self.members:
            return
        with contextlib.suppress(HubError):
            self.write(rules.start(self.call, uid, f"c_{self.now}", device, Asked(self.members)))
            self.alive[uid] = device
            self.heard[uid] = self.now

    @rule(uid=people, device=devices)
    def joins(self, uid: str, device: str) -> None:
        if uid not in self.members:
            return
        with contextlib.suppress(HubError):
            self.write(rules.join(self.call, uid, device))
            self.alive[uid] = device
            self.heard[uid] = self.now

    @rule(uid=people)
    def leaves(self, uid: str) -> None:
        self.write(rules.leave(self.call, uid, self.now))

    @rule(uid=people)
    def declines(self, uid: str) -> None:
        self.write(rules.decline(self.call, uid, self.now))

    @rule(uid=people, others=st.sets(people, max_size=2))
    def rings(self, uid: str, others: set[str]) -> None:
        with contextlib.suppress(HubError):
            self.write(rules.ring(self.call, uid, Asked(others & self.members)))

    @rule(uid=people, other=people)
    def removes(self, uid: str, other: str) -> None:
        with contextlib.suppress(HubError):
            self.write(rules.remove(self.call, uid, other, self.now))

    @rule(uid=people, locked=st.booleans())
    def locks(self, uid: str, locked: bool) -> None:
        with contextlib.suppress(HubError):
            self.write(rules.lock(self.call, uid, locked))

    @rule(uid=people)
    def dies(self, uid: str) -> None:
        self.alive.pop(uid, None)

    @rule(uid=people, here=st.booleans())
    def is_member(self, uid: str, here: bool) -> None:
        (self.members.add if here else self.members.discard)(uid)

    @rule(ms=st.integers(1, 15_000))
    def time_goes(self, ms: int) -> None:
        self.now += ms
        here = {uid for uid, device in self.alive.items() if uid in self.members}
        for uid, device in self.alive.items():
            self.heard[uid, device] = self.now
        stay = self.inside() & here
        self.passes()
        # Whoever is heard of stays; but who waits for people of whom none comes need not hang up.
        assert stay <= self.inside() or len(stay) == 1

    def inside(self) -> set[str]:
        """Those who are in from the device that is there."""
        people = self.call.people if self.call is not None and self.call.ended is None else {}
        return {
            uid
            for uid, one in people.items()
            if one.state == "in" and one.device == self.alive.get(uid)
        }

    def passes(self) -> None:
        people = self.call.people if self.call is not None else {}
        heard = {
            uid: self.heard[uid, one.device]
            for uid, one in people.items()
            if one.device is not None and (uid, one.device) in self.heard
        }
        self.write(rules.overdue(self.call, self.now, heard, self.members))

    @invariant()
    def one_ring_a_person(self) -> None:
        if self.call is not None:
            ringing = set(self.call.who("ringing"))
            for uid, count in self.rung.items():
                assert count - self.answered[uid] == (uid in ringing)

    @invariant()
    def somebody_is_in_while_it_lasts(self) -> None:
        if self.call is None:
            return
        assert (self.call.ended is None) == bool(self.call.who("in"))
        assert len(self.call.who("in")) <= MAX_DIRECT
        if self.call.ended is not None:
            assert not self.call.who("ringing")
            for one in self.call.people.values():
                assert 0 <= one.stayed <= (self.call.duration or 0)

    def teardown(self) -> None:
        """Everybody goes without a word: it ends by itself, when the last was heard."""
        self.alive.clear()
        began = self.now
        for _ in range(3 + (RING_MS + ALL_LOST_MS) // 5_000):
            self.now += 5_000
            self.passes()
        if self.call is not None:
            assert self.call.ended is not None
            assert self.call.ended <= max(began + 5_000, self.call.started)


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)


def test_where_nobody_is_heard_of_they_may_come_back() -> None:
    """What is between them and the hub is away; they hear each other all the same."""
    call = calls.begun(1, "ada", 0, {"call": "k", "device": "desk", "ring": ["ben"]})
    about = {"call": "k", "target": 1, "device": "desk"}
    call = calls.after(call, 2, "call.join", "ben", 1_000, about)

    def lost(now: int, **heard: int) -> list[str]:
        written = rules.overdue(call, now, heard, {"ada", "ben"})
        return sorted(one.data.uid for one in written if one.type == "call.leave")  # type: ignore[attr-defined]

    assert lost(LOST_MS + 1_000, ada=8_000) == ["ben"]
    assert lost(60_000, ada=50_000, ben=48_000) == []
    assert lost(48_000 + ALL_LOST_MS - 1, ada=50_000, ben=48_000) == []
    assert lost(50_000 + ALL_LOST_MS, ada=50_000, ben=48_000) == ["ada", "ben"]


def test_who_is_alone_is_not_waited_for() -> None:
    call = calls.begun(1, "ada", 0, {"call": "k", "device": "desk", "ring": ["ben"]})
    assert rules.overdue(call, LOST_MS - 1, {}, {"ada", "ben"}) == []
    assert rules.overdue(call, LOST_MS, {}, {"ada", "ben"})[-1].type == "call.end"


def test_who_goes_on_from_another_device_is_heard_of_from_there() -> None:
    data = {"call": "k", "device": "desk", "ring": ["ben"]}
    call = calls.begun(1, "ada", 0, data)
    for at, device in ((1_000, "desk"), (100_000, "phone")):
        about = {"call": "k", "target": 1, "device": device}
        call = calls.after(call, at, "call.join", "ben", at, about)

    def overdue(now: int) -> list[Written]:
        return rules.overdue(call, now, {"ada": now}, {"ada", "ben"})

    assert overdue(100_000 + LOST_MS - 1) == []
    (lost,) = overdue(100_000 + LOST_MS)
    assert msgspec.to_builtins(lost.data)["until"] == 100_000
