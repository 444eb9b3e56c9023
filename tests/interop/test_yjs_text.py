"""What the hub holds is what Yjs shows, whatever comes between the halves of a character."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator

import pytest

from hub.errors import HubError
from hub.rooms.fold import fold
from hub.wire import yupdate
from tests.support.contents import Taking, text_of
from tests.support.oracle import ROOT, Oracle, content_of
from tests.support.yfuzz import Fuzzer

CASES = json.loads((ROOT / "tests/data/cases/yjs-text.json").read_text())["cases"]


@pytest.fixture(scope="module")
def yjs() -> Iterator[Oracle]:
    with Oracle() as oracle:
        yield oracle


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["steps"][1]))
def test_a_character_cut_in_two_reads_as_in_yjs(case: dict[str, object], yjs: Oracle) -> None:
    updates = yjs.write(case["steps"])  # type: ignore[arg-type]
    for order in itertools.permutations(updates):
        assert yjs.read("text", order)["content"] == case["text"]
        taking = Taking()
        for raw in order:
            taking.take(raw)
        state = taking.content.state()
        assert text_of(taking.content) == case["text"]
        assert yjs.read("text", [state])["content"] == case["text"]
        # After a restart, and after compaction.
        assert text_of(fold("text", None, list(enumerate(taking.log))).content) == case["text"]
        assert text_of(fold("text", state, []).content) == case["text"]
    # Somebody comes to stand in the gap, with the whole text under an older id, in one update.
    third = yjs.write([*case["steps"], {"client": 9, "insert": [2, "X"]}])  # type: ignore[misc]
    taking = Taking()
    for raw in third:
        taking.take(raw)
    assert text_of(taking.content) == yjs.read("text", third)["content"]


def check(kind: str, seed: int, count: int, yjs: Oracle, seen: Counter[str]) -> None:
    """A document that takes what a fuzzer makes, against Yjs, against its log and its state."""
    taking, fuzzer = Taking(kind), Fuzzer(kind, seed)
    for _ in range(count):
        before = taking.content.clocks.copy()
        state = taking.content.state()
        try:
            taking.take(fuzzer.next(before, state))
            seen["taken"] += 1
        except HubError as refusal:
            seen[refusal.code] += 1
            assert taking.content.clocks == before
            assert taking.content.doc.get_update() == state
        known = yupdate.read_state_vector(taking.content.doc.get_state())
        assert known == taking.content.clocks
    mine = content_of(taking.content.doc, kind)
    assert yjs.read(kind, taking.log).get("content") == mine
    assert yjs.read(kind, [taking.content.state()]).get("content") == mine
    folded = fold(kind, None, list(enumerate(taking.log)))
    assert (folded.aside, folded.waiting) == ([], [])
    assert content_of(folded.content.doc, kind) == mine
    assert content_of(fold(kind, taking.content.state(), []).content.doc, kind) == mine


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", ["text", "rich"])
def test_fuzzed_updates_read_as_in_yjs(kind: str, yjs: Oracle) -> None:
    seen: Counter[str] = Counter()
    for seed in range(60):
        check(kind, seed, 40, yjs, seen)
    for code in ("taken", "unsupported_content", "malformed_update", "client_id_reused"):
        assert seen[code], seen
