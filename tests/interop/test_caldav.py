"""A genuine calendar program (the Python ``caldav`` client) beside people in a room."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.agenda import lines, reading
from hub.errors import HubError
from hub.ids import new_id
from tests.integration.conftest import Person, Served, served
from tests.integration.sockets import signed_in
from tests.support.hub_process import answer
from tests.unit.agenda.test_lines import files

__all__ = ["served"]
HERE = Path(__file__).parent
PYTHON = HERE / ".venv" / "bin" / "python"


class Refused(Exception):
    """What the program was told, by its own name for it."""


class Device:
    """Its process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def __call__(self, do: str, **order: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, **order}).encode() + b"\n")
        async with asyncio.timeout(30):
            line = await self._process.stdout.readline()
        assert line, "the program ended"
        result = json.loads(line)
        if isinstance(result, dict) and "failed" in result:
            raise Refused(result["failed"], result["said"])
        return result


async def device_token(person: Person, name: str = "Phone") -> str:
    made = await answer(
        person.http.post("/api/tokens", json={"name": name, "scopes": ["calendar"]})
    )
    return str(made["token"])


@asynccontextmanager
async def device(served: Served, token: str) -> AsyncIterator[Device]:
    process = await asyncio.create_subprocess_exec(
        str(PYTHON), str(HERE / "caldav_peer.py"), served.url, "ada@north.example", token,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env={"NO_PROXY": "*", "PATH": ""}, limit=1 << 24,
    )  # fmt: skip
    try:
        yield Device(process)
    finally:
        assert process.stdin
        process.stdin.close()
        async with asyncio.timeout(10):
            await process.wait()


def event(uid: str, title: str, *more: str) -> str:
    return todo(uid, title, *more).replace("VTODO", "VEVENT")


def todo(uid: str, title: str, *more: str) -> str:
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Phone//EN", "BEGIN:VTODO", f"UID:{uid}",
        "DTSTAMP:20261127T090000Z", f"SUMMARY:{title}", *more, "END:VTODO", "END:VCALENDAR",
    ]  # fmt: skip
    return "\n".join(lines)


def title_of(text: str) -> str:
    (calendar,) = lines.read(text.encode())
    line = reading.parts_of(calendar)[0].first("SUMMARY")
    return "" if line is None else line.text


async def test_a_task_goes_both_ways(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada, grace)
    async with device(served, await device_token(ada)) as phone, signed_in(served, grace) as raw:
        await raw.call(cmd="subscribe", thread=thread)
        found = await phone("discover")
        assert found["calendars"] == {"Tasks": ["VTODO"], "Meetings": ["VEVENT"]}
        assert found["addresses"] == ["mailto:ada@north.example"]
        assert (await phone("sync", calendar="Tasks"))["changed"] == []
        # From the room to the phone.
        made = await raw.call(
            cmd="add_entry", send_id=new_id("n"), thread=thread, title="Send the offer",
            people=[ada.uid],
        )  # fmt: skip
        entry = made["result"]["entry"]
        ((url, text),) = (await phone("sync", calendar="Tasks"))["changed"]
        assert title_of(text) == "Send the offer"
        # And back: done on the phone, and the chip turns.
        await phone("complete", url=url)
        told = await raw.until(
            lambda frame: frame["t"] == "event" and frame["data"].get("did") == "finished"
        )
        assert told["data"]["entry"] == entry
        assert (told["data"]["state"], told["data"]["done_by"]) == ("done", ada.uid)
        # Opened again in the room, the phone learns of it; removed there, it is gone.
        await raw.call(
            cmd="finish_entry", send_id=new_id("n"), thread=thread, entry=entry, done=False
        )
        ((again, text),) = (await phone("sync", calendar="Tasks"))["changed"]
        assert (again, "STATUS:NEEDS-ACTION" in text) == (url, True)
        await raw.call(cmd="remove_entry", send_id=new_id("n"), thread=thread, entry=entry)
        changes = await phone("sync", calendar="Tasks")
        assert (changes["changed"], changes["gone"]) == ([], [url])
        # Nothing more, and nothing twice.
        assert await phone("sync", calendar="Tasks") == {
            "token": changes["token"], "changed": [], "gone": [],
        }  # fmt: skip


async def test_made_changed_and_deleted_on_a_device(served: Served) -> None:
    ada = await served.person("ada")
    async with device(served, await device_token(ada)) as phone:
        await phone("discover")
        url = await phone("add", calendar="Tasks", ical=todo("milk-1", "Buy milk", "PRIORITY:1"))
        (task,) = (await answer(ada.http.get("/api/tasks")))["entries"]
        assert task["title"] == "Buy milk"
        changed = todo("milk-1", "Buy oat milk", "PRIORITY:1", "X-SHOP:corner")
        await phone("load", url=url)
        await phone("put", url=url, ical=changed)
        (task,) = (await answer(ada.http.get("/api/tasks")))["entries"]
        assert task["title"] == "Buy oat milk"
        assert "X-SHOP:corner" in await phone("load", url=url)
        found = await phone("search", calendar="Tasks", todo=True)
        assert [title_of(text) for _, text in found] == ["Buy oat milk"]
        assert (await phone("by_uid", calendar="Tasks", uid="milk-1"))[0] == url
        await phone("delete", url=url)
        assert (await answer(ada.http.get("/api/tasks")))["entries"] == []
        with pytest.raises(Refused, match="NotFound"):
            await phone("load", url=url)
        # It can be brought back where it was made; and the phone has it again.
        async with signed_in(served, ada) as raw:
            back = await raw.call(
                cmd="unremove_entry", send_id=new_id("n"), thread=task["thread"],
                entry=task["entry"],
            )  # fmt: skip
        assert back["t"] == "ok"
        assert title_of(await phone("load", url=url)) == "Buy oat milk"


async def test_the_second_of_two_devices_is_told(served: Served) -> None:
    ada = await served.person("ada")
    token = await device_token(ada)
    async with device(served, token) as phone, device(served, token) as laptop:
        await phone("discover")
        await laptop("discover")
        url = await phone("add", calendar="Tasks", ical=todo("one", "First"))
        for one in (phone, laptop):
            await one("load", url=url)
        await phone("put", url=url, ical=todo("one", "By the phone"))
        with pytest.raises(Refused, match="412"):
            await laptop("put", url=url, ical=todo("one", "By the laptop"))
        assert title_of(await laptop("load", url=url)) == "By the phone"
        await laptop("put", url=url, ical=todo("one", "By both"))
        # One UID, once.
        status, _ = await phone(
            "send", calendar="Tasks", name="other.ics", ical=todo("one", "Again")
        )
        assert status == 409


async def test_a_week_of_meetings_is_found(served: Served) -> None:
    ada = await served.person("ada")
    async with device(served, await device_token(ada)) as phone:
        await phone("discover")
        await phone(
            "add", calendar="Meetings",
            ical=event(
                "weekly", "Team", "DTSTART;TZID=Europe/Prague:20261123T090000",
                "DURATION:PT30M", "RRULE:FREQ=WEEKLY",
            ),
        )  # fmt: skip
        await phone(
            "add", calendar="Meetings",
            ical=event("once", "Visit", "DTSTART;VALUE=DATE:20270110"),
        )  # fmt: skip
        week = {"start": "2027-01-11T00:00:00+00:00", "end": "2027-01-18T00:00:00+00:00"}
        found = await phone("search", calendar="Meetings", event=True, **week)
        assert [title_of(text) for _, text in found] == ["Team"]
        found = await phone("search", calendar="Meetings", event=True, server_expand=True, **week)
        text = "".join(text for _, text in found if title_of(text) == "Team")
        assert "DTSTART:20270111T080000Z" in text
        assert "RRULE" not in text
        far = {"start": "2040-01-01T00:00:00+00:00", "end": "2040-01-05T00:00:00+00:00"}
        found = await phone("search", calendar="Meetings", event=True, **far)
        assert [title_of(text) for _, text in found] == ["Team"]
        # A series that is too dense to be told moment by moment hides none of the others, and the
        # program asks for all of it then.
        hours = ",".join(map(str, range(24)))
        await phone(
            "add", calendar="Meetings",
            ical=event("dense", "Bells", "DTSTART:20500101T000000Z",
                       f"RRULE:FREQ=DAILY;BYHOUR={hours}"),
        )  # fmt: skip
        year = {"start": "2050-01-01T00:00:00+00:00", "end": "2051-01-01T00:00:00+00:00"}
        found = await phone("search", calendar="Meetings", event=True, server_expand=True, **year)
        rules = {title_of(text): "RRULE" in text for _, text in found}
        assert rules == {"Team": False, "Bells": True}


async def test_real_calendars_come_back_whole(served: Served) -> None:
    """Those of one task or meeting each, from the tests of packages that read them."""
    ada = await served.person("ada")
    sent = 0
    uids: set[str] = set()
    async with device(served, await device_token(ada)) as phone:
        await phone("discover")
        for path in files():
            try:
                (calendar,) = lines.read(path.read_bytes())
                master = reading.parts_of(calendar)[0]
                uid = reading.facts(calendar).uid
            except (HubError, ValueError):
                continue  # several, or none that can be understood
            if uid in uids:
                continue
            uids.add(uid)
            kept = calendar.copy()
            kept.drop("METHOD")
            folder = "Tasks" if master.name == "VTODO" else "Meetings"
            text = lines.write(calendar).decode()
            try:
                status, back = await phone(
                    "send", calendar=folder, name=f"{path.stem}.ics", ical=text
                )
            except Refused:
                assert path.stem in REFUSED, path
                continue
            assert status == 201, path
            (found,) = lines.read(back.encode())
            assert _sorted(found) == _sorted(kept), path
            sent += 1
    assert sent >= 60


# A component of nobody's around the meeting;
REFUSED = {
    "issue_178_custom_component_contains_other", "issue_1081_invalid_rrule_freq",
    "bad_rrule_missing_until_event",
}  # fmt: skip


def _sorted(block: lines.Block) -> Any:
    """Whatever their order."""
    own = sorted(str(one) for one in block.parts if isinstance(one, lines.Line))
    return block.name, own, sorted(_sorted(one) for one in block.blocks())
