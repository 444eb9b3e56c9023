"""``hub serve --sample``: people, threads and documents to try, made through the front door."""

from __future__ import annotations

from typing import Any

from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from hub.formats.tree import attributes
from hub.identity.service import Identity, Principal
from hub.ids import new_id
from hub.mail.threads import Threads
from hub.rooms.door import Door
from hub.storage.writer import Append
from hub.wire import api
from hub.wire import commands as cmd

PASSWORD = "sample sample"  # noqa: S105 printed for everybody to read

PEOPLE = (
    ("Ada Okafor", "ada@north.example"),
    ("Grace Lindqvist", "grace@north.example"),
    ("Ivan Petrov", "ivan@north.example"),
    ("Mei Tanaka", "mei@north.example"),
)

THREADS: tuple[tuple[str, tuple[tuple[int, str], ...]], ...] = (
    (
        "Release 1.0",
        (
            (0, "Welcome. The **release notes** are in the document on the right."),
            (2, "I put the draft there. Please edit it directly."),
            (1, "Looks good. The upgrade section needs a line about the new schema version."),
            (3, "Can we ship on Thursday? The migration takes about a minute:\n\n"
                "```\nhub doctor\nhub serve\n```"),
            (0, "Thursday it is."),
        ),
    ),
    (
        "Faktúra za september",
        (
            (1, "Prosím, skontrolujte faktúru a doplňte variabilný symbol."),
            (0, "Hotovo, je v texte nižšie."),
        ),
    ),
    ("Design review", ((3, "Three screens are ready for comments."),)),
)  # fmt: skip


async def fill_if_new(hub: Any) -> list[str]:
    """Fill a hub that has no owner; returns lines to print."""
    return await fill(hub) if await hub.identity.needs_owner() else []


async def fill(hub: Any) -> list[str]:
    """Fill an empty hub; returns lines to print."""
    identity: Identity = hub.identity
    threads: Threads = hub.threads
    door: Door = hub.door
    link = await identity.first_owner_link()
    assert link is not None
    who: list[Principal] = []
    for index, (name, address) in enumerate(PEOPLE):
        if index:
            link = (await identity.invite(who[0], api.NewInvitation(address=address))).link
        given = api.AcceptLink(
            secret=link.partition("#")[2], password=PASSWORD, display_name=name, address=address
        )
        _, secret, _ = await identity.accept_link(given, "sample", "sample")
        who.append(await identity.authenticate_cookie(secret))
    for subject, messages in THREADS:
        thread = await threads.create(
            who[0].uid, api.NewThread(subject=subject, members=[one.uid for one in who[1:]])
        )
        for author, text in messages:
            await door.write(who[author], cmd.Post(thread=thread, send_id=new_id("n"), text=text))
        if subject == "Release 1.0":
            await _document(hub, who[2], thread, "rich", "Release notes", _notes())
            await _document(hub, who[0], thread, "text", "Runbook", _runbook())
    return [
        "Sample people, all with the password “" + PASSWORD + "”:",
        *(f"  {address}" for _, address in PEOPLE),
        "",
    ]


async def _document(
    hub: Any, who: Principal, thread: str, kind: Any, title: str,
    doc: Doc[Any],
) -> None:  # fmt: skip
    made = await hub.door.write(
        who,
        cmd.CreateDocument(
            thread=thread, send_id=new_id("n"), kind=kind, title=title,
            language="markdown" if kind == "text" else None,
        ),
    )  # fmt: skip
    assert made.document is not None
    info = await hub.library.info(made.document)
    (client,) = await hub.library.lease(info, who.uid, 1, most=1)
    own: Doc[Any] = Doc(client_id=client)
    _copy(doc, own)
    await hub.writer.append(
        Append(info.document, "doc.update", who.uid, own.get_update(), update=True)
    )


def _copy(source: Doc[Any], target: Doc[Any]) -> None:
    """The same content under another client id."""
    target["content"] = Text(str(source.get("content", type=Text)))
    fragment = XmlFragment()
    target["default"] = fragment
    for child in source.get("default", type=XmlFragment).children:
        if isinstance(child, XmlElement):
            _copy_element(child, fragment)


def _copy_element(source: XmlElement, parent: XmlFragment | XmlElement) -> None:
    element = XmlElement(source.tag or "paragraph", attributes(source))
    parent.children.append(element)
    for child in source.children:
        if isinstance(child, XmlText):
            text = XmlText()
            element.children.append(text)
            for piece, attrs in child.diff():
                if isinstance(piece, str):
                    text.insert(len(str(text).encode()), piece, attrs or {})
        elif isinstance(child, XmlElement):
            _copy_element(child, element)


def _notes() -> Doc[Any]:
    doc: Doc[Any] = Doc()
    doc["content"] = Text()
    doc["default"] = fragment = XmlFragment()

    def block(parent: Any, tag: str, text: str | None = None, **attrs: Any) -> XmlElement:
        element = XmlElement(tag, attrs)
        parent.children.append(element)
        if text is not None:
            element.children.append(XmlText(text))
        return element

    block(fragment, "heading", "Release notes 1.0", level=1)
    block(
        fragment,
        "paragraph",
        "Every thread is now a live room: history, documents and people share one page.",
    )
    block(fragment, "heading", "Upgrading", level=2)
    bullets = block(fragment, "bulletList")
    for line in ("Back up the database first", "Run the migration once (about a minute)"):
        block(block(bullets, "listItem"), "paragraph", line)
    return doc


def _runbook() -> Doc[Any]:
    doc: Doc[Any] = Doc()
    doc["default"] = XmlFragment()
    doc["content"] = Text("# Runbook\n\n1. hub doctor\n2. hub serve\n3. Watch /metrics\n")
    return doc
