from __future__ import annotations

import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from hub.errors import Unavailable
from hub.identity import passwords as module
from hub.identity.passwords import Passwords

CHEAP = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}


class Counting(PasswordHasher):
    """Notes what it is asked."""

    def __init__(self) -> None:
        super().__init__(**CHEAP)
        self.calls: list[str | bytes] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        self.calls.append(password)
        return super().verify(hash, password)


async def test_verify_knows_the_password_and_no_other() -> None:
    passwords = Passwords(PasswordHasher(**CHEAP))
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "correct horse")
    assert not await passwords.verify(stored, "correct horse ")
    assert not await passwords.verify("no hash at all", "correct horse")


async def test_verify_works_as_hard_for_nobody() -> None:
    hasher = Counting()
    passwords = Passwords(hasher)
    assert not await passwords.verify(None, "nobody has this password")
    assert not await passwords.verify(None, "something")
    assert hasher.calls == ["nobody has this password", "something"]


async def test_wants_rehash_when_parameters_grew() -> None:
    stored = await Passwords(PasswordHasher(**CHEAP)).hash("correct horse")
    assert await Passwords().wants_rehash(stored, "correct horse")
    assert not await Passwords(PasswordHasher(**CHEAP)).wants_rehash(stored, "correct horse")


COMPOSED, DECOMPOSED = "p\u00e4ssw\u00f6rter", "pa\u0308sswo\u0308rter"


@pytest.mark.parametrize("first", [COMPOSED, DECOMPOSED, "two\u00a0words and more"])
@pytest.mark.parametrize("then", [COMPOSED, DECOMPOSED, "two words and more"])
async def test_the_same_letters_are_the_same_password(first: str, then: str) -> None:
    passwords = Passwords(PasswordHasher(**CHEAP))
    same = (" " in then) == ("\u00a0" in first)
    assert await passwords.verify(await passwords.hash(first), then) is same


@pytest.mark.parametrize("raw", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
async def test_old_hashes_of_what_came_are_still_good(raw: str, typed: str) -> None:
    hasher = PasswordHasher(**CHEAP)
    passwords, old = Passwords(hasher), hasher.hash(raw)
    assert await passwords.verify(old, typed)
    assert await passwords.wants_rehash(old, typed) is (raw == DECOMPOSED)
    assert not await passwords.wants_rehash(await passwords.hash(raw), typed)


async def test_nobody_costs_as_much_in_every_form() -> None:
    hasher = Counting()
    passwords = Passwords(hasher)
    stored = await passwords.hash("something else")
    for typed in (COMPOSED, DECOMPOSED):
        costs = []
        for known in (stored, None):
            hasher.calls.clear()
            assert not await passwords.verify(known, typed)
            costs.append(len(hasher.calls))
        assert costs[0] == costs[1] == 2


async def test_hash_runs_two_at_a_time_and_refuses_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 6)
    gate = threading.Event()
    both = asyncio.Event()
    loop = asyncio.get_running_loop()
    running = 0
    most = 0
    lock = threading.Lock()

    class Gated(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
                if running == 2:
                    loop.call_soon_threadsafe(both.set)
            gate.wait(10)
            with lock:
                running -= 1
            return "hash"

    passwords = Passwords(Gated(**CHEAP))
    waiting = [asyncio.create_task(passwords.hash("x")) for _ in range(6)]
    await both.wait()
    with pytest.raises(Unavailable) as caught:
        await passwords.hash("x")
    assert caught.value.code == "busy"
    assert caught.value.retry_after_s is not None
    gate.set()
    assert await asyncio.gather(*waiting) == ["hash"] * 6
    assert most == 2
    assert await passwords.hash("x") == "hash"
