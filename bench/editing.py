"""Files that people edit together: how long a large one takes to open and to save, how typing in
another thread fares meanwhile, and pandoc's own time on the same file, in one run.
"""

from __future__ import annotations

import asyncio
import io
import random
import shutil
import statistics
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from PIL import Image

from bench.load import typing
from bench.servers import Target, hub
from hub.client import FileClient, LiveClient
from tests.support.docx import word_file

_WORDS = Path(__file__).read_text().split()


def _text(chance: random.Random, words: int) -> str:
    found = " ".join(chance.choice(_WORDS) for _ in range(words))
    return found.replace("&", "and").replace("<", "(").replace("`", "")


def word(pages: int, pictures: int = 40) -> bytes:
    """Headings, paragraphs with runs of their own, tables and pictures; a page has 350 words."""
    chance = random.Random(7)
    body: list[str] = []
    media: dict[str, str | bytes] = {}
    for page in range(pages):
        body.append(
            f'<w:p><w:pPr><w:pStyle w:val="Kop1"/></w:pPr><w:r><w:t>Page {page}</w:t></w:r></w:p>'
        )
        for _ in range(5):
            runs = "".join(
                f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{_text(chance, 20)} </w:t>'
                "</w:r>"
                for look in ("", "<w:b/>", '<w:color w:val="2F5597"/>')
            )
            body.append(f"<w:p>{runs}</w:p>")
        if page % 5 == 0:
            cell = "<w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>"
            rows = "".join(
                f"<w:tr>{''.join(cell.format(_text(chance, 2)) for _ in range(4))}</w:tr>"
                for _ in range(8)
            )
            body.append(f"<w:tbl><w:tblGrid>{'<w:gridCol/>' * 4}</w:tblGrid>{rows}</w:tbl>")
    made = io.BytesIO()
    Image.effect_noise((800, 600), 90).save(made, "PNG")
    media["word/media/image1.png"] = made.getvalue()
    drawing = (
        '<w:p><w:r><w:drawing><wp:inline><wp:extent cx="3810000" cy="2857500"/><wp:docPr id="1" '
        'name="p"/><a:graphic><a:graphicData><pic:pic><pic:blipFill><a:blip r:embed="rIdP"/>'
        "</pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
    for number in range(pictures):
        body.insert(number * len(body) // max(1, pictures), drawing)
    return word_file("".join(body), media)


def markdown(size: int = 5_000_000) -> bytes:
    chance = random.Random(7)
    made = io.StringIO()
    while made.tell() < size:
        made.write(f"## {_text(chance, 3)}\n\n{_text(chance, 120)}\n\n- {_text(chance, 9)}\n\n")
    return made.getvalue().encode()


PANDOC_S = 60
"""It takes Markdown of 5 MB in the square of its length."""


async def run(runs: int, clients: int, rate: float, seconds: float) -> None:
    """Prints seconds to open and to save, and p99 of typing beside that and at rest."""
    files = {"300 pages.docx": word(300), "5 MB.md": markdown()}
    print(f"{'':16}{'open s':>8}{'save s':>8}{'p99 ms':>8}{'at rest':>8}{'pandoc s':>9}")
    for name, data in files.items():
        results = [await _one(name, data, clients, rate, seconds) for _ in range(runs)]
        middle = [statistics.median(column) for column in zip(*results, strict=True)]
        print(
            f"{name:16}{middle[0]:8.2f}{middle[1]:8.2f}{middle[2]:8.2f}{middle[3]:8.2f}"
            f"{_pandoc_s(name, data)}",
            flush=True,
        )  # fmt: skip


async def _one(
    name: str, data: bytes, clients: int, rate: float, seconds: float
) -> tuple[float, float, float, float]:
    async with hub() as target:
        at_rest = _p99_ms((await typing(target, clients=clients, edits_per_s=rate, seconds=5))[0])
        bearer = {"Authorization": f"Bearer {target.token}"}
        with TemporaryDirectory() as folder:
            programs = FileClient(target.url, target.token, state=Path(folder))
            sent = await programs.upload(io.BytesIO(data), target.thread, name=name)
            (file,) = await programs.post(target.thread, [sent])
            async with httpx.AsyncClient(
                base_url=target.url, trust_env=False, headers=bearer, timeout=120
            ) as http:

                async def ask(path: str) -> tuple[Any, float, list[float]]:
                    """The answer, how long it took, and how long typing took meanwhile."""
                    load = asyncio.create_task(
                        typing(target, clients=clients, edits_per_s=rate, seconds=seconds / 2)
                    )
                    began = time.perf_counter()
                    answer = await http.post(path, json={})
                    answer.raise_for_status()
                    return answer.json(), time.perf_counter() - began, (await load)[0]

                info, open_s, opening = await ask(f"/api/attachments/{file.attachment}/open")
                # Not while others are measured: reading the document takes this process its time.
                await _write(target, info["document"], info["kind"] == "rich")
                _, save_s, saving = await ask(f"/api/documents/{info['document']}/save")
            return open_s, save_s, _p99_ms(opening + saving), at_rest


async def _write(target: Target, document: str, rich: bool) -> None:
    async with LiveClient(target.url, target.token) as client:
        opened = await client.open_document(document)
        await opened.synced()
        place = opened.fragment.children[1].children[0] if rich else opened.text
        place.insert(0, "Edited ")
        await opened.saved()


def _p99_ms(latencies: list[float]) -> float:
    return statistics.quantiles(latencies, n=100)[98] * 1000


def _pandoc_s(name: str, data: bytes) -> str:
    """Its time to read the file and to write it again."""
    program = shutil.which("pandoc")
    if program is None:
        return "  (none here)"
    with TemporaryDirectory() as folder:
        source = Path(folder, name)
        source.write_bytes(data)
        began = time.perf_counter()
        words = [program, str(source), "-o", str(Path(folder, f"out{source.suffix}"))]
        try:
            subprocess.run(words, check=True, timeout=PANDOC_S)
        except subprocess.TimeoutExpired:
            return f"    > {PANDOC_S}"
        return f"{time.perf_counter() - began:9.2f}"
