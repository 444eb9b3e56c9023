"""Names of files, from wherever they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.filenames import MAX_BYTES, file_name, media_type


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ada\\offer.docx", "offer.docx"),
        ("folder/", "folder"),
        ("", "file"),
        ("..", "file"),
        ("/", "file"),
        (" \u200b ", "file"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\x00b\nc.txt", "ab c.txt"),
        ("tab\tand  space.txt", "tab and space.txt"),
        ('a<b>:"c|?*.txt', "a_b___c___.txt"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com1 .log", "_com1 .log"),
        ("console.log", "console.log"),
        ("trailing. . ", "trailing"),
        (".gitignore", ".gitignore"),
        ("re\u0301sume\u0301.txt", "r\u00e9sum\u00e9.txt"),
        ("\u05e7\u05d5\u05d1\u05e5.pdf", "\u05e7\u05d5\u05d1\u05e5.pdf"),
        ("👩\u200d💻.png", "👩\u200d💻.png"),
        ("x" * 5000 + ".tar.gz", "x" * (MAX_BYTES - 3) + ".gz"),
        ("ž" * 5000 + ".pdf", "ž" * 125 + ".pdf"),
        ("x." + "y" * 5000, "x." + "y" * 253),
    ],
)
def test_a_name_is_mended(given_: str, kept: str) -> None:
    assert file_name(given_) == kept


@given(st.text(max_size=600))
def test_any_name_fits_everywhere_and_is_mended_once(text: str) -> None:
    name = file_name(text)
    assert 0 < len(name.encode()) <= MAX_BYTES
    assert not set(name) & set('<>:"/\\|?*\x00\n\u202e')
    assert name not in (".", "..")
    assert file_name(name) == name


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("image/PNG", "image/png"),
        ("text/plain; charset=utf-8", "text/plain"),
        ("", "application/octet-stream"),
        ("text", "application/octet-stream"),
        ("text/html\r\nx: y", "application/octet-stream"),
    ],
)
def test_a_media_type(given_: str, kept: str) -> None:
    assert media_type(given_) == kept
