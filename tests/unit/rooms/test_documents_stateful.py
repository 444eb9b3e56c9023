"""After every step, whatever it was: memory is the fold of the log and what is in flight, nothing
acknowledged is missing on disk, nothing refused is anywhere."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.rooms.content import Content
from hub.rooms.fold import fold
from hub.wire import yupdate
from tests.support.document_harness import Client, Harness
from tests.support.oracle import content_of
from tests.support.yfuzz import Fuzzer
from tests.support.yupdates import element, text, update

UIDS = st.sampled_from(["u_0", "u_1", "u_2"])
ROLES = st.sampled_from(["owner", "editor", "editor", "editor", "reader", None])
SCOPES = st.sampled_from([None, None, None, frozenset(("read", "write")), frozenset(("read",))])


class Documents(RuleBasedStateMachine):
    @initialize(kind=st.sampled_from(["text", "rich"]), seed=st.integers(0, 1 << 30))
    def begin(self, kind: str, seed: int) -> None:
        self.runner = asyncio.Runner()
        self.kind = kind
        self.fuzzer = Fuzzer(kind, seed)
        self.late: list[bytes] = []
        self.clock_of: dict[int, int] = {}

        async def make() -> Harness:
            return Harness(kind)

        self.harness = self.runner.run(make())
        self.harness.roles.update({"u_0": "owner", "u_1": "editor", "u_2": "reader"})
        for uid, stock in (("u_0", False), ("u_1", False), ("u_1", True), ("u_2", True)):
            self.do(partial(self.harness.join, uid, None, 2, stock=stock))

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.close()

    def do(self, step: Any) -> None:
        """Carry out a step inside the loop and let it come to rest."""

        async def inside() -> None:
            step()
            await self.harness.idle()

        self.runner.run(inside())
        if self.harness.live.broken:
            self.do(self.harness.reload)

    @property
    def clients(self) -> list[Client]:
        return sorted(self.harness.clients.values(), key=lambda one: int(one.key[2:]))

    def pick(self, data: st.DataObject) -> Client:
        return data.draw(st.sampled_from(self.clients), "client")

    # --- people -----------------------------------------------------------------------------------

    @rule(uid=UIDS, scopes=SCOPES, schema=st.sampled_from([1, 2, 2, 2]), stock=st.booleans())
    def join(self, uid: str, scopes: frozenset[str] | None, schema: int, stock: bool) -> None:
        self.do(lambda: self.harness.join(uid, scopes, schema, stock=stock))

    @precondition(lambda self: len(self.clients) > 4)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        key = self.pick(data).key
        self.do(lambda: self.harness.leave(key))

    @rule(uid=UIDS, role=ROLES)
    def change_role(self, uid: str, role: str | None) -> None:
        self.harness.roles[uid] = role
        self.do(lambda: self.harness.live.set_role(uid, role))

    # --- updates ----------------------------------------------------------------------------------

    def typed(self, data: st.DataObject, client: Client) -> bytes:
        """A small edit under an id that the sender has, or under a new one, or another's."""
        first, _ = self.harness.leased(client.uid)
        other, _ = self.harness.leased("u_3")
        id_ = data.draw(st.sampled_from([first, first, first + 1, other, 5, 6, 2**52 + 1]), "id")
        clock = max(self.clock_of.get(id_, 0), self.harness.live.content.clocks.get(id_, 0))
        place: dict[str, Any] = {"origin": (id_, clock - 1)} if clock else {}
        if self.kind == "rich":
            made = element("p", **(place or {"parent": "default"}))
        else:
            made = text(data.draw(st.sampled_from(["a", "bc", "😀", "x😀y"]), "text"), **place)
        deletes = {}
        if clock > 1 and data.draw(st.booleans(), "delete"):
            deletes = {id_: [(data.draw(st.integers(0, clock - 1), "at"), 1)]}
        self.clock_of[id_] = clock + made[0]
        return update({id_: (clock, [made])}, deletes)

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), step2=st.booleans())
    def edit(self, data: st.DataObject, step2: bool) -> None:
        client = self.pick(data)
        payload = self.typed(data, client)
        self.do(lambda: self.harness.send(client, payload, step2=step2))

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def edit_that_comes_later(self, data: st.DataObject) -> None:
        self.late.append(self.typed(data, self.pick(data)))

    @precondition(lambda self: self.clients and self.late)
    @rule(data=st.data())
    def now_it_comes(self, data: st.DataObject) -> None:
        client = self.pick(data)
        payload = self.late.pop(data.draw(st.integers(0, len(self.late) - 1), "which"))
        self.do(lambda: self.harness.send(client, payload))

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), step2=st.booleans())
    def hostile(self, data: st.DataObject, step2: bool) -> None:
        client = self.pick(data)
        payload = self.fuzzer.next(self.harness.live.content.clocks)
        self.do(lambda: self.harness.send(client, payload, step2=step2))

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def say_everything_again(self, data: st.DataObject) -> None:
        client = self.pick(data)
        state = self.harness.live.content.state()
        appends = len(self.harness.disk.all)
        self.do(lambda: self.harness.send(client, state, step2=True))
        assert len(self.harness.disk.all) == appends, "what was known was written again"

    @precondition(lambda self: len(self.clients) > 1)
    @rule(data=st.data())
    def two_at_once(self, data: st.DataObject) -> None:
        """One that is studied in a thread, and one that comes meanwhile."""
        slow, quick = self.pick(data), self.pick(data)
        long = "long " * 30_000
        first, _ = self.harness.leased(slow.uid)
        id_ = first + 2
        clock = self.harness.live.content.clocks.get(id_, 0)
        place: dict[str, Any] = {"origin": (id_, clock - 1)} if clock else {}
        made = [element("p" * 900, **(place or {"parent": "default"}))] if self.kind == "rich" \
            else [text(long, **place)]  # fmt: skip
        payload = self.typed(data, quick)

        def both() -> None:
            self.harness.send(slow, update({id_: (clock, made)}))
            self.harness.send(quick, payload)

        self.do(both)

    # --- the disk ---------------------------------------------------------------------------------

    @rule(count=st.integers(1, 5))
    def commit(self, count: int) -> None:
        self.do(lambda: self.harness.disk.commit(count))

    @rule()
    def commit_everything(self) -> None:
        self.do(lambda: self.harness.disk.commit(1000))

    @rule()
    def disk_fails(self) -> None:
        self.do(self.harness.disk.fail)

    @rule()
    def disk_is_busy(self) -> None:
        self.harness.disk.busy = True

    @rule()
    def append_will_explode(self) -> None:
        self.harness.disk.explodes = True

    @rule()
    def killed(self) -> None:
        self.do(self.harness.restart)

    @rule()
    def too_much_time_passes(self) -> None:
        self.harness.clock.advance(31)
        self.do(self.harness.live.sweep)
        assert not self.harness.live._intake.waits

    @rule()
    def compact(self) -> None:
        """A snapshot of what is committed, whatever waits and whatever is in flight."""
        harness = self.harness
        folded = harness.folded()
        seq = len(harness.disk.log)
        harness.snapshot = seq, folded.content.state(), folded.waiting

    # --- what must hold ---------------------------------------------------------------------------

    def whole(self, appends: Any) -> Content:
        folded = fold(self.kind, None, self.harness.updates(appends))
        assert folded.aside == []
        return folded.content

    @invariant()
    def memory_is_the_log_and_what_is_in_flight(self) -> None:
        if not hasattr(self, "harness"):
            return
        content = self.harness.live.content
        told = self.whole(self.harness.disk.all)
        assert content.clocks == told.clocks
        assert yupdate.read_state_vector(content.doc.get_state()) == content.clocks
        assert content_of(content.doc, self.kind) == content_of(told.doc, self.kind)
        # Nothing refused is in it: its state needs nothing but what was appended.
        assert fold(self.kind, content.state(), []).content.clocks == told.clocks

    @invariant()
    def what_was_acknowledged_is_on_disk(self) -> None:
        if not hasattr(self, "harness"):
            return
        on_disk = self.whole(self.harness.disk.log)
        deleted = yupdate.parse(on_disk.diff(on_disk.clocks)).deletes
        for payload in self.harness.acknowledged:
            said = yupdate.parse(payload)
            for client, structs in said.structs.items():
                assert on_disk.clocks.get(client, 0) >= yupdate.end_of(structs)
            for client, ranges in said.deletes.items():
                gone = {at for first, size in deleted.get(client, ())
                        for at in range(first, first + size)}  # fmt: skip
                for first, size in ranges:
                    assert set(range(first, first + size)) <= gone
        self.harness.acknowledged.clear()

    @invariant()
    def every_id_has_an_owner_that_the_log_names(self) -> None:
        if not hasattr(self, "harness"):
            return
        owners: dict[int, str] = {}
        for append in self.harness.disk.all:
            if append.claim is not None:
                claim = msgspec.json.decode(append.claim)
                assert claim["uid"] == append.sender
                owners.update(dict.fromkeys(claim["ids"], claim["uid"]))
        for client in self.harness.live.content.clocks:
            owner = self.harness.live.owners.get(client)
            assert owner is not None
            assert owners.get(client, owner) == owner


QUICK = settings(
    max_examples=25, stateful_step_count=40, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of breaks are provoked here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.mark.timeout(180)
def test_documents_hold_whatever_happens() -> None:
    run_state_machine_as_test(Documents, settings=QUICK)


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_documents_hold_for_long() -> None:
    examples = int(os.environ.get("EXAMPLES", "1500"))
    long = settings(QUICK, max_examples=examples, stateful_step_count=80)
    run_state_machine_as_test(Documents, settings=long)
