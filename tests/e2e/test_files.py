"""Files in the room, as people see them."""

from __future__ import annotations

import base64
import re

from playwright.async_api import expect

from tests.e2e.people import PASSWORD, Person
from tests.e2e.scan import violations
from tests.support.hub_process import HubProcess, answer

TUS = {"tus-resumable": "1.0.0"}


async def test_a_file_arrives_in_the_history_and_can_be_had(ada: Person, hub: HubProcess) -> None:
    await ada.begin_thread("Films")
    thread = ada.page.url.rpartition("/")[2]
    data = bytes(range(256)) * 8000
    async with hub.browser() as http:
        await answer(http.post("/api/session", json={"address": ada.address, "password": PASSWORD}))
        told = ",".join(
            f"{key} {base64.b64encode(one.encode()).decode()}"
            for key, one in {"filename": "film <one>.mov", "thread": thread}.items()
        )
        headers = {**TUS, "upload-length": str(len(data)), "upload-metadata": told}
        url = (await http.post("/files/", headers=headers)).headers["location"]
        body = {"text": "", "files": [{"upload": url.rpartition("/")[2]}]}
        await answer(http.post(f"/api/threads/{thread}/messages", json=body))

        file = ada.log().get_by_test_id("file")
        await expect(file).to_contain_text("film _one_.mov")
        await expect(file).to_contain_text("Arriving: 0 bytes of 2.05 MB")
        patch = {**TUS, "content-type": "application/offset+octet-stream", "upload-offset": "0"}
        await http.patch(url, headers=patch, content=data[:1_024_000])
        await expect(file).to_contain_text("Arriving: 1.02 MB of 2.05 MB")
        await expect(file.get_by_role("progressbar")).to_have_js_property("value", 50)
        patch["upload-offset"] = "1024000"
        await http.patch(url, headers=patch, content=data[1_024_000:])

    link = ada.log().get_by_role("link", name=re.compile(r"Download\s*film _one_\.mov\s*2\.05 MB"))
    async with ada.page.expect_download() as coming:
        await link.click()
    download = await coming.value
    assert download.suggested_filename == "film _one_.mov"
    assert (await download.path()).read_bytes() == data
    assert await violations(ada.page) == []
    # The same after a reload; and the inbox says that a file came.
    await ada.page.reload()
    await expect(link).to_be_visible()
    await ada.page.goto(hub.url)
    inbox = ada.page.get_by_role("region", name="Inbox")
    await expect(inbox.get_by_role("link", name=re.compile("Films"))).to_contain_text("a file")
