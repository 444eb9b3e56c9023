"""How much a browser loads before it shows something, and for a call; of what `make build` made."""

from __future__ import annotations

import re
from pathlib import Path

STATIC = Path(__file__).parents[2] / "hub" / "static"
KB = 1000


def gzipped(*names: str) -> int:
    """Bytes on the wire."""
    files = [STATIC / f"{name}.gz" for name in names]
    plain = [STATIC / name for name in names]
    return sum(
        (zipped if zipped.exists() else whole).stat().st_size
        for zipped, whole in zip(files, plain, strict=True)
    )


def first(ending: str) -> list[str]:
    page = (STATIC / "index.html").read_text()
    return sorted(set(re.findall(rf'"/(assets/[^"]+\.{ending})"', page)))


def test_the_first_page_is_light() -> None:
    assert gzipped(*first("js")) <= 72 * KB
    assert gzipped(*first("css")) <= 15 * KB


def test_a_call_loads_little() -> None:
    chunks = [
        f"assets/{path.name}"
        for name in ("stage", "entry.svelte")
        for path in STATIC.glob(f"assets/{name}-*.js")
    ]
    assert len(chunks) == 2, chunks
    assert gzipped(*chunks) <= 40 * KB
