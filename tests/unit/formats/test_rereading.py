"""Texts that are read in another encoding after somebody has changed them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest

from hub.formats.merging import Edit, applied
from hub.formats.rereading import reread

TEXT = "První řádek\nžluťoučký kůň\nposlední úpravy, čtvrtá věta\n"
WRONG = TEXT.encode("cp1250").decode("cp1251")


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (lambda text: text, 3),
        (lambda text: "Up.\n" + text + "Konec\n", 3),
        (lambda text: "Mine " + text, 3),
        (lambda text: text.replace("\n", " end\n"), 3),
        (lambda text: text.partition("\n")[2], 2),
        (lambda text: text.replace(" ", "  and "), 3),
        (lambda text: "", 0),
    ],
)
def test_what_was_written_since_stays(change: Callable[[str], str], lines: int) -> None:
    found = reread(WRONG, change(WRONG), TEXT)
    assert applied(change(WRONG), found.edits) == change(TEXT)
    assert (found.changes, found.conflicts) == (lines, 0)


def test_a_word_that_was_taken_apart_keeps_its_letters() -> None:
    mine = WRONG.replace(WRONG[:5], WRONG[:2] + "XY" + WRONG[2:5], 1)
    assert applied(mine, reread(WRONG, mine, TEXT).edits).startswith("PrXYvní")


def test_characters_of_several_bytes() -> None:
    text = "žluťoučký kůň\nplain\n"
    wrong = text.encode().decode("latin-1")
    found = reread(wrong, "new\n" + wrong + "more\n", text)
    made = applied("new\n" + wrong + "more\n", found.edits)
    assert made.startswith("new\n")
    assert made.endswith("plain\nmore\n")


def test_much_is_quick_enough_and_right() -> None:
    random = Random(3)
    lines = ["".join(random.choices("abc déžš ", k=60)) + "\n" for _ in range(20_000)]
    text = "".join(lines)
    wrong = text.encode("cp1250").decode("cp1251")
    mine = wrong.splitlines(keepends=True)
    for at in sorted(random.sample(range(20_000), 200), reverse=True):
        mine.insert(at, "inserted\n")
    found = reread(wrong, "".join(mine), text)
    made = applied_at_once("".join(mine), found.edits)
    assert [one for one in made.splitlines(keepends=True) if one != "inserted\n"] == lines


def applied_at_once(text: str, edits: Sequence[Edit]) -> str:
    parts: list[str] = []
    at = 0
    for one in edits:
        parts += [text[at : one.start], one.text]
        at = one.end
    return "".join([*parts, text[at:]])
