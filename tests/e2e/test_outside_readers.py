"""Files that two people edit while a third one sends another version, as LibreOffice and pandoc
read them afterwards.
"""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.people import Person
from tests.e2e.test_editing import open_together, send, send_again, versions
from tests.support.hub_process import HubProcess

DATA = Path(__file__).parents[1] / "data"
WORD = (DATA / "docx" / "libreoffice-everything.docx").read_bytes()
MARKDOWN = (DATA / "markdown" / "ours-front-matter.md").read_bytes()


def changed(data: bytes, old: str, new: str) -> bytes:
    """A Word file with other words."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(made, "w") as after:
        for info in before.infolist():
            part = before.read(info)
            if info.filename == "word/document.xml":
                assert part.decode().count(f">{old}<") == 1
                part = part.decode().replace(f">{old}<", f">{new}<").encode()
            after.writestr(info, part)
    return made.getvalue()


def office(data: bytes, suffix: str, into: str, folder: Path) -> bytes:
    """What LibreOffice writes of a file."""
    source = folder / f"given.{suffix}"
    source.write_bytes(data)
    home = f"-env:UserInstallation=file://{folder / 'home'}"
    words = ["soffice", home, "--headless", "--convert-to", into, "--outdir", str(folder / "made")]
    subprocess.run([*words, str(source)], check=True, capture_output=True, timeout=180)
    (made,) = (folder / "made").glob(f"given.{into.partition(':')[0]}")
    return made.read_bytes()


def pandoc(data: bytes, format_: str) -> str:
    words = ["pandoc", "-f", format_, "-t", "plain", "--wrap=none"]
    return subprocess.run(
        words, input=data, check=True, capture_output=True, timeout=60
    ).stdout.decode()


def words_of(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text))


async def three(ada: Person, hub: HubProcess, browser: Browser) -> tuple[Person, Person]:
    ben = await Person.open(browser, hub.url, "Ben Novak", "ben@north.example")
    await ben.accept(await ada.invite())
    cara = await Person.open(browser, hub.url, "Cara Lima", "cara@north.example")
    await cara.accept(await ada.invite())
    return ben, cara


async def type_behind(person: Person, name: str, place: str, text: str) -> None:
    """Type behind words, one sign after another as people do."""
    place_ = person.editor(name).get_by_text(place, exact=True).first
    await place_.click()
    await person.page.keyboard.press("End")
    await person.page.keyboard.type(text, delay=60)


@pytest.mark.heavy
@pytest.mark.timeout(600)
async def test_a_word_file_has_every_edit_for_libreoffice_and_pandoc(
    ada: Person, hub: HubProcess, browser: Browser, tmp_path: Path
) -> None:
    name = "plan.docx"
    await ada.begin_thread("Plan")
    ben, cara = await three(ada, hub, browser)
    await send(ada, name, WORD)
    await expect(ben.log().get_by_role("link", name=f"Open {name}")).to_be_visible()
    # Hers went through LibreOffice, which writes the whole file anew.
    edited = changed(WORD, "The end.", "The very end.")
    theirs = await asyncio.to_thread(office, edited, "docx", "docx", tmp_path)
    assert len(theirs) != len(edited)
    await asyncio.gather(open_together(ada, name), open_together(ben, name))
    assert ada.page.url == ben.page.url
    await asyncio.gather(
        type_behind(ada, name, "Heading one", " as Ada wrote it while others were writing, too"),
        type_behind(
            ben, name, "three", " as Ben went on with it while a version came from outside"
        ),
        send_again(cara, name, theirs),
    )
    for person in (ada, ben):
        await expect(person.page.get_by_text("came in from version 2 by Cara Lima")).to_be_visible()
        await expect(person.editor(name)).to_contain_text("The very end.")
    await ada.saved()
    await ben.saved()
    await ada.editor(name).press("Control+s")
    await expect(ada.page.get_by_text("Saved as version 3.")).to_be_visible()
    line = ben.log().get_by_text("Ada Okafor saved version 3 of “plan.docx”, also with changes by")
    await expect(line).to_contain_text("Ben Novak")
    saved = await versions(ada, name, 3)
    expected = words_of(pandoc(WORD, "docx")) + words_of(
        "as Ada wrote it while others were writing too as Ben went on with it while a version came "
        "from outside very"
    )
    said = pandoc(saved, "docx")
    assert words_of(said) == expected
    read = await asyncio.to_thread(office, saved, "docx", "txt:Text (encoded):UTF8", tmp_path)
    for text in (said, read.decode("utf-8-sig")):
        assert "Heading one as Ada wrote it while others were writing, too" in text
        assert "three as Ben went on with it while a version came from outside" in text
        assert "The very end." in text
    for person in (ada, ben, cara):
        person.check()
    await ben.context.close()
    await cara.context.close()


@pytest.mark.heavy
@pytest.mark.timeout(300)
async def test_a_markdown_file_has_every_edit_and_nothing_else(
    ada: Person, hub: HubProcess, browser: Browser
) -> None:
    name = "plan.md"
    await ada.begin_thread("Plan")
    ben, cara = await three(ada, hub, browser)
    await send(ada, name, MARKDOWN)
    await expect(ben.log().get_by_role("link", name=f"Open {name}")).to_be_visible()
    await asyncio.gather(open_together(ada, name), open_together(ben, name))
    assert ada.page.url == ben.page.url
    theirs = MARKDOWN.replace(b"hotovo", b"naozaj hotovo")
    await asyncio.gather(
        type_behind(ada, name, "Ponuka", " od Ady"),
        type_behind(ben, name, "úloha", " pre Bena"),
        send_again(cara, name, theirs),
    )
    for person in (ada, ben):
        await expect(person.page.get_by_text("came in from version 2 by Cara Lima")).to_be_visible()
        await expect(person.editor(name)).to_contain_text("naozaj hotovo")
    await ada.saved()
    await ben.saved()
    await ben.editor(name).press("Control+s")
    await expect(ben.page.get_by_text("Saved as version 3.")).to_be_visible()
    saved = await versions(ada, name, 3)
    expected = theirs.replace(b"# Ponuka", b"# Ponuka od Ady").replace(
        "úloha".encode(), "úloha pre Bena".encode()
    )
    assert saved == expected
    said = pandoc(saved, "gfm+yaml_metadata_block")
    for words in ("Ponuka od Ady", "úloha pre Bena", "naozaj hotovo"):
        assert said.count(words) == 1
    for person in (ada, ben, cara):
        person.check()
    await ben.context.close()
    await cara.context.close()
