"""``tests/data/cases/calls.json``: events of calls and what they come to, for clients that fold in
another language. ``HUB_WRITE_EXAMPLES=1`` writes it anew."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import msgspec

from hub.errors import HubError
from hub.rtc import rules
from hub.rtc.rules import Asked, Written
from hub.wire import calls
from hub.wire.calls import Call

GOLDEN = Path(__file__).parents[2] / "data/cases/calls.json"
PEOPLE = ["ada", "ben", "eva", "ivo", "uma"]


def story(seed: int) -> list[dict[str, Any]]:
    """Events that rules wrote, and some that do not fit, each with the call after it."""
    chance = random.Random(seed)
    now, seq, call = 1_000_000, 10, None
    told: list[dict[str, Any]] = []

    def write(written: list[Written]) -> Call:
        nonlocal seq, call
        for one in written:
            seq += 1
            data = msgspec.to_builtins(one.data)
            event = {"seq": seq, "type": one.type, "sender": one.sender, "at": now, "data": data}
            if call is None:
                call = calls.begun(seq, one.sender, now, data)
            else:
                call = calls.after(call, seq, one.type, one.sender, now, data)
            told.append({"event": event, "call": msgspec.to_builtins(call)})
        assert call is not None
        return call

    asked = Asked(PEOPLE[:4], chance.sample(PEOPLE, 1), chance.sample(PEOPLE, 1))
    at = write(rules.start(None, "ada", "k_1", "desk", asked, video=bool(seed % 2)))
    while at.ended is None and len(told) < 40:
        now += chance.randrange(1, 20_000)
        try:
            written = act(chance, at, now, seed)
        except HubError:
            continue
        if written:
            at = write(written)
    return told


def act(chance: random.Random, call: Call, now: int, seed: int) -> list[Written]:
    """Something that somebody does, or what does not fit."""
    uid, other, device = chance.choice(PEOPLE), chance.choice(PEOPLE), chance.choice("ab")
    match chance.randrange(10):
        case 0 | 1:
            return rules.join(call, uid, device)
        case 2:
            return rules.decline(call, uid, now)
        case 3:
            return rules.leave(call, uid, now)
        case 4:
            return rules.leave(call, uid, now, until=now - 3_000, reason="lost")
        case 5:
            return rules.remove(call, uid, other, now)
        case 6:
            return rules.ring(call, uid, Asked([other], [other] * (seed % 2)))
        case 7:
            return rules.lock(call, uid, chance.random() < 0.5)
        case 8:
            return rules.overdue(call, now, dict.fromkeys(PEOPLE, now), PEOPLE)
    return [Written("call.decline", uid, calls.CallDeclineData("k_1", call.seq))]


def test_folds_are_as_others_have_them() -> None:
    stories = [story(seed) for seed in range(14)]
    assert {one["event"]["type"] for told in stories for one in told} == {
        "call." + one
        for one in ("start", "ring", "join", "decline", "miss", "leave", "lock", "end")
    }
    text = "[\n" + ",\n".join(json.dumps(one) for one in stories) + "\n]\n"
    if os.environ.get("HUB_WRITE_EXAMPLES"):
        GOLDEN.write_text(text)
    assert GOLDEN.read_text() == text
