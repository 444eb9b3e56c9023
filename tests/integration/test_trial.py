"""Updates that would take yrs for ever are tried elsewhere, and refused."""

from __future__ import annotations

import threading
from resource import RUSAGE_SELF, getrusage
from typing import Any

import pytest
from pycrdt import Doc, Text

from hub.errors import TooLarge
from hub.rooms import admission, content, trial
from hub.rooms.effort import effort
from hub.wire import frames, yupdate
from hub.wire.yupdate import Id
from tests.integration.conftest import Served
from tests.integration.sockets import signed_in
from tests.integration.test_live import exported, leased
from tests.integration.test_yjs import started
from tests.support.yupdates import element, struct, text, typed, update, xml_text


def crossing(client: int, of: int, count: int) -> bytes:
    """Each is inserted at the beginning, before another place of the text: yrs looks for its place
    among all that went before."""
    made = [text("x", right=(of, 2 * at)) for at in range(count)]
    return update({client: (0, made)})


async def test_an_update_without_end_is_refused_and_the_hub_goes_on(served: Served) -> None:
    ada, document = await started(served)
    async with signed_in(served, ada) as raw, signed_in(served, ada) as other:
        number = await raw.open(document)
        await other.open(document)
        first, second = await leased(raw, document), await leased(raw, document)
        await raw.sync(number, frames.UPDATE, update({first: (0, [text("ab" * 30_000)])}))
        await raw.until(lambda f: f["t"] == "durable" and f["count"] == 1)
        await raw.sync(number, frames.UPDATE, crossing(second, first, 30_000))
        # Meanwhile everybody else is served.
        assert (await other.call(cmd="ping"))["t"] == "ok"
        assert (await raw.frame("refused"))["code"] == "update_too_complex"
        await raw.sync(
            number, frames.UPDATE, update({second: (0, [text("good", right=(first, 0))])})
        )
        await raw.until(lambda f: f["t"] == "durable" and f["count"] == 3)
    assert (await exported(served, ada, document)).startswith("goodab")


def in_a_row(client: int, count: int) -> bytes:
    made = [text("x"), *(text("y", origin=(client, at)) for at in range(count - 1))]
    return update({client: (0, made)})


def beside(client: int, count: int) -> bytes:
    """All at the beginning."""
    return update({client: (0, [text("z")] * count)})


def odd_units(client: int, count: int) -> bytes:
    return update({}, {client: [(2 * at, 1) for at in range(count)]})


def values(client: int, of: Id, count: int) -> bytes:
    made = [struct(8, b"\x01\x7d\x01", parent=of, key="k")] * count
    return update({client: (0, made)})


async def test_no_update_holds_the_loop_or_takes_all_the_memory(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each took seconds of the loop, or all the memory, and was no suspect."""
    here = threading.current_thread()
    on_the_loop = []
    apply = content.apply_to

    def noting(doc: Doc[Any], data: bytes) -> None:
        if threading.current_thread() is here:
            on_the_loop.append(len(data))
        apply(doc, data)

    monkeypatch.setattr(content, "apply_to", noting)
    ada, document = await started(served)
    async with signed_in(served, ada) as raw:
        number = await raw.open(document)
        ids = sorted([await leased(raw, document) for _ in range(5)])
        sent = [
            in_a_row(ids[0], 80_000),  # joined at the end of a transaction, in quadratic time
            beside(ids[1], 20_000),
            beside(ids[2], 4_000),  # each walks over all those
            update({ids[3]: (0, [text("ab" * 1_000_000)])}),
            odd_units(ids[3], 19_000),  # each copies the rest of the string
        ]
        used = getrusage(RUSAGE_SELF).ru_maxrss
        codes = []
        for count, one in enumerate(sent, 1):
            await raw.sync(number, frames.UPDATE, one)
            frame = await raw.until(
                lambda f, count=count: f["t"] in ("durable", "refused") and f["count"] == count
            )
            codes.append(frame.get("code", "taken"))
        assert on_the_loop == [len(sent[3])]  # one long string, which is quick
        assert codes[0] == codes[3] == "taken"
        assert codes[2] == "update_too_complex"
        assert getrusage(RUSAGE_SELF).ru_maxrss - used < 1_000_000  # KiB; it was 3.4 GB


async def test_what_people_write_is_no_suspect_or_passes() -> None:
    doc, updates = typed(1, *("word " * 200))
    for raw in updates:
        assert effort(yupdate.parse(raw), {}, 20 << 20) == 0
    state = doc.get_update()
    # A thousand places corrected while offline, also in a large document.
    made = [text("x", origin=(1, at), right=(1, at + 1)) for at in range(0, 900)]
    corrected = update({2: (0, made)})
    known = {1: len(str(doc.get("content", type=Text)))}
    assert effort(yupdate.parse(corrected), known, len(state)) < admission.TRUSTED_S
    assert effort(yupdate.parse(corrected), known, 1 << 20) > admission.TRUSTED_S
    await trial.attempt([state, corrected])
    # A long paste is quick: all but its beginning is among its own.
    client, paste = 3, [element(origin=(1, 5))]
    for at in range(0, 9000, 3):
        paste += [xml_text(parent=(client, at)), text("w", parent=(client, at + 1))]
        paste.append(element(origin=(client, at)))
    assert effort(yupdate.parse(update({client: (0, paste)})), {1: 6}, 20 << 20) < 0.1


async def test_a_trial_that_ends_badly_is_a_refusal() -> None:
    with pytest.raises(TooLarge):
        await trial.attempt([b"\x00\x00", b"\xff\xff\xff"])
