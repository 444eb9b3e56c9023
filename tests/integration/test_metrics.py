"""The figures that the manual names are there, of one process and of several."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.wire.commands import Post
from tests.integration.conftest import serve
from tests.support.hub_process import HubProcess
from tests.support.postgres_server import PostgresServer
from tests.support.redis_server import RedisServer

ROOT = Path(__file__).parents[2]
MANUAL = ROOT / "docs" / "operations.md"
Samples = dict[tuple[str, str], float]


def documented() -> set[str]:
    table = MANUAL.read_text().partition("### Figures")[2].partition("\n## ")[0]
    return {
        name
        for row in table.splitlines()
        for name in re.findall(r"`(hub_\w+)`", row.split("|")[1] if row.startswith("|") else "")
    }


def read(text: str) -> tuple[set[str], Samples]:
    """Names as the manual has them, and the sum of each sample by its worker."""
    names: set[str] = set()
    samples: Samples = {}
    for family in text_string_to_metric_families(text):
        names.add(family.name + ("_total" if family.type == "counter" else ""))
        for one in family.samples:
            key = one.name, one.labels.get("worker", "")
            samples[key] = samples.get(key, 0.0) + one.value
    return names, samples


def test_the_dashboard_shows_every_figure_and_no_other() -> None:
    dashboard = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
    shown = {
        re.sub(r"_bucket$", "", name)
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
        for name in re.findall(r"\bhub_\w+", target["expr"])
    }
    assert shown == documented()
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)


async def test_figures_of_one_process(database_url: str, services: None) -> None:
    with RedisServer() as redis:
        async with serve(database_url, redis_url=redis.url) as served:
            ada = await served.person("ada")
            thread = await served.thread(ada)
            document = await served.document(ada, thread)
            async with served.live(ada) as client:
                await client.subscribe(thread)
                await client.send(Post(thread=thread, send_id="s", text="hello"))
                opened = await client.open_document(document)
                with opened.doc.transaction():
                    opened.text.insert(0, "text")
                await opened.saved()
                answer = await ada.http.get("/metrics")
            names, samples = read(answer.text)
            of_workers = {name for name in documented() if name.startswith("hub_worker_")}
            assert names == documented() - of_workers
            for name in ("hub_connections", "hub_rooms_open", "hub_documents_open", "hub_bus_up"):
                assert samples[name, ""] == 1
            for name in (
                "hub_bus_publishes_total", "hub_commit_seconds_count", "hub_relay_seconds_count",
                "hub_commit_entries_count", "hub_writer_flushes_total", "hub_bus_echo_seconds",
                "hub_database_connections",
            ):  # fmt: skip
                assert samples[name, ""] > 0, name


@pytest.mark.timeout(120)
async def test_figures_of_several_are_told_by_any_of_them(tmp_path: Path, services: None) -> None:
    with PostgresServer() as postgres, RedisServer() as redis:
        postgres.create()
        hub = HubProcess(
            tmp_path / "data", "--workers", "2",
            HUB_DATABASE_URL=postgres.url, HUB_REDIS_URL=redis.url,
        )  # fmt: skip
        async with hub, httpx.AsyncClient(base_url=hub.url, trust_env=False) as http:
            await hub.first_secret()  # said once all serve
            for _ in range(3):
                names, samples = read((await http.get("/metrics")).text)
                assert names == documented()
                assert [samples["hub_bus_up", str(number)] for number in (1, 2)] == [1, 1]
                assert samples["hub_worker_restarts_total", "supervisor"] == 0
