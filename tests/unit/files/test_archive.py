"""A ZIP made while it is sent."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator

import pytest

from hub.files.archive import Entry, Names, archived


async def parts(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 1000):
        yield data[at : at + 1000]


async def test_everything_is_in_it_under_a_name_of_its_own() -> None:
    files = [("a.txt", b"one"), ("a.txt", b"two" * 5000), ("Žluť 😀.pdf", b""), ("a (2).txt", b"3")]
    entries = [Entry(name, 0, len(data), parts(data)) for name, data in files]
    packed = b"".join([part async for part in archived(entries)])
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    names = ["a.txt", "a (2).txt", "Žluť 😀.pdf", "a (2) (2).txt"]
    assert found == dict(zip(names, [data for _, data in files], strict=True))


@pytest.mark.parametrize(
    ("name", "free"), [("a.txt", "a (3).txt"), (".env", ".env (2)"), ("b", "b"), ("c", "c (2)")]
)
def test_a_free_name(name: str, free: str) -> None:
    names = Names()
    for taken in ("a.txt", "a (2).txt", ".env", "c"):
        names.take(taken)
    assert names.take(name) == free


def test_names_that_are_one_to_a_system_are_two_files() -> None:
    names = Names()
    given = ["A.txt", "a.txt", "a.TXT", "Straße", "STRASSE", "\u00e9", "e\u0301", "É"]
    taken = [names.take(name) for name in given]
    assert taken == [
        "A.txt", "a (2).txt", "a (3).TXT", "Straße", "STRASSE (2)", "\u00e9", "e\u0301 (2)",
        "É (3)",
    ]  # fmt: skip
    assert names.take("A (2).txt") == "A (2) (2).txt"


@pytest.mark.parametrize("name", ["ž" * 125 + ".txt", "x" * 255, "x." + "y" * 253])
def test_a_name_stays_as_short_as_a_file_system_takes(name: str) -> None:
    names = Names()
    found = {names.take(name) for _ in range(12)}
    assert len(found) == 12
    assert max(len(one.encode()) for one in found) <= 255
