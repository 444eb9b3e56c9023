"""Exports over HTTP of documents that are hard to export."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from hub.api.hub import EXPORTS
from hub.rooms import export
from hub.storage.writer import Append
from tests.integration.conftest import Served


def deep(levels: int) -> bytes:
    doc: Doc[Any] = Doc(client_id=7)
    with doc.transaction():
        children = doc.get("default", type=XmlFragment).children
        for level in range(levels):
            quote = children.append(XmlElement("blockquote", {}, []))
            quote.children.append(XmlElement("paragraph", {}, [XmlText(f"level {level}.")]))
            children = quote.children
    return bytes(doc.get_update())


@pytest.mark.parametrize("path", ["export?format=md", "export?format=html", "export", "print"])
async def test_a_log_of_old_may_be_nested_deeper_than_is_taken_now(
    served: Served, path: str
) -> None:
    ada = await served.person("ada")
    document = await served.document(ada, await served.thread(ada), "rich")
    await served.hub.writer.append(Append(document, "doc.update", ada.uid, deep(600), update=True))
    answer = await ada.http.get(f"/api/documents/{document}/{path}")
    assert answer.status_code == 200
    assert all(f"level {level}." in answer.text for level in range(600))


async def test_few_exports_are_made_at_once_and_none_on_the_loop(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await served.person("ada")
    document = await served.document(ada, await served.thread(ada), "rich")
    begun: list[threading.Thread] = []
    go_on = threading.Event()

    def wait(*_: Any) -> bytes:
        begun.append(threading.current_thread())
        go_on.wait(10)
        return b"exported"

    monkeypatch.setattr(export, "export_state", wait)
    requests = [
        asyncio.create_task(ada.http.get(f"/api/documents/{document}/export"))
        for _ in range(EXPORTS + 3)
    ]
    try:
        while len(begun) < EXPORTS:
            await asyncio.sleep(0.01)
        # The loop serves others meanwhile, and lets no further one begin.
        assert (await ada.http.get("/api/me")).status_code == 200
        assert len(begun) == EXPORTS
    finally:
        go_on.set()
    assert [(await one).text for one in requests] == ["exported"] * len(requests)
    assert threading.main_thread() not in begun
