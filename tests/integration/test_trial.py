"""Updates that would take yrs for ever are tried elsewhere, and refused."""

from __future__ import annotations

import pytest

from hub.errors import TooLarge
from hub.rooms import trial
from hub.wire import frames, yupdate
from tests.integration.conftest import Served
from tests.integration.sockets import signed_in
from tests.integration.test_live import exported, leased
from tests.integration.test_yjs import started
from tests.support.yupdates import text, typed, update


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


async def test_what_people_write_is_no_suspect_or_passes() -> None:
    doc, updates = typed(1, *("word " * 200))
    for raw in updates:
        assert not trial.is_suspect(yupdate.parse(raw), 1 << 20)
    state = doc.get_update()
    # A thousand places corrected while offline.
    made = [text("x", origin=(1, at), right=(1, at + 1)) for at in range(0, 900)]
    corrected = update({2: (0, made)})
    assert trial.is_suspect(yupdate.parse(corrected), len(state))
    await trial.attempt(state, corrected)


async def test_a_trial_that_ends_badly_is_a_refusal() -> None:
    with pytest.raises(TooLarge):
        await trial.attempt(b"\x00\x00", b"\xff\xff\xff")
