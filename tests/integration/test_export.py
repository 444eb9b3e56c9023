"""Exports over HTTP of documents that are hard to export."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
from typing import Any

import pytest
from pycrdt import Doc, XmlElement, XmlFragment, XmlText

from hub.editing.exporting import AT_ONCE
from hub.formats import export
from hub.storage.writer import Append
from tests.integration.conftest import Served
from tests.integration.files.test_attachments import Room
from tests.integration.files.test_uploads import problem
from tests.support.hub_process import answer


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
        for _ in range(AT_ONCE + 3)
    ]
    try:
        while len(begun) < AT_ONCE:
            await asyncio.sleep(0.01)
        # The loop serves others meanwhile, and lets no further one begin.
        assert (await ada.http.get("/api/me")).status_code == 200
        assert len(begun) == AT_ONCE
    finally:
        go_on.set()
    assert [(await one).text for one in requests] == ["exported"] * len(requests)
    assert threading.main_thread() not in begun


async def test_pictures_go_with_the_page_and_are_named_elsewhere(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    document = await served.document(ada, thread, "rich")
    room = Room(served, ada, thread)
    body = {"file": {"upload": await room.upload(PIXEL, "roof.png")}, "document": document}
    added = await answer(ada.http.post(f"/api/threads/{thread}/attachments", json=body))
    (picture,) = added["attachments"]
    await room.settle()
    doc: Doc[Any] = Doc(client_id=7)
    with doc.transaction():
        children = doc.get("default", type=XmlFragment).children
        for one in (picture, "a_" + "x" * 22):
            children.append(XmlElement("image", {"src": f"attachment:{one}", "alt": "The roof"}))
    await served.hub.writer.append(
        Append(document, "doc.update", ada.uid, bytes(doc.get_update()), update=True)
    )
    path = f"/api/documents/{document}"
    page = (await ada.http.get(f"{path}/export?format=html")).text
    inside = f'<img src="data:image/png;base64,{base64.b64encode(PIXEL).decode()}" alt="The roof">'
    assert inside in page
    elsewhere = f"{served.url}/api/attachments/a_{'x' * 22}/versions/1"
    assert f'<img src="{elsewhere}" alt="The roof">' in page
    markdown = (await ada.http.get(f"{path}/export?format=md")).text
    assert f"![The roof]({served.url}/api/attachments/{picture}/versions/1)" in markdown
    # It is no file of its own; and whoever reads the document sees it, however late they came.
    assert problem(await ada.http.delete(f"/api/attachments/{picture}")) == (409, "in_document")
    await answer(ada.http.patch(f"/api/threads/{thread}", json={"history": "joined"}))
    grace = await served.person("grace", ada)
    assert (await grace.http.get(f"/api/attachments/{picture}/versions/1")).status_code == 404
    await answer(ada.http.post(f"/api/threads/{thread}/members", json={"uid": grace.uid}))
    found = await grace.http.get(f"/api/attachments/{picture}/versions/1")
    assert found.content == PIXEL
    # Its id was known before the hub heard of it.
    seed = json.dumps([thread, ada.uid, "send-7", 0], separators=(",", ":")).encode()
    digest = hashlib.sha256(b"attachment" + seed).digest()[:16]
    body = {
        "file": {"upload": await room.upload(b"GIF89a", "b.gif")},
        "document": document,
        "send_id": "send-7",
    }
    added = await answer(ada.http.post(f"/api/threads/{thread}/attachments", json=body))
    expected = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert added["attachments"] == [f"a_{expected}"]


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
