"""What a file is, and how it may be shown."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.files.previews.kinds import nature, sniff

JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
ZIP = b"PK\x03\x04\x14\0\0\0"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def brand(*names: bytes) -> bytes:
    body = names[0] + bytes(4) + b"".join(names[1:])
    return struct.pack(">I4s", 8 + len(body), b"ftyp") + body


@pytest.mark.parametrize(
    ("name", "declared", "head", "kind", "media_type", "inline"),
    [
        ("a.jpg", "image/jpeg", JPEG, "image", "image/jpeg", True),
        ("a.png", "", PNG, "image", "image/png", True),
        ("a.gif", "", b"GIF89a\1\0\1\0", "image", "image/gif", True),
        ("a.webp", "", b"RIFF\x24\0\0\0WEBPVP8 ", "image", "image/webp", True),
        ("a.bmp", "", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "image", "image/bmp", True),
        ("a.tif", "", b"II*\0\x08\0\0\0", "image", "image/tiff", False),
        ("a.avif", "", brand(b"avif", b"mif1"), "image", "image/avif", True),
        ("a.avif", "", brand(b"mif1", b"avif"), "image", "image/avif", True),
        ("a.heic", "", brand(b"heic", b"mif1"), "image", "image/heic", False),
        ("a", "", brand(b"mif1", b"heic"), "image", "image/heic", False),
        ("a", "", brand(b"mif1"), "image", "image/heif", False),
        ("a.mp4", "", brand(b"isom", b"mp42"), "video", "video/mp4", True),
        ("a.mov", "", brand(b"qt  "), "video", "video/quicktime", False),
        ("a.m4a", "", brand(b"M4A "), "audio", "audio/mp4", True),
        ("a.webm", "", b"\x1a\x45\xdf\xa3\x01", "video", "video/webm", True),
        ("a.mkv", "", b"\x1a\x45\xdf\xa3\x01", "video", "video/x-matroska", False),
        ("a.mp3", "", b"ID3\x03\0", "audio", "audio/mpeg", True),
        ("a.mp3", "", b"\xff\xfb\x90\x64\0\0", "audio", "audio/mpeg", True),
        ("a.ogg", "", b"OggS\0", "audio", "audio/ogg", True),
        ("a.ogv", "", b"OggS\0", "video", "video/ogg", True),
        ("a.wav", "", b"RIFF\x24\0\0\0WAVEfmt ", "audio", "audio/wav", True),
        ("a.pdf", "", b"%PDF-1.7\n", "pdf", "application/pdf", True),
        ("a.docx", "", ZIP, "office", DOCX, False),
        ("a", DOCX, ZIP, "office", DOCX, False),
        ("a.doc", "", OLE, "office", "application/msword", False),
        ("a.rtf", "", b"{\\rtf1", "office", "application/rtf", False),
        ("a.zip", "", ZIP, "none", "application/zip", False),
        ("a.txt", "", b"hello", "text", "text/plain", True),
        ("README", "", b"hello", "text", "text/plain", True),
        ("a.txt", "text/plain; charset=utf-16", b"\xff\xfeh\0", "text", "text/plain", True),
        ("a.csv", "", b"a,b", "text", "text/csv", False),
        ("a.md", "", b"# Hello", "markdown", "text/markdown", False),
        ("a.py", "", b"import os", "code", "text/plain", True),
        ("Dockerfile", "", b"FROM x", "code", "text/plain", True),
        ("a.json", "", b"{}", "code", "application/json", False),
        # Never a page of ours.
        ("a.html", "text/html", b"<p>hello", "code", "text/html", False),
        ("a.txt", "text/plain", b"<!DOCTYPE html><p>", "code", "text/html", False),
        ("a.txt", "text/plain", b"\xef\xbb\xbf <!-- x --> <script>x", "code", "text/html", False),
        ("a.svg", "image/svg+xml", b"<svg xmlns=", "code", "image/svg+xml", False),
        ("a.png", "image/png", b"<svg xmlns=", "code", "image/svg+xml", False),
        ("a.png", "image/png", b'<?xml version="1.0"?><svg ', "code", "image/svg+xml", False),
        ("a.xml", "", b'<?xml version="1.0"?><a>', "code", "application/xml", False),
        ("a.xhtml", "", b"<a>", "code", "application/xhtml+xml", False),
        # Bytes count for more than what is said of them.
        ("a.png", "image/png", JPEG, "image", "image/jpeg", True),
        ("a.pdf", "application/pdf", b"hello", "text", "text/plain", True),
        ("a.png", "image/png", b"\1\2\3\4", "none", "application/octet-stream", False),
        ("a.html", "text/html", b"\0\0", "none", "application/octet-stream", False),
        ("a.jpg", "", b"MZ\x90\0", "none", "application/vnd.microsoft.portable-executable", False),
        ("a", "text/html\r\nX: y", b"hello", "text", "text/plain", True),
        ("", "", b"", "text", "text/plain", True),
    ],
)
def test_nature(
    name: str, declared: str, head: bytes, kind: str, media_type: str, inline: bool
) -> None:
    found = nature(name, declared, head)
    assert (found.kind, found.media_type, found.inline) == (kind, media_type, inline)


@given(st.text(max_size=20), st.text(max_size=40), st.binary(max_size=80))
def test_nothing_that_runs_is_ever_inline(name: str, declared: str, head: bytes) -> None:
    found = nature(name, declared, head)
    assert found.media_type.isascii()
    assert not {"\r", "\n", " ", ";"} & set(found.media_type)
    if found.inline:
        assert found.media_type.partition("/")[0] in ("image", "audio", "video") or (
            found.media_type in ("application/pdf", "text/plain")
        )
        assert "xml" not in found.media_type


@given(
    st.sampled_from(["html", "svg", "xml", "xhtml", "txt", "png"]),
    st.sampled_from(["text/html", "image/svg+xml", "text/plain", "image/png", "video/mp4"]),
    st.sampled_from([b"<html>", b"<svg ", b"<?xml ?>", b"<!doctype html>", b"<script>"]),
)
def test_a_page_is_only_downloaded(suffix: str, declared: str, head: bytes) -> None:
    assert not nature(f"a.{suffix}", declared, b" \n" + head).inline


def test_a_picture_that_is_cut_off_is_not_known() -> None:
    assert sniff(PNG[:7]) is None
    assert sniff(b"") is None
