"""Numbers lead to their threads: for whoever may read these, and for nobody else."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from hub.ids import new_id
from hub.mail.erasure import Eraser
from hub.mail.rebuild import rebuild_projections
from hub.mail.references.rules import MAX_RULES
from hub.storage.projection import Projector
from hub.storage.search import planned_for_its_words
from hub.storage.writer import Append
from hub.wire.references import MAX_REFERENCES
from tests.integration.conftest import Person, Served
from tests.integration.sockets import signed_in
from tests.support.hub_process import answer


async def set_reference(person: Person, served: Served, thread: str, **fields: Any) -> Any:
    async with signed_in(served, person) as raw:
        reply = await raw.call(
            cmd="set_reference", thread=thread,
            **{"send_id": new_id("n"), "kind": "order", **fields},
        )  # fmt: skip
    return reply.get("result") or reply


async def find(person: Person, text: str, *, typed: bool = False) -> list[Any]:
    found = await answer(
        person.http.post("/api/references/find", json={"text": text, "typed": typed})
    )
    return list(found["found"])


async def led_to(person: Person, text: str, *, typed: bool = False) -> list[tuple[str, str]]:
    """``(subject, match)`` of the threads of the only number in a text."""
    (one,) = await find(person, text, typed=typed)
    return [(thread["subject"], thread["match"]) for thread in one["threads"]]


async def said(person: Person, thread: str, text: str) -> int:
    url = f"/api/threads/{thread}/messages"
    return int((await answer(person.http.post(url, json={"text": text})))["seq"])


async def test_a_number_leads_to_its_threads(served: Served) -> None:
    ada = await served.person("ada")
    one, two, three = [await served.thread(ada, subject=name) for name in ("One", "Two", "Three")]
    await set_reference(ada, served, one, number="PO-2026-0042", whose="North")
    seq = await said(ada, two, "see below")
    await set_reference(ada, served, two, number="po 2026/0042", whose="North", target=seq)
    await said(ada, three, "What of PO-2026-0042?")
    (found,) = await find(ada, "😀 About PO-2026/0042, please")
    assert (found["number"], found["start"], found["end"]) == ("PO-2026/0042", 9, 21)
    told = [(one["subject"], one["match"], one.get("seq")) for one in found["threads"]]
    assert told == [("One", "same", None), ("Two", "same", seq), ("Three", "said", 3)]
    assert found["threads"][0]["whose"] == "North"
    assert await led_to(ada, "po 2026-0042", typed=True) == [("One", "same"), ("Two", "same")]
    assert await led_to(ada, "po 20", typed=True) == [("One", "same"), ("Two", "same")]
    assert await led_to(ada, "PO-2026-00", typed=True) == [("One", "same"), ("Two", "same")]
    assert await find(ada, "po 21", typed=True) == []
    assert await find(ada, "no number here") == []


async def test_their_number_and_ours_are_names_of_one_matter(served: Served) -> None:
    ada = await served.person("ada")
    one, two = [await served.thread(ada, subject=name) for name in ("One", "Two")]
    await set_reference(ada, served, one, number="SO-77001")
    await set_reference(
        ada, served, one, number="PO-2026-42", whose="North", alias_of="order:so-77001:"
    )
    await set_reference(ada, served, one, number="PO-2026-43", whose="North")  # another matter
    await set_reference(ada, served, two, number="SO-77001")
    assert await led_to(ada, "PO-2026-42") == [("One", "same"), ("Two", "alias")]
    assert await led_to(ada, "PO-2026-43") == [("One", "same")]
    refused = await set_reference(ada, served, two, number="X-1", alias_of="order:so-9:")
    assert refused["code"] == "reference_not_found"


async def test_who_may_not_read_the_thread_learns_no_alias(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    hers = await served.thread(ada, subject="Hers")
    both = await served.thread(ada, grace, subject="Both")
    await set_reference(ada, served, hers, number="SO-77001")
    await set_reference(ada, served, hers, number="PO-2026-42", alias_of="order:so-77001:")
    await set_reference(ada, served, both, number="SO-77001")
    assert await led_to(ada, "PO-2026-42") == [("Hers", "same"), ("Both", "alias")]
    assert await led_to(grace, "PO-2026-42") == []
    assert await led_to(grace, "SO-77001") == [("Both", "same")]
    refused = await grace.http.get(f"/api/threads/{hers}/references")
    assert refused.json()["code"] == "thread_not_found"


async def test_letters_that_look_alike_are_told_apart(served: Served) -> None:
    """Р and О of Cyrillic: it leads there, and is said to be another number."""
    ada = await served.person("ada")
    real, false = [await served.thread(ada, subject=name) for name in ("Real", "False")]
    await set_reference(ada, served, real, number="PO-2026-0042")
    await set_reference(ada, served, false, number="\u0420\u041e-2026-0042")
    assert await led_to(ada, "PO-2026-0042") == [("Real", "same"), ("False", "alike")]
    channel = {"name": "Orders", "number": "PO-", "prefix": True}
    made = await answer(ada.http.post("/api/channels", json=channel))
    assert made["threads"] == [real]


async def test_what_is_deleted_or_erased_leads_nowhere(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    await answer(
        ada.http.post(
            "/api/references/rules", json={"kind": "case", "pattern": r"C-\d+", "apply": True}
        )
    )
    seq = await said(ada, thread, "of C-2026")
    await set_reference(ada, served, thread, number="PO-2026-42", target=seq)
    assert [match for _, match in await led_to(ada, "PO-2026-42")] == ["same"]
    async with signed_in(served, ada) as raw:
        about = {"thread": thread, "target": seq}
        assert (await raw.call(cmd="delete", send_id="d", **about))["t"] == "ok"
        assert await led_to(ada, "PO-2026-42") == await led_to(ada, "C-2026") == []
        assert (await raw.call(cmd="undelete", send_id="u", **about))["t"] == "ok"
        assert [match for _, match in await led_to(ada, "C-2026")] == ["same"]
        assert (await raw.call(cmd="delete", send_id="d2", **about))["t"] == "ok"
    async with served.hub.database.transaction() as connection:
        await connection.execute("UPDATE items SET erase_at = now() - interval '1 hour' "
                                 "WHERE erase_at IS NOT NULL")  # fmt: skip
    assert await Eraser(served.hub.database, served.hub.clock).erase() == 1
    async with served.hub.database.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM thread_references") == 0
        left = await connection.fetchval(
            "SELECT count(*) FROM events WHERE type = 'reference.set' AND body IS NOT NULL"
        )
        assert left == 0
    report = await rebuild_projections(served.hub.database, Projector(served.url))
    assert report.changed == []


async def test_proposals_and_what_is_settled(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    first = await said(ada, thread, "PO-2026-42, invoice no. 17 and again PO-2026-42")
    await said(ada, thread, "nothing")

    async def proposed() -> list[tuple[int, str]]:
        told = await answer(ada.http.get(f"/api/threads/{thread}/references"))
        return [(one["seq"], one["number"]) for one in told["proposed"]]

    assert await proposed() == [(first, "PO-2026-42"), (first, "17"), (first, "PO-2026-42")]
    await set_reference(ada, served, thread, number="PO 2026-42")
    assert await proposed() == [(first, "17")]
    await set_reference(ada, served, thread, kind="invoice", number="17", target=first, on=False)
    assert await proposed() == []
    state = await answer(ada.http.get(f"/api/threads/{thread}"))
    assert [one["number"] for one in state["references"]] == ["PO 2026-42"]


async def test_a_rule_of_the_owner_asks_nobody(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    rule = {"kind": "contract", "pattern": r"NR-\d{4}", "whose": "North", "apply": True}
    refused = await grace.http.post("/api/references/rules", json=rule)
    assert refused.json()["code"] == "not_hub_owner"
    made = await answer(ada.http.post("/api/references/rules", json=rule))
    for pattern in ("(a+", r"\1", "(?=x)", ".*", r"\b", r"\b(\d*)", "$"):
        refused = await ada.http.post("/api/references/rules", json=rule | {"pattern": pattern})
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_pattern")
    thread = await served.thread(grace, ada, subject="NR-1001: the roof")
    state = await answer(grace.http.get(f"/api/threads/{thread}"))
    assert [(one["number"], one["whose"], one["rule"]) for one in state["references"]] == [
        ("NR-1001", "North", True)
    ]
    seq = await said(grace, thread, "as NR-1002 says, and NR-1002")
    page = await answer(ada.http.get(f"/api/threads/{thread}/history"))
    (item,) = [one for one in page["items"] if one["seq"] == seq]
    assert [one["number"] for one in item["references"]] == ["NR-1002"]
    removed = await ada.http.delete(f"/api/references/rules/{made['rule']}")
    assert removed.status_code == 204
    refused = await ada.http.delete(f"/api/references/rules/{made['rule']}")
    assert refused.json()["code"] == "rule_not_found"
    seq = await said(grace, thread, "and NR-1003")
    assert [one["match"] for one in (await find(ada, "NR-1003"))] == []
    for _ in range(MAX_RULES):
        await answer(ada.http.post("/api/references/rules", json=rule))
    refused = await ada.http.post("/api/references/rules", json=rule)
    assert refused.json()["code"] == "too_many_rules"


async def test_a_channel_gathers_threads_and_asks_its_people_in(served: Served) -> None:
    ada = await served.person("ada")
    grace, linus, eve = [await served.person(name, ada) for name in ("grace", "linus", "eve")]
    new = {"name": "Orders", "number": "PO-", "prefix": True, "kind": "order", "open": False,
           "members": [grace.uid, linus.uid]}  # fmt: skip
    channel = (await answer(ada.http.post("/api/channels", json=new)))["channel"]
    (found,) = await find(grace, "PO-2026-42 is here")
    assert found["channels"] == [channel]
    (hidden,) = await find(eve, "PO-2026-42 is here")
    assert "channels" not in hidden
    numbers = [{"kind": "order", "number": "PO-2026-42"}]
    body = {"subject": "PO-2026-42", "references": numbers, "channels": [channel]}
    refused = await eve.http.post("/api/threads", json=body)
    assert refused.json()["code"] == "channel_not_found"
    made = await answer(grace.http.post("/api/threads", json=body))
    assert {one["uid"] for one in made["members"]} == {ada.uid, grace.uid, linus.uid}
    thread = made["summary"]["thread"]
    told = await answer(linus.http.get(f"/api/channels/{channel}"))
    assert told["threads"] == [thread]
    refused = await grace.http.post("/api/threads", json=body | {"references": []})
    assert refused.json()["code"] == "not_gathered"
    # Later: a thread gets the number, and its owner asks them in.
    own = await served.thread(eve, linus)
    await answer(linus.http.patch(f"/api/channels/{channel}", json={"open": True, "name": "All"}))
    await set_reference(eve, served, own, number="PO-2026-43")
    asked = await answer(eve.http.post(f"/api/threads/{own}/channels", json={"channel": channel}))
    assert sorted(asked["uids"]) == sorted([ada.uid, grace.uid])
    refused = await linus.http.post(f"/api/threads/{own}/channels", json={"channel": channel})
    assert refused.json()["code"] == "not_owner"
    # Joining and leaving; what nobody is in and nobody sees is gone.
    path = f"/api/channels/{channel}"
    refused = await eve.http.patch(path, json={"add": [eve.uid, linus.uid]})
    assert refused.status_code == 404
    joined = await answer(eve.http.patch(path, json={"add": [eve.uid]}))
    assert len(joined["members"]) == 4
    await answer(eve.http.patch(path, json={"remove": [eve.uid]}))
    refused = await eve.http.patch(path, json={"name": "Mine"})
    assert refused.status_code == 404
    everybody = [ada.uid, grace.uid, linus.uid]
    gone = await ada.http.patch(path, json={"remove": everybody, "open": False})
    assert gone.status_code == 204
    assert (await ada.http.get(path)).status_code == 404


async def test_a_channel_keeps_who_is_disabled_for_a_while(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    new = {"name": "Orders", "number": "PO-", "prefix": True, "members": [grace.uid]}
    made = await answer(ada.http.post("/api/channels", json=new))
    path, account = f"/api/channels/{made['channel']}", f"/api/accounts/{grace.uid}"
    await answer(ada.http.patch(account, json={"disabled": True}))
    renamed = await answer(ada.http.patch(path, json={"name": "All orders"}))
    assert renamed["members"] == [ada.uid]
    await answer(ada.http.patch(account, json={"disabled": False}))
    assert len((await answer(ada.http.get(path)))["members"]) == 2


async def test_an_owner_of_the_hub_removes_a_channel_that_they_do_not_see(served: Served) -> None:
    ada = await served.person("ada")
    grace, eve = [await served.person(name, ada) for name in ("grace", "eve")]
    new = {"name": "Mine", "number": "X-1", "open": False}
    made = await answer(grace.http.post("/api/channels", json=new))
    path = f"/api/channels/{made['channel']}"
    assert (await ada.http.get(path)).status_code == 404
    assert (await eve.http.delete(path)).status_code == 404
    assert (await ada.http.delete(path)).status_code == 204
    for _ in range(50):
        await answer(grace.http.post("/api/channels", json=new))
    refused = await grace.http.post("/api/channels", json=new)
    assert refused.json()["code"] == "too_many_channels"


@pytest.mark.parametrize(
    ("channel", "kind", "number", "gathered"),
    [
        ({"number": "PO-", "prefix": True}, "order", "PO-2026-1", True),
        ({"number": "PO-", "prefix": True}, "order", "POL-1", False),
        ({"number": "PO", "prefix": True}, "order", "POL-1", True),
        ({"number": "PO-1"}, "free", "po/1", True),
        ({"number": "PO-1", "kind": "order"}, "free", "PO-1", False),
        ({"number": "0042"}, "variable_symbol", "42", True),
        ({"number": "0042"}, "order", "42", False),
        ({"number": "0042", "prefix": True}, "variable_symbol", "00421", True),
    ],
)
async def test_what_a_channel_gathers(
    served: Served, channel: dict[str, Any], kind: str, number: str, gathered: bool
) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    await set_reference(ada, served, thread, kind=kind, number=number)
    made = await answer(ada.http.post("/api/channels", json={"name": "Some", **channel}))
    assert (made["threads"] == [thread]) is gathered
    told = await answer(ada.http.get(f"/api/threads/{thread}/references"))
    assert (told["channels"] == [made["channel"]]) is gathered


async def test_a_beginning_of_zeros_gathers_nothing(served: Served) -> None:
    ada = await served.person("ada")
    new = {"name": "All", "number": "00", "prefix": True}
    refused = await ada.http.post("/api/channels", json=new)
    assert refused.json()["code"] == "bad_reference"


async def test_a_variable_symbol_is_found_with_and_without_its_zeros(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    await set_reference(ada, served, thread, kind="variable_symbol", number="0000424242")
    for text in ("0000424242", "424242", "00424242"):
        assert [match for _, match in await led_to(ada, text, typed=True)] == ["same"]


async def test_what_was_taken_from_a_message_stays_away_when_it_is_edited(served: Served) -> None:
    ada = await served.person("ada")
    rule = {"kind": "case", "pattern": r"C-\d+", "apply": True}
    await answer(ada.http.post("/api/references/rules", json=rule))
    thread = await served.thread(ada)
    seq = await said(ada, thread, "teh C-100")
    await set_reference(ada, served, thread, kind="case", number="C-100", target=seq, on=False)
    async with signed_in(served, ada) as raw:
        reply = await raw.call(cmd="edit", thread=thread, send_id="e", target=seq, text="the C-100")
    assert reply["t"] == "ok"
    page = await answer(ada.http.get(f"/api/threads/{thread}/history"))
    assert page["items"][-1]["references"] == []


async def test_a_number_that_has_other_names_becomes_none(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    await set_reference(ada, served, thread, number="A-1")
    await set_reference(ada, served, thread, number="B-1", alias_of="order:a-1:")
    await set_reference(ada, served, thread, number="C-1")
    refused = await set_reference(ada, served, thread, number="A-1", alias_of="order:c-1:")
    assert refused["code"] == "has_other_names"


async def test_another_subject_brings_what_a_rule_finds(served: Served) -> None:
    ada = await served.person("ada")
    rule = {"kind": "case", "pattern": r"C-\d+", "apply": True}
    await answer(ada.http.post("/api/references/rules", json=rule))
    thread = await served.thread(ada)
    await answer(ada.http.patch(f"/api/threads/{thread}", json={"subject": "C-1 and C-2"}))
    await set_reference(ada, served, thread, kind="case", number="C-2", on=False)
    state = await answer(ada.http.patch(f"/api/threads/{thread}", json={"subject": "C-2 and C-3"}))
    assert [one["number"] for one in state["references"]] == ["C-1", "C-3"]


async def test_a_number_for_a_message_that_is_deleted_meanwhile(served: Served) -> None:
    """It was checked before; the client that knows of the deletion and the table agree."""
    ada = await served.person("ada")
    thread = await served.thread(ada)
    seq = await said(ada, thread, "of W")
    async with signed_in(served, ada) as raw:
        assert (await raw.call(cmd="delete", thread=thread, send_id="d", target=seq))["t"] == "ok"
        body = {"id": "free:w:", "kind": "free", "number": "W", "on": True, "was": False,
                "matter": "free:w:", "target": seq}  # fmt: skip
        late = Append(thread, "reference.set", ada.uid, msgspec.json.encode(body), "late")
        await served.hub.writer.append(late)
        assert (await raw.call(cmd="undelete", thread=thread, send_id="u", target=seq))["t"] == "ok"
    page = await answer(ada.http.get(f"/api/threads/{thread}/history"))
    (item,) = [one for one in page["items"] if one["seq"] == seq]
    assert item["references"] == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"number": "---"}, "bad_reference"),
        ({"number": "PO\u202e-1"}, "bad_reference"),
        ({"number": "PO-1", "whose": "x\u200b"}, "bad_reference"),
        ({"number": "x" * 101}, "bad_field"),
        ({"number": "\ufdfa" * 100}, "bad_reference"),
        ({"number": "PO-1", "kind": "secret"}, "bad_field"),
        ({"number": "PO-1", "target": 99}, "message_not_found"),
        ({"number": "PO-1", "target": 3, "alias_of": "order:po-2:"}, "message_not_found"),
        ({"number": "PO-1", "alias_of": "order:po-1:"}, "bad_reference"),
    ],
)
async def test_bad_references(served: Served, fields: dict[str, Any], code: str) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    assert (await set_reference(ada, served, thread, **fields))["code"] == code
    assert (await answer(ada.http.get(f"/api/threads/{thread}")))["references"] == []


async def test_the_same_again_changes_nothing(served: Served) -> None:
    ada = await served.person("ada")
    grace = await served.person("grace", ada)
    thread = await served.thread(ada)
    first = await set_reference(ada, served, thread, number="PO-1", send_id="a")
    again = await set_reference(ada, served, thread, number="po/1", send_id="a")
    assert (again["seq"], again["duplicate"]) == (first["seq"], True)
    other = await set_reference(ada, served, thread, number="PO-2", send_id="a")
    assert other["code"] == "send_id_reused"
    nothing = await set_reference(ada, served, thread, number="PO-1", send_id="b")
    assert nothing["changed"] is False
    stranger = await set_reference(grace, served, thread, number="PO-1")
    assert stranger["code"] == "thread_not_found"


async def test_a_thread_has_so_many_references(served: Served) -> None:
    ada = await served.person("ada")
    thread = await served.thread(ada)
    async with signed_in(served, ada) as raw:
        for number in range(MAX_REFERENCES):
            reply = await raw.call(
                cmd="set_reference", thread=thread, send_id=f"s{number}", kind="free",
                number=f"N-{number}",
            )  # fmt: skip
            assert reply["t"] == "ok"
        refused = await raw.call(
            cmd="set_reference", thread=thread, send_id="m", kind="free", number="one more"
        )
        assert refused["code"] == "too_many_references"
        again = await raw.call(
            cmd="set_reference", thread=thread, send_id="a", kind="free", number="n/1"
        )
        assert again["t"] == "ok"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", range(4))
async def test_nobody_is_led_where_they_may_not_read(served: Served, seed: int) -> None:
    """People come and go, histories open and close, numbers are put on threads and messages; after
    everything each asks for every number in every way."""
    luck = random.Random(seed)
    people = [ada := await served.person("ada")]
    people += [await served.person(name, ada) for name in ("grace", "linus")]
    owner = people[0]
    await answer(
        owner.http.post(
            "/api/references/rules", json={"kind": "case", "pattern": r"C-\d+", "apply": True}
        )
    )
    threads = [await served.thread(owner, subject=f"Thread {number}") for number in range(3)]
    roles: dict[tuple[str, str], bool] = {(thread, owner.uid): True for thread in threads}
    histories = dict.fromkeys(threads, "all")
    since: dict[tuple[str, str], int] = {(thread, owner.uid): 0 for thread in threads}
    numbers = [f"PO-2026-{number:02}" for number in range(4)] + ["C-100", "C-200"]
    async with signed_in(served, owner) as raw:
        for step in range(60):
            thread, number = luck.choice(threads), luck.choice(numbers)
            about = {"thread": thread, "send_id": f"s{step}"}
            match luck.randrange(6):
                case 0 | 1:
                    await raw.call(cmd="post", text=f"about {number} now", **about)
                case 2:
                    await raw.call(cmd="set_reference", kind="order", number=number, **about)
                case 3:
                    seq = await said(owner, thread, "look")
                    await raw.call(
                        cmd="set_reference", kind="order", number=number, target=seq, **about
                    )
                case 4:
                    histories[thread] = luck.choice(["all", "joined"])
                    await raw.call(cmd="set_history", history=histories[thread], **about)
                case _:
                    who = luck.choice(people[1:])
                    is_in = roles[thread, who.uid] = not roles.get((thread, who.uid))
                    reply = await raw.call(
                        cmd="set_member", uid=who.uid, role="reader" if is_in else None, **about
                    )
                    since[thread, who.uid] = reply["result"]["seq"]
            person = luck.choice(people)
            ways = [(number, False) for number in numbers] + [("po-20", True), ("c", True)]
            for text, typed in ways:
                for found in await find(person, text, typed=typed):
                    for one in found["threads"]:
                        place = one["thread"], person.uid
                        assert roles.get(place), "a thread that they are not in"
                        if histories[one["thread"]] == "joined" and "seq" in one:
                            assert one["seq"] >= since[place]
            for thread in threads:
                told = await person.http.get(f"/api/threads/{thread}/references")
                assert (told.status_code == 200) == bool(roles.get((thread, person.uid)))
                for one in told.json().get("proposed", []):
                    if histories[thread] == "joined":
                        assert one["seq"] >= since[thread, person.uid]


async def test_a_search_is_planned_for_its_words_each_time(served: Served) -> None:
    """As PostgreSQL plans a query that it has seen five times, a million messages take minutes:
    ``bench found``."""
    async with served.hub.database.acquire() as connection:
        async with planned_for_its_words(connection):
            mode = await connection.fetchval("SHOW plan_cache_mode")
            assert mode == "force_custom_plan"
        assert await connection.fetchval("SHOW plan_cache_mode") == "auto"
