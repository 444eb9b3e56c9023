"""What other programs put on the clipboard, and the way of it into a page."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Locator

FOLDER = Path(__file__).parent.parent / "data/clipboard"
# One red dot.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


@dataclass(frozen=True, slots=True)
class Item:
    """Attributes:
    words: what is seen once it is pasted as rich text.
    unseen: what is not.
    """

    name: str
    html: str | None
    text: str
    words: tuple[str, ...]
    unseen: tuple[str, ...]


def items() -> list[Item]:
    found = []
    for one in json.loads((FOLDER / "index.json").read_text()):
        content = (FOLDER / one["file"]).read_bytes().decode()
        is_html = one["type"] == "text/html"
        found.append(
            Item(
                name=one["file"],
                html=content if is_html else None,
                text=one["plain"] if is_html else content,
                words=tuple(one["words"]),
                unseen=tuple(one["not"]),
            )
        )
    return found


async def paste(
    editor: Locator, text: str = "", html: str | None = None, picture: bytes | None = None
) -> None:
    """What a browser tells an editor when somebody pastes; the editor has the focus."""
    await editor.evaluate(
        """(editor, { text, html, picture }) => {
            const data = new DataTransfer();
            if (text) data.setData("text/plain", text);
            if (html !== null) data.setData("text/html", html);
            if (picture !== null) {
                const bytes = Uint8Array.from(atob(picture), (char) => char.charCodeAt(0));
                data.items.add(new File([bytes], "dot.png", { type: "image/png" }));
            }
            editor.dispatchEvent(new ClipboardEvent("paste", {
                clipboardData: data, bubbles: true, cancelable: true,
            }));
        }""",
        {
            "text": text,
            "html": html,
            "picture": None if picture is None else base64.b64encode(picture).decode(),
        },
    )
