"""One ``/metrics`` of all workers: each hands its figures to whichever sibling was asked.

In a folder that only the hub may enter each has a Unix socket named after it (``1`` … ``N`` and
``supervisor``). Whoever connects gets the figures in Prometheus' text format, and the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

ASK_S = 1.0

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def handing_out(folder: Path, name: str, figures: Callable[[], bytes]) -> AsyncIterator[None]:
    """Hand out figures for the length of a block."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(figures())
            await writer.drain()
        except (OSError, ValueError) as error:
            log.warning("figures were not handed out", reason=repr(error))
        finally:
            writer.close()

    path = folder / name
    path.unlink(missing_ok=True)  # of the one whose place this is
    server = await asyncio.start_unix_server(answer, path)
    mine = path.stat().st_ino
    try:
        yield
    finally:
        server.close()
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == mine:
                path.unlink()


async def gathered(folder: Path) -> bytes:
    """The figures of all, each with the label ``worker``; who does not answer is left out."""
    names = sorted(os.listdir(folder))
    answers = await asyncio.gather(*(_ask(folder / name) for name in names))
    registry = CollectorRegistry()
    registry.register(_Merged(dict(zip(names, answers, strict=True))))
    return bytes(generate_latest(registry))


async def _ask(path: Path) -> str:
    try:
        async with asyncio.timeout(ASK_S):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                return (await reader.read()).decode()
            finally:
                writer.close()
    except (OSError, TimeoutError, UnicodeDecodeError):
        return ""


def _families(worker: str, text: str) -> list[Metric]:
    """Of one who ended in the middle of its answer: none."""
    try:
        return list(text_string_to_metric_families(text))
    except ValueError as error:
        log.warning("figures cannot be read", worker=worker, reason=repr(error))
        return []


class _Merged:
    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for worker, text in self._texts.items():
            for family in _families(worker, text):
                merged = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    labels = {**sample.labels, "worker": worker}
                    merged.samples.append(sample._replace(labels=labels))
        yield from families.values()
