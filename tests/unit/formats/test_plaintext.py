"""Texts go into documents and back: what nobody touched stays byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.formats import plaintext

LINES = st.lists(
    st.tuples(st.sampled_from(("", "a", "b", "č", "x y")), st.sampled_from(("\n", "\r\n", "\r"))),
    max_size=8,
)
TAILS = st.sampled_from(("", "end", "\t"))


@given(LINES, TAILS)
def test_unchanged_is_the_same_bytes(lines: list[tuple[str, str]], tail: str) -> None:
    data = ("".join(text + end for text, end in lines) + tail).encode()
    read = plaintext.read(data)
    assert "\r" not in read.text
    assert plaintext.write(read, read.text) == data


@given(LINES, TAILS, LINES, TAILS)
def test_what_is_saved_is_what_the_document_says(
    lines: list[tuple[str, str]], tail: str, new: list[tuple[str, str]], new_tail: str
) -> None:
    data = ("".join(text + end for text, end in lines) + tail).encode()
    text = "".join(f"{one}\n" for one, _ in new) + new_tail
    assert plaintext.read(plaintext.write(plaintext.read(data), text)).text == text


@pytest.mark.parametrize(
    ("before", "after", "saved"),
    [
        (b"a\r\nb\nc\rd", "a\nB\nc\nd", b"a\r\nB\nc\rd"),  # in the place of another
        (b"a\r\nb\r\n", "a\nnew\nb\n", b"a\r\nnew\r\nb\r\n"),
        (b"a\nb", "a\nb\nc", b"a\nb\nc"),
        (b"a\r\nb", "a\nb\nc", b"a\r\nb\r\nc"),
        (b"", "a\nb", b"a\nb"),
        (b"\xef\xbb\xbfa\n", "b\n", b"\xef\xbb\xbfb\n"),
        (b"a\rb\n\n", "a\n\n", b"a\r\r"),  # CR LF would be one end
    ],
)
def test_line_ends(before: bytes, after: str, saved: bytes) -> None:
    assert plaintext.write(plaintext.read(before), after) == saved


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "žltý 😀\n"),
        ("utf-8-sig", "žltý\n"),
        ("utf-16", "žltý 😀\r\n"),
        ("utf-16-be", "\ufeffžltý\n"),
        ("utf-32", "žltý\n"),
        ("cp1250", "Dobrý deň, posielam žltú ponuku.\n"),
        ("iso8859_2", "Příliš žluťoučký kůň úpěl ďábelské ódy.\n"),
        ("cp852", "Příliš žluťoučký kůň úpěl ďábelské ódy.\n"),
        ("cp1252", "Bonjour à tous, voici le problème: où est l’élève?\n"),
        ("cp1251", "Привет, мир! Это проверка.\n"),
        ("koi8_r", "Привет, мир! Это проверка.\n"),
        ("cp866", "Привет, мир! Это проверка.\n"),
        ("cp1253", "Καλημέρα κόσμε\n"),
        ("cp932", "これはテストです。日本語の文章を読みます。\n"),
        ("gb18030", "这是一个测试文件，包含中文内容。我们希望它能正常工作。\n"),
    ],
)
def test_encodings_are_told_and_kept(encoding: str, text: str) -> None:
    data = text.encode(encoding)
    read = plaintext.read(data)
    assert read.text == text.removeprefix("\ufeff").replace("\r", "")
    assert plaintext.write(read, read.text) == data
    assert plaintext.write(read, read.text + "x") == data + "x".encode(
        encoding.removesuffix("-sig").replace("utf-16", "utf-16-le").replace("le-be", "be")
        if encoding != "utf-32" else "utf-32-le"
    )  # fmt: skip


def test_damage_is_shown_and_kept() -> None:
    data = "prvý\n".encode() + b"br\xfaken\n" + "žltý ďalší\n".encode()
    read = plaintext.read(data)
    assert (read.encoding, read.damaged) == ("utf-8", True)
    assert read.text == "prvý\nbr\ufffdken\nžltý ďalší\n"
    assert plaintext.write(read, read.text) == data
    assert plaintext.write(read, read.text.replace("prvý", "1.")) == b"1." + data[5:]


def test_halves_of_characters_are_shown_and_kept() -> None:
    data = b"\xff\xfe" + "a\ud83d\nb\n".encode("utf-16-le", "surrogatepass")
    read = plaintext.read(data)
    assert read.text == "a\ufffd\nb\n"
    assert plaintext.write(read, read.text + "c") == data + b"c\0"


@pytest.mark.parametrize("data", [b"a\0b", bytes(range(1, 32)) * 20, b"\xff\xfea"])
def test_what_is_no_text(data: bytes) -> None:
    with pytest.raises(plaintext.NotText):
        plaintext.read(data)


def test_characters_that_an_encoding_has_not() -> None:
    read = plaintext.read("Dobrý deň, žltá\n".encode("cp1250"))
    with pytest.raises(plaintext.Unwritable) as caught:
        plaintext.write(read, "Dobrý deň, 😀 ж 😀\n")
    assert caught.value.characters == "😀ж"
    assert plaintext.write(read, "ж\n", anew="utf-8") == "ж\n".encode()


def test_an_encoding_once_told_is_believed() -> None:
    data = "¡Größe!\n".encode("cp1252")
    assert plaintext.read(data, "cp1252").text == "¡Größe!\n"


def test_bytes_that_mean_nothing_stay_in_lines_that_are_edited() -> None:
    data = ("áno " * 9).encode() + b"a\xffb \xfe\r\n" + b"c\xfd\r\n"
    file = plaintext.read(data)
    text = "".join(line.shown for line in file.lines)
    assert text.endswith("a\ufffdb \ufffd\nc\ufffd\n")
    changed = text.replace("a\ufffdb", "new a\ufffd, b").replace("c", "cc")
    made = plaintext.write(file, changed)
    assert made == ("áno " * 9).encode() + b"new a\xff, b \xfe\r\n" + b"cc\xfd\r\n"
    # In an alphabet that has no sign for them, too.
    file = plaintext.read("Příliš".encode("cp1250") + b"\x81 x\n", "cp1250")
    text = "".join(line.shown for line in file.lines)
    assert plaintext.write(file, text.replace("x", "y")).endswith(b"\x81 y\n")
