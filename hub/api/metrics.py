"""``/metrics``: what was counted (``hub.figures``), and what is seen of the hub at this moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from hub import figures
from hub.api.hub import Hub
from hub.bus.redis_bus import RedisBus


def exposition(hub: Hub) -> bytes:
    """All figures of this process, in Prometheus' text format."""
    seen = CollectorRegistry()
    seen.register(_Seen(hub))
    return bytes(generate_latest(figures.REGISTRY) + generate_latest(seen))


class _Seen:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        hub = self._hub
        outboxes = [one.outbox for one in hub.connections]
        yield _gauge("hub_connections", "Live connections.", len(outboxes))
        waiting = sum(one.waiting_bytes for one in outboxes)
        yield _gauge("hub_outbox_bytes", "Waiting to be sent to people.", waiting)
        behind = sum(one.full for one in outboxes)
        yield _gauge("hub_readers_behind", "Readers left behind at present.", behind)
        yield _gauge("hub_rooms_open", "Rooms in memory.", len(hub.rooms))
        yield _gauge("hub_documents_open", "Documents in memory.", hub.library.open)
        yield from self._database()
        yield from self._bus()
        yield from self._loops()

    def _database(self) -> Iterable[Metric]:
        writer, pool = self._hub.writer, self._hub.database
        yield _gauge("hub_writer_queued_bytes", "Waiting to be written.", writer.queued_bytes)
        yield _counter("hub_writer_flushes", "Group commits.", writer.flushes)
        yield _counter("hub_writer_entries", "Log entries written.", writer.entries_written)
        open_ = GaugeMetricFamily(
            "hub_database_connections", "Connections of the pool.", labels=["state"]
        )
        open_.add_metric(["used"], pool.connections - pool.idle)
        open_.add_metric(["idle"], pool.idle)
        yield open_

    def _bus(self) -> Iterable[Metric]:
        bus = self._hub.bus
        yield _gauge("hub_bus_up", "Whether other processes hear this one.", bus.health.up)
        if not isinstance(bus, RedisBus):
            return
        yield _gauge("hub_bus_channels", "Channels heard.", bus.channels)
        yield _gauge("hub_bus_echo_seconds", "How long the last beat was on its way.", bus.echo_s)
        for name, what, value in (
            ("publishes", "PUBLISH commands sent.", bus.publishes),
            ("left_out", "Messages that could not be sent in time.", bus.left_out),
            ("unreadable", "What came and was no parcel of this hub.", bus.unreadable),
            ("gaps", "Times that something was found missing.", bus.gaps),
            ("connects", "Times that the connections came up.", bus.lives),
        ):
            yield _counter(f"hub_bus_{name}", what, value)

    def _loops(self) -> Iterable[Metric]:
        restarts = CounterMetricFamily(
            "hub_loop_restarts", "Loops begun anew because they failed.", labels=["loop"]
        )
        failing = GaugeMetricFamily(
            "hub_loop_failing", "Whether a loop failed of late.", labels=["loop"]
        )
        for loop in self._hub.background.loops:
            restarts.add_metric([loop.name], loop.restarts)
            failing.add_metric([loop.name], loop.reason is not None)
        yield restarts
        yield failing


def _gauge(name: str, what: str, value: Any) -> Metric:
    return GaugeMetricFamily(name, what, value=float(value))


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(name, what, value=value)
